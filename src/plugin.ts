/**
 * The plugin contract, `rulewright/plugin`: the one module of this project that an exporter or a sink imports.
 * An exporter turns indicators into chunks of files; a sink takes those chunks somewhere. Both are plain objects
 * with one method; everything else about them is data, so it can be listed, documented and checked without a run.
 *
 * This module does not load, run or trust plugins (see export/registry.ts).
 */
import { z } from "zod";
import type { Indicator } from "./model/indicator.ts";
import type { ObservableType } from "./model/observable.ts";

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
export { indicatorKey, isAlertable } from "./model/indicator.ts";
export type { Endpoint, Observable, ObservableType, Transport, UrlParts } from "./model/observable.ts";
export { formatEndpoint, OBSERVABLE_TYPES, parseEndpoint, parseUrl } from "./model/observable.ts";
export { plainText } from "./model/text.ts";
export type { Decision, Reason, Verdict } from "./model/verdict.ts";
export { virusTotalPage } from "./model/virustotal-page.ts";
export { z };

/** The contract's version; a plugin that names another one is not loaded. */
export const PLUGIN_API_VERSION = 1;

/** A named output form of an exporter. */
export interface Format {
  readonly description: string;
  /** Joins exporter and sink, such as `text/csv` or `application/stix+json;version=2.1`. */
  readonly mediaType: string;
}

/** A piece of one output file. Chunks of different files may interleave; a line format ends a chunk at a line end. */
export interface Chunk {
  /** Relative, with `/`, without `..`. */
  readonly path: string;
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
  readonly previous: PreviousOutput;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** One bad indicator is skipped and counted, never thrown. Call it at most once for each. */
  skip(indicator: Indicator, reason: string): void;
}

/** What the last export of the same name wrote in the same folder; nothing elsewhere. */
export interface PreviousOutput {
  readonly paths: readonly string[];
  /** The lines of one of its text files, without their ends. */
  lines(path: string): AsyncIterable<string>;
}

/** Renders one row; throws when the row lacks a field the template prints. */
export type RowTemplate = (row: Readonly<Record<string, unknown>>) => string;

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

export interface SidLedger {
  /**
   * Same key, same sid, for ever; rev + 1 when the fingerprint differs from the last one. At most 1000 at a time.
   * Answers in the order asked.
   */
  assign(
    rules: readonly { readonly key: string; readonly fingerprint: string }[],
  ): Promise<readonly { readonly sid: number; readonly rev: number }[]>;
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
}

export interface Published {
  /** Where it went, in words: a folder, a URL without credentials. */
  readonly target: string;
  /** False when the target already held these bytes and nothing was touched. */
  readonly changed: boolean;
  readonly bytes: number;
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
