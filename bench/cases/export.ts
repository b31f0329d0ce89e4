/**
 * One export as `rulewright generate` runs it: pipeline with its hashes and accounting, exporter, row templates, sid
 * ledger on SQLite, file sink with its fsync. The floor: the published bytes written again by `writeSync`, no fsync.
 */
import { closeSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { planExports } from "../../src/app/planning.ts";
import { runExport } from "../../src/export/pipeline.ts";
import { localReach } from "../../src/export/reach.ts";
import { NOW, openBenchApp } from "../app.ts";
import { type Cost, measure, peakMiB, Stopwatch } from "../measure.ts";
import { openWideLedger } from "../sid-ledger.ts";
import { indicators, type Spread, sourceCpuSeconds } from "../source.ts";
import { withTemporaryFolder } from "../temporary.ts";

export interface ExportCase {
  readonly exporter: string;
  readonly format: string;
  readonly spread: Spread;
  readonly count: number;
  /** Whether the archive of the files is made too, for exporters that have one. */
  readonly isArchived: boolean;
}

export interface ExportCosts {
  readonly rows: number;
  readonly bytes: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly cost: Cost;
  /** What of it the synthetic indicators cost. */
  readonly sourceCpuSeconds: number;
  /** Before the first indicator, and at the end. */
  readonly idleMiB: number;
  readonly peakMiB: number;
  readonly floor: Cost;
}

export function runCase({ exporter, format, spread, count, isArchived }: ExportCase): Promise<ExportCosts> {
  return withTemporaryFolder(async (folder) => {
    const app = await openBenchApp(folder);
    const out = join(folder, "out");
    const { job } = planExports(app, [`${exporter}:${format}`], out)[0]!;
    const ledger = await openWideLedger();
    const idleMiB = peakMiB();
    const { result, cost } = await measure(() =>
      runExport(isArchived ? job : { ...job, archive: false }, {
        indicators: () => indicators(spread, count),
        sids: ledger.sids,
        versions: ledger.versions.of(exporter, NOW),
        samples: ledger.samples,
        reach: localReach(),
        log: app.log,
        now: NOW,
        signal: app.signal,
      }),
    );
    const peak = peakMiB();
    const source = await sourceCpuSeconds(spread, count);
    await ledger.close();
    const paths = result.files.map(({ path }) => join(out, exporter, path));
    return {
      rows: result.files.reduce((sum, { rows }) => sum + rows, 0),
      bytes: result.files.reduce((sum, { bytes }) => sum + bytes, 0),
      skipped: result.skipped,
      cost,
      sourceCpuSeconds: source,
      idleMiB,
      peakMiB: peak,
      floor: await rewrite(paths, join(folder, "floor")),
    };
  });
}

const PIECE = 64 * 1024;

/** Writes copies of the files in pieces of 64 KiB; only the writing counts. */
async function rewrite(paths: readonly string[], folder: string): Promise<Cost> {
  mkdirSync(folder);
  const watch = new Stopwatch();
  // A hundred pieces at a time, so that the stopwatch itself costs nothing.
  const pieces = Buffer.alloc(100 * PIECE);
  for (const [index, path] of paths.entries()) {
    const from = openSync(path, "r");
    const to = openSync(join(folder, String(index)), "w");
    for (let held = readSync(from, pieces); held > 0; held = readSync(from, pieces)) {
      await watch.run(() => {
        for (let at = 0; at < held; at += PIECE) writeSync(to, pieces, at, Math.min(PIECE, held - at));
      });
    }
    closeSync(from);
    closeSync(to);
  }
  return watch.cost;
}
