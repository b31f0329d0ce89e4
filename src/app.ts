/**
 * The composition root: the only place that builds the store, the log, the clock and the registry, and the one path
 * that every command walks: read → collect → store → judge → export.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { plugins as builtIn } from "../plugins/index.ts";
import { collect } from "./collect/report.ts";
import { type LoadedConfig, loadConfig } from "./config.ts";
import { loadBackground } from "./enrich/background.ts";
import { loadWarningLists, type WarningLists } from "./enrich/warning-lists.ts";
import { RulewrightError } from "./errors.ts";
import { readManifest } from "./export/manifest.ts";
import { type ExportJob, type ExportResult, runExport } from "./export/pipeline.ts";
import { createRegistry, loadPlugins, type Registry } from "./export/registry.ts";
import { compileTemplates, readTemplates } from "./export/templates.ts";
import type { Collected } from "./model/evidence.ts";
import type { Tlp } from "./model/indicator.ts";
import { nearest } from "./model/nearest.ts";
import type { Exporter, Logger } from "./plugin.ts";
import { type IndicatorContext, keptIndicators } from "./policy/indicators.ts";
import { type JudgingTally, judgeAll } from "./policy/judge-all.ts";
import { parseWhere, type Where } from "./policy/where.ts";
import { openSqliteStore } from "./store/sqlite.ts";
import type { Store } from "./store/store.ts";
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
  /** Bodies that gave evidence. */
  readonly used: number;
}

/** Evidence rows per transaction: large enough for the upserts, small enough for memory. */
const BATCH_EVIDENCE = 10_000;

/** Reads and collects everything under the paths into the store. Throws INPUT_MISSING, INPUT_EMPTY, INPUT_UNREADABLE. */
export async function ingest(
  app: AppDeps,
  store: Store,
  paths: readonly string[],
  onFile: (count: number) => void = () => {},
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
    onFile: () => onFile(++files),
  });
  for await (const { value, source, line } of documents) {
    app.signal.throwIfAborted();
    bodies += 1;
    const items = recogniseBody(value, source);
    if (items === undefined)
      onProblem({
        source,
        ...(line === undefined ? {} : { line }),
        reason: "JSON, but no body of VirusTotal's API v3",
      });
    let hasEvidence = false;
    for (const item of items ?? []) {
      if (item.kind === "ignored") ignored.set(item.what, (ignored.get(item.what) ?? 0) + 1);
      const collected = collect(item);
      if (!collected) continue;
      hasEvidence = true;
      batch.push(collected);
      size += collected.evidence.length;
      if (size >= BATCH_EVIDENCE) await flush();
    }
    if (hasEvidence) used += 1;
  }
  await flush();
  if (files === 0)
    throw new RulewrightError(
      "INPUT_EMPTY",
      `There is no report in ${paths.join(", ")}: nothing was read or written. Rulewright reads .json, .ndjson, .jsonl, .gz and .bz2 files.`,
    );
  if (used === 0 && ignored.size === 0 && problems.length > 0) {
    throw new RulewrightError(
      "INPUT_UNREADABLE",
      `None of the ${files} files could be read; the previous output stands. Mend what is named above and run again.`,
    );
  }
  return { files, bodies, ignored, problems, used };
}

function where({ source, line }: ReadProblem): string {
  return line === undefined ? source : `${source}:${line}`;
}

/** The lists behind `--warning-lists` or the config, or undefined. Throws WARNING_LISTS_UNREADABLE. */
export async function openWarningLists(app: App, flag?: string): Promise<WarningLists | undefined> {
  const folder = flag ?? app.loaded.config.warningLists;
  if (folder === undefined) return undefined;
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
  options: { readonly warningLists?: string; readonly onFile?: (count: number) => void } = {},
): Promise<Judged> {
  const lists = await openWarningLists(app, options.warningLists);
  const store = await openSqliteStore();
  try {
    const ingested = await ingest(app, store, paths, options.onFile);
    const context = {
      background: loadBackground(),
      policy: app.loaded.config.policy,
      ...(lists ? { warningLists: lists } : {}),
    };
    const tally = await judgeAll(store, context, app.signal);
    return { store, ingested, tally };
  } catch (error) {
    await store.close();
    throw app.signal.aborted
      ? new RulewrightError("INTERRUPTED", "Interrupted: nothing was written.", { cause: error })
      : error;
  }
}

