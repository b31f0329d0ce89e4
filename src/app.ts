/**
 * The composition root: the only place that builds the store, the log, the clock and the registry, and the one path
 * that every command walks: read → collect → store → judge → export.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { plugins as builtIn } from "../plugins/index.ts";
import { gateOf, type VerifyGate } from "./app/gate.ts";
import { createSieve } from "./app/held-back.ts";
import { sidRange } from "./app/sids.ts";
import { collect } from "./collect/report.ts";
import { absenceText, isAbsent } from "./config/absence.ts";
import { type LoadedConfig, loadConfig } from "./config.ts";
import { loadBackground } from "./enrich/background.ts";
import { loadWarningLists, type WarningLists } from "./enrich/warning-lists.ts";
import { RulewrightError } from "./errors.ts";
import { readFiles } from "./export/manifest.ts";
import { type ExportDeps, type ExportJob, type ExportResult, type Proven, runExport } from "./export/pipeline.ts";
import { NO_PREVIOUS_OUTPUT, previousOutput } from "./export/previous.ts";
import { localReach } from "./export/reach.ts";
import { createRegistry, loadPlugins, type Registry } from "./export/registry.ts";
import { compileTemplates, readTemplates } from "./export/templates.ts";
import type { Collected } from "./model/evidence.ts";
import { nearest } from "./model/nearest.ts";
import type { Exporter, Logger } from "./plugin.ts";
import { type IndicatorContext, indicatorsOf } from "./policy/indicators.ts";
import { type JudgingTally, judgeAll } from "./policy/judge-all.ts";
import { everyOf, type Where } from "./policy/where.ts";
import { restoreSids } from "./store/sid-file.ts";
import { openSqliteStore, storeFailure } from "./store/sqlite.ts";
import type { Store } from "./store/store.ts";
import { restoreVersions } from "./store/version-file.ts";
import { recogniseBody } from "./vt/bodies.ts";
import { type ReadProblem, readDocuments } from "./vt/read.ts";

export interface AppDeps {
  /** Working folder: relative paths and `rulewright.yaml` are looked up here. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly stdin?: Readable;
}

/** What a run reads and knows; closed by `close`. */
export interface App extends AppDeps {
  readonly loaded: LoadedConfig;
  readonly registry: Registry;
}

export async function openApp(deps: AppDeps, configPath?: string): Promise<App> {
  const loaded = loadConfig(deps.folder, configPath ?? deps.env.RULEWRIGHT_CONFIG);
  const registry = createRegistry(builtIn, await loadPlugins(loaded.config.plugins, loaded.file));
  return { ...deps, loaded, registry };
}

export interface IngestTally {
  readonly files: number;
  readonly bodies: number;
  /** VirusTotal's, but nothing to collect; kind → number. */
  readonly ignored: ReadonlyMap<string, number>;
  readonly problems: readonly ReadProblem[];
  /** Bodies that gave something. */
  readonly used: number;
}

/** Rows per transaction: large enough for the upserts, small enough for memory. */
const BATCH_ROWS = 10_000;

/** Reads and collects everything under the paths into the store. Throws INPUT_MISSING, INPUT_EMPTY, INPUT_UNREADABLE. */
export async function ingest(
  app: AppDeps,
  store: Store,
  paths: readonly string[],
  onProgress: (text: string) => void = () => {},
): Promise<IngestTally> {
  const problems: ReadProblem[] = [];
  const ignored = new Map<string, number>();
  let files = 0;
  let bodies = 0;
  let used = 0;
  let batch: Collected[] = [];
  let size = 0;
  const flush = async (): Promise<void> => {
    await store.add(batch);
    batch = [];
    size = 0;
  };
  const onProblem = (problem: ReadProblem): void => {
    problems.push(problem);
    app.log.warn(`${where(problem)}: ${problem.reason}`);
  };
  const documents = readDocuments({
    paths,
    signal: app.signal,
    ...(app.stdin ? { stdin: app.stdin } : {}),
    onProblem,
    onFile: () => {
      files += 1;
    },
  });
  for await (const { value, source, line } of documents) {
    app.signal.throwIfAborted();
    bodies += Array.isArray(value) ? value.length : 1;
    onProgress(`reading: ${bodies} bodies of ${files} files`);
    try {
      const items = recogniseBody(value, source);
      if (items === undefined) throw new Error("JSON, but no body of VirusTotal's API v3");
      const collected = items.flatMap((item) => collect(item) ?? []);
      for (const item of items) if (item.kind === "ignored") ignored.set(item.what, (ignored.get(item.what) ?? 0) + 1);
      batch.push(...collected);
      size += collected.reduce((sum, body) => sum + rowsOf(body), 0);
      if (collected.length > 0) used += 1;
    } catch (error) {
      const reason = error instanceof RangeError ? "nested too deeply" : (error as Error).message;
      onProblem({ source, ...(line === undefined ? {} : { line }), reason });
    }
    if (size >= BATCH_ROWS) await flush();
  }
  await flush();
  if (files === 0)
    throw new RulewrightError(
      "INPUT_EMPTY",
      `There is no report in ${paths.join(", ")}: nothing was read or written. Rulewright reads .json, .ndjson, .jsonl, .gz and .bz2 files.`,
    );
  if (used === 0 && ignored.size > 0)
    throw new RulewrightError(
      "INPUT_EMPTY",
      `There is nothing to collect in ${paths.join(", ")} (${ignoredText(ignored)}): nothing was written, the previous output stands.`,
    );
  if (used === 0 && problems.length > 0)
    throw new RulewrightError(
      "INPUT_UNREADABLE",
      `No file could be read; the previous output stands. Mend what is named above and run again.`,
    );
  return { files, bodies, ignored, problems, used };
}

