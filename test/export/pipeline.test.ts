import { describe, expect, it } from "vitest";
import { type ExportJob, runExport } from "../../src/export/pipeline.ts";
import { checkPlugin, createRegistry, loadPlugins } from "../../src/export/registry.ts";
import {
  type Chunk,
  defineExporter,
  definePlugin,
  defineSink,
  type Exporter,
  type Indicator,
  z,
} from "../../src/plugin.ts";
import { asyncIterable, exampleIndicator, memorySidLedger, numbered, silentLog } from "../../src/testing.ts";

const collectorSink = () => {
  const held = new Map<string, string>();
  const sink = defineSink({
    name: "memory",
    description: "for tests",
    options: z.object({}),
    accepts: "any",
    async publish(chunks) {
      for await (const { path, data } of chunks) held.set(path, (held.get(path) ?? "") + Buffer.from(data).toString());
      return { target: "memory", changed: true, bytes: 0 };
    },
  });
  return { held, sink };
};

type Render = (
  indicators: AsyncIterable<Indicator>,
  skip: (indicator: Indicator, reason: string) => void,
) => AsyncIterable<Chunk>;

function exporterOf(body: Render): Exporter {
  return defineExporter({
    name: "lines",
    description: "for tests",
    options: z.object({}),
    accepts: ["domain"],
    formats: { text: { description: "lines", mediaType: "text/plain" } },
    render: (indicators, { skip }) => body(indicators, skip),
  });
}

function run(exporter: Exporter, indicators: readonly Indicator[], sink = collectorSink().sink) {
  const job: ExportJob = {
    name: "lines",
    exporter,
    format: "text",
    options: {},
    templates: {},
    sink,
    sinkOptions: {},
    previous: [],
  };
  return runExport(job, {
    indicators: () => asyncIterable(indicators),
    sids: memorySidLedger(),
    log: silentLog,
    now: new Date(0),
    signal: new AbortController().signal,
  });
}

const everything: Render = async function* (indicators) {
  for await (const { value } of indicators) yield { path: "a.txt", data: `${value}\n`, rows: 1 };
};

describe("runExport", () => {
  const three = [numbered("domain", 0), numbered("domain", 1), exampleIndicator("url")];

  it("accounts for every indicator: in = written + skipped by reason", async () => {
    const picky: Render = async function* (indicators, skip) {
      for await (const indicator of indicators) {
        if (indicator.value.startsWith("h00000001")) skip(indicator, "not today");
        else yield { path: "a.txt", data: `${indicator.value}\n`, rows: 1 };
      }
    };
    const { sink, held } = collectorSink();
    const result = await run(exporterOf(picky), three, sink);
    expect(result).toMatchObject({ in: 3, written: 1, skipped: { "lines does not express url": 1, "not today": 1 } });
    expect(result.files).toEqual([
      { path: "a.txt", sha256: expect.stringMatching(/^[0-9a-f]{64}$/), bytes: 29, rows: 1 },
    ]);
    expect(held.get("a.txt")).toBe("h00000000.quillet-morrow.top\n");
  });

  it.each<[string, Render, RegExp]>([
    [
      "stops early",
      async function* (indicators) {
        for await (const { value } of indicators) {
          yield { path: "a.txt", data: value };
          return;
        }
      },
      /ended before it had taken every indicator/,
    ],
    [
      "skips one twice",
      async function* (indicators, skip) {
        for await (const indicator of indicators) {
          skip(indicator, "x");
          skip(indicator, "x");
        }
        yield { path: "a.txt", data: "" };
      },
      /skipped domain:h00000000\S* twice/,
    ],
    [
      "skips what it was not given",
      async function* (indicators, skip) {
        for await (const _ of indicators) skip(exampleIndicator("mutex"), "x");
        yield { path: "a.txt", data: "" };
      },
      /was not given/,
    ],
  ])("refuses an exporter that %s", async (_, body, message) => {
    await expect(run(exporterOf(body), three)).rejects.toMatchObject({
      code: "PLUGIN_ACCOUNTING",
      message: expect.stringMatching(message),
    });
  });

  it("says which export failed and why", async () => {
    const broken: Render = async function* (indicators) {
      for await (const { value } of indicators) {
        yield { path: "a.txt", data: value };
        throw new Error("no space left");
      }
    };
    await expect(run(exporterOf(broken), three)).rejects.toMatchObject({
      code: "EXPORT_FAILED",
      message: "The export lines failed: no space left",
    });
  });

  it("tells a refused check from a failure", async () => {
    const refusing = defineSink({
      name: "no",
      description: "x",
      options: z.object({}),
      accepts: "any",
      publish: () => Promise.reject(Object.assign(new Error("rule 3 is broken"), { name: "CheckFailed" })),
    });
    await expect(run(exporterOf(everything), three, refusing)).rejects.toMatchObject({
      code: "EXPORT_REFUSED",
      exitCode: 4,
    });
  });
});

describe("registry", () => {
  const plugin = (name: string, exporter: string) =>
    definePlugin({ name, apiVersion: 1, exporters: [{ ...exporterOf(everything), name: exporter }] });

  it("finds exporters and names the nearest for a typo", () => {
    const registry = createRegistry([plugin("a", "suricata")]);
    expect(registry.exporter("suricata").name).toBe("suricata");
    expect(() => registry.exporter("suricatta")).toThrow(
      /no exporter "suricatta" \(did you mean "suricata"\?\).*rulewright plugins/,
    );
  });

  it("never lets a plugin shadow another", () => {
    const registry = createRegistry([plugin("a", "csv")], [plugin("b", "csv")]);
    expect(registry.problems).toEqual([{ plugin: "b", reason: 'the name "csv" is taken by another plugin' }]);
  });

  it.each([
    [undefined, /is not one/],
    [{ name: "x", apiVersion: 2 }, /is for plugin API 2; this Rulewright speaks 1/],
    [{ name: "x", apiVersion: 1, exporters: [{ name: "Bad Name" }] }, /exporters\.0\.name/],
  ])("refuses %j", (candidate, message) => expect(() => checkPlugin(candidate, "x")).toThrow(message));

  it("turns a plugin that does not load into a problem", async () => {
    const loaded = await loadPlugins(["./nowhere.js"], import.meta.filename);
    expect(loaded).toEqual([{ plugin: "./nowhere.js", reason: expect.stringContaining("Cannot find module") }]);
  });
});
