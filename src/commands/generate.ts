/** `rulewright generate`: reports in, detection content out; no key, no store, no config needed. */
import { resolve } from "node:path";
import {
  type App,
  DEFAULT_EXPORTS,
  type ExportOutcome,
  exportAll,
  type IngestTally,
  type Judged,
  judgeReports,
  makeFolder,
  planExports,
} from "../app.ts";
import { EXIT, RulewrightError } from "../errors.ts";
import { type ManifestExport, readManifest, writeManifest } from "../export/manifest.ts";
import type { Tlp } from "../model/indicator.ts";
import { OBSERVABLE_TYPES } from "../model/observable.ts";
import type { Store } from "../store/store.ts";
import { VERSION } from "../version.ts";
import { explanation, explanationJson } from "./explanation.ts";
import type { Output } from "./output.ts";
import { exportSummary, ingestSummary, judgingSummary } from "./summary.ts";

export interface GenerateOptions {
  readonly to?: readonly string[];
  readonly out: string;
  readonly where?: string;
  readonly warningLists?: string;
  readonly tlp?: Tlp;
  readonly asOf?: Date;
  readonly explain?: boolean;
  readonly json?: boolean;
}

export async function generate(
  app: App,
  output: Output,
  paths: readonly string[],
  options: GenerateOptions,
): Promise<number> {
  const out = resolve(app.folder, options.out);
  const names = options.to && options.to.length > 0 ? options.to : DEFAULT_EXPORTS;
  const planned = planExports(app, names, out, options.where);
  const judged = await judgeReports(app, paths, {
    onFile: (files) => output.progress(`reading: ${files} files`),
    ...(options.warningLists ? { warningLists: options.warningLists } : {}),
  });
  try {
    output.progress("");
    makeFolder(out);
    const asOf = options.asOf ?? startOfDay(app.now);
    const outcomes = await exportAll(app, judged.store, planned, { tlp: options.tlp ?? app.loaded.config.tlp, asOf });
    await saveManifest(app, out, judged, outcomes);
    if (options.explain) await printExplanations(judged.store, output, options.json === true);
    report(output, judged.ingested, judged, outcomes, out);
    return outcomes.some((outcome) => "error" in outcome) ? EXIT.refused : EXIT.done;
  } finally {
    await judged.store.close();
  }
}

/** Reports without a date count as of the day of the run: the same input gives the same bytes all day. */
function startOfDay(now: Date): Date {
  return new Date(Math.floor(now.getTime() / 86_400_000) * 86_400_000);
}

async function saveManifest(
  app: App,
  out: string,
  { store, ingested, tally }: Judged,
  outcomes: readonly ExportOutcome[],
): Promise<void> {
  const counts = await store.counts();
  const decisions = { keep: 0, review: 0, drop: 0 };
  for (const own of tally.decisions.values()) {
    decisions.keep += own.keep;
    decisions.review += own.review;
    decisions.drop += own.drop;
  }
  const previous = readManifest(out);
  try {
    writeManifest(out, {
      generated: app.now.toISOString(),
      version: VERSION,
      input: {
        files: ingested.files,
        bodies: ingested.bodies,
        ignored: [...ingested.ignored.values()].reduce((sum, count) => sum + count, 0),
        problems: ingested.problems.length,
        samples: counts.samples,
        observables: counts.observables,
        evidence: counts.evidence,
        rejected: counts.rejections,
      },
      decisions,
      exports: outcomes.map((outcome) => manifestExport(outcome, previous)),
    });
  } catch (cause) {
    throw new RulewrightError("EXPORT_FAILED", `Cannot write ${out}/manifest.json: ${(cause as Error).message}.`, {
      cause,
    });
  }
}

function manifestExport(outcome: ExportOutcome, previous: ReturnType<typeof readManifest>): ManifestExport {
  if (!("error" in outcome)) {
    const { target: _target, changed: _changed, ...rest } = outcome;
    return rest;
  }
  const { error, ...rest } = outcome;
  const files = previous?.exports.find(({ name }) => name === outcome.name)?.files ?? [];
  return { ...rest, in: 0, written: 0, skipped: {}, files, error: error.message };
}

async function printExplanations(store: Store, output: Output, isJson: boolean): Promise<void> {
  for (const type of OBSERVABLE_TYPES) {
    for await (const page of store.judged(type, ["keep", "review", "drop"])) {
      for (const row of page) await output.print(isJson ? explanationJson(row) : `${explanation(row)}\n`);
    }
  }
}

function report(
  output: Output,
  ingested: IngestTally,
  { tally }: Judged,
  outcomes: readonly ExportOutcome[],
  out: string,
): void {
  output.say(`${ingestSummary(ingested)}\n\n${judgingSummary(tally)}\n\n${exportSummary(outcomes, out)}\n`);
  for (const outcome of outcomes) if ("error" in outcome) output.say(`error: ${outcome.error.message}\n`);
}
