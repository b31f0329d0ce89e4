/**
 * One export: indicators through an exporter into a sink, with the accounting. Every indicator that goes in is
 * written or skipped with a reason; a plugin that loses one fails its export before anything is published.
 */
import { createHash, type Hash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { RulewrightError } from "../errors.ts";
import { type Indicator, indicatorKey } from "../model/indicator.ts";
import type { Observable } from "../model/observable.ts";
import { plainText } from "../model/text.ts";
import type {
  Chunk,
  Exporter,
  Logger,
  PreviousOutput,
  Published,
  RenderContext,
  RowTemplate,
  RuleProofs,
  SidLedger,
  Sink,
  VersionLedger,
} from "../plugin.ts";
import { withArchive, withFolderArchives } from "./archive.ts";
import type { SinkReach } from "./reach.ts";
import { createSpools } from "./spool.ts";

export interface ExportJob {
  /** Name of the export and of its folder. */
  readonly name: string;
  readonly exporter: Exporter;
  readonly format: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly templates: Readonly<Record<string, RowTemplate>>;
  readonly sink: Sink;
  readonly sinkOptions: Readonly<Record<string, unknown>>;
  /** Whether an archive of the files, or of each folder when the format says so, is published beside them. */
  readonly archive: boolean;
  /** Output of the last run: what changed since, and what the sink can remove when it is no longer produced. */
  readonly previous: PreviousOutput;
}

export interface ExportDeps {
  readonly indicators: () => AsyncIterable<Indicator>;
  readonly sids: SidLedger;
  readonly versions: VersionLedger;
  readonly samples: RenderContext["samples"];
  readonly reach: SinkReach;
  readonly log: Logger;
  readonly now: Date;
  readonly signal: AbortSignal;
  /** Handed to the sink; see `SinkContext`. */
  readonly beforeSwap?: () => Promise<void>;
  /** The proof of this output, when it was proven. */
  readonly proven?: Proven;
}

/** What a proof means for an output. */
export interface Proven {
  readonly rules: RuleProofs;
  /** Key of an indicator → why it is left out. */
  readonly withheld: ReadonlyMap<string, string>;
  readonly report: ExportProof;
}

/** The proof as the manifest has it. */
export interface ExportProof {
  /** Name and version. */
  readonly engine: string;
  /** The traffic: the same rules give the same bytes. */
  readonly traffic: {
    readonly sha256: string;
    readonly bytes: number;
    readonly packets: number;
    readonly exchanges: number;
  };
  /** Number of rules: proven, failed, loaded without traffic to prove them by, for another version. */
  readonly rules: Readonly<Record<string, number>>;
  readonly quarantined: readonly { readonly sid: number; readonly rule: string; readonly faults: readonly string[] }[];
  /** Indicators that fired on harmless traffic. */
  readonly withheld: readonly string[];
}

export interface ExportedFile {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly rows: number;
}

export interface ExportResult {
  readonly name: string;
  readonly exporter: string;
  readonly format: string;
  readonly in: number;
  readonly written: number;
  /** Reason → number of indicators; in = written + the sum of these. */
  readonly skipped: Readonly<Record<string, number>>;
  readonly files: readonly ExportedFile[];
  readonly target: string;
  readonly changed: boolean;
  /** What a sink that delivers objects says of them. */
  readonly objects?: NonNullable<Published["objects"]>;
  readonly failures?: NonNullable<Published["failures"]>;
  readonly proof?: ExportProof;
}

/** Distinct reasons that are counted by name; a reason that quotes values must not fill the manifest. */
const MOST_REASONS = 50;

/** Throws EXPORT_FAILED, EXPORT_REFUSED, PLUGIN_ACCOUNTING or INTERRUPTED; the sink then leaves its target as it was. */
export async function runExport(job: ExportJob, deps: ExportDeps): Promise<ExportResult> {
  const { proven } = deps;
  const account = openAccount(job, proven?.withheld);
  const files = new Map<string, OutputFile>();
  const spools = createSpools();
  try {
    // A plugin in JavaScript may answer a promise; one that nobody awaits would end the process when it rejects.
    const chunks = await job.exporter.render(account.take(deps.indicators()), {
      options: job.options,
      format: job.format,
      now: deps.now,
      templates: job.templates,
      sids: deps.sids,
      versions: deps.versions,
      samples: deps.samples,
      previous: job.previous,
      ...(proven ? { proof: proven.rules } : {}),
      spool: spools.open,
      log: deps.log,
      signal: deps.signal,
      skip: account.skip,
    });
    const published = await job.sink.publish(measured(archived(job, encoded(account.closing(chunks))), files), {
      options: job.sinkOptions,
      mediaType: job.exporter.formats[job.format]?.mediaType ?? "application/octet-stream",
      log: deps.log,
      signal: deps.signal,
      previous: job.previous.paths,
      now: deps.now,
      ...deps.reach,
      ...(deps.beforeSwap ? { beforeSwap: deps.beforeSwap } : {}),
    });
    return {
      name: job.name,
      exporter: job.exporter.name,
      format: job.format,
      ...account.totals(),
      files: [...files]
        .map(([path, { hash, bytes, rows }]) => ({ path, sha256: hash.digest("hex"), bytes, rows }))
        .sort((a, b) => (a.path < b.path ? -1 : 1)),
      target: published.target,
      ...(proven ? { proof: proven.report } : {}),
      changed: published.changed,
      ...(published.objects ? { objects: published.objects } : {}),
      ...(published.failures ? { failures: published.failures } : {}),
    };
  } catch (error) {
    throw exportError(job.name, error, deps.signal);
  } finally {
    spools.close();
  }
}

function archived({ archive, name, exporter, format }: ExportJob, chunks: AsyncIterable<Chunk>): AsyncIterable<Chunk> {
  if (!archive) return chunks;
  const suffix = exporter.formats[format]?.folderArchive;
  return suffix === undefined ? withArchive(chunks, name) : withFolderArchives(chunks, suffix);
}

function exportError(name: string, error: unknown, signal: AbortSignal): Error {
  if (error instanceof RulewrightError) return error;
  if (signal.aborted) return new RulewrightError("INTERRUPTED", "Interrupted.", { cause: error });
  const { message, name: kind } = error instanceof Error ? error : new Error(String(error));
  if (kind === "CheckFailed")
    return new RulewrightError("EXPORT_REFUSED", `The check of ${name} refused the new output: ${message}`, {
      cause: error,
    });
  if (kind === "ReloadFailed")
    return new RulewrightError("EXPORT_REFUSED", `The new output of ${name} was taken back: ${message}`, {
      cause: error,
    });
  if (kind === "TargetUnavailable") return new RulewrightError("PUSH_UNAVAILABLE", message, { cause: error });
  if (kind === "TargetRefused") return new RulewrightError("PUSH_REFUSED", message, { cause: error });
  return new RulewrightError("EXPORT_FAILED", `The export ${name} failed: ${message}`, { cause: error });
}

interface OutputFile {
  readonly hash: Hash;
  bytes: number;
  rows: number;
}

/** Text as UTF-8, once for all that follow. */
async function* encoded(chunks: AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
  for await (const chunk of chunks)
    yield typeof chunk.data === "string" ? { ...chunk, data: Buffer.from(chunk.data) } : chunk;
}

/** Hashes and counts each file on its way to the sink. */
async function* measured(chunks: AsyncIterable<Chunk>, files: Map<string, OutputFile>): AsyncGenerator<Chunk> {
  for await (const chunk of chunks) {
    const file = files.get(chunk.path) ?? { hash: createHash("sha256"), bytes: 0, rows: 0 };
    file.hash.update(chunk.data);
    file.bytes += typeof chunk.data === "string" ? Buffer.byteLength(chunk.data) : chunk.data.byteLength;
    file.rows += chunk.rows ?? 0;
    files.set(chunk.path, file);
    yield chunk;
  }
}

/**
 * Indicators between two turns of the event loop. An exporter that holds everything until the end writes nothing that
 * would wait, and nobody would hear a signal until then.
 */
const BREATH = 1000;

function openAccount({ name, exporter }: ExportJob, withheld?: ReadonlyMap<string, string>) {
  const accepted = new Set(exporter.accepts);
  let skippedLast: Observable | undefined;
  const reasons = new Map<string, number>();
  let taken = 0;
  let skipped = 0;
  let isExhausted = false;
  let isAnythingWritten = false;
  /** What the chunks say; undefined when none says anything. */
  let written: number | undefined;
  const fail = (message: string): never => {
    throw new RulewrightError(
      "PLUGIN_ACCOUNTING",
      `The exporter ${exporter.name} of ${name} ${message}. Tell its author: run describeExporter of rulewright/testing.`,
    );
  };
  const count = (reason: string): void => {
    const known = reasons.has(reason) || reasons.size < MOST_REASONS ? reason : "other reasons";
    reasons.set(known, (reasons.get(known) ?? 0) + 1);
    skipped += 1;
  };
  /** Why the exporter gets none of its type. */
  const inexpressible = ({ type }: Observable): string | undefined =>
    accepted.has(type) ? undefined : `${exporter.name} does not express ${type}`;
  return {
    async *take(indicators: AsyncIterable<Indicator>): AsyncGenerator<Indicator> {
      for await (const indicator of indicators) {
        taken += 1;
        if (taken % BREATH === 0) await setImmediate();
        const reason = withheld?.get(indicatorKey(indicator)) ?? inexpressible(indicator);
        if (reason !== undefined) count(reason);
        else if (indicator.status !== "active" && !exporter.tombstones) count(`it is ${indicator.status}`);
        else yield indicator;
      }
      isExhausted = true;
    },
    skip(indicator: Observable, reason: string): void {
      // To remember all that it was given or skipped costs a twentieth of an export, and memory; the contract suite does.
      if (inexpressible(indicator) !== undefined)
        fail(`skipped an indicator it was not given (${plainText(indicatorKey(indicator), 80)})`);
      if (indicator === skippedLast) fail(`skipped ${plainText(indicatorKey(indicator), 80)} twice`);
      skippedLast = indicator;
      count(plainText(reason, 200) || "no reason given");
    },
    /** Follows what is written, and settles the account before anybody behind it sees the end. */
    async *closing(chunks: AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
      for await (const chunk of chunks) {
        isAnythingWritten ||= (chunk.rows ?? 0) > 0 || chunk.data.length > 0;
        if (chunk.indicators !== undefined) written = (written ?? 0) + chunk.indicators;
        yield chunk;
      }
      if (!isExhausted) fail("ended before it had taken every indicator");
      if (written === undefined ? taken > skipped && !isAnythingWritten : written + skipped !== taken) {
        fail(`wrote ${written ?? "nothing"} and skipped ${skipped} of ${taken} indicators`);
      }
    },
    totals: () => ({
      in: taken,
      written: taken - skipped,
      skipped: Object.fromEntries([...reasons].sort(([a], [b]) => (a < b ? -1 : 1))),
    }),
  };
}
