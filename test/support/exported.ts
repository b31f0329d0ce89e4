/** Exported rows, read back by an independent parser. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { root } from "./cli.ts";

export interface ExportedRow {
  readonly type: string;
  readonly value: string;
  readonly [column: string]: string;
}

export function exportedRows(out: string): ExportedRow[] {
  return parse(readFileSync(join(out, "csv/indicators.csv")), { columns: true }) as ExportedRow[];
}

/** The golden output of an export: path → content. */
export function goldenFiles(name: string): Map<string, Buffer> {
  const folder = join(root, "samples/out", name);
  return new Map(readdirSync(folder).map((path) => [path, readFileSync(join(folder, path))]));
}
