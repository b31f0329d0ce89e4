/** Work that only one process at a time may do on a store: claimed as the scheduler claims its jobs. */
import type { App } from "../app.ts";
import { RulewrightError } from "../errors.ts";
import type { JobKey, JobStore } from "../store/job-store.ts";
import { createClaimant } from "./claimant.ts";
import { pause, runningClock } from "./virustotal.ts";

/** How long a claim holds when its owner says nothing any more: longer than work may keep a process from its timers. */
export const CLAIM_SECONDS = 600;
export const HEARTBEAT_MS = 60_000;

/** Throws STORE_BUSY when another process is at it. */
export async function whileClaimed<T>(app: App, jobs: JobStore, key: JobKey, work: () => Promise<T>): Promise<T> {
  const clock = runningClock(app.now);
  const now = (): number => Math.floor(clock().getTime() / 1000);
  const claimant = createClaimant();
  const at = now();
  // The scheduler's turns fall on whole minutes.
  const { runs } = await jobs.read(key, at - (at % 60));
  if (!(await jobs.claim(key, runs, claimant, at, at + CLAIM_SECONDS))) {
    const owner = (await jobs.read(key, at)).claim?.owner ?? "another process";
    throw new RulewrightError(
      "STORE_BUSY",
      `The ${key.kind} ${key.name} runs in another process (${owner}). Run it again when that has ended.`,
    );
  }
  const over = new AbortController();
  const beating = beat();
  try {
    return await work();
  } finally {
    over.abort();
    await beating;
    await jobs.release(key, claimant.owner);
  }

  async function beat(): Promise<void> {
    try {
      for (;;) {
        await pause(HEARTBEAT_MS, over.signal);
        await jobs.renew(key, claimant.owner, now() + CLAIM_SECONDS);
      }
    } catch {
      // The work is over, or the store is gone, which the work meets itself.
    }
  }
}
