/**
 * `rulewright/testing`: the contract suites that every built-in exporter and sink passes and that plugin authors run
 * against theirs. They bring no test runner: pass your runner's `describe` and `it`, or none for node:test.
 */
import assert from "node:assert/strict";
import { RulewrightError } from "./errors.ts";
import { compileTemplates, readTemplates } from "./export/templates.ts";
import type { Indicator } from "./model/indicator.ts";
import { OBSERVABLE_TYPES, type ObservableType } from "./model/observable.ts";
import type { Chunk, Exporter, Logger, Published, SidLedger, Sink } from "./plugin.ts";

export interface Runner {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => void | Promise<void>): void;
}

/** Path → whole content of one rendered output. */
export type RenderedFiles = ReadonlyMap<string, Buffer>;

export interface RenderOptions {
  readonly options?: Record<string, unknown>;
  readonly format?: string;
  readonly now?: Date;
  readonly signal?: AbortSignal;
  readonly sids?: SidLedger;
}

export interface Rendered {
  readonly files: RenderedFiles;
  readonly skipped: readonly { readonly indicator: Indicator; readonly reason: string }[];
  readonly rows: number;
}

const SAMPLE = "9f2b5c7d1e3a4f60817263544536271809fadbecdcbdae9f8071625344352617";

/** A canonical value of each type, none of it special-use. */
export const EXAMPLE_VALUES: Readonly<Record<ObservableType, string>> = {
  domain: "quillet-morrow.top",
  ipv4: "45.32.17.9",
  ipv6: "2a01:4f8:c17:7d1::2",
  endpoint: "45.32.17.9:8443/tcp",
  url: "http://quillet-morrow.top/gate.php?id=1",
  "email-address": "drop@quillet-morrow.top",
  sha256: SAMPLE,
  ja3: "6734f37431670b3ab4292b8f60f29984",
  ja3s: "e35df3e00ca4ef31d42b34bebaa2f86e",
  ja4: "t13d1516h2_8daaf6152771_b186095e22b6",
  certificate: "3f1d2c4b5a69788796a5b4c3d2e1f00112233445",
  "user-agent": "Quillet/1.4 (loader)",
  mutex: "Global\\quillet-4471",
  "registry-key": "HKEY_CURRENT_USER\\Software\\Quillet\\Run",
  "file-path": "C:\\Users\\Public\\quillet.dll",
  "command-line": "rundll32.exe C:\\Users\\Public\\quillet.dll,Start",
};

/** An indicator for tests: kept at 85, one sample, one sandbox, fixed dates; `overrides` replace whole fields. */
export function exampleIndicator(type: ObservableType, overrides: Partial<Indicator> = {}): Indicator {
  return {
    type,
    value: EXAMPLE_VALUES[type],
    ...(type === "domain" ? { scope: "subtree" as const } : {}),
    verdict: {
      decision: "keep",
      confidence: 85,
      reasons: [
        { id: "contacted", weight: 60, text: "contacted by 1 sample" },
        { id: "malicious-sample", weight: 25, text: "the sample is malicious by 40 of 70 engines" },
      ],
    },
    status: "active",
    tlp: "amber",
    families: ["quillet"],
    labels: [],
    hunts: [],
    techniques: ["T1071.001"],
    samples: [SAMPLE],
    sampleCount: 1,
    sandboxes: ["Zenbox"],
    firstSeen: "2026-10-01T08:00:00.000Z",
    lastSeen: "2026-10-20T09:30:00.000Z",
    validUntil: "2027-01-18T09:30:00.000Z",
    evidence: [{ sample: SAMPLE, sandbox: "Zenbox", place: "dns_lookups[0].hostname" }],
    details: {},
    ...overrides,
  };
}

/** One indicator of each type, in export order. */
export function exampleIndicators(): Indicator[] {
  return OBSERVABLE_TYPES.map((type) => exampleIndicator(type));
}

