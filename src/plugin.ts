/**
 * The plugin contract, `rulewright/plugin`: the one module of this project that an exporter or a sink imports.
 * An exporter turns indicators into chunks of files; a sink takes those chunks somewhere. Both are plain objects
 * with one method; everything else about them is data, so it can be listed, documented and checked without a run.
 *
 * This module does not load, run or trust plugins (see export/registry.ts).
 */
import { z } from "zod";
import type { Indicator } from "./model/indicator.ts";
import type { Observable, ObservableType } from "./model/observable.ts";
import type { SampleDetails } from "./model/sample-details.ts";

export { defang } from "./model/defang.ts";
export { RULEWRIGHT_NAMESPACE, sha256, uuidv5 } from "./model/ids.ts";
export type {
  Certificate,
  HostScope,
  Indicator,
  IndicatorDetails,
  IndicatorStatus,
  Sighted,
  Tlp,
} from "./model/indicator.ts";
export { indicatorKey, isAlertable, TLP_LEVELS } from "./model/indicator.ts";
export type { Endpoint, Observable, ObservableType, Transport, UrlParts } from "./model/observable.ts";
export { formatEndpoint, OBSERVABLE_TYPES, parseEndpoint, parseUrl } from "./model/observable.ts";
export type { Analysis, SampleDetails } from "./model/sample-details.ts";
export { plainText } from "./model/text.ts";
export type { Decision, Reason, Verdict } from "./model/verdict.ts";
export { virusTotalPage } from "./model/virustotal-page.ts";
export { backoffMs, retryAfterMs } from "./model/waiting.ts";
export { z };

/** The contract's version; a plugin that names another one is not loaded. */
export const PLUGIN_API_VERSION = 1;

/** A detection engine that rules can be proven with. */
export type RuleEngine = "suricata" | "snort3";

/** A named output form of an exporter. */
export interface Format {
  readonly description: string;
  /** The engine that `verify:` of an export runs over its `.rules` files. */
  readonly engine?: RuleEngine;
  /** Joins exporter and sink, such as `text/csv` or `application/stix+json;version=2.1`. */
  readonly mediaType: string;
  /**
   * Each top folder of its output is also published as one archive, `<folder><suffix>`: a gzipped tar with that folder
   * as its root. This is the suffix, such as `.spl`.
   */
  readonly folderArchive?: string;
}

/** A piece of one output file. Chunks of different files may interleave; a line format ends a chunk at a line end. */
export interface Chunk {
  /** Relative, with `/`, without `..`. */
  readonly path: string;
  /** Text is written as UTF-8. Who hands bytes over does not change them afterwards. */
  readonly data: string | Uint8Array;
  /** Rows (rules, objects, lines with a value) in this chunk, for the manifest. Default 0. */
  readonly rows?: number;
  /**
   * Indicators whose last piece is in this chunk; an index of pieces is none. An exporter that gives it once (0 in the
   * header will do) is held to it: these and the skipped must make up what it took. Without it the pipeline only sees
   * whether anything was written.
   */
  readonly indicators?: number;
}

export interface Exporter<O extends z.ZodObject = z.ZodObject, F extends string = string> {
  /** Lower case, kebab-case; also the name of its output folder and templates folder. */
  readonly name: string;
  readonly description: string;
  readonly options: O;
  readonly accepts: readonly ObservableType[];
  /** Name → form; the first is the default. */
  readonly formats: Readonly<Record<F, Format>>;
  readonly templates?: TemplateSet;
  /** Its files are also published as one archive, `<export>.tar.gz` with its `.md5`, as suricata-update takes it. */
  readonly archive?: boolean;
  /** Also takes indicators whose status is not active, and says in its format that they are withdrawn. */
  readonly tombstones?: boolean;
  /**
   * What a line of its rule files is, published or withdrawn; undefined for other lines. An earlier release is read by
   * it, so that its rules keep their sids. No error.
   */
  readRule?(line: string): PublishedRule | undefined;
  /**
   * Indicators come in order of (type, value), only of the accepted types, each once; all of them must be consumed.
   * Each is either written or skipped with a reason; the pipeline checks the sum (see `Chunk.indicators`).
   */
  render(indicators: AsyncIterable<Indicator>, ctx: RenderContext<z.output<O>, F>): AsyncIterable<Chunk>;
}

