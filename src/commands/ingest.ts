/** `rulewright ingest <path…>`: saved reports into the store, judged. */

import { ingest } from "../app/ingesting.ts";
import { judgeStore, openJudging, withNewStore, withStore } from "../app/stored.ts";
import type { ListsChoice } from "../app/warning-lists.ts";
import type { App } from "../app.ts";
import { EXIT } from "../errors.ts";
import type { Output } from "./output.ts";
import { ingestSummary, judgingSummary } from "./summary.ts";

export interface StoreOptions {
  readonly store?: string;
  /** False: judged without, whatever the config or the store say. */
  readonly warningLists?: ListsChoice;
}

export async function ingestReports(
  app: App,
  output: Output,
  paths: readonly string[],
  options: StoreOptions,
): Promise<number> {
  return withNewStore(app, options.store, async (store) => {
    const judging = await openJudging(app, store, options.warningLists);
    const tally = await ingest(app, store, paths, (text) => output.progress(text));
    output.progress("");
    output.say(`${ingestSummary(tally)}\n\n${judgingSummary(await judging.run())}\n`);
    return EXIT.done;
  });
}

/** `rulewright judge --all`: a changed policy over the stored evidence, without a single request. */
export async function judgeStored(app: App, output: Output, options: StoreOptions): Promise<number> {
  return withStore(app, options.store, async (store) => {
    output.say(`${judgingSummary(await judgeStore(app, store, options.warningLists))}\n`);
    return EXIT.done;
  });
}
