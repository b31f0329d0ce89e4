/** Writes the manifest of a run into its output folder. */
import type { App } from "../app.ts";
import { RulewrightError } from "../errors.ts";
import { type ExportFiles, type Manifest, type ManifestExport, readFiles, writeManifest } from "../export/manifest.ts";
import type { Store } from "../store/store.ts";
import { VERSION } from "../version.ts";
import type { ExportOutcome } from "./exporting.ts";
import type { IngestTally } from "./ingesting.ts";

/** Answers it. `ingested` is absent when the indicators come from a store that was filled before. Throws EXPORT_FAILED. */
export async function saveManifest(
  app: App,
  out: string,
  store: Store,
  outcomes: readonly ExportOutcome[],
  ingested?: IngestTally,
): Promise<Manifest> {
  const { samples, observables, evidence, rejections: rejected } = await store.counts();
  const decisions = { keep: 0, review: 0, drop: 0 };
  for (const own of Object.values(await store.decisions())) {
    decisions.keep += own.keep;
    decisions.review += own.review;
    decisions.drop += own.drop;
  }
  const read = ingested && {
    files: ingested.files,
    bodies: ingested.bodies,
    ignored: [...ingested.ignored.values()].reduce((sum, count) => sum + count, 0),
    problems: ingested.problems.length,
  };
  const previous = readFiles(out);
  const earlier = previous
    .filter(({ name, files }) => files.length > 0 && !outcomes.some((outcome) => outcome.name === name))
    .map(({ name, files }) => ({ name, files }));
  const manifest: Manifest = {
    generated: app.now.toISOString(),
    version: VERSION,
    input: { ...read, samples, observables, evidence, rejected },
    decisions,
    exports: outcomes.map((outcome) => manifestExport(outcome, previous)),
    ...(earlier.length > 0 ? { earlier } : {}),
  };
  try {
    writeManifest(out, manifest);
    return manifest;
  } catch (cause) {
    throw new RulewrightError("EXPORT_FAILED", `Cannot write ${out}/manifest.json: ${(cause as Error).message}.`, {
      cause,
    });
  }
}

function manifestExport(outcome: ExportOutcome, previous: readonly ExportFiles[]): ManifestExport {
  if (!("error" in outcome)) {
    const { target: _target, changed: _changed, ...rest } = outcome;
    return rest;
  }
  const { error, ...rest } = outcome;
  const files = previous.find(({ name }) => name === outcome.name)?.files ?? [];
  return { ...rest, in: 0, written: 0, skipped: {}, files, error: error.message };
}