/** Exports of `generate` when `--to` names none. */
export const DEFAULT_EXPORTS: readonly string[] = ["suricata", "snort", "stix", "misp", "csv", "splunk"];

interface PlannedExport {
  readonly job: ExportJob;
  readonly where: Where;
}

/**
 * Everything an export needs, checked before any report is read: exporter, format, options, templates, filter.
 * `names` are exports of the config, exporters, or either with `:format`.
 */
export function planExports(app: App, names: readonly string[], out: string, filter?: string): PlannedExport[] {
  const previous = readManifest(out);
  const seen = new Set<string>();
  return names.map((spec) => {
    const [name = "", formatFlag] = spec.split(":");
    if (seen.has(name))
      throw new RulewrightError(
        "USAGE",
        `The export ${name} is named twice. Name each once: rulewright generate --help`,
      );
    seen.add(name);
    const config = app.loaded.config.exports[name];
    const exporter = app.registry.exporter(config?.exporter ?? name);
    const format = formatOf(exporter, formatFlag ?? config?.format);
    const templates = exporter.templates
      ? compileTemplates(
          exporter.templates,
          readTemplates(exporter.templates, [join(app.loaded.config.templates, exporter.name)]),
        )
      : {};
    const sink = app.registry.sink("file");
    const sinkOptions = sink.options.parse({
      path: join(out, name),
      ...(config?.check ? { check: config.check } : {}),
      ...(config?.checkTimeoutSeconds ? { checkTimeoutSeconds: config.checkTimeoutSeconds } : {}),
    });
    const filters = [config?.where, filter].filter((text) => text !== undefined).map(parseWhere);
    return {
      job: {
        name,
        exporter,
        format,
        options: optionsOf(name, exporter, config?.options ?? {}),
        templates,
        sink,
        sinkOptions,
        previous: previous?.exports.find((own) => own.name === name)?.files.map(({ path }) => path) ?? [],
      },
      where: (indicator) => filters.every((holds) => holds(indicator)),
    };
  });
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

function optionsOf(
  name: string,
  exporter: Exporter,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const known = Object.keys(exporter.options.shape);
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new RulewrightError(
      "OPTION_INVALID",
      `exports.${name}.options: ${exporter.name} has no option "${unknown}"${nearest(unknown, known)}; it has: ${known.join(", ") || "none"}.`,
    );
  }
  const parsed = exporter.options.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new RulewrightError(
    "OPTION_INVALID",
    `exports.${name}.options.${issue?.path.join(".")}: ${issue?.message}. See docs/exporters/${exporter.name}.md.`,
  );
}

export type ExportOutcome =
  | ExportResult
  | { readonly name: string; readonly exporter: string; readonly format: string; readonly error: RulewrightError };

/** Runs the planned exports one after the other; one that fails leaves its previous output and does not stop the rest. */
export async function exportAll(
  app: App,
  store: Store,
  planned: readonly PlannedExport[],
  context: { readonly tlp: Tlp; readonly asOf: Date },
): Promise<ExportOutcome[]> {
  const outcomes: ExportOutcome[] = [];
  const indicatorContext: IndicatorContext = { ...context, policy: app.loaded.config.policy };
  for (const { job, where: wanted } of planned) {
    try {
      outcomes.push(
        await runExport(job, {
          indicators: () => filtered(keptIndicators(store, indicatorContext, app.signal), wanted),
          sids: store.sids,
          log: app.log,
          now: context.asOf,
          signal: app.signal,
        }),
      );
    } catch (error) {
      if (!(error instanceof RulewrightError) || error.code === "INTERRUPTED") throw error;
      outcomes.push({ name: job.name, exporter: job.exporter.name, format: job.format, error });
    }
  }
  return outcomes;
}

async function* filtered<T>(items: AsyncIterable<T>, wanted: (item: T) => boolean): AsyncGenerator<T> {
  for await (const item of items) if (wanted(item)) yield item;
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
