/** That the contract suite fails for exporters that deserve it: it is run here against deliberately bad ones. */
import assert from "node:assert/strict";
import { afterEach, describe, expect, it } from "vitest";
import { type Chunk, defineExporter, type Exporter, type Indicator, type RenderContext, z } from "../../src/plugin.ts";
import { describeExporter, type ExporterContract, type RenderedFiles } from "../../src/testing.ts";

type Render = (indicators: AsyncIterable<Indicator>, ctx: RenderContext) => AsyncIterable<Chunk>;

function exporterOf(render: Render): Exporter {
  return defineExporter({
    name: "hosts",
    description: "for tests",
    options: z.object({}),
    accepts: ["domain", "url"],
    formats: { text: { description: "lines", mediaType: "text/plain" } },
    render,
  });
}

const isFit = ({ value }: Indicator): boolean => /^[\x21-\x7e]{1,253}$/.test(value);

/** The target's parser: one value a line, without spaces. */
function check(files: RenderedFiles): void {
  for (const text of files.values()) {
    for (const line of text.toString("utf8").split("\n")) assert.match(line, /^[\x21-\x7e]{0,300}$/);
  }
}

/** Registers the suite with a runner that only collects, runs it, and answers which tests fail and why. */
async function failuresOf(
  render: Render,
  memoryCount = 20_000,
  contract: Partial<ExporterContract> = {},
): Promise<Record<string, string>> {
  const tests: { name: string; body: () => void | Promise<void> }[] = [];
  const runner = {
    describe: (_: string, body: () => void) => body(),
    it: (name: string, body: () => void | Promise<void>) => void tests.push({ name, body }),
  };
  describeExporter(exporterOf(render), { runner, check, memoryCount, ...contract });
  const failures: Record<string, string> = {};
  for (const { name, body } of tests) {
    try {
      await body();
    } catch (error) {
      failures[name] = (error as Error).message;
    }
  }
  return failures;
}

const WRITES = "writes or skips each accepted type, with a reason";
const HOSTILE = "never breaks the target's parser by a hostile indicator";
const PATHS = "names relative paths without ..";
const ABORT = "stops within one batch when aborted";
const STREAMS = "streams: output comes while indicators do, in small chunks, and the heap stays flat";
const PURE = "uses no clock, no chance, no network and no environment";

/** What a small exporter does, with one thing done differently. */
function lines(
  differently: {
    readonly path?: (indicator: Indicator) => string;
    readonly line?: (indicator: Indicator, ctx: RenderContext) => string;
    readonly counts?: number;
    readonly isFit?: (indicator: Indicator) => boolean;
    readonly ignoresAbort?: boolean;
  } = {},
): Render {
  const { path = () => "hosts", line = ({ value }) => value, counts } = differently;
  return async function* (indicators, ctx) {
    for await (const indicator of indicators) {
      if (!differently.ignoresAbort) ctx.signal.throwIfAborted();
      if (!(differently.isFit ?? isFit)(indicator)) ctx.skip(indicator, "not on one line");
      else {
        yield {
          path: path(indicator),
          data: `${line(indicator, ctx)}\n`,
          rows: 1,
          ...(counts === undefined ? {} : { indicators: counts }),
        };
      }
    }
  };
}

describe("describeExporter passes", () => {
  it("a small exporter that counts rows only", async () => expect(await failuresOf(lines())).toEqual({}));

  it("the same that counts indicators", async () => expect(await failuresOf(lines({ counts: 1 }))).toEqual({}));

  it("one that ends instead of rejecting when aborted, and makes dates of the indicators' own", async () => {
    const ends: Render = async function* (indicators, { signal, now, skip }) {
      for await (const indicator of indicators) {
        if (signal.aborted) return;
        const day = new Date(Date.parse(indicator.lastSeen)).toISOString().slice(0, 10);
        if (!isFit(indicator) || !(now instanceof Date)) skip(indicator, "not on one line");
        else yield { path: "hosts", data: `${indicator.value}#${day}\n`, rows: 1 };
      }
    };
    expect(await failuresOf(ends)).toEqual({});
  });
});

