/**
 * The rows of the lookups: within their budget, the best-ranked, and in the order in which Splunk must read them. This
 * module defines no lookups and writes no configuration.
 */
import type { Chunk, Indicator, RenderContext, RowTemplate } from "../../src/plugin.ts";
import { unmatched } from "../shared/rows/alert.ts";
import { keepBest } from "../shared/rows/best.ts";
import type { Piece } from "../shared/rows/budget.ts";
import { csvCell, endLine } from "../shared/rows/cell.ts";
import { headerOf, ROW_FIELDS, rowReaders } from "../shared/rows/row.ts";
import { describe } from "./description.ts";
import { LOOKUP_OF, LOOKUPS, type Lookup } from "./lookups.ts";
import type { SplunkOptions } from "./options.ts";
import { slices } from "./slices.ts";

/** What the row template may print. */
export const FIELDS = {
  ...ROW_FIELDS,
  description: "what a person should know: the strongest reason, and the sandboxes",
  expires: "end of validity, the same as `valid_until`",
  reference: "the same as `report_url`",
} as const;

/** An indicator's lines, as bytes: a string made of template pieces keeps all the pieces, at ten times the memory. */
interface Lines extends Piece {
  readonly lookup: Lookup;
  readonly exact: Buffer;
  readonly exactRows: number;
  readonly wildcard?: { readonly line: Buffer; readonly depth: number };
}

/** The lookups, each with its header at least. `folder` is where they lie. */
export async function* lookupFiles(
  indicators: AsyncIterable<Indicator>,
  ctx: RenderContext<SplunkOptions>,
  folder: string,
): AsyncGenerator<Chunk> {
  const template = ctx.templates.row as RowTemplate;
  const columns = columnsOf(template);
  const pathOf = ({ name }: Lookup): string => `${folder}${ctx.options.lookupPrefix}_${name}.csv`;
  let room = ctx.options.maxBytes;
  for (const lookup of LOOKUPS) {
    const header = `${[...lookup.keys, "indicator", ...columns].join(",")}\n`;
    room -= header.length;
    yield { path: pathOf(lookup), data: header, indicators: 0 };
  }
  const columnsOfRow = columnsReader(template);
  const kept = await keepBest(indicators, ctx, {
    name: "splunk",
    budget: { maxRows: ctx.options.maxRows, maxBytes: room },
    flawOf: unmatched,
    pieceOf: (indicator) => linesOf(indicator, columnsOfRow),
  });
  yield* inFileOrder(kept, pathOf, ctx.signal);
}

/** The header of a row template, checked: Splunk takes no spaces in field names, and searches name them. */
export function columnsOf(template: RowTemplate): string[] {
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

function linesOf(indicator: Indicator, columnsOfRow: (indicator: Indicator) => string): Lines {
  const lookup = LOOKUP_OF.get(indicator.type) as Lookup;
  const rest = `${csvCell(indicator.value)},${columnsOfRow(indicator)}`;
  let exact = "";
  let exactRows = 0;
  let wildcard: Lines["wildcard"];
  for (const keys of lookup.rows(indicator)) {
    const line = `${keys.map(csvCell).join(",")},${rest}`;
    const pattern = keys[0] as string;
    // Only there: a user agent `*.com` is no pattern.
    if (lookup.hasPatterns && pattern.startsWith("*.")) {
      wildcard = { line: Buffer.from(line), depth: pattern.split(".").length };
    } else {
      exact += line;
      exactRows += 1;
    }
  }
  const lines = Buffer.from(exact);
  return {
    lookup,
    exact: lines,
    exactRows,
    ...(wildcard ? { wildcard } : {}),
    rows: exactRows + (wildcard ? 1 : 0),
    bytes: lines.length + (wildcard?.line.length ?? 0),
  };
}

/** The end of an indicator's rows: the columns of the template. */
function columnsReader(template: RowTemplate): (indicator: Indicator) => string {
  const readers = rowReaders();
  const row = template.over<Indicator>({
    ...readers,
    description: describe,
    expires: readers.valid_until,
    reference: readers.report_url,
  });
  return (indicator) => endLine(row(indicator), "\n");
}

/**
 * Exact rows as they came, then the wildcard rows, those with the most labels first: a WILDCARD lookup answers with
 * the first row that matches, and `*.evil.example` before `login.evil.example` would take its place.
 */
function* inFileOrder(
  kept: readonly Lines[],
  pathOf: (lookup: Lookup) => string,
  signal: AbortSignal,
): Generator<Chunk> {
  for (const lookup of LOOKUPS) {
    const own = kept.filter((lines) => lines.lookup === lookup);
    const wildcards = own.flatMap(({ wildcard }) => wildcard ?? []).sort((a, b) => b.depth - a.depth);
    const path = pathOf(lookup);
    for (const piece of slices(own)) {
      signal.throwIfAborted();
      yield {
        path,
        data: Buffer.concat(piece.map(({ exact }) => exact)),
        rows: piece.reduce((sum, { exactRows }) => sum + exactRows, 0),
        indicators: piece.filter(({ wildcard }) => !wildcard).length,
      };
    }
    for (const piece of slices(wildcards)) {
      signal.throwIfAborted();
      const data = Buffer.concat(piece.map(({ line }) => line));
      // An indicator has one wildcard row, its last.
      yield { path, data, rows: piece.length, indicators: piece.length };
    }
  }
}
