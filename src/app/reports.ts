/** Saved reports judged in a store that vanishes: `generate` and `explain` with paths. */
import type { App } from "../app.ts";
import { loadBackground } from "../enrich/background.ts";
import { type JudgingTally, judgeAll } from "../policy/judge-all.ts";
import { restoreSids } from "../store/sid-file.ts";
import { openSqliteStore, storeFailure } from "../store/sqlite.ts";
import type { Store } from "../store/store.ts";
import { restoreVersions } from "../store/version-file.ts";
import { untouched } from "./exporting.ts";
import { type IngestTally, ingest } from "./ingesting.ts";
import { sidRange } from "./sids.ts";
import { type ListsChoice, openWarningLists } from "./warning-lists.ts";

/** Reports in, verdicts in the returned store. */
export interface Judged {
  readonly store: Store;
  readonly ingested: IngestTally;
  readonly tally: JudgingTally;
}

export async function judgeReports(
  app: App,
  paths: readonly string[],
  options: {
    readonly warningLists?: ListsChoice;
    /** Output folder whose rules keep their sids and whose objects keep their versions. */
    readonly ledgersFrom?: string;
    readonly onProgress?: (text: string) => void;
  } = {},
): Promise<Judged> {
  const lists = await openWarningLists(app, options.warningLists);
  const store = await openSqliteStore(undefined, await sidRange(app));
  try {
    if (options.ledgersFrom !== undefined) {
      await restoreSids(options.ledgersFrom, store.sids);
      await restoreVersions(options.ledgersFrom, store.versions);
    }
    const ingested = await ingest(app, store, paths, options.onProgress);
    options.onProgress?.("judging");
    const context = {
      background: loadBackground(),
      policy: app.loaded.config.policy,
      ...(lists ? { warningLists: lists } : {}),
    };
    const tally = await judgeAll(store, context, app.signal);
    return { store, ingested, tally };
  } catch (error) {
    await store.close();
    throw app.signal.aborted ? untouched(error) : storeFailure(error);
  }
}

/**
 * The date that reports without one count as of: the newest one in the store, so that the same reports give the same
 * bytes on any day; without any, the day of the run.
 */
export async function asOfStore(store: Store, now: Date): Promise<Date> {
  const newest = await store.newestDate();
  return newest === undefined ? new Date(Math.floor(now.getTime() / 86_400_000) * 86_400_000) : new Date(newest * 1000);
}
