/**
 * STIX, domains to one bundle file: the exporter through the pipeline and the file sink, or the floor: the same plain
 * objects in one array, one JSON.stringify, one write. Also the identifiers alone, which both need.
 */
import { deepStrictEqual } from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { planExports } from "../../src/app/planning.ts";
import { runExport } from "../../src/export/pipeline.ts";
import { localReach } from "../../src/export/reach.ts";
import type { Indicator } from "../../src/model/indicator.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { numbered, silentLog } from "../../src/testing.ts";
import { NOW, openBenchApp } from "../app.ts";
import { type Cost, measure, peakMiB } from "../measure.ts";
import { indicators } from "../source.ts";
import { idsOf, plainBundle } from "../stix-plain.ts";
import { withTemporaryFolder } from "../temporary.ts";

export interface StixCase {
  readonly way: "exporter" | "plain" | "ids";
  readonly count: number;
}

export interface StixCosts {
  readonly cost: Cost;
  readonly peakMiB: number;
}

export function runCase({ way, count }: StixCase): Promise<StixCosts> {
  return withTemporaryFolder(async (folder) => {
    const file = join(folder, "plain.json");
    const work = await {
      exporter: () => planBundle(folder, count),
      plain: () => () => writePlain(file, count),
      ids: () => () => makeIds(count),
    }[way]();
    const { cost } = await measure<unknown>(work);
    const peak = peakMiB();
    if (way === "plain") await checkSame(join(folder, "check"));
    return { cost, peakMiB: peak };
  });
}

/** The export, ready to run: loading and compiling are not counted. */
async function planBundle(folder: string, count: number): Promise<() => Promise<unknown>> {
  const app = await openBenchApp(folder);
  const plan = planExports(app, ["stix:bundle"], join(folder, "out"))[0]!;
  const store = await openSqliteStore();
  return () =>
    runExport(plan.job, {
      indicators: () => indicators("domain", count),
      sids: store.sids,
      versions: store.versions.of("stix", NOW),
      samples: store.samples,
      reach: localReach(),
      log: silentLog,
      now: NOW,
      signal: app.signal,
    });
}

function writePlain(file: string, count: number): void {
  writeFileSync(file, JSON.stringify(plainBundle(domains(count))));
}

function* domains(count: number): Generator<Indicator> {
  for (let index = 0; index < count; index += 1) yield numbered("domain", index);
}

function makeIds(count: number): void {
  for (const { value } of domains(count)) idsOf(value);
}

/** A floor that builds other objects would be none. */
async function checkSame(folder: string): Promise<void> {
  await (await planBundle(folder, 20))();
  const plain = join(folder, "plain.json");
  writePlain(plain, 20);
  const exported = join(folder, "out/stix/rulewright.stix.json");
  deepStrictEqual(JSON.parse(readFileSync(plain, "utf8")), JSON.parse(readFileSync(exported, "utf8")));
}
