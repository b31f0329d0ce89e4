/** Fills a folder with synthetic reports, one a file; measures nothing. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { syntheticReport } from "../reports.ts";

export async function runCase({ folder, count }: { readonly folder: string; readonly count: number }): Promise<null> {
  mkdirSync(folder, { recursive: true });
  for (let index = 0; index < count; index += 1) {
    const name = `${String(index).padStart(6, "0")}.json`;
    writeFileSync(join(folder, name), JSON.stringify(syntheticReport(index)));
  }
  return null;
}
