/** What `generate`, `export` and `run` do with judged indicators: run the exports, number, swap and account. */
import type { App } from "../app.ts";
import type { Manifest } from "../export/manifest.ts";
import type { IndicatorContext } from "../policy/indicators.ts";
import { saveSids } from "../store/sid-file.ts";
import type { Store } from "../store/store.ts";
import { saveVersions } from "../store/version-file.ts";
import { type ExportOutcome, exportAll, makeFolder } from "./exporting.ts";
import { type FeedbackEntry, takeFeedback } from "./feedback.ts";
import type { IngestTally } from "./ingesting.ts";
import { saveManifest } from "./manifest.ts";
import { DEFAULT_EXPORTS, type planExports } from "./planning.ts";
import { proveExport } from "./proving.ts";
import { adoptSids } from "./sids.ts";

/** What is exported when nothing is named: the exports of the config, else the built-in ones. */
export function exportNames({ loaded }: App): readonly string[] {
  const configured = Object.keys(loaded.config.exports);
  return configured.length > 0 ? configured : DEFAULT_EXPORTS;
}

export interface Publication {
  readonly planned: ReturnType<typeof planExports>;
  /** Absent for standard output, which has no manifest and no ledger. */
  readonly folder?: string;
  readonly context: Omit<IndicatorContext, "policy">;
  /** What this run read, when it read anything. */
  readonly ingested?: IngestTally;
  /** The ledgers of sids and versions live in the folder: the store vanishes with the run. */
  readonly keepsLedgers?: boolean;
}

export interface Published {
  readonly outcomes: readonly ExportOutcome[];
  readonly manifest?: Manifest;
}

/** Throws EXPORT_FAILED when the folder cannot be written, and INTERRUPTED; what an export throws is its outcome. */
export async function publishAll(app: App, store: Store, publication: Publication): Promise<Published> {
  const { planned, folder, context, ingested, keepsLedgers } = publication;
  if (folder !== undefined) makeFolder(folder);
  const exporters = planned.map(({ job }) => job.exporter);
  await adoptSids(app, store.sids, exporters, keepsLedgers ? folder : undefined);
  const beforeSwap = async (): Promise<void> => {
    if (folder === undefined || !keepsLedgers) return;
    await saveSids(folder, store.sids);
    await saveVersions(folder, store.versions);
  };
  const feedback: FeedbackEntry[] = [];
  const outcomes = await exportAll(app, store, planned, context, beforeSwap, (job, gate, deps) =>
    proveExport(app, store.sids, job, gate, deps, (entries) => feedback.push(...entries)),
  );
  const manifest = folder === undefined ? undefined : await saveManifest(app, folder, store, outcomes, ingested);
  // Last: what was written shows the state before. A store that vanishes needs none.
  if (!keepsLedgers) await takeFeedback(app, store, feedback);
  return manifest ? { outcomes, manifest } : { outcomes };
}