/** What attackers put into reports: each breaks some parser when it is not escaped. */
export const HOSTILE_TEXTS: readonly string[] = [
  `"; sid:1; rev:1;) alert ip any any -> any any (msg:"`,
  "' OR 1=1 -- ']",
  `=cmd|'/C calc'!A0`,
  "line one\nline two\r\nline three",
  "nul\u0000inside",
  "\u202egnp.exe\u2066",
  "{{constructor.constructor}} {{{__proto__}}}",
  `<script>alert(1)</script>,"a","b"`,
  "../../etc/passwd",
  "\ud800 lone surrogate",
  "pipe|percent%s|%n|\\backslash\\",
  "A".repeat(65_536),
];

/** Indicators of one type whose every free text is hostile. */
export function hostileIndicators(type: ObservableType): Indicator[] {
  return HOSTILE_TEXTS.flatMap((text, index) => [
    exampleIndicator(type, { value: `${text}` }),
    exampleIndicator(type, {
      value: hostileVariant(type, text, index),
      families: [text],
      labels: [text],
      sandboxes: [text],
      techniques: [text],
      verdict: { decision: "keep", confidence: 85, reasons: [{ id: "contacted", weight: 85, text }] },
      evidence: [{ sample: SAMPLE, sandbox: text, place: text }],
      details: {
        names: [text],
        userAgents: [text],
        hosts: [text],
        peers: [text],
        certificate: { issuer: text, subject: text, serial: text },
      },
    }),
  ]);
}

function hostileVariant(type: ObservableType, text: string, index: number): string {
  switch (type) {
    case "url":
      return `http://quillet-${index}.top/${text}`;
    case "domain":
      return `quillet-${index}.top`;
    case "endpoint":
      return `45.32.17.9:${8000 + index}/tcp`;
    case "ipv4":
      return `45.32.17.${index + 1}`;
    default:
      return numbered(type, index).value;
  }
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

export const silentLog: Logger = { debug() {}, info() {}, warn() {} };

/** Renders indicators into memory, as the pipeline would: sorted, accepted types only, skips collected. */
export async function render(
  exporter: Exporter,
  indicators: Iterable<Indicator>,
  { options = {}, format, now = new Date("2026-11-24T00:00:00.000Z"), signal, sids }: RenderOptions = {},
): Promise<Rendered> {
  const parts = new Map<string, Buffer[]>();
  const skipped: { indicator: Indicator; reason: string }[] = [];
  let rows = 0;
  const chunks = renderChunks(
    exporter,
    indicators,
    { options, now, ...(format ? { format } : {}), ...(signal ? { signal } : {}), ...(sids ? { sids } : {}) },
    (indicator, reason) => skipped.push({ indicator, reason }),
  );
  for await (const chunk of chunks) {
    const list = parts.get(chunk.path) ?? [];
    list.push(Buffer.from(chunk.data));
    parts.set(chunk.path, list);
    rows += chunk.rows ?? 0;
  }
  const files = new Map([...parts].map(([path, list]) => [path, Buffer.concat(list)]));
  return { files, skipped, rows };
}

function renderChunks(
  exporter: Exporter,
  indicators: Iterable<Indicator>,
  { options = {}, format, now, signal, sids }: RenderOptions,
  skip: (indicator: Indicator, reason: string) => void,
): AsyncIterable<Chunk> {
  const accepted = [...indicators]
    .filter((indicator) => exporter.accepts.includes(indicator.type))
    .sort(
      (a, b) =>
        OBSERVABLE_TYPES.indexOf(a.type) - OBSERVABLE_TYPES.indexOf(b.type) ||
        (a.value < b.value ? -1 : Number(a.value > b.value)),
    );
  return exporter.render(asyncIterable(accepted), {
    options: exporter.options.parse(options),
    format: format ?? (Object.keys(exporter.formats)[0] as string),
    now: now ?? new Date("2026-11-24T00:00:00.000Z"),
    templates: exporter.templates ? compileTemplates(exporter.templates, readTemplates(exporter.templates)) : {},
    sids: sids ?? memorySidLedger(),
    log: silentLog,
    signal: signal ?? new AbortController().signal,
    skip,
  });
}

export async function* asyncIterable<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) yield item;
}

