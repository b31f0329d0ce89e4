/** Renders indicators into memory, as the pipeline would, without a store or a sink. */
import { createSpools } from "../export/spool.ts";
import { compileTemplates, readTemplates } from "../export/templates.ts";
import type { Indicator } from "../model/indicator.ts";
import { OBSERVABLE_TYPES, type Observable } from "../model/observable.ts";
import { nextModified } from "../model/version-time.ts";
import type {
  Exporter,
  Logger,
  PreviousOutput,
  RenderContext,
  SampleDetails,
  SidLedger,
  VersionLedger,
} from "../plugin.ts";

/** Path → whole content of one rendered output. */
export type RenderedFiles = ReadonlyMap<string, Buffer>;

export interface RenderOptions {
  readonly options?: Record<string, unknown>;
  readonly format?: string;
  readonly now?: Date;
  readonly signal?: AbortSignal;
  readonly sids?: SidLedger;
  readonly versions?: VersionLedger;
  /** What is known of the samples; default nothing. */
  readonly samples?: readonly SampleDetails[];
  readonly previous?: RenderedFiles;
  /** Default silent. */
  readonly log?: Logger;
}

export interface Rendered {
  readonly files: RenderedFiles;
  readonly skipped: readonly { readonly indicator: Observable; readonly reason: string }[];
  readonly rows: number;
  /** What the chunks say; absent when none says anything. */
  readonly indicators?: number;
}

/** A ledger in memory: sids from `base` in the order of first sight. */
export function memorySidLedger(base = 1_000_000): SidLedger {
  const known = new Map<string, { sid: number; rev: number; fingerprint: string }>();
  return {
    async assign(rules) {
      return rules.map(({ key, fingerprint }) => {
        const entry = known.get(key) ?? { sid: base + known.size, rev: 1, fingerprint };
        if (entry.fingerprint !== fingerprint) {
          entry.rev += 1;
          entry.fingerprint = fingerprint;
        }
        known.set(key, entry);
        return { sid: entry.sid, rev: entry.rev };
      });
    },
  };
}

/** A ledger in memory, as the store's: `modified` moves only with the content. */
export function memoryVersionLedger(now: Date): VersionLedger {
  const known = new Map<string, { content: string; created: string; modified: string }>();
  return {
    async stamp(objects) {
      return objects.map(({ id, content: own, created, modified, isRevoked = false }) => {
        const content = JSON.stringify([own, isRevoked]);
        const entry = known.get(id);
        if (entry?.content === content) return { created: entry.created, modified: entry.modified, isChanged: false };
        const next = entry
          ? { content, created: entry.created, modified: nextModified(entry.modified, modified, now) }
          : { content, created, modified: modified > created ? modified : created };
        known.set(id, next);
        return { created: next.created, modified: next.modified, isChanged: true };
      });
    },
  };
}

export const silentLog: Logger = { debug() {}, info() {}, warn() {} };

/** Renders indicators into memory, as the pipeline would: sorted, accepted types only, skips collected. */
export async function render(
  exporter: Exporter,
  indicators: Iterable<Indicator>,
  settings: RenderOptions = {},
): Promise<Rendered> {
  const parts = new Map<string, Buffer[]>();
  const skipped: { indicator: Observable; reason: string }[] = [];
  let rows = 0;
  let written: number | undefined;
  const context = renderContext(exporter, settings, (indicator, reason) => skipped.push({ indicator, reason }));
  for await (const chunk of exporter.render(asyncIterable(acceptedOf(exporter, indicators)), context)) {
    const list = parts.get(chunk.path) ?? [];
    list.push(Buffer.from(chunk.data));
    parts.set(chunk.path, list);
    rows += chunk.rows ?? 0;
    if (chunk.indicators !== undefined) written = (written ?? 0) + chunk.indicators;
  }
  const files = new Map([...parts].map(([path, list]) => [path, Buffer.concat(list)]));
  return { files, skipped, rows, ...(written === undefined ? {} : { indicators: written }) };
}

function acceptedOf(exporter: Exporter, indicators: Iterable<Indicator>): Indicator[] {
  return [...indicators]
    .filter((indicator) => exporter.accepts.includes(indicator.type))
    .sort(
      (a, b) =>
        OBSERVABLE_TYPES.indexOf(a.type) - OBSERVABLE_TYPES.indexOf(b.type) ||
        (a.value < b.value ? -1 : Number(a.value > b.value)),
    );
}

/** What an exporter is rendered with here, unless `settings` say otherwise. */
export function renderContext(
  exporter: Exporter,
  {
    options = {},
    format,
    now = new Date("2026-11-24T00:00:00.000Z"),
    signal,
    sids,
    versions,
    samples = [],
    previous,
    log = silentLog,
  }: RenderOptions,
  skip: RenderContext["skip"],
): RenderContext<Record<string, unknown>> {
  return {
    options: exporter.options.parse(options),
    format: format ?? (Object.keys(exporter.formats)[0] as string),
    now,
    templates: exporter.templates ? compileTemplates(exporter.templates, readTemplates(exporter.templates)) : {},
    sids: sids ?? memorySidLedger(),
    versions: versions ?? memoryVersionLedger(now),
    samples: async (wanted) =>
      new Map(samples.filter(({ sha256 }) => wanted.includes(sha256)).map((sample) => [sample.sha256, sample])),
    previous: previousOf(previous ?? new Map()),
    // Never closed: the databases are temporary, and go with their last reference.
    spool: () => createSpools().open(),
    log,
    signal: signal ?? new AbortController().signal,
    skip,
  };
}

function previousOf(files: RenderedFiles): PreviousOutput {
  return {
    isKnown: true,
    paths: [...files.keys()],
    lines: (path) => asyncIterable((files.get(path) ?? "").toString().split("\n").slice(0, -1)),
  };
}

export async function* asyncIterable<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) yield item;
}
