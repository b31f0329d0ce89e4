/**
 * Collected evidence into a SQLite file and the judge over it: through the store, or the floor: prepared statements
 * row by row, the same tables, the same batches, nothing merged and nothing judged.
 */
import { join } from "node:path";
import { loadBackground } from "../../src/enrich/background.ts";
import type { Collected } from "../../src/model/evidence.ts";
import { judgeAll } from "../../src/policy/judge-all.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { openBenchApp } from "../app.ts";
import { type Cost, peakMiB, Stopwatch } from "../measure.ts";
import { syntheticCollected } from "../reports.ts";
import { openFloorStore } from "../store-floor.ts";
import { withTemporaryFolder } from "../temporary.ts";

export interface StoreCase {
  readonly way: "store" | "floor";
  /** Evidence rows. */
  readonly count: number;
}

export interface StoreCosts {
  readonly evidence: number;
  readonly observables: number;
  readonly adding: Cost;
  /** The floor writes a verdict for each observable instead. */
  readonly judging: Cost;
  readonly peakMiB: number;
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
  for (const batch of batchesOf(count)) await adding.run(() => store.add(batch));
  const context = { background: loadBackground(), policy: app.loaded.config.policy };
  await judging.run(() => judgeAll(store, context, app.signal));
  const { evidence, observables } = await store.counts();
  await store.close();
  return { evidence, observables, adding: adding.cost, judging: judging.cost, peakMiB: peakMiB() };
}

async function throughFloor(path: string, count: number): Promise<StoreCosts> {
  const floor = await openFloorStore(path);
  const adding = new Stopwatch();
  const judging = new Stopwatch();
  for (const batch of batchesOf(count)) await adding.run(() => floor.add(batch));
  const observables = await judging.run(() => floor.saveVerdicts());
  const evidence = floor.countEvidence();
  floor.close();
  return { evidence, observables, adding: adding.cost, judging: judging.cost, peakMiB: peakMiB() };
}

/** As many pieces of evidence in a batch as the application puts in one. */
const BATCH_EVIDENCE = 10_000;

/** Made one after the other, between the measurements. */
function* batchesOf(count: number): Generator<Collected[]> {
  let batch: Collected[] = [];
  let size = 0;
  let total = 0;
  for (let index = 0; total < count; index += 1) {
    const collected = syntheticCollected(index);
    batch.push(collected);
    size += collected.evidence.length;
    total += collected.evidence.length;
    if (size < BATCH_EVIDENCE && total < count) continue;
    yield batch;
    batch = [];
    size = 0;
  }
}
