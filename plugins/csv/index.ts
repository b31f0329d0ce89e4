/**
 * Exporter `csv`: one value per row, for machines with exact bytes, for spreadsheets and for mail; and JSON Lines with
 * all there is. Which columns there are is up to the row template. This module renders none of it (see flavours.ts).
 */
import {
  batches,
  type Chunk,
  defineExporter,
  type Indicator,
  OBSERVABLE_TYPES,
  type RowTemplate,
  z,
} from "../../src/plugin.ts";
import { csvCell } from "../shared/rows/cell.ts";
import { ROW_FIELDS, ROWS_PER_CHUNK, type RowField, SAMPLE_ROW } from "../shared/rows/row.ts";
import { defangedCsv, type Flavour, jsonLines, machineCsv, spreadsheetCsv } from "./flavours.ts";

const CsvOptions = z.object({
  lineEnding: z
    .enum(["lf", "crlf"])
    .default("lf")
    .describe("End of each line of `csv`: `lf`, or `crlf` as RFC 4180 has it."),
  bom: z
    .boolean()
    .default(false)
    .describe(
      "Begin `csv` with a UTF-8 byte order mark. Most SIEMs take it for a part of the first column name; `spreadsheet` has it anyway.",
    ),
  columnNames: z
    .partialRecord(z.enum(Object.keys(ROW_FIELDS) as RowField[]), z.string().min(1))
    .default({})
    .describe(
      "Other names for columns, such as `{ value: indicator }`. Which columns there are is up to the template.",
    ),
});
export type CsvOptions = z.output<typeof CsvOptions>;

export const csv = defineExporter({
  name: "csv",
  description: "CSV with one value per row, for machines, spreadsheets or mail, and lossless JSON Lines",
  options: CsvOptions,
  accepts: OBSERVABLE_TYPES.filter((type) => type !== "email-address"),
  formats: {
    csv: { description: "RFC 4180 with a header line, exact values", mediaType: "text/csv" },
    jsonl: { description: "JSON Lines, each indicator with all it has", mediaType: "application/x-ndjson" },
    spreadsheet: { description: "CSV for Excel and LibreOffice: no cell runs as a formula", mediaType: "text/csv" },
    defanged: { description: "CSV for mail and reports: `evil[.]example`, no formulas", mediaType: "text/csv" },
    all: { description: "all of these, a file each", mediaType: "text/csv" },
  },
  templates: {
    dir: new URL("../../templates/csv/", import.meta.url),
    rows: { row: { description: "the columns of a row and, by their names, the header", sample: SAMPLE_ROW } },
    escape: csvCell,
    fields: ROW_FIELDS,
  },
  async *render(indicators, ctx) {
    const flavours = flavoursOf(ctx.format, ctx.templates.row as RowTemplate, ctx.options);
    for (const { path, head } of flavours) yield { path, data: head, indicators: 0 };
    for await (const batch of batches(indicators, ROWS_PER_CHUNK)) {
      ctx.signal.throwIfAborted();
      const pieces = flavours.map(({ path }): Piece => ({ path, data: "", rows: 0, indicators: 0 }));
      for (const indicator of batch) {
        const flaw = addRow(indicator, flavours, pieces);
        if (flaw !== undefined) ctx.skip(indicator, flaw);
      }
      for (const piece of pieces) if (piece.rows > 0) yield piece;
    }
  },
});

interface Piece extends Chunk {
  data: string;
  rows: number;
  indicators: number;
}

/** Adds the indicator's line to each flavour that can carry it; when none can, why the first cannot. */
function addRow(indicator: Indicator, flavours: readonly Flavour[], pieces: readonly Piece[]): string | undefined {
  let flaw: string | undefined;
  let last: Piece | undefined;
  for (let index = 0; index < flavours.length; index += 1) {
    const line = (flavours[index] as Flavour).render(indicator);
    if (typeof line !== "string") {
      flaw ??= line.flaw;
      continue;
    }
    last = pieces[index] as Piece;
    last.data += line;
    last.rows += 1;
  }
  if (last === undefined) return flaw;
  last.indicators += 1;
  return undefined;
}

function flavoursOf(format: string, template: RowTemplate, options: CsvOptions): readonly Flavour[] {
  switch (format) {
    case "jsonl":
      return [jsonLines()];
    case "spreadsheet":
      return [spreadsheetCsv(template, options)];
    case "defanged":
      return [defangedCsv(template, options)];
    case "all":
      return [
        machineCsv(template, options),
        spreadsheetCsv(template, options),
        defangedCsv(template, options),
        jsonLines(),
      ];
    default:
      return [machineCsv(template, options)];
  }
}
