/** Exported rows, read back by an independent parser. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";

export interface ExportedRow {
  readonly type: string;
  readonly value: string;
  readonly [column: string]: string;
}

export function exportedRows(out: string): ExportedRow[] {
  return parse(readFileSync(join(out, "csv/indicators.csv")), { columns: true }) as ExportedRow[];
}
