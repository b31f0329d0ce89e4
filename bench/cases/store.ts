/**
 * Collected evidence into a SQLite file and the judge over it: through the store, or the floor: prepared statements
 * row by row, the same tables, the same batches, nothing merged and nothing judged.
 */
import { join } from "node:path";
import { loadBackground } from "../../src/enrich/background.ts";
import type { Collected } from "../../src/model/evidence.ts";
import { judgeAll } from "../../src/policy/judge-all.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Store } from "../../src/store/store.ts";
import { openBenchApp } from "../app.ts";
import { type Cost, peakMiB, Stopwatch } from "../measure.ts";
import { detonations, syntheticCollected } from "../reports.ts";
import { openFloorStore } from "../store-floor.ts";
import { withTemporaryFolder } from "../temporary.ts";

export interface StoreCase {
  readonly way: "store" | "floor";
  /** Observables; three times as many pieces of evidence. */
  readonly count: number;
}

export interface StoreCosts {
  readonly evidence: number;
  readonly observables: number;
  readonly adding: Cost;
  /** Everything judged a second time; the floor writes a verdict for each observable instead. */
  readonly judging: Cost;
  readonly peakMiB: number;
  /** Highest resident memory in MiB up to a tenth, half and all of the work. */
  readonly addingMiB: readonly number[];
  readonly judgingMiB: readonly number[];
}

export function runCase({ way, count }: StoreCase): Promise<StoreCosts> {
  return withTemporaryFolder(async (folder) => {
    const path = join(folder, "store.sqlite");
    return way === "store" ? throughStore(path, count) : throughFloor(path, count);
  });
}

async function throughStore(path: string, count: number): Promise<StoreCosts> {
  const app = await openBenchApp(join(path, ".."));
  const store = await openSqliteStore(path);
  const adding = new Stopwatch();
  const judging = new Stopwatch();
  const addingMemory = memoryWatch();
  for (const { batch, done } of batchesOf(count)) {
    await adding.run(() => store.add(batch));
    addingMemory.note(done);
  }
  const { evidence, observables } = await store.counts();
  const context = { background: loadBackground(), policy: app.loaded.config.policy };
  await judgeAll(store, context, app.signal);
  const judgingMemory = memoryWatch();
  let judged = 0;
  const watched: Store = {
    ...store,
    saveJudgements(judgements) {
      judged += judgements.length;
      judgingMemory.note(judged / observables);
      return store.saveJudgements(judgements);
    },
  };
  await judging.run(() => judgeAll(watched, context, app.signal));
  await store.close();
  return {
    evidence,
    observables,
    adding: adding.cost,
    judging: judging.cost,
    peakMiB: peakMiB(),
    addingMiB: addingMemory.highest,
    judgingMiB: judgingMemory.highest,
  };
}

async function throughFloor(path: string, count: number): Promise<StoreCosts> {
  const floor = await openFloorStore(path);
  const adding = new Stopwatch();
  const judging = new Stopwatch();
  for (const { batch } of batchesOf(count)) await adding.run(() => floor.add(batch));
  const observables = await judging.run(() => floor.saveVerdicts());
  const evidence = floor.countEvidence();
  floor.close();
  return {
    evidence,
    observables,
    adding: adding.cost,
    judging: judging.cost,
    peakMiB: peakMiB(),
    addingMiB: [],
    judgingMiB: [],
  };
}

/** Up to which part of the work each highest value counts. */
const PARTS = [0.1, 0.5, 1];

function memoryWatch() {
  const highest = PARTS.map(() => 0);
  return {
    highest,
    note(done: number): void {
      const part = PARTS.findIndex((end) => done <= end);
      const now = process.memoryUsage.rss() / 2 ** 20;
      for (let index = part < 0 ? PARTS.length - 1 : part; index < PARTS.length; index += 1)
        highest[index] = Math.max(highest[index] as number, now);
    },
  };
}

/** As many pieces of evidence in a batch as the application puts in one. */
const BATCH_EVIDENCE = 10_000;

/** Made one after the other, between the measurements; `done` is the part of all evidence up to this batch. */
function* batchesOf(count: number): Generator<{ readonly batch: Collected[]; readonly done: number }> {
  const wanted = 3 * count;
  let batch: Collected[] = [];
  let size = 0;
  let total = 0;
  for (const detonation of detonations()) {
    const collected = syntheticCollected(detonation);
    batch.push(collected);
    size += collected.evidence.length;
    total += collected.evidence.length;
    if (size < BATCH_EVIDENCE && total < wanted) continue;
    yield { batch, done: total / wanted };
    if (total >= wanted) return;
    batch = [];
    size = 0;
  }
}
