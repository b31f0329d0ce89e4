/**
 * Group `store`: evidence from collected reports to a SQLite file (held: 60,000 rows per second), the judge over all
 * of it (50,000 observables per second) and the memory on the way, beside prepared inserts row by row into the same
 * tables.
 */
import { apart } from "./apart.ts";
import type { StoreCase, StoreCosts } from "./cases/store.ts";
import { type Column, type Print, startTable, thousands, times, whole } from "./table.ts";

type StoreModule = typeof import("./cases/store.ts");

const WAYS: Readonly<Record<StoreCase["way"], string>> = {
  store: "store and judge",
  floor: "prepared inserts, row by row",
};

const COLUMNS: readonly Column[] = [
  { title: "way", width: 28 },
  { title: "evidence rows", isNumber: true },
  { title: "rows/s", isNumber: true },
  { title: "rows/CPU-s", isNumber: true },
  { title: "CPU to floor", isNumber: true },
  { title: "observables", isNumber: true },
  { title: "judged/s", isNumber: true },
  { title: "judged/CPU-s", isNumber: true },
  { title: "CPU to floor", isNumber: true },
  { title: "peak MiB", isNumber: true },
];

const MEMORY_COLUMNS: readonly Column[] = [
  { title: "work", width: 28 },
  { title: "up to 10 %", isNumber: true },
  { title: "up to 50 %", isNumber: true },
  { title: "up to 100 %", isNumber: true },
];

/** The floor's rates hardly depend on the count. */
const FLOOR_COUNT = 100_000;

export async function benchStore(print: Print, count: number): Promise<void> {
  const title = `store: ${whole(count)} observables with ${whole(3 * count)} pieces of evidence to a SQLite file, judged again`;
  const table = startTable(print, title, COLUMNS);
  const floor = await apart<StoreModule>("store", { way: "floor", count: Math.min(count, FLOOR_COUNT) });
  table.row(rowOf("floor", floor, floor));
  const store = await apart<StoreModule>("store", { way: "store", count });
  table.row(rowOf("store", store, floor));
  table.end([
    "Hold: 60 k evidence rows and 50 k observables judged again per second. The floor merges nothing, keeps no families,",
    "labels or techniques, and writes one constant verdict for each observable instead of judging it.",
  ]);
  const memory = startTable(print, "store: resident memory on the way, MiB", MEMORY_COLUMNS);
  memory.row(["evidence to disk", ...store.addingMiB.map(whole)]);
  memory.row(["judged again", ...store.judgingMiB.map(whole)]);
  memory.end(["Hold: flat. The reports are made in the same process, between the measurements."]);
}

function rowOf(way: StoreCase["way"], costs: StoreCosts, floor: StoreCosts): string[] {
  const { evidence, observables, adding, judging, peakMiB } = costs;
  const perFloorRow = floor.adding.cpuSeconds / floor.evidence;
  const perFloorVerdict = floor.judging.cpuSeconds / floor.observables;
  return [
    WAYS[way],
    whole(evidence),
    thousands(evidence / adding.seconds),
    thousands(evidence / adding.cpuSeconds),
    times(adding.cpuSeconds / evidence / perFloorRow),
    whole(observables),
    thousands(observables / judging.seconds),
    thousands(observables / judging.cpuSeconds),
    times(judging.cpuSeconds / observables / perFloorVerdict),
    whole(peakMiB),
  ];
}
