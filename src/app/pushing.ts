/**
 * `push`: exports of the store to the targets of the config. Each target gets its exports in turn; one that fails does
 * not stop the others. What a target has acknowledged is in the store, so a push that was cut off goes on.
 */
import { dirname, resolve } from "node:path";
import type { App } from "../app.ts";
import type { SinkConfig } from "../config.ts";
import { RulewrightError } from "../errors.ts";
import { type ExportDeps, type ExportJob, type ExportResult, runExport } from "../export/pipeline.ts";
import { NO_PREVIOUS_OUTPUT } from "../export/previous.ts";
import type { SinkReach } from "../export/reach.ts";
import type { Tlp } from "../model/indicator.ts";
import { nearest } from "../model/nearest.ts";
import { createHttpClient } from "../net/http.ts";
import { proxyFromEnvironment } from "../net/proxy.ts";
import type { Chunk, Logger, Sink } from "../plugin.ts";
import { indicatorsOf } from "../policy/indicators.ts";
import { everyOf, type Where } from "../policy/where.ts";
import type { GivenLedger } from "../store/given-ledger.ts";
import type { Store } from "../store/store.ts";
import { VERSION } from "../version.ts";
import { whileClaimed } from "./claimed.ts";
import { type FeedbackEntry, takeFeedback } from "./feedback.ts";
import { gateOf, type VerifyGate } from "./gate.ts";
import { createSieve, type HeldBack } from "./held-back.ts";
import { optionsOf, planRendering } from "./planning.ts";
import { proveExport } from "./proving.ts";
import { heldBackWarning } from "./push-text.ts";
import { openSecrets, type Secrets } from "./secrets.ts";
import { storedContext } from "./stored.ts";
import { pause, runningClock } from "./virustotal.ts";

export interface PlannedPush {
  /** Of the entry in the config. */
  readonly target: string;
  readonly job: ExportJob;
  /** The proof it has to pass before anything is sent. */
  readonly gate?: VerifyGate;
  /** Nothing above it leaves. */
  readonly maxTlp: Tlp;
  readonly where?: Where;
  readonly tls: Pick<SinkConfig, "caFile" | "certFile" | "keyFile">;
}

export interface PushOutcome {
  readonly target: string;
  /** Of the export. */
  readonly name: string;
  readonly maxTlp: Tlp;
  /** Absent when it failed. */
  readonly heldBack?: HeldBack;
  readonly result?: ExportResult;
  readonly error?: RulewrightError;
}

/** Everything the pushes need, checked before anything is sent. `names` are sinks of the config; none is all. */
export function planPushes(app: App, names: readonly string[]): PlannedPush[] {
  const { sinks } = app.loaded.config;
  const known = Object.keys(sinks);
  if (known.length === 0)
    throw new RulewrightError(
      "SINK_UNKNOWN",
      "The config names no sinks: there is nothing to push to. See docs/push.md.",
    );
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new RulewrightError(
      "SINK_UNKNOWN",
      `There is no sink "${unknown}"${nearest(unknown, known)} in the config; it has: ${known.join(", ")}.`,
    );
  const wanted = names.length === 0 ? known : known.filter((name) => names.includes(name));
  return wanted.flatMap((target) => planTarget(app, target, sinks[target] as SinkConfig));
}

