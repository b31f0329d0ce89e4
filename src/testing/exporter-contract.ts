/** The suite that every exporter passes. */
import assert from "node:assert/strict";
import { compileTemplates, readTemplates } from "../export/templates.ts";
import { OBSERVABLE_TYPES, type ObservableType } from "../model/observable.ts";
import type { Exporter, SidLedger } from "../plugin.ts";
import { exampleIndicator, exampleIndicators, HOSTILE_TEXTS, hostileIndicators, numbered } from "./examples.ts";
import { memorySidLedger, type RenderedFiles, type RenderOptions, render, silentLog } from "./render.ts";
import { globalRunner, type Runner } from "./runner.ts";

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
  const { describe, it } = contract.runner ?? globalRunner();
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

function restoreEnvironment(saved: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(saved)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}
