/** The suite that every exporter passes. */
import assert from "node:assert/strict";
import { type Indicator, indicatorKey } from "../model/indicator.ts";
import { OBSERVABLE_TYPES, type ObservableType } from "../model/observable.ts";
import type { Exporter } from "../plugin.ts";
import { exampleIndicator, exampleIndicators, HOSTILE_TEXTS, hostileIndicators, numbered } from "./examples.ts";
import { impurities } from "./purity.ts";
import { type Rendered, type RenderedFiles, type RenderOptions, render, renderContext } from "./render.ts";
import { globalRunner, type Runner } from "./runner.ts";
import { measureStreaming } from "./streaming.ts";

export interface ExporterContract {
  readonly runner?: Runner;
  /** Options to render with; default none. */
  readonly options?: Record<string, unknown>;
  /** Formats to check; default all. */
  readonly formats?: readonly string[];
  /** The target's own parser: throws when it would refuse these files. */
  readonly check: (files: RenderedFiles, format: string) => void | Promise<void>;
  /** Indicators for the memory check; default 100,000. With fewer, an exporter that holds back some of its output fails. */
  readonly memoryCount?: number;
  /**
   * It ranks all indicators before it writes the best within its budget, so its output comes after the input. Render
   * it here with a small budget: what it holds must not grow with the input.
   */
  readonly holdsBack?: boolean;
}

const MIB = 1024 * 1024;
const MAX_CHUNK = 8 * MIB;
/** What an exporter may pull after an abort: the rest of a batch. */
const MAX_BATCH = 1000;
/** An exporter may keep the identity of each indicator (a host, an id), never the indicator or its row. */
const KEPT_PER_INDICATOR = 256;
const KEPT_AT_ONCE = 16 * MIB;

/** The exporter contract: determinism, empty and hostile input, accounting, paths, abort, streaming, purity. */
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
        const empty = await render(exporter, [], settings);
        for (const type of exporter.accepts) {
          const given = [exampleIndicator(type)];
          const rendered = await render(exporter, given, settings);
          assertAccounted(rendered, given);
          const isSkipped = rendered.skipped.length > 0;
          assert.ok(isSkipped || !isSameOutput(rendered.files, empty.files), `${type} is neither written nor skipped`);
          await contract.check(rendered.files, format);
        }
      });

      it("never breaks the target's parser by a hostile indicator", async () => {
        for (const type of exporter.accepts) {
          const given = hostileIndicators(type);
          const rendered = await render(exporter, given, settings);
          assertAccounted(rendered, given);
          await contract.check(rendered.files, format);
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
            skipped.some(({ indicator }) => indicatorKey(indicator) === indicatorKey(good)),
            isSkippedAlone,
          );
        }
      });

      it("names relative paths without ..", async () => {
        const { files } = await render(
          exporter,
          [...exampleIndicators(), ...exporter.accepts.flatMap(hostileIndicators)],
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

      it("stops within one batch when aborted", async () => {
        const controller = new AbortController();
        const type = exporter.accepts[0] as ObservableType;
        const abortAt = MAX_BATCH + MAX_BATCH / 2;
        let pulled = 0;
        // It goes on after the abort: stopping is the exporter's part.
        const indicators = (async function* () {
          for (; pulled < 10 * MAX_BATCH; pulled += 1) {
            if (pulled === abortAt) controller.abort();
            yield numbered(type, pulled);
          }
        })();
        const context = renderContext(exporter, { ...settings, signal: controller.signal }, () => {});
        try {
          for await (const _ of exporter.render(indicators, context)) void _;
        } catch {
          // To reject is as good as to end.
        }
        assert.ok(
          pulled <= abortAt + MAX_BATCH,
          `it pulled ${pulled - abortAt} indicators after the abort, ${MAX_BATCH} at most`,
        );
      });

      it("streams: output comes while indicators do, in small chunks, and the heap stays flat", async () => {
        const count = contract.memoryCount ?? 100_000;
        const type = await writtenType(exporter, settings);
        const empty = await render(exporter, [], settings);
        const { bytes, bytesBeforeEnd, largestChunk, skipped, heapGrowth } = await measureStreaming(
          exporter,
          type,
          count,
          settings,
        );
        const ends = sizeOf(empty.files);
        assert.ok(
          contract.holdsBack || skipped === count || 2 * (bytesBeforeEnd - ends) >= bytes - ends,
          `of ${bytes} bytes only ${bytesBeforeEnd} came before the input ended: it holds its output back`,
        );
        assert.ok(largestChunk <= MAX_CHUNK, `a chunk has ${largestChunk} bytes, ${MAX_CHUNK} at most`);
        assert.ok(
          heapGrowth <= KEPT_AT_ONCE + KEPT_PER_INDICATOR * count,
          `the heap grew by ${Math.round(heapGrowth / MIB)} MiB over ${count} indicators`,
        );
      });

      it("uses no clock, no chance, no network and no environment", async () => {
        const indicators = [...exampleIndicators(), ...exporter.accepts.flatMap(hostileIndicators)];
        // Once before, so that what is loaded on first use is no reason to trip.
        await render(exporter, indicators, settings);
        const used = await impurities(async () => {
          await render(exporter, indicators, settings);
        });
        assert.deepEqual(used, [], `it uses ${used.join(", ")}`);
      });
    });
  }
}

/** That each indicator was skipped at most once, with a reason, and that the chunks' own count adds up. */
function assertAccounted({ skipped, indicators }: Rendered, given: readonly Indicator[]): void {
  const known = new Set(given.map(indicatorKey));
  const keys = skipped.map(({ indicator }) => indicatorKey(indicator));
  assert.equal(new Set(keys).size, skipped.length, "an indicator skipped twice");
  for (const { indicator, reason } of skipped) {
    assert.ok(known.has(indicatorKey(indicator)), "it skipped an indicator that it was not given");
    assert.ok(reason.length > 0, `${indicator.type} is skipped without a reason`);
  }
  if (indicators === undefined) return;
  const told = `its chunks say ${indicators} indicators; ${skipped.length} of ${given.length} were skipped`;
  assert.equal(indicators + skipped.length, given.length, told);
}

function isSameOutput(a: RenderedFiles, b: RenderedFiles): boolean {
  return a.size === b.size && [...a].every(([path, content]) => b.get(path)?.equals(content));
}

function sizeOf(files: RenderedFiles): number {
  return [...files.values()].reduce((sum, { length }) => sum + length, 0);
}

/** The first accepted type that the exporter writes. */
async function writtenType(exporter: Exporter, settings: RenderOptions): Promise<ObservableType> {
  for (const type of exporter.accepts) {
    if ((await render(exporter, [numbered(type, 0)], settings)).skipped.length === 0) return type;
  }
  return exporter.accepts[0] as ObservableType;
}

function restoreEnvironment(saved: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(saved)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}