export interface ExporterContract {
  readonly runner?: Runner;
  /** Options to render with; default none. */
  readonly options?: Record<string, unknown>;
  /** Formats to check; default all. */
  readonly formats?: readonly string[];
  /** The target's own parser: throws when it would refuse these files. */
  readonly check: (files: RenderedFiles, format: string) => void | Promise<void>;
  /** Indicators for the memory check; default 100,000. */
  readonly memoryCount?: number;
}

/** The exporter contract: determinism, empty and hostile input, accounting, paths, abort, flat memory, purity. */
export function describeExporter(exporter: Exporter, contract: ExporterContract): void {
  const { describe, it } = contract.runner ?? nodeTestRunner();
  const withOptions = contract.options ? { options: contract.options } : {};
  for (const format of contract.formats ?? Object.keys(exporter.formats)) {
    const settings = { format, ...withOptions };
    describe(`exporter ${exporter.name}, format ${format}`, () => {
      it("declares itself completely", () => {
        assert.match(exporter.name, /^[a-z][a-z0-9-]*$/);
        assert.ok(exporter.description.length > 0);
        assert.ok(exporter.accepts.length > 0);
        for (const type of exporter.accepts) assert.ok(OBSERVABLE_TYPES.includes(type), `unknown type ${type}`);
        for (const form of Object.values(exporter.formats)) assert.ok(form.description && form.mediaType);
      });

      it("renders the same bytes again, in another time zone and locale", async () => {
        const first = await render(exporter, exampleIndicators(), settings);
        const { TZ, LC_ALL, LANG } = process.env;
        try {
          Object.assign(process.env, { TZ: "Pacific/Kiritimati", LC_ALL: "tr_TR.UTF-8", LANG: "tr_TR.UTF-8" });
          const second = await render(exporter, exampleIndicators(), settings);
          assert.deepEqual([...second.files], [...first.files]);
        } finally {
          restoreEnvironment({ TZ, LC_ALL, LANG });
        }
      });

      it("gives a valid output for no indicators", async () => {
        const { files, skipped } = await render(exporter, [], settings);
        assert.equal(skipped.length, 0);
        await contract.check(files, format);
      });

      it("writes or skips each accepted type, with a reason", async () => {
        for (const type of exporter.accepts) {
          const { files, skipped } = await render(exporter, [exampleIndicator(type)], settings);
          assert.ok(skipped.length <= 1, `${type} skipped ${skipped.length} times`);
          for (const { reason } of skipped) assert.ok(reason.length > 0);
          await contract.check(files, format);
        }
      });

      it("never breaks the target's parser by a hostile indicator", async () => {
        for (const type of exporter.accepts) {
          const { files } = await render(exporter, hostileIndicators(type), settings);
          await contract.check(files, format);
        }
      });

      it("keeps the good indicator beside hostile ones", async () => {
        for (const type of exporter.accepts) {
          const good = exampleIndicator(type);
          const alone = await render(exporter, [good], settings);
          const { skipped } = await render(
            exporter,
            [good, exampleIndicator(type, { value: HOSTILE_TEXTS[0] as string })],
            settings,
          );
          const isSkippedAlone = alone.skipped.length > 0;
          assert.equal(
            skipped.some(({ indicator }) => indicator === good),
            isSkippedAlone,
          );
        }
      });

      it("names relative paths without ..", async () => {
        const { files } = await render(
          exporter,
          [...exampleIndicators(), ...hostileIndicators("url"), ...hostileIndicators("sha256")],
          settings,
        );
        for (const path of files.keys()) {
          assert.ok(
            path.length > 0 && path.length < 200 && /^[\w][\w./@+-]*$/.test(path),
            `unsafe path ${JSON.stringify(path.slice(0, 80))}`,
          );
          assert.ok(
            !path.split("/").some((part) => part === ".." || part === "." || part === ""),
            `unsafe path ${path}`,
          );
        }
      });

      it("stops within one chunk when aborted", async () => {
        const controller = new AbortController();
        const type = exporter.accepts[0] as ObservableType;
        const many = Array.from({ length: 50 }, (_, index) => numbered(type, index));
        let pulled = 0;
        const source = (function* () {
          for (const indicator of many) {
            pulled += 1;
            if (pulled === 10) controller.abort();
            yield indicator;
          }
        })();
        const guarded = (async function* () {
          for (const indicator of source) {
            controller.signal.throwIfAborted();
            yield indicator;
          }
        })();
        await assert.rejects(async () => {
          const chunks = exporter.render(guarded, {
            options: exporter.options.parse(contract.options ?? {}),
            format,
            now: new Date("2026-11-24T00:00:00.000Z"),
            templates: exporter.templates
              ? compileTemplates(exporter.templates, readTemplates(exporter.templates))
              : {},
            sids: memorySidLedger(),
            log: silentLog,
            signal: controller.signal,
            skip() {},
          });
          for await (const _ of chunks) void _;
        });
        assert.ok(pulled <= 11, `pulled ${pulled} indicators after the abort`);
      });

      it("keeps the heap flat", async () => {
        const count = contract.memoryCount ?? 100_000;
        const type = exporter.accepts[0] as ObservableType;
        const early = await heapAfter(exporter, type, Math.ceil(count / 10), settings);
        const late = await heapAfter(exporter, type, count, settings);
        // Ten times the input may cost the identity of each row (a ledger key), never the row itself.
        assert.ok(late - early < 64 * 1024 * 1024, `the heap grew by ${Math.round((late - early) / 1048576)} MiB`);
      });
    });
  }
}