/** The pushes of one entry. Throws what is wrong with it. */
export function planTarget(app: App, target: string, config: SinkConfig): PlannedPush[] {
  const sink = app.registry.sink(config.sink ?? target);
  const sinkOptions = optionsOf(`sinks.${target}.options`, sink, config.options, "sinks");
  const { caFile, certFile, keyFile, maxTlp } = config;
  const names = config.exports.map((spec) => spec.split(":")[0] as string);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new RulewrightError(
      "OPTION_INVALID",
      `sinks.${target}.exports: ${twice} is named twice. Give the other one a name of its own under exports:.`,
    );
  if (!config.folders && names.length > 1)
    throw new RulewrightError(
      "OPTION_INVALID",
      `sinks.${target}.folders: false is for a single export: the files of several would overwrite each other. Remove it.`,
    );
  return config.exports.map((spec) => {
    const rendering = planRendering(app, spec);
    requireMediaType(target, sink, rendering);
    const where = everyOf([
      { place: `exports.${rendering.name}.where`, text: app.loaded.config.exports[rendering.name]?.where },
      { place: `sinks.${target}.where`, text: config.where },
    ]);
    const gate = gateOf(app, rendering, false);
    // A sink for one media type takes objects, not files.
    const takesFiles = sink.accepts === "any";
    const archive = takesFiles && rendering.archive;
    const placed = takesFiles && config.folders ? inFolder(sink, rendering.name) : sink;
    return {
      target,
      job: { ...rendering, sink: placed, sinkOptions, archive, previous: NO_PREVIOUS_OUTPUT },
      ...(gate ? { gate } : {}),
      maxTlp,
      ...(where ? { where } : {}),
      tls: { caFile, certFile, keyFile },
    };
  });
}

/** The sink for files below a folder, so that two exports do not overwrite each other's. */
function inFolder(sink: Sink, folder: string): Sink {
  const below = async function* (chunks: AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
    for await (const chunk of chunks) yield { ...chunk, path: `${folder}/${chunk.path}` };
  };
  return { ...sink, publish: (chunks, ctx) => sink.publish(below(chunks), ctx) };
}

/** What a sink takes is said in media types, so a wrong pair is told before anything is rendered. */
function requireMediaType(
  target: string,
  { name, accepts }: Sink,
  { name: spec, exporter, format }: Pick<ExportJob, "name" | "exporter" | "format">,
): void {
  const mediaType = exporter.formats[format]?.mediaType ?? "";
  if (accepts === "any" || accepts.includes(mediaType)) return;
  const fitting = Object.entries(exporter.formats)
    .filter(([, own]) => accepts.includes(own.mediaType))
    .map(([own]) => `${spec}:${own}`);
  const help = fitting.length > 0 ? `Give it ${fitting.join(" or ")}.` : "See its page for what it takes.";
  throw new RulewrightError(
    "OPTION_INVALID",
    `sinks.${target}.exports: ${name} does not take ${spec}:${format} (${mediaType}). ${help}`,
  );
}

export interface PushOptions {
  readonly isDryRun: boolean;
  /** As if the target had acknowledged nothing. */
  readonly isAgain?: boolean;
  /** The caller holds the target's job already, as the scheduler does. */
  readonly isClaimed?: boolean;
}

/** Throws INTERRUPTED; what else stops a push is its outcome. */
export async function pushAll(
  app: App,
  store: Store,
  planned: readonly PlannedPush[],
  options: PushOptions,
): Promise<PushOutcome[]> {
  const outcomes: PushOutcome[] = [];
  const feedback: FeedbackEntry[] = [];
  for (const [target, pushes] of Map.groupBy(planned, (push) => push.target)) {
    const pushEach = async (): Promise<void> => {
      for (const push of pushes) {
        const outcome = await pushOne(app, store, push, options, (entries) => feedback.push(...entries));
        const warning = heldBackWarning(outcome);
        if (warning !== undefined) app.log.warn(warning);
        outcomes.push(outcome);
      }
    };
    // Two at once would each send what neither has had acknowledged; where there are no ids it would stay twice.
    if (options.isDryRun || options.isClaimed) await pushEach();
    else
      await whileClaimed(app, store.jobs, { kind: "push", name: target }, pushEach).catch((error: unknown) => {
        if (!(error instanceof RulewrightError) || error.code !== "STORE_BUSY") throw error;
        for (const { job, maxTlp } of pushes) outcomes.push({ target, name: job.name, maxTlp, error });
      });
  }
  // Not before: the pushes of one run show one state.
  if (!options.isDryRun) await takeFeedback(app, store, feedback);
  return outcomes;
}