describe("describeExporter fails an exporter that", () => {
  it("writes nothing and skips nothing", async () => {
    const nothing: Render = async function* (indicators, { signal }) {
      yield { path: "hosts", data: "#header\n" };
      for await (const _ of indicators) signal.throwIfAborted();
    };
    expect(await failuresOf(nothing)).toEqual({ [WRITES]: "domain is neither written nor skipped" });
  });

  it("writes one type and forgets another", async () => {
    const oneType: Render = async function* (indicators, ctx) {
      for await (const indicator of indicators) {
        ctx.signal.throwIfAborted();
        if (indicator.type === "domain" && isFit(indicator)) yield { path: "hosts", data: `${indicator.value}\n` };
      }
    };
    expect((await failuresOf(oneType))[WRITES]).toBe("url is neither written nor skipped");
  });

  it("counts what it did not write", async () => {
    expect((await failuresOf(lines({ counts: 2 })))[WRITES]).toMatch(
      /^its chunks say 2 indicators; 0 of 1 were skipped/,
    );
  });

  it("skips without a reason, or one it was not given", async () => {
    const wordless: Render = async function* (indicators, { skip }) {
      for await (const indicator of indicators) skip(indicator, "");
      yield { path: "hosts", data: "" };
    };
    expect((await failuresOf(wordless))[WRITES]).toMatch(/^domain is skipped without a reason/);
    const others: Render = async function* (indicators, { skip }) {
      for await (const { type, value } of indicators) skip({ type, value: `other-${value}` }, "x");
      yield { path: "hosts", data: "" };
    };
    expect((await failuresOf(others))[WRITES]).toMatch(/^it skipped an indicator that it was not given/);
  });

  const buffering = (pieces: number): Render =>
    async function* (indicators, { signal, skip }) {
      const all: string[] = [];
      for await (const indicator of indicators) {
        signal.throwIfAborted();
        if (isFit(indicator)) all.push(`${indicator.value}\n`);
        else skip(indicator, "not on one line");
      }
      const size = Math.ceil(all.length / pieces);
      for (let start = 0; start < all.length; start += size) {
        yield { path: "hosts", data: all.slice(start, start + size).join(""), rows: 1 };
      }
    };

  it("buffers everything, as one chunk or in pieces", async () => {
    for (const pieces of [1, 1000]) {
      const failures = await failuresOf(buffering(pieces));
      expect(Object.keys(failures)).toEqual([STREAMS]);
      expect(failures[STREAMS]).toMatch(/only 0 came before the input ended: it holds its output back/);
    }
  });

  it("passes when it says that it holds its output back to rank it", async () => {
    expect(await failuresOf(buffering(1000), 20_000, { holdsBack: true })).toEqual({});
  });

  it("gives huge chunks", async () => {
    const huge = `\n${"x".repeat(200)}`.repeat(50_000);
    const failures = await failuresOf(
      lines({ line: ({ value }) => value + (value.startsWith("h00000001") ? huge : "") }),
    );
    expect(failures).toEqual({ [STREAMS]: expect.stringMatching(/^a chunk has 100\d{5} bytes, 8388608 at most/) });
  });

  describe("streams and keeps every indicator all the same", () => {
    const { gc } = globalThis;
    afterEach(() => void Object.assign(globalThis, { gc }));

    const keeping: Render = async function* (indicators, ctx) {
      const kept: Indicator[] = [];
      yield* lines()(
        (async function* () {
          for await (const indicator of indicators) {
            kept.push(indicator);
            yield indicator;
          }
        })(),
        ctx,
      );
      if (kept.length < 0) throw new Error("never; it only keeps them alive");
    };

    it.each([
      ["with", true],
      ["without", false],
    ])("%s an exposed collector", async (_, isExposed) => {
      if (!isExposed) Object.assign(globalThis, { gc: undefined });
      expect(typeof globalThis.gc).toBe(isExposed ? "function" : "undefined");
      expect(await failuresOf(keeping, 60_000)).toEqual({
        [STREAMS]: expect.stringMatching(/^the heap grew by \d+ MiB over 60000 indicators/),
      });
      // Garbage alone is no reason to fail.
      expect(await failuresOf(lines(), 60_000)).toEqual({});
    });
  });

  it("ignores an abort", async () => {
    expect(await failuresOf(lines({ ignoresAbort: true }))).toEqual({
      [ABORT]: "it pulled 8500 indicators after the abort, 1000 at most",
    });
  });

  it.each<[string, (ctx: RenderContext) => unknown, string]>([
    ["asks the clock", () => Date.now(), "Date.now"],
    ["asks the clock by a date", () => new Date(), "new Date()"],
    ["asks the clock in words", () => Date(), "Date()"],
    ["throws dice", () => Math.random(), "Math.random"],
    ["calls home", () => void fetch("http://127.0.0.1:9/").catch(() => {}), "fetch"],
    ["reads the environment", () => process.env.HOME, "process.env.HOME"],
    ["looks into the environment", () => "HOME" in process.env, "process.env.HOME"],
    ["copies the environment", () => ({ ...process.env }), "process.env"],
  ])("%s, whatever comes of it", async (_, use, name) => {
    const impure: Render = (indicators, ctx) =>
      lines({
        line: ({ value }) => {
          try {
            use(ctx);
          } catch {
            // Swallowed: the use alone must fail it.
          }
          return value;
        },
      })(indicators, ctx);
    const real = [globalThis.Date, Math.random, globalThis.fetch, process.env, Date.now];
    const failures = await failuresOf(impure);
    expect(Object.keys(failures)).toEqual([PURE]);
    expect(failures[PURE]).toMatch(`it uses ${name}`);
    expect([globalThis.Date, Math.random, globalThis.fetch, process.env, Date.now]).toEqual(real);
    expect(globalThis.Date).toBe(real[0]);
  });

  it("uses the clock in its output, and after it waited", async () => {
    const late: Render = async function* (indicators, ctx) {
      await new Promise((done) => setTimeout(done, 1));
      yield* lines({ line: ({ value }) => `${value}#${Date.now()}` })(indicators, ctx);
    };
    expect((await failuresOf(late))[PURE]).toMatch("it uses Date.now");
  });

  it("lets an indicator name a path", async () => {
    const unsafe = lines({ path: ({ families }) => `${families[0]}.txt` });
    expect((await failuresOf(unsafe))[PATHS]).toMatch(/^unsafe path /);
    expect((await failuresOf(lines({ path: () => "../hosts" })))[PATHS]).toMatch(/^unsafe path /);
    expect((await failuresOf(lines({ path: () => "/etc/hosts" })))[PATHS]).toMatch(/^unsafe path /);
  });

  it("breaks the target by a hostile value, or breaks itself", async () => {
    expect(Object.keys(await failuresOf(lines({ isFit: () => true })))).toContain(HOSTILE);
    const throws = lines({
      isFit: (indicator) => {
        if (!isFit(indicator)) throw new Error("not on one line");
        return true;
      },
    });
    expect((await failuresOf(throws))[HOSTILE]).toBe("not on one line");
  });
});
