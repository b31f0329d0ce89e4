/**
 * Verdicts against the truth of the emulator's worlds: eight families each, shared platforms, dynamic DNS, delivery
 * networks, sandboxes' resolvers and agents, honest software in the malware's samples. What is neither the malware's nor
 * honest (`context`) counts for nothing. Nothing was tuned on these seeds.
 */
import { describe, expect, it } from "vitest";
import type { Truth } from "../../src/emulator/index.ts";
import type { Indicator } from "../../src/model/indicator.ts";
import { indicatorsOf } from "../../src/policy/indicators.ts";
import { DEFAULT_POLICY } from "../../src/policy/policy.ts";
import { parseWhere } from "../../src/policy/where.ts";
import { bigWorld, judgedWorld, type Reading } from "../support/worlds.ts";

const SEEDS = [401, 402, 403];
const FLOORS = { domain: 0.99, ipv4: 0.97, endpoint: 0.97, url: 0.98 } as const;
type Measured = keyof typeof FLOORS;
const TYPES = Object.keys(FLOORS) as Measured[];

interface Tally {
  malicious: number;
  found: number;
  noise: number;
}

const nothing = (): Tally => ({ malicious: 0, found: 0, noise: 0 });
const precision = ({ found, noise }: Tally): number => found / (found + noise);
const recall = ({ found, malicious }: Tally): number => found / malicious;

async function exported(seed: number, reading: Reading): Promise<{ truth: readonly Truth[]; indicators: Indicator[] }> {
  const world = bigWorld(seed);
  const store = await judgedWorld(world, reading);
  try {
    const context = { tlp: "amber" as const, policy: DEFAULT_POLICY, asOf: world.end };
    return {
      truth: world.truth,
      indicators: await Array.fromAsync(indicatorsOf(store, context, new AbortController().signal)),
    };
  } finally {
    await store.close();
  }
}

function tallies(truth: readonly Truth[], indicators: readonly Indicator[]): Record<Measured, Tally> {
  const kept = new Set(indicators.map(({ type, value }) => `${type} ${value}`));
  const counted = Object.fromEntries(TYPES.map((type) => [type, nothing()])) as Record<Measured, Tally>;
  for (const { type, value, label } of truth) {
    const own = counted[type as Measured];
    if (!own) continue;
    const isKept = kept.has(`${type} ${value}`);
    if (label === "malicious") own.malicious += 1;
    if (label === "malicious" && isKept) own.found += 1;
    if (label === "noise" && isKept) own.noise += 1;
  }
  return counted;
}

function line(what: string, counted: Readonly<Record<Measured, Tally>>): string {
  const cells = TYPES.map(
    (type) => `${type} ${precision(counted[type]).toFixed(3)} ${recall(counted[type]).toFixed(3)}`,
  );
  return `${what.padEnd(10)} precision, recall: ${cells.join("  ")}`;
}

function summed(all: readonly Record<Measured, Tally>[]): Record<Measured, Tally> {
  const sum = (type: Measured): Tally =>
    all.reduce((total, { [type]: own }) => {
      for (const key of ["malicious", "found", "noise"] as const) total[key] += own[key];
      return total;
    }, nothing());
  return Object.fromEntries(TYPES.map((type) => [type, sum(type)])) as Record<Measured, Tally>;
}

/** Names the types that miss their floor, with what they reached. */
function missed(counted: Readonly<Record<Measured, Tally>>): string[] {
  return TYPES.filter((type) => Math.min(precision(counted[type]), recall(counted[type])) < FLOORS[type]).map(
    (type) => `${type} ${JSON.stringify(counted[type])}`,
  );
}

describe("the truth of a world", () => {
  it.each(SEEDS)("is kept, and no noise host: seed %i", { timeout: 120_000 }, async (seed) => {
    const { truth, indicators } = await exported(seed, { hasLookups: true, hasBenign: true });
    const counted = tallies(truth, indicators);
    console.log(line(`seed ${seed}`, counted));
    expect(missed(counted)).toEqual([]);
    const noise = new Set(
      truth.filter(({ type, label }) => type === "domain" && label === "noise").map(({ value }) => value),
    );
    const isHost = parseWhere("type=domain");
    expect(
      indicators
        .filter(isHost)
        .filter(({ value }) => noise.has(value))
        .map(({ value }) => value),
    ).toEqual([]);
  });

  it.each([
    ["a hunt that finds no benign sample", { hasLookups: true, hasBenign: false }],
    ["a hunt without look-ups", { hasLookups: false, hasBenign: true }],
  ])("is kept by %s", { timeout: 120_000 }, async (what, reading) => {
    const counted: Record<Measured, Tally>[] = [];
    for (const seed of SEEDS) {
      const { truth, indicators } = await exported(seed, reading);
      counted.push(tallies(truth, indicators));
    }
    const all = summed(counted);
    console.log(line(what, all));
    expect(missed(all)).toEqual([]);
  });
});