export interface RenderContext<O = unknown, F extends string = string> {
  readonly options: O;
  readonly format: F;
  /** The only clock a plugin may read. */
  readonly now: Date;
  /** Row name → compiled template. */
  readonly templates: Readonly<Record<string, RowTemplate>>;
  readonly sids: SidLedger;
  readonly versions: VersionLedger;
  /**
   * The samples of these hashes as far as they are known, with the sandboxes that ran them. At most 1000 at a time.
   */
  samples(sha256s: readonly string[]): Promise<ReadonlyMap<string, SampleDetails>>;
  readonly previous: PreviousOutput;
  /** What the engine said of the rules of this very output, rendered once before; absent when it was not asked. */
  readonly proof?: RuleProofs;
  /** A new, empty one, for an exporter whose files group indicators otherwise than they come. Gone after the render. */
  spool(): Spool;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /**
   * One bad indicator is skipped and counted, never thrown. Call it at most once for each. Who decides late keeps type
   * and value instead of the whole indicator.
   */
  skip(indicator: Observable, reason: string): void;
}

export interface RuleProofs {
  /** Sid → why the rule failed: it must not be loaded. */
  readonly quarantined: ReadonlyMap<number, string>;
  readonly proven: ReadonlySet<number>;
  /** What the metadata of proven rules say, such as `suricata_7.0.10`; absent when they say nothing. */
  readonly mark?: string;
}

export interface SpoolRecord {
  readonly key: string;
  readonly data: string;
}

/** Sorts more than memory holds, on disk when it has to. */
export interface Spool {
  put(records: readonly SpoolRecord[]): Promise<void>;
  /** All of it in order of key (by its UTF-8 bytes); records of one key as they were put. Then nothing is put any more. */
  read(): AsyncIterable<SpoolRecord>;
}

/** What the last export of the same name wrote in the same folder. */
export interface PreviousOutput {
  /** False where nobody can say, as for a push: then nothing can be said of what changed since. */
  readonly isKnown: boolean;
  readonly paths: readonly string[];
  /** The lines of one of its text files, without their ends. */
  lines(path: string): AsyncIterable<string>;
}

/** Renders one row; throws when the row lacks a field the template prints. */
export interface RowTemplate {
  (row: Readonly<Record<string, unknown>>): string;
  /** The same template over items of which each field is read by a function: no row is made, only what is used is read. */
  over<T>(readers: Readonly<Record<string, (item: T) => unknown>>): (item: T) => string;
}

/** An exporter's row templates: `<dir>/<row>.hbs`. See docs/templates.md. */
export interface TemplateSet {
  readonly dir: URL;
  /** Row name → what it renders, with a sample row for `templates check`. */
  readonly rows: Readonly<
    Record<string, { readonly description: string; readonly sample: Readonly<Record<string, unknown>> }>
  >;
  /** What `{{x}}` does here; `{{{x}}}` does nothing. Gets strings, numbers and booleans. */
  readonly escape: (value: unknown) => string;
  /** Name → helper of one argument. Its result goes through `escape` too unless printed with `{{{`. */
  readonly helpers?: Readonly<Record<string, (value: unknown) => string>>;
  /** Every name a template may use → its meaning. This table filters, checks and documents. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface PublishedRule {
  readonly sid: number;
  readonly rev: number;
  /** As `SidLedger.assign` takes it. */
  readonly fingerprint: string;
}

export interface SidLedger {
  /**
   * Same key, same sid, for ever; rev + 1 when the fingerprint differs from the last one. At most 1000 at a time.
   * Answers in the order asked.
   */
  assign(
    rules: readonly { readonly key: string; readonly fingerprint: string }[],
  ): Promise<readonly { readonly sid: number; readonly rev: number }[]>;
}

/** An object that receivers know by its id and tell apart by its version, such as a STIX object or a MISP attribute. */
export interface VersionedObject {
  readonly id: string;
  /** Everything about it but its times: a text (or digest) that differs when the object does. */
  readonly content: string;
  /** ISO 8601, UTC, milliseconds: what it bears when it is new to the ledger. */
  readonly created: string;
  readonly modified: string;
  readonly isRevoked?: boolean;
}

export interface Version {
  readonly created: string;
  readonly modified: string;
  /** Whether its content differs from what the ledger knew, or it is new to it. */
  readonly isChanged: boolean;
}

export interface VersionLedger {
  /**
   * Same id and content, same times, for ever. Other content keeps `created` and moves `modified` forward: to
   * `now`, or to what the object proposes when that is later, at least a millisecond. At most 1000 at a time, each id once.
   * Answers in the order asked. Ids count within one export.
   */
  stamp(objects: readonly VersionedObject[]): Promise<readonly Version[]>;
}

export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
}

export interface Sink<O extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly description: string;
  readonly options: O;
  /** Media types, matched before anything runs. */
  readonly accepts: readonly string[] | "any";
  publish(chunks: AsyncIterable<Chunk>, ctx: SinkContext<z.output<O>>): Promise<Published>;
}

