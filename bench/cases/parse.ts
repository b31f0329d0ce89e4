/** One report in memory: JSON.parse alone, with recognising it (zod included), with collecting its evidence too. */
import { collect } from "../../src/collect/report.ts";
import { recogniseBody } from "../../src/vt/bodies.ts";
import { median } from "../measure.ts";
import { syntheticReport } from "../reports.ts";

/** Milliseconds for each report, medians of rounds. */
export interface ParseCosts {
  readonly bytes: number;
  readonly evidence: number;
  readonly parse: number;
  readonly recognise: number;
  readonly collect: number;
}

const ROUNDS = 41;
const REPEATS = 40;

export async function runCase({ bytes }: { readonly bytes: number }): Promise<ParseCosts> {
  const text = JSON.stringify(syntheticReport(7, bytes));
  const recognise = () => recogniseBody(JSON.parse(text), "report.json") ?? [];
  const ways = {
    parse: () => JSON.parse(text),
    recognise,
    collect: () => recognise().map(collect),
  };
  const times = { parse: [] as number[], recognise: [] as number[], collect: [] as number[] };
  for (let round = -5; round < ROUNDS; round += 1) {
    // Side by side in each round, so that a neighbour on the machine disturbs all three alike.
    for (const name of ["parse", "recognise", "collect"] as const) {
      const start = performance.now();
      for (let n = 0; n < REPEATS; n += 1) ways[name]();
      if (round >= 0) times[name].push((performance.now() - start) / REPEATS);
    }
  }
  return {
    bytes: text.length,
    evidence: ways.collect()[0]?.evidence.length ?? 0,
    parse: median(times.parse),
    recognise: median(times.recognise),
    collect: median(times.collect),
  };
}
