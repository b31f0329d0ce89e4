/**
 * Group `store`: evidence from collected reports to a SQLite file (held: 60,000 rows per CPU second) and the judge
 * over it, beside prepared inserts row by row into the same tables.
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

export async function benchStore(print: Print, count: number): Promise<void> {
  const table = startTable(print, `store: ${whole(count)} pieces of evidence to a SQLite file, then judged`, COLUMNS);
  const floor = await apart<StoreModule>("store", { way: "floor", count });
  table.row(rowOf("floor", floor, floor));
  table.row(rowOf("store", await apart<StoreModule>("store", { way: "store", count }), floor));
  table.end([
    "Hold: 60 k evidence rows per CPU second. The floor merges nothing, keeps no families, labels or techniques, and writes",
    "one constant verdict for each observable instead of judging it.",
  ]);
}

function rowOf(way: StoreCase["way"], costs: StoreCosts, floor: StoreCosts): string[] {
  const { evidence, observables, adding, judging, peakMiB } = costs;
  return [
    WAYS[way],
    whole(evidence),
    thousands(evidence / adding.seconds),
    thousands(evidence / adding.cpuSeconds),
    times(adding.cpuSeconds / floor.adding.cpuSeconds),
    whole(observables),
    thousands(observables / judging.seconds),
    thousands(observables / judging.cpuSeconds),
    times(judging.cpuSeconds / floor.judging.cpuSeconds),
    whole(peakMiB),
  ];
}
