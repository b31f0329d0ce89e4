/** What `generate` and `export` do with judged indicators: run the exports, number, swap, account, and say so. */
import { resolve } from "node:path";
import { type App, exportAll, type IngestTally, makeFolder, type planExports } from "../app.ts";
import { EXIT } from "../errors.ts";
import type { IndicatorContext } from "../policy/indicators.ts";
import { saveSids } from "../store/sid-file.ts";
import type { Store } from "../store/store.ts";
import { saveManifest } from "./manifest.ts";
import type { Output } from "./output.ts";
import { exportSummary } from "./summary.ts";

/** `--out -`: one file to standard output, without folder, manifest or ledger. */
export const STANDARD_OUTPUT = "-";

export function outputFolder(app: App, out: string): string | undefined {
  return out === STANDARD_OUTPUT ? undefined : resolve(app.folder, out);
}

export interface Publication {
  readonly planned: ReturnType<typeof planExports>;
  /** Absent for standard output. */
  readonly folder?: string;
  readonly context: Omit<IndicatorContext, "policy">;
  /** What this run read, when it read anything. */
  readonly ingested?: IngestTally;
  /** The ledger of sids lives in the folder: the store vanishes with the run. */
  readonly keepsSids?: boolean;
  readonly isJson?: boolean;
}

/** Answers the exit code. Throws EXPORT_FAILED when the folder cannot be written, and INTERRUPTED. */
export async function publish(app: App, output: Output, store: Store, publication: Publication): Promise<number> {
  const { planned, folder, context, ingested, keepsSids, isJson } = publication;
  if (folder !== undefined) makeFolder(folder);
  const beforeSwap = async (): Promise<void> => {
    if (folder !== undefined && keepsSids) await saveSids(folder, store.sids);
  };
  const outcomes = await exportAll(app, store, planned, context, beforeSwap);
  if (folder !== undefined) {
    const manifest = await saveManifest(app, folder, store, outcomes, ingested);
    output.say(`${exportSummary(outcomes, folder)}\n`);
    if (isJson) await output.print(`${JSON.stringify(manifest, undefined, 2)}\n`);
  }
  const failed = outcomes.filter((outcome) => "error" in outcome);
  for (const { error } of failed) output.say(`error: ${error.message} [${error.code}]\n`);
  return failed[0]?.error.exitCode ?? EXIT.done;
}