/** The most frequent kinds of bodies with nothing to collect, in words. */
export function ignoredText(ignored: ReadonlyMap<string, number>): string {
  const kinds = [...ignored].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const named = kinds.slice(0, 4).map(([what, count]) => `${count} × ${what}`);
  return `${named.join(", ")}${kinds.length > named.length ? ", …" : ""}`;
}

/** What one body adds to a batch; bodies that give only links or refused values fill memory too. */
function rowsOf({ evidence, links, enrichments, rejections }: Collected): number {
  return 1 + evidence.length + links.length + enrichments.length + rejections.length;
}

function where({ source, line }: ReadProblem): string {
  return line === undefined ? source : `${source}:${line}`;
}

/** A folder, or false for none whatever the config says. */
export type ListsChoice = string | false;

/** The lists behind `--warning-lists` or the config, or undefined. Throws WARNING_LISTS_UNREADABLE. */
export async function openWarningLists(app: App, choice?: ListsChoice): Promise<WarningLists | undefined> {
  const folder = choice ?? app.loaded.config.warningLists;
  if (folder === undefined || folder === false) return undefined;
  try {
    const lists = await loadWarningLists(folder);
    for (const { list, reason } of lists.problems) app.log.warn(`warning list ${list}: ${reason}`);
    return lists;
  } catch (cause) {
    throw new RulewrightError(
      "WARNING_LISTS_UNREADABLE",
      `${(cause as Error).message} Give --warning-lists the folder of a checkout of MISP's warning lists.`,
      { cause },
    );
  }
}

/** Reports in, verdicts in the returned store. */
export interface Judged {
  readonly store: Store;
  readonly ingested: IngestTally;
  readonly tally: JudgingTally;
}

export async function judgeReports(
  app: App,
  paths: readonly string[],
  options: {
    readonly warningLists?: ListsChoice;
    /** Output folder whose rules keep their sids and whose objects keep their versions. */
    readonly ledgersFrom?: string;
    readonly onProgress?: (text: string) => void;
  } = {},
): Promise<Judged> {
  const lists = await openWarningLists(app, options.warningLists);
  const store = await openSqliteStore(undefined, await sidRange(app));
  try {
    if (options.ledgersFrom !== undefined) {
      await restoreSids(options.ledgersFrom, store.sids);
      await restoreVersions(options.ledgersFrom, store.versions);
    }
    const ingested = await ingest(app, store, paths, options.onProgress);
    options.onProgress?.("judging");
    const context = {
      background: loadBackground(),
      policy: app.loaded.config.policy,
      ...(lists ? { warningLists: lists } : {}),
    };
    const tally = await judgeAll(store, context, app.signal);
    return { store, ingested, tally };
  } catch (error) {
    await store.close();
    throw app.signal.aborted ? untouched(error) : storeFailure(error);
  }
}

/** What is exported when nothing is named. */
export const DEFAULT_EXPORTS: readonly string[] = ["suricata", "snort", "stix", "misp", "csv", "splunk"];

export interface PlannedExport {
  readonly job: ExportJob;
  /** The proof it has to pass before its swap. */
  readonly gate?: VerifyGate;
  readonly where?: Where;
  /** The folder and the export, for what the store remembers of it; absent for a filter of this run alone. */
  readonly place?: string;
}

/**
 * Everything an export needs, checked before any report is read: exporter, format, options, templates, filter.
 * `names` are exports of the config, exporters, or either with `:format`; without a folder the one export goes to
 * standard output.
 */
