/**
 * Exporter `splunk`: CSV lookups, alone or in an app that defines them. It writes neither KV store collections nor
 * the threat-intelligence lookups of Enterprise Security, and packs no .spl archive.
 */
import {
  batches,
  type Chunk,
  defineExporter,
  type Indicator,
  type RenderContext,
  type RowTemplate,
  z,
} from "../../src/plugin.ts";
import { csvCell, displayText, endLine } from "../shared/rows/cell.ts";
import { headerOf, ROW_FIELDS, ROWS_PER_CHUNK, type Row, rowOf, SAMPLE_ROW } from "../shared/rows/row.ts";
import { malformed, uncarriable } from "../shared/rows/value.ts";
import { appFiles } from "./app.ts";
import { LOOKUP_OF, LOOKUPS, type Lookup } from "./lookups.ts";
import { orderPatterns, type PatternOrder } from "./pattern-order.ts";

/** A .conf setting ends at its line end, and a `\` there continues it. */
const confText = z
  .string()
  .regex(/^[^\p{Cc}[\]]*[^\p{Cc}[\]\\]$/u, "must be one line without brackets, not ending in \\");

const SplunkOptions = z.object({
  appId: z
    .string()
    .regex(/^[A-Za-z][\w.-]{0,62}\w$/, "must be letters, digits, _, - and .")
    .default("rulewright_iocs")
    .describe("App id, which is also its folder."),
  appVersion: z
    .string()
    .regex(/^\d{1,4}\.\d{1,4}\.\d{1,4}$/, "must be x.y.z")
    .default("1.0.0")
    .describe("Version of the app, `x.y.z`."),
  label: confText.default("Rulewright IOCs").describe("Name of the app and of its searches in Splunk."),
  author: confText.default("Rulewright").describe("Author of the app."),
  description: confText.default("IOC lookups from malware sandbox reports").describe("What Splunk says about the app."),
  lookupPrefix: z
    .string()
    .regex(/^[A-Za-z]\w{0,62}$/, "must be letters, digits and _")
    .default("rulewright_ioc")
    .describe("Begins the name of each lookup: `<prefix>_domain`. Lookups of all apps share their names."),
});
type SplunkOptions = z.output<typeof SplunkOptions>;

const FIELDS = {
  ...ROW_FIELDS,
  description: "what a person should know: families, reasons, sandboxes",
  expires: "end of validity, the same as `valid_until`",
  reference: "the same as `report_url`",
} as const;

/** The one lookup with wildcards. */
const DOMAINS = LOOKUP_OF.get("domain") as Lookup;

export const splunk = defineExporter({
  name: "splunk",
  description: "Splunk lookups, one for each way of matching, alone or as an app",
  options: SplunkOptions,
  accepts: [...LOOKUP_OF.keys()],
  formats: {
    app: { description: "an app folder with lookups and their definitions", mediaType: "application/x-splunk-app" },
    lookups: { description: "the lookup files only", mediaType: "text/csv" },
  },
  templates: {
    dir: new URL("../../templates/splunk/", import.meta.url),
    rows: {
      row: {
        description: "the columns of every lookup behind its key columns and `indicator`",
        sample: { ...SAMPLE_ROW, description: "quillet: contacted by 1 sample", expires: "", reference: "" },
      },
    },
    escape: csvCell,
    fields: FIELDS,
  },
  async *render(indicators, ctx: RenderContext<SplunkOptions>) {
    const { options } = ctx;
    const template = ctx.templates.row as RowTemplate;
    const columns = columnsOf(template);
    const folder = ctx.format === "app" ? `${options.appId}/lookups/` : "";
    const pathOf = ({ name }: Lookup): string => `${folder}${options.lookupPrefix}_${name}.csv`;
    const patterns = orderPatterns();

    if (ctx.format === "app") yield* appFiles(options, columns);
    for (const lookup of LOOKUPS) {
      yield { path: pathOf(lookup), data: `${[...lookup.keys, "indicator", ...columns].join(",")}\n`, indicators: 0 };
    }
    for await (const batch of batches(indicators, ROWS_PER_CHUNK)) {
      ctx.signal.throwIfAborted();
      for (const [lookup, piece] of piecesOf(batch, template, patterns, ctx)) {
        yield { path: pathOf(lookup), ...piece };
      }
    }
    yield* heldRows(pathOf(DOMAINS), patterns, ctx.signal);
  },
});

