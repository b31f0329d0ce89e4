/** `judgeReports` over a folder, as `rulewright generate` calls it: read, collect, store, judge. */
import { judgeReports } from "../../src/app/reports.ts";
import { openBenchApp } from "../app.ts";
import { type Cost, measure, peakMiB } from "../measure.ts";

export interface FolderCosts {
  readonly cost: Cost;
  /** Of which until the last body was read. */
  readonly readingSeconds: number;
  readonly evidence: number;
  readonly observables: number;
  readonly idleMiB: number;
  readonly peakMiB: number;
}

export async function runCase({ folder }: { readonly folder: string }): Promise<FolderCosts> {
  const app = await openBenchApp(folder);
  const idleMiB = peakMiB();
  const start = performance.now();
  let readingSeconds = 0;
  const { result, cost } = await measure(() =>
    judgeReports(app, [folder], {
      onProgress: (text) => {
        if (text.startsWith("reading")) readingSeconds = (performance.now() - start) / 1000;
      },
    }),
  );
  const peak = peakMiB();
  const { evidence, observables } = await result.store.counts();
  await result.store.close();
  return { cost, readingSeconds, evidence, observables, idleMiB, peakMiB: peak };
}