async function pushOne(
  app: App,
  store: Store,
  { target, job, gate, maxTlp, where, tls }: PlannedPush,
  { isDryRun, isAgain = false }: PushOptions,
  onFeedback: (entries: readonly FeedbackEntry[]) => void,
): Promise<PushOutcome> {
  const secrets = openSecrets(app);
  const log = maskedLog(app.log, secrets);
  const key = `${target}/${job.name}`;
  let http: ReturnType<typeof createHttpClient> | undefined;
  try {
    http = httpClientOf(app, tls, secrets);
    const deliveries = store.deliveries(key, runningClock(app.now));
    const reach: SinkReach = {
      isDryRun,
      http,
      deliveries: isAgain ? { ...deliveries, versions: async () => new Map() } : deliveries,
      secret: secrets.reveal,
      sleep: (ms) => pause(ms, app.signal),
      random: Math.random,
    };
    const context = storedContext(app);
    const sieve = createSieve({ maxTlp, where, given: isDryRun ? readOnly(store.given(key)) : store.given(key) });
    const deps: ExportDeps = {
      indicators: () => sieve.pass(indicatorsOf(store, context, app.signal)),
      sids: store.sids,
      versions: store.versions.of(key, app.now, !isDryRun),
      samples: (sha256s) => store.samples(sha256s),
      reach,
      log,
      now: app.now,
      signal: app.signal,
    };
    const proven = gate && (await proveExport(app, store.sids, job, gate, deps, onFeedback));
    const result = await runExport(job, proven ? { ...deps, proven } : deps);
    return { target, name: job.name, maxTlp, heldBack: sieve.heldBack(), result: masked(result, secrets) };
  } catch (error) {
    if (!(error instanceof RulewrightError)) throw error;
    if (error.code === "INTERRUPTED") throw cutOff(isDryRun, error);
    const code = error.code === "EXPORT_FAILED" ? "PUSH_FAILED" : error.code;
    return { target, name: job.name, maxTlp, error: new RulewrightError(code, secrets.mask(error.message)) };
  } finally {
    await http?.close();
  }
}

function readOnly(given: GivenLedger): GivenLedger {
  return { ...given, add: async () => {} };
}

function cutOff(isDryRun: boolean, cause: RulewrightError): RulewrightError {
  const left = isDryRun ? "nothing was sent" : "what the targets acknowledged is kept, and the next push goes on there";
  return new RulewrightError("INTERRUPTED", `Interrupted: ${left}.`, { cause });
}

/** Throws NETWORK_SETUP. */
export function httpClientOf(
  app: App,
  tls: PlannedPush["tls"],
  { mask }: Secrets,
): ReturnType<typeof createHttpClient> {
  return createHttpClient({
    userAgent: `rulewright/${VERSION}`,
    proxy: proxyFromEnvironment(app.env),
    mask,
    signal: app.signal,
    ...tlsFiles(app, tls),
  });
}

/** A target may repeat in its words what it was sent. */
function masked(result: ExportResult, { mask }: Secrets): ExportResult {
  const { target, failures } = result;
  const shown = failures?.map(({ id, reason }) => ({ id: mask(id), reason: mask(reason) }));
  return { ...result, target: mask(target), ...(shown ? { failures: shown } : {}) };
}

function tlsFiles(app: App, files: PlannedPush["tls"]): Record<string, string> {
  const folder = dirname(app.loaded.file);
  return Object.fromEntries(
    Object.entries(files).flatMap(([key, file]) => (file === undefined ? [] : [[key, resolve(folder, file)]])),
  );
}

function maskedLog(log: Logger, { mask }: Secrets): Logger {
  return {
    debug: (message) => log.debug(mask(message)),
    info: (message) => log.info(mask(message)),
    warn: (message) => log.warn(mask(message)),
  };
}