async function heapAfter(
  exporter: Exporter,
  type: ObservableType,
  count: number,
  settings: RenderOptions,
): Promise<number> {
  const numberedIndicators = (async function* () {
    for (let index = 0; index < count; index += 1) yield numbered(type, index);
  })();
  let sid = 1_000_000;
  const sids: SidLedger = { assign: async (rules) => rules.map(() => ({ sid: sid++, rev: 1 })) };
  let peak = 0;
  let seen = 0;
  const chunks = exporter.render(numberedIndicators, {
    options: exporter.options.parse(settings.options ?? {}),
    format: settings.format as string,
    now: new Date("2026-11-24T00:00:00.000Z"),
    templates: exporter.templates ? compileTemplates(exporter.templates, readTemplates(exporter.templates)) : {},
    sids,
    log: silentLog,
    signal: new AbortController().signal,
    skip() {},
  });
  for await (const _ of chunks) {
    seen += 1;
    if (seen % 5000 === 0) {
      globalThis.gc?.();
      peak = Math.max(peak, process.memoryUsage().heapUsed);
    }
  }
  globalThis.gc?.();
  return Math.max(peak, process.memoryUsage().heapUsed);
}

/** The `index`-th distinct indicator of a type, in ascending order of value. */
export function numbered(type: ObservableType, index: number): Indicator {
  const digits = String(index).padStart(8, "0");
  const octets = `${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
  const hex = index.toString(16).padStart(8, "0");
  const values: Record<ObservableType, string> = {
    domain: `h${digits}.quillet-morrow.top`,
    ipv4: `45.${octets}`,
    ipv6: `2a01:4f8:c17::${(index >>> 16).toString(16)}:${(index & 0xffff || 1).toString(16)}`,
    endpoint: `45.${octets}:8443/tcp`,
    url: `http://quillet-morrow.top/gate.php?id=${digits}`,
    "email-address": `u${digits}@quillet-morrow.top`,
    sha256: hex + SAMPLE.slice(8),
    ja3: hex + EXAMPLE_VALUES.ja3.slice(8),
    ja3s: hex + EXAMPLE_VALUES.ja3s.slice(8),
    ja4: `t13d1516h2_8daaf6152771_${hex}22b6`,
    certificate: hex + EXAMPLE_VALUES.certificate.slice(8),
    "user-agent": `Quillet/${digits}`,
    mutex: `Global\\quillet-${digits}`,
    "registry-key": `HKEY_CURRENT_USER\\Software\\Quillet\\${digits}`,
    "file-path": `C:\\Users\\Public\\${digits}.dll`,
    "command-line": `rundll32.exe C:\\Users\\Public\\${digits}.dll,Start`,
  };
  return exampleIndicator(type, { value: values[type] });
}