/** The header of a row template, checked: Splunk takes no spaces in field names, and searches name them. */
function columnsOf(template: RowTemplate): string[] {
  const columns = headerOf(template, FIELDS).split(",");
  const taken = new Set(["indicator", ...LOOKUPS.flatMap(({ keys }) => keys)]);
  for (const column of columns) {
    if (!/^\w+$/.test(column)) {
      throw new Error(`The splunk row template must print plain fields with commas between them, not ${column}.`);
    }
    if (taken.has(column)) throw new Error(`The splunk row template prints the column ${column} a second time.`);
    taken.add(column);
  }
  return columns;
}

interface Piece {
  data: string;
  rows: number;
  indicators: number;
}

/** The rows of a batch by lookup. Wildcard rows are held back while there is room. */
function piecesOf(
  batch: readonly Indicator[],
  template: RowTemplate,
  patterns: PatternOrder,
  ctx: RenderContext<SplunkOptions>,
): Map<Lookup, Piece> {
  const pieces = new Map<Lookup, Piece>();
  for (const indicator of batch) {
    const flaw = unfit(indicator);
    if (flaw) {
      ctx.skip(indicator, flaw);
      continue;
    }
    const lookup = LOOKUP_OF.get(indicator.type) as Lookup;
    const rest = `${csvCell(indicator.value)},${endLine(template(splunkRow(indicator)), "\n")}`;
    const piece = pieces.get(lookup) ?? { data: "", rows: 0, indicators: 0 };
    pieces.set(lookup, piece);
    let isLastHeld = false;
    for (const keys of lookup.rows(indicator)) {
      const line = `${keys.map(csvCell).join(",")},${rest}`;
      const pattern = keys[0] as string;
      // Only there: a user agent `*.com` is no pattern.
      isLastHeld = lookup === DOMAINS && pattern.startsWith("*.") && patterns.hold(pattern, line);
      if (isLastHeld) continue;
      piece.data += line;
      piece.rows += 1;
    }
    if (!isLastHeld) piece.indicators += 1;
  }
  return pieces;
}

/** Why an indicator gets no row: a row in a lookup alerts. */
function unfit({ type, value, verdict, status }: Indicator): string | undefined {
  if (verdict.decision !== "keep") return `the verdict is ${verdict.decision}, and a lookup row alerts`;
  if (status !== "active") return `${status}, and a lookup row alerts`;
  return malformed({ type, value }) ?? uncarriable(value);
}

function splunkRow(indicator: Indicator): Row & Record<"description" | "expires" | "reference", unknown> {
  const row = rowOf(indicator);
  return { ...row, description: describe(indicator), expires: row.valid_until, reference: row.report_url };
}

/** `quillet: contacted by 1 sample; the sample is malicious by 40 of 70 engines (Zenbox)`. */
function describe({ families, verdict, sandboxes }: Indicator): string {
  const reasons = verdict.reasons.map(({ text }) => text).join("; ");
  const who = families.length > 0 ? `${families.join(", ")}: ` : "";
  const where = sandboxes.length > 0 ? ` (${sandboxes.join(", ")})` : "";
  return displayText(`${who}${reasons}${where}`);
}

async function* heldRows(path: string, patterns: PatternOrder, signal: AbortSignal): AsyncGenerator<Chunk> {
  let lines: Buffer[] = [];
  for (const line of patterns.release()) {
    lines.push(line);
    if (lines.length < 1000) continue;
    signal.throwIfAborted();
    yield heldChunk(path, lines);
    lines = [];
  }
  if (lines.length > 0) yield heldChunk(path, lines);
}

/** An indicator has one wildcard row, its last. */
function heldChunk(path: string, lines: readonly Buffer[]): Chunk {
  return { path, data: Buffer.concat(lines), rows: lines.length, indicators: lines.length };
}
