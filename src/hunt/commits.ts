/**
 * Samples that are fetched go into the store together with those that came in shortly before: a transaction costs as
 * much as the evidence of a small sample. It holds no sample back for longer than the rest between two transactions.
 */
import type { HuntStore, TakenSample } from "../store/hunt-store.ts";

export interface Commits {
  /** Settles when the sample is in the store to stay. Throws what the store throws. */
  add(sample: TakenSample): Promise<void>;
}

export interface CommitDeps {
  readonly store: Pick<HuntStore, "addSamples">;
  /** Milliseconds; rejects with the signal's reason. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

interface Waiting {
  readonly sample: TakenSample;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Between two transactions; a crash loses at most what was fetched in this time. */
const REST_MS = 150;
/** Samples in a transaction at most: while it lasts nothing else runs. */
const MOST = 8;

export function createCommits({ store, sleep, signal }: CommitDeps, hunt: string): Commits {
  const waiting: Waiting[] = [];
  let isBusy = false;
  const commit = async (): Promise<void> => {
    const batch = waiting.splice(0, MOST);
    try {
      await store.addSamples(
        hunt,
        batch.map(({ sample }) => sample),
      );
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };
  const work = async (): Promise<void> => {
    isBusy = true;
    while (waiting.length > 0) {
      await commit();
      // Interrupted, it does not rest: what was fetched is worth keeping.
      if (waiting.length < MOST) await sleep(REST_MS, signal).catch(() => {});
    }
    isBusy = false;
  };
  return {
    add: (sample) =>
      new Promise((resolve, reject) => {
        waiting.push({ sample, resolve, reject });
        if (!isBusy) void work();
      }),
  };
}