export interface SinkContext<O = unknown> {
  readonly options: O;
  readonly mediaType: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Paths the last publication of this export wrote, so that a sink can remove what is no longer produced. */
  readonly previous: readonly string[];
  /**
   * Awaited when everything is ready and before anything becomes visible, so that the exports of a run appear together
   * or, when it rejects, not at all.
   */
  readonly beforeSwap?: () => Promise<void>;
  /** The only clock a plugin may read. */
  readonly now: Date;
  /** Show in `Published` what would be sent, and send nothing that changes the target. */
  readonly isDryRun: boolean;
  /** HTTP with the operator's proxy and certificates. */
  readonly http: HttpClient;
  /** What this sink took before; survives runs. */
  readonly deliveries: DeliveryLedger;
  /** The text that a reference in the options names; it is masked in every log line and error from then on. */
  secret(reference: SecretRef): string;
  /** Rejects with the signal's reason when aborted. */
  sleep(ms: number): Promise<void>;
  /** 0 to 1, to spread retries. */
  random(): number;
}

/** A secret in the options of a sink: named, never written. */
export const SecretRef = z.union([z.strictObject({ env: z.string() }), z.strictObject({ file: z.string() })], {
  error: ({ input }) =>
    `${input === undefined ? "required" : "a secret is named, never written"}: { env: NAME } or { file: PATH }`,
});
export type SecretRef = z.output<typeof SecretRef>;

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface HttpClient {
  /**
   * One request, whole answer; any status is an answer, redirects are not followed. Throws an Error whose `kind` says
   * why there is none: `unreachable`, `reset`, `cut` and `timeout` are worth another try, `certificate`, `proxy`,
   * `too-large` and `other` are not.
   */
  send(request: HttpRequest): Promise<HttpAnswer>;
}

/** One thing a sink delivers and in which version it did: an object id and its `modified`, a path and its digest. */
export interface Delivery {
  readonly id: string;
  readonly version: string;
}

/**
 * What the target has acknowledged, by sink and export: the next push sends what is new or another version. Recorded
 * only after the acknowledgement, so a push that is cut off sends again what nobody acknowledged, and loses nothing.
 */
export interface DeliveryLedger {
  /** Id → version last acknowledged, of those among the ids that were. At most 1000 at a time. */
  versions(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Durable when it resolves. */
  record(deliveries: readonly Delivery[]): Promise<void>;
  /** Takes ids out again, for targets that forget what was deleted. */
  forget(ids: readonly string[]): Promise<void>;
  /** Pages of everything acknowledged, in order of id: to withdraw what is no longer exported. */
  all(): AsyncIterable<readonly Delivery[]>;
}

export interface Published {
  /** Where it went, in words: a folder, a URL without credentials. */
  readonly target: string;
  /** False when the target already held these bytes and nothing was touched. */
  readonly changed: boolean;
  /** Sent, or in a dry run what would be. */
  readonly bytes: number;
  /** Of sinks that deliver objects one by one. In a dry run, `delivered` would be. */
  readonly objects?: {
    readonly delivered: number;
    readonly unchanged: number;
    /** Not acknowledged: the next push tries them again. */
    readonly failed: number;
  };
  /** Why objects failed, at most 100 of them. */
  readonly failures?: readonly { readonly id: string; readonly reason: string }[];
}

/**
 * An error that says whose turn it is: `unavailable`, nothing is lost and the same push can be run again; `refused`,
 * the operator has to change something. The message ends with what helps. Anything else a sink throws is its author's.
 */
export function targetError(kind: "unavailable" | "refused", message: string, options?: ErrorOptions): Error {
  return Object.assign(new Error(message, options), {
    name: kind === "unavailable" ? "TargetUnavailable" : "TargetRefused",
  });
}

export interface Plugin {
  /** The package's name. */
  readonly name: string;
  readonly apiVersion: typeof PLUGIN_API_VERSION;
  readonly exporters?: readonly Exporter[];
  readonly sinks?: readonly Sink[];
}

/** Identity functions, for inference only. */
export function defineExporter<O extends z.ZodObject, F extends string>(exporter: Exporter<O, F>): Exporter {
  return exporter as unknown as Exporter;
}

export function defineSink<O extends z.ZodObject>(sink: Sink<O>): Sink {
  return sink as unknown as Sink;
}

export function definePlugin(plugin: Plugin): Plugin {
  return plugin;
}

/** Groups a stream into arrays of at most `size`. */
export async function* batches<T>(items: AsyncIterable<T>, size = 1000): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length >= size) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}
