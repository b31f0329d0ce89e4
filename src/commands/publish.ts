/** What `generate` and `export` print of a publication. */
import { resolve } from "node:path";
import { type Publication, publishAll } from "../app/publishing.ts";
import type { App } from "../app.ts";
import { EXIT } from "../errors.ts";
import type { Store } from "../store/store.ts";
import type { Output } from "./output.ts";
import { exportSummary } from "./summary.ts";

/** `--out -`: one file to standard output, without folder, manifest or ledger. */
export const STANDARD_OUTPUT = "-";

export function outputFolder(app: App, out: string): string | undefined {
  return out === STANDARD_OUTPUT ? undefined : resolve(app.folder, out);
}

/** Answers the exit code. Throws EXPORT_FAILED when the folder cannot be written, and INTERRUPTED. */
export async function publish(
  app: App,
  output: Output,
  store: Store,
  { isJson, ...publication }: Publication & { readonly isJson?: boolean },
): Promise<number> {
  const { outcomes, manifest } = await publishAll(app, store, publication);
  if (publication.folder !== undefined) {
    output.say(`${exportSummary(outcomes, publication.folder)}\n`);
    if (isJson) await output.print(`${JSON.stringify(manifest, undefined, 2)}\n`);
  }
  const failed = outcomes.filter((outcome) => "error" in outcome);
  for (const { error } of failed) output.say(`error: ${error.message} [${error.code}]\n`);
  return failed[0]?.error.exitCode ?? EXIT.done;
}
