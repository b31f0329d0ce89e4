/** A scheduler over a real store, in a time that only the test moves. */
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Claimant } from "../../src/store/hunt-store.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Store } from "../../src/store/store.ts";
import type { JobContext, JobResult, Stage } from "../../src/worker/job.ts";
import { runOnce, runScheduled, type SchedulerDeps } from "../../src/worker/scheduler.ts";
import { temporaryFolder } from "../support/cli.ts";

export const BEGIN = Date.parse("2026-11-24T08:00:00Z");
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export interface Time {
  readonly clock: () => Date;
  readonly sleep: SchedulerDeps["sleep"];
  /** Moves on by so much, waking everybody on the way in order. */
  pass(ms: number): Promise<void>;
  /** The clock jumps; sleepers go on sleeping what they had left, as on a machine whose clock is set. */
  jump(ms: number): void;
}

export function createTime(): Time {
  let now = BEGIN;
  const sleepers = new Set<{ at: number; wake: () => void }>();
  /** Until everybody sleeps: the store answers without waiting for anything. */
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 40; turn += 1) await setImmediate();
  };
  return {
    clock: () => new Date(now),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const stop = (): void => {
          sleepers.delete(own);
          reject(signal.reason);
        };
        const own = {
          at: now + ms,
          wake: () => {
            signal.removeEventListener("abort", stop);
            sleepers.delete(own);
            resolve();
          },
        };
        sleepers.add(own);
        signal.addEventListener("abort", stop, { once: true });
      }),
    async pass(ms) {
      const until = now + ms;
      for (;;) {
        await settle();
        const [next] = [...sleepers].sort((a, b) => a.at - b.at);
        if (next === undefined || next.at > until) break;
        now = Math.max(now, next.at);
        next.wake();
      }
      now = until;
      await settle();
    },
    jump(ms) {
      now += ms;
      for (const sleeper of sleepers) sleeper.at += ms;
    },
  };
}

export interface Process {
  readonly lines: string[];
  /** Time and name of every start: `08:15 hunt a`. */
  stop(reason?: string): Promise<void>;
  readonly done: Promise<void>;
}

export function startProcess(
  store: Store,
  time: Time,
  stages: readonly Stage[],
  claimant: Claimant = { owner: "here/1/a", isGone: () => false },
): Process {
  const controller = new AbortController();
  const { lines, deps } = depsOf(store, time, controller.signal, claimant);
  const done = runScheduled(deps, stages);
  done.catch(() => {});
  return {
    lines,
    done,
    async stop() {
      controller.abort(new DOMException("SIGTERM", "AbortError"));
      await time.pass(0);
      await done;
    },
  };
}

export async function once(store: Store, time: Time, stages: readonly Stage[]) {
  const { lines, deps } = depsOf(store, time, new AbortController().signal);
  return { lines, code: await runOnce(deps, stages) };
}

function depsOf(
  store: Store,
  time: Time,
  signal: AbortSignal,
  claimant: Claimant = { owner: "here/1/a", isGone: () => false },
) {
  const lines: string[] = [];
  const line = (message: string): void => void lines.push(message);
  const deps: SchedulerDeps = {
    store: store.jobs,
    claimant,
    log: { debug: () => {}, info: line, warn: line },
    clock: time.clock,
    sleep: time.sleep,
    signal,
  };
  return { lines, deps };
}

export async function withStore<T>(test: (store: Store, path: string) => Promise<T>): Promise<T> {
  const path = join(temporaryFolder(), "rulewright.db");
  const store = await openSqliteStore(path);
  try {
    return await test(store, path);
  } finally {
    await store.close();
  }
}

/** A stage whose jobs only note when they start, and do what `act` says. */
export function stageOf(
  time: Time,
  started: string[],
  stage: Partial<Stage> & Pick<Stage, "kind" | "jobs">,
  act: (name: string, context: JobContext) => Promise<JobResult | undefined> = async () => undefined,
): Stage {
  return {
    isTogether: false,
    ...stage,
    async run(names, context) {
      const results = new Map<string, JobResult>();
      for (const name of names) {
        started.push(`${time.clock().toISOString().slice(11, 16)} ${stage.kind} ${name}`);
        results.set(name, (await act(name, context)) ?? { text: "well" });
      }
      return results;
    },
  };
}