export function planExports(
  app: App,
  names: readonly string[],
  folder: string | undefined,
  filter?: string,
  /** Whether rules are proven even where the config does not ask for it. */
  isVerified = false,
): PlannedExport[] {
  if (folder === undefined && names.length !== 1)
    throw new RulewrightError("USAGE", "Standard output takes one export. Name it: --to csv:jsonl --out -");
  const previous = folder === undefined ? undefined : readFiles(folder);
  const seen = new Set<string>();
  return names.map((spec) => {
    const [name = ""] = spec.split(":");
    if (seen.has(name))
      throw new RulewrightError(
        "USAGE",
        `The export ${name} is named twice. Name each once: rulewright generate --help`,
      );
    seen.add(name);
    const config = app.loaded.config.exports[name];
    const rendering = planRendering(app, spec);
    const sink = app.registry.sink(folder === undefined ? "stdout" : "file");
    const sinkOptions = sink.options.parse({
      ...(folder === undefined ? {} : { path: join(folder, name) }),
      ...(config?.check ? { check: config.check } : {}),
      ...(config?.reload ? { reload: config.reload } : {}),
      ...(config?.checkTimeoutSeconds ? { checkTimeoutSeconds: config.checkTimeoutSeconds } : {}),
    });
    const gate = folder === undefined ? undefined : gateOf(app, rendering, isVerified);
    const where = everyOf([
      { place: `exports.${name}.where`, text: config?.where },
      { place: "--where", text: filter },
    ]);
    return {
      ...(gate ? { gate } : {}),
      job: {
        ...rendering,
        archive: folder !== undefined && rendering.archive,
        sink,
        sinkOptions,
        previous:
          folder === undefined
            ? NO_PREVIOUS_OUTPUT
            : previousOutput(
                join(folder, name),
                previous?.find((own) => own.name === name)?.files.map(({ path }) => path) ?? [],
              ),
      },
      ...(where ? { where } : {}),
      ...(folder === undefined || filter !== undefined ? {} : { place: join(folder, name) }),
    };
  });
}

/** The part of an export that makes its bytes, wherever they go. `spec` is an export or an exporter, with `:format`. */
export function planRendering(
  app: App,
  spec: string,
): Pick<ExportJob, "name" | "exporter" | "format" | "options" | "templates" | "archive"> {
  const [name = "", formatFlag] = spec.split(":");
  const config = app.loaded.config.exports[name];
  const exporter = app.registry.exporter(config?.exporter ?? name);
  const format = formatOf(exporter, formatFlag ?? config?.format);
  return {
    name,
    exporter,
    format,
    archive: config?.archive ?? exporter.archive ?? exporter.formats[format]?.folderArchive !== undefined,
    options: optionsOf(`exports.${name}.options`, exporter, config?.options ?? {}, "exporters"),
    templates: templatesOf(app, exporter),
  };
}

/** The operator's templates, and a word that they are in use: a folder of that name may lie about by chance. */
function templatesOf(app: App, { name, templates }: Exporter): ExportJob["templates"] {
  if (!templates) return {};
  const folder = join(app.loaded.config.templates, name);
  const sources = readTemplates(templates, [folder]);
  const own = sources.filter(({ isOverride }) => isOverride).map(({ row }) => row);
  if (own.length > 0) app.log.info(`${name}: your templates ${own.join(", ")} from ${folder}`);
  return compileTemplates(templates, sources);
}

function formatOf(exporter: Exporter, wanted: string | undefined): string {
  const formats = Object.keys(exporter.formats);
  if (wanted === undefined) return formats[0] as string;
  if (!Object.hasOwn(exporter.formats, wanted)) {
    throw new RulewrightError(
      "FORMAT_UNKNOWN",
      `${exporter.name} has no format "${wanted}"${nearest(wanted, formats)}; it has: ${formats.join(", ")}.`,
    );
  }
  return wanted;
}

/** Throws OPTION_INVALID; `place` is where they stand in the config. */
export function optionsOf(
  place: string,
  { name, options }: Pick<Exporter, "name" | "options">,
  given: Readonly<Record<string, unknown>>,
  page: "exporters" | "sinks",
): Record<string, unknown> {
  const known = Object.keys(options.shape);
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new RulewrightError(
      "OPTION_INVALID",
      `${place}: ${name} has no option "${unknown}"${nearest(unknown, known)}; it has: ${known.join(", ") || "none"}.`,
    );
  }
  const parsed = options.safeParse(given, { error: absenceText });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new RulewrightError(
    "OPTION_INVALID",
    `${place}.${issue?.path.join(".")}: ${issue && isAbsent(issue, given) ? `required: ${issue.message}` : issue?.message}. See docs/${page}/${name}.md.`,
  );
}

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

function untouched(cause: unknown): RulewrightError {
  return new RulewrightError("INTERRUPTED", "Interrupted: the outputs are untouched.", { cause });
}

/** A failure of ours or of the operator's is an outcome; a bug and an interrupt end the run. */
function failedOutcome(job: ExportJob, error: unknown): ExportOutcome {
  if (!(error instanceof RulewrightError) || error.code === "INTERRUPTED") throw error;
  return { name: job.name, exporter: job.exporter.name, format: job.format, error };
}

/**
 * The date that reports without one count as of: the newest one in the store, so that the same reports give the same
 * bytes on any day; without any, the day of the run.
 */
export async function asOfStore(store: Store, now: Date): Promise<Date> {
  const newest = await store.newestDate();
  return newest === undefined ? new Date(Math.floor(now.getTime() / 86_400_000) * 86_400_000) : new Date(newest * 1000);
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
