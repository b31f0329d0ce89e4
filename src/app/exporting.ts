/** Runs planned exports so that all become visible together. */
import { mkdirSync } from "node:fs";
import type { App } from "../app.ts";
import { RulewrightError } from "../errors.ts";
import { type ExportDeps, type ExportJob, type ExportResult, type Proven, runExport } from "../export/pipeline.ts";
import { localReach } from "../export/reach.ts";
import { type IndicatorContext, indicatorsOf } from "../policy/indicators.ts";
import type { Store } from "../store/store.ts";
import type { VerifyGate } from "./gate.ts";
import { createSieve } from "./held-back.ts";
import type { PlannedExport } from "./planning.ts";

export type ExportOutcome =
  | ExportResult
  | { readonly name: string; readonly exporter: string; readonly format: string; readonly error: RulewrightError };

/**
 * Runs the planned exports: each in turn until its output is ready, then all become visible together. One that fails
 * leaves its previous output and does not stop the rest; an interrupt before the swap leaves all of them.
 */
export async function exportAll(
  app: App,
  store: Store,
  planned: readonly PlannedExport[],
  context: Omit<IndicatorContext, "policy">,
  /** Runs when every output is ready and none is visible; when it throws, none becomes so. */
  beforeSwap: () => Promise<void> = async () => {},
  /** Asks the engine; what it throws is the outcome of the export. */
  proof: (job: ExportJob, gate: VerifyGate, deps: ExportDeps) => Promise<Proven | undefined> = async () => undefined,
): Promise<ExportOutcome[]> {
  const indicatorContext: IndicatorContext = { ...context, policy: app.loaded.config.policy };
  const swap = Promise.withResolvers<void>();
  // Nobody may be waiting yet when it is refused.
  swap.promise.catch(() => {});
  const running: Promise<ExportOutcome>[] = [];
  for (const { job, gate, where, place } of planned) {
    const ready = Promise.withResolvers<void>();
    const sieve = createSieve({ where, given: place === undefined ? undefined : store.given(place) });
    const deps: ExportDeps = {
      indicators: () => sieve.pass(indicatorsOf(store, indicatorContext, app.signal)),
      sids: store.sids,
      versions: store.versions.of(job.name, context.asOf),
      samples: (sha256s) => store.samples(sha256s),
      reach: localReach(),
      log: app.log,
      now: context.asOf,
      signal: app.signal,
      beforeSwap: () => {
        ready.resolve();
        return swap.promise;
      },
    };
    const proven = gate ? proof(job, gate, deps) : Promise.resolve(undefined);
    const outcome = proven
      .then((found) => runExport(job, found ? { ...deps, proven: found } : deps))
      .catch((error: unknown) => failedOutcome(job, error));
    running.push(outcome);
    await Promise.race([ready.promise, outcome]).catch(() => {});
  }
  try {
    app.signal.throwIfAborted();
    await beforeSwap();
    app.signal.throwIfAborted();
    swap.resolve();
  } catch (error) {
    swap.reject(error);
    await Promise.allSettled(running);
    throw app.signal.aborted ? untouched(error) : error;
  }
  return Promise.all(running);
}

/** Of a run that was cut off before its swap. */
export function untouched(cause: unknown): RulewrightError {
  return new RulewrightError("INTERRUPTED", "Interrupted: the outputs are untouched.", { cause });
}

/** A failure of ours or of the operator's is an outcome; a bug and an interrupt end the run. */
function failedOutcome(job: ExportJob, error: unknown): ExportOutcome {
  if (!(error instanceof RulewrightError) || error.code === "INTERRUPTED") throw error;
  return { name: job.name, exporter: job.exporter.name, format: job.format, error };
}

/** Makes the output folder. Throws EXPORT_FAILED. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw new RulewrightError(
      "EXPORT_FAILED",
      `Cannot make the folder ${path}: ${(cause as Error).message}. Give another one with --out.`,
      { cause },
    );
  }
}
