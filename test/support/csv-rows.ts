/** Reads a CSV with an independent strict parser: ragged rows, stray quotes and a byte order mark are errors. */
import { parse } from "csv-parse/sync";

export interface Csv {
  /** The first line as it is. */
  readonly header: string;
  readonly rows: readonly Readonly<Record<string, string>>[];
}

export function readCsv(data: Buffer | string | undefined): Csv {
  const text =
    typeof data === "string" ? data : new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  const rows = parse(text, { columns: true, relax_column_count: false, relax_quotes: false, bom: false }) as Record<
    string,
    string
  >[];
  // One row is one line, so that a person can grep it.
  if (rows.length !== text.split("\n").length - 2) throw new Error("a row is not one line");
  if (/[\r\0]/.test(text)) throw new Error("a carriage return or NUL in a CSV");
  return { header: text.split("\n", 1)[0] as string, rows };
}