function restoreEnvironment(saved: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(saved)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

export interface SinkContract {
  readonly runner?: Runner;
  readonly options: () => Record<string, unknown> | Promise<Record<string, unknown>>;
  readonly mediaType: string;
  /** What the target holds now: path → content. */
  readonly read: (options: Record<string, unknown>) => Promise<ReadonlyMap<string, string>>;
  /** Set false for targets that cannot tell whether anything changed, such as a pipe. */
  readonly knowsChanges?: boolean;
}

/** The sink contract: delivers every byte, says truthfully whether it changed anything, leaves nothing half-done. */
export function describeSink(sink: Sink, contract: SinkContract): void {
  const { describe, it } = contract.runner ?? nodeTestRunner();
  const chunks: Chunk[] = [
    { path: "a.txt", data: "one\n", rows: 1 },
    { path: "sub/b.txt", data: Buffer.from("two\n"), rows: 1 },
    { path: "a.txt", data: "three\n", rows: 1 },
  ];
  const publish = async (
    options: Record<string, unknown>,
    stream: AsyncIterable<Chunk> = asyncIterable(chunks),
    signal = new AbortController().signal,
  ): Promise<Published> =>
    sink.publish(stream, {
      options: sink.options.parse(options),
      mediaType: contract.mediaType,
      log: silentLog,
      signal,
      previous: [],
    });
  const single = chunks.filter(({ path }) => path === "a.txt");
  const stream = () => asyncIterable(contract.knowsChanges === false ? single : chunks);

  describe(`sink ${sink.name}`, () => {
    it("delivers every byte of interleaved files", async () => {
      const options = await contract.options();
      const published = await publish(options, stream());
      const held = await contract.read(options);
      assert.equal(held.get("a.txt"), "one\nthree\n");
      if (contract.knowsChanges !== false) assert.equal(held.get("sub/b.txt"), "two\n");
      assert.equal(published.bytes, contract.knowsChanges === false ? 10 : 14);
      assert.equal(published.changed, true);
    });

    if (contract.knowsChanges !== false) {
      it("touches nothing when the target holds the same bytes", async () => {
        const options = await contract.options();
        await publish(options);
        assert.equal((await publish(options)).changed, false);
      });

      it("leaves the previous content when the stream fails", async () => {
        const options = await contract.options();
        await publish(options);
        const before = await contract.read(options);
        const failing = (async function* (): AsyncGenerator<Chunk> {
          yield { path: "a.txt", data: "half" };
          throw new RulewrightError("EXPORT_FAILED", "boom");
        })();
        await assert.rejects(publish(options, failing), /boom/);
        assert.deepEqual(await contract.read(options), before);
      });

      it("leaves the previous content when aborted", async () => {
        const options = await contract.options();
        await publish(options);
        const before = await contract.read(options);
        const controller = new AbortController();
        const endless = (async function* (): AsyncGenerator<Chunk> {
          for (let n = 0; ; n += 1) {
            if (n === 3) controller.abort();
            controller.signal.throwIfAborted();
            yield { path: "a.txt", data: `${n}\n` };
          }
        })();
        await assert.rejects(publish(options, endless, controller.signal));
        assert.deepEqual(await contract.read(options), before);
      });
    }
  });
}

function nodeTestRunner(): Runner {
  // Inside vitest with globals, or any runner that puts describe and it there, use those.
  const { describe, it } = globalThis as unknown as Partial<Runner>;
  if (describe && it) return { describe, it };
  throw new TypeError("pass { runner: { describe, it } } of your test runner");
}
