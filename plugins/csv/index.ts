/**
 * Exporter `csv`: one value per row, for SIEM imports, spreadsheets and scripts; or JSON Lines with everything.
 * It does not filter (see `where`) and, unless asked to, changes no value.
 */
import {
  batches,
  type Chunk,
  defang,
  defineExporter,
  type Indicator,
  isAlertable,
  OBSERVABLE_TYPES,
  type ObservableType,
  type RenderContext,
  type RowTemplate,
  z,
} from "../../src/plugin.ts";
import { csvCell, displayText, endLine, guardFormula } from "../shared/rows/cell.ts";
import { headerOf, ROW_FIELDS, ROWS_PER_CHUNK, rowOf, SAMPLE_ROW } from "../shared/rows/row.ts";
import { malformed, uncarriable } from "../shared/rows/value.ts";

const FIELD_NAMES = Object.keys(ROW_FIELDS) as (keyof typeof ROW_FIELDS)[];
const NETWORK_TYPES: ReadonlySet<ObservableType> = new Set(["domain", "ipv4", "ipv6", "endpoint", "url"]);

const CsvOptions = z.object({
  lineEnding: z
    .enum(["lf", "crlf"])
    .default("lf")
    .describe("End of each CSV line: `lf`, or `crlf` as RFC 4180 has it."),
  bom: z
    .boolean()
    .default(false)
    .describe("Begin with a UTF-8 byte order mark, for Excel. Most SIEMs take it for a part of the first column name."),
  spreadsheetSafe: z
    .boolean()
    .default(false)
    .describe(
      "Put `'` before cells that a spreadsheet would run as a formula. It changes those values: never feed it to a SIEM.",
    ),
  defang: z
    .boolean()
    .default(false)
    .describe("Write `hxxp://evil[.]example/` in the value column, for mail and reports. Never feed it to a SIEM."),
  columnNames: z
    .partialRecord(z.enum(FIELD_NAMES), z.string().min(1))
    .default({})
    .describe(
      "Other names for columns, such as `{ value: indicator }`. Which columns there are is up to the template.",
    ),
});
type CsvOptions = z.output<typeof CsvOptions>;

export const csv = defineExporter({
  name: "csv",
  description: "CSV with one value per row, or lossless JSON Lines",
  options: CsvOptions,
  accepts: OBSERVABLE_TYPES.filter((type) => type !== "email-address"),
  formats: {
    csv: { description: "RFC 4180 with a header line, one value per row", mediaType: "text/csv" },
    jsonl: { description: "JSON Lines, each indicator with all it has", mediaType: "application/x-ndjson" },
  },
  templates: {
    dir: new URL("../../templates/csv/", import.meta.url),
    rows: { row: { description: "the columns of a row and, by their names, the header", sample: SAMPLE_ROW } },
    escape: csvCell,
    fields: ROW_FIELDS,
  },
  render: (indicators, ctx) => (ctx.format === "jsonl" ? renderJsonl(indicators, ctx) : renderCsv(indicators, ctx)),
});

async function* renderCsv(indicators: AsyncIterable<Indicator>, ctx: RenderContext<CsvOptions>): AsyncGenerator<Chunk> {
  const { options } = ctx;
  const path = "indicators.csv";
  const lineEnd = options.lineEnding === "crlf" ? "\r\n" : "\n";
  const template = ctx.templates.row as RowTemplate;
  const text = options.spreadsheetSafe ? (piece: string) => guardFormula(displayText(piece)) : displayText;

  yield {
    path,
    data: `${options.bom ? "\ufeff" : ""}${headerOf(template, ROW_FIELDS, options.columnNames)}${lineEnd}`,
    indicators: 0,
  };
  for await (const batch of batches(indicators, ROWS_PER_CHUNK)) {
    ctx.signal.throwIfAborted();
    let data = "";
    let rows = 0;
    for (const indicator of batch) {
      const flaw = malformed(indicator) ?? uncarriable(indicator.value);
      if (flaw) {
        ctx.skip(indicator, flaw);
        continue;
      }
      const row = rowOf(indicator, text);
      if (options.defang && NETWORK_TYPES.has(indicator.type)) row.value = defang(indicator.value);
      if (options.spreadsheetSafe) row.value = guardFormula(row.value as string);
      data += endLine(template(row), lineEnd);
      rows += 1;
    }
    if (rows > 0) yield { path, data, rows, indicators: rows };
  }
}

async function* renderJsonl(
  indicators: AsyncIterable<Indicator>,
  ctx: RenderContext<CsvOptions>,
): AsyncGenerator<Chunk> {
  const path = "indicators.jsonl";
  // An empty file is the valid JSON Lines file without indicators.
  yield { path, data: "", indicators: 0 };
  for await (const batch of batches(indicators, ROWS_PER_CHUNK)) {
    ctx.signal.throwIfAborted();
    let data = "";
    let rows = 0;
    for (const indicator of batch) {
      const flaw = malformed(indicator);
      if (flaw) {
        ctx.skip(indicator, flaw);
        continue;
      }
      // JSON.stringify escapes lone surrogates (ECMA-262, well-formed JSON.stringify), so every value is carried.
      data += `${JSON.stringify(jsonRow(indicator))}\n`;
      rows += 1;
    }
    if (rows > 0) yield { path, data, rows, indicators: rows };
  }
}

/** The indicator with its keys in a fixed order, whoever built it. */
function jsonRow(indicator: Indicator): Record<string, unknown> {
  return {
    type: indicator.type,
    value: indicator.value,
    scope: indicator.scope,
    detect: isAlertable(indicator),
    verdict: indicator.verdict,
    status: indicator.status,
    tlp: indicator.tlp,
    families: indicator.families,
    labels: indicator.labels,
    hunts: indicator.hunts,
    techniques: indicator.techniques,
    samples: indicator.samples,
    sampleCount: indicator.sampleCount,
    sandboxes: indicator.sandboxes,
    firstSeen: indicator.firstSeen,
    lastSeen: indicator.lastSeen,
    validUntil: indicator.validUntil,
    evidence: indicator.evidence,
    details: indicator.details,
  };
}
