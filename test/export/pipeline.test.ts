import { describe, expect, it } from "vitest";
import { plugins } from "../../plugins/index.ts";
import { type ExportDeps, type ExportJob, runExport } from "../../src/export/pipeline.ts";
import { NO_PREVIOUS_OUTPUT } from "../../src/export/previous.ts";
import { localReach } from "../../src/export/reach.ts";
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
import {
  asyncIterable,
  exampleIndicator,
  exampleIndicators,
  memorySidLedger,
  memoryVersionLedger,
  numbered,
  render,
  silentLog,
} from "../../src/testing.ts";

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

function run(
  exporter: Exporter,
  indicators: readonly Indicator[],
  sink = collectorSink().sink,
  deps: Partial<ExportDeps> = {},
) {
  const job: ExportJob = {
    name: "lines",
    exporter,
    format: "text",
    options: {},
    templates: {},
    sink,
    sinkOptions: {},
    archive: false,
    previous: NO_PREVIOUS_OUTPUT,
  };
  return runExport(job, {
    indicators: () => asyncIterable(indicators),
    sids: memorySidLedger(),
    versions: memoryVersionLedger(new Date(0)),
    samples: async () => new Map(),
    reach: localReach(),
    log: silentLog,
    now: new Date(0),
    signal: new AbortController().signal,
    ...deps,
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
    [
      "loses one, by the count of its chunks",
      async function* (indicators) {
        let isFirst = true;
        yield { path: "a.txt", data: "# header\n", indicators: 0 };
        for await (const { value } of indicators) {
          if (!isFirst) yield { path: "a.txt", data: `${value}\n`, rows: 1, indicators: 1 };
          isFirst = false;
        }
      },
      /wrote 1 and skipped 1 of 3 indicators/,
    ],
    [
      "writes only the header, which counts nothing",
      async function* (indicators) {
        yield { path: "a.txt", data: "# header\n", indicators: 0 };
        for await (const _ of indicators);
      },
      /wrote 0 and skipped 1 of 3 indicators/,
    ],
    [
      "counts one that it skipped",
      async function* (indicators, skip) {
        for await (const indicator of indicators) {
          skip(indicator, "x");
          yield { path: "a.txt", data: "x\n", indicators: 1 };
        }
      },
      /wrote 2 and skipped 3 of 3 indicators/,
    ],
    [
      "writes nothing and skips nothing",
      async function* (indicators) {
        for await (const _ of indicators);
        yield { path: "a.txt", data: "" };
      },
      /wrote nothing and skipped 1 of 3 indicators/,
    ],
  ])("refuses an exporter that %s", async (_, body, message) => {
    await expect(run(exporterOf(body), three)).rejects.toMatchObject({
      code: "PLUGIN_ACCOUNTING",
      message: expect.stringMatching(message),
    });
  });

  it("takes an exporter that counts nothing by whether it writes anything", async () => {
    expect(await run(exporterOf(everything), three)).toMatchObject({ in: 3, written: 2 });
    const nothing: Render = async function* (indicators, skip) {
      for await (const indicator of indicators) skip(indicator, "x");
      yield* [];
    };
    expect(await run(exporterOf(nothing), three)).toMatchObject({ in: 3, written: 0, files: [] });
    expect(await run(exporterOf(everything), [])).toMatchObject({ in: 0, written: 0, files: [] });
  });

  it("accounts before the sink sees the end, so that nothing is published", async () => {
    let isEnded = false;
    const watching = defineSink({
      name: "watching",
      description: "x",
      options: z.object({}),
      accepts: "any",
      async publish(chunks) {
        for await (const _ of chunks);
        isEnded = true;
        return { target: "nowhere", changed: true, bytes: 0 };
      },
    });
    const loses: Render = async function* (indicators) {
      for await (const _ of indicators) yield { path: "a.txt", data: "x", indicators: 0 };
    };
    await expect(run(exporterOf(loses), three, watching)).rejects.toMatchObject({ code: "PLUGIN_ACCOUNTING" });
    expect(isEnded).toBe(false);
  });

  it("every built-in exporter counts what it writes", async () => {
    const { exporters } = createRegistry(plugins);
    for (const exporter of exporters) {
      const given = exampleIndicators();
      for (const format of Object.keys(exporter.formats)) {
        const { indicators, skipped } = await render(exporter, given, { format });
        const accepted = given.filter(({ type }) => exporter.accepts.includes(type)).length;
        expect([exporter.name, format, indicators]).toEqual([exporter.name, format, accepted - skipped.length]);
        const empty = await render(exporter, [], { format });
        // Some targets refuse an empty file: then there is none, and nothing to count.
        expect(empty.indicators, `${exporter.name} ${format}`).toBe(empty.files.size === 0 ? undefined : 0);
      }
    }
  });

  it.each<[string, unknown]>([
    [
      "throws at once",
      () => {
        throw new Error("no templates");
      },
    ],
    ["rejects at once", () => Promise.reject(new Error("no templates"))],
    ["answers nothing", () => undefined],
    [
      "throws what is no error",
      () => {
        throw undefined;
      },
    ],
  ])("calls it a failed export when render %s", async (_, body) => {
    await expect(run(exporterOf(body as Render), three)).rejects.toMatchObject({
      code: "EXPORT_FAILED",
      message: expect.stringMatching(/^The export lines failed: /),
    });
  });

  it("hands beforeSwap to the sink", async () => {
    const beforeSwap = async () => {};
    let handed: unknown;
    const sink = defineSink({
      name: "handed",
      description: "x",
      options: z.object({}),
      accepts: "any",
      async publish(chunks, ctx) {
        for await (const _ of chunks);
        handed = ctx.beforeSwap;
        return { target: "nowhere", changed: true, bytes: 0 };
      },
    });
    await run(exporterOf(everything), three, sink, { beforeSwap });
    expect(handed).toBe(beforeSwap);
    await run(exporterOf(everything), three, sink);
    expect(handed).toBeUndefined();
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
    [null, /is not one/],
    [{ name: "x" }, /apiVersion/],
  ])("refuses %j", (candidate, message) => expect(() => checkPlugin(candidate, "x")).toThrow(message));

  it("takes the built-in plugins", () => {
    for (const candidate of plugins) expect(checkPlugin(candidate, candidate.name)).toBe(candidate);
  });

  const sink = collectorSink().sink;
  const templates = {
    dir: new URL("./templates/", import.meta.url),
    rows: { row: { description: "a row", sample: { value: "x" } } },
    escape: String,
    fields: { value: "the value" },
  };

  it.each<[string, Record<string, unknown>, RegExp]>([
    ["options that are no schema", { options: {} }, /exporters\.0\.options: a zod object/],
    ["options that are no object", { options: z.string() }, /exporters\.0\.options: a zod object/],
    [
      "an unknown type",
      { accepts: ["url", "domian"] },
      /exporters\.0\.accepts\.1: no observable type "domian" \(did you mean "domain"\?\)/,
    ],
    ["no types", { accepts: [] }, /exporters\.0\.accepts: at least one observable type/],
    ["no formats", { formats: {} }, /exporters\.0\.formats: at least one format/],
    ["no render", { render: "x" }, /exporters\.0\.render: a function/],
    [
      "templates in a path",
      { templates: { ...templates, dir: "./templates" } },
      /exporters\.0\.templates\.dir: the URL of a folder/,
    ],
    [
      "templates in a file",
      { templates: { ...templates, dir: new URL("./a.hbs", import.meta.url) } },
      /templates\.dir: the URL of a folder/,
    ],
    [
      "templates elsewhere",
      { templates: { ...templates, dir: new URL("https://example.org/") } },
      /templates\.dir: the URL of a folder/,
    ],
    ["templates without escape", { templates: { ...templates, escape: undefined } }, /templates\.escape: a function/],
    ["templates without fields", { templates: { ...templates, fields: undefined } }, /templates\.fields: /],
    [
      "a row that leaves the folder",
      { templates: { ...templates, rows: { "../row": templates.rows.row } } },
      /templates\.rows\.\.\.\/row: /,
    ],
    [
      "a row without a sample",
      { templates: { ...templates, rows: { row: { description: "x" } } } },
      /templates\.rows\.row\.sample/,
    ],
    [
      "a helper that is none",
      { templates: { ...templates, helpers: { upper: "x" } } },
      /templates\.helpers\.upper: a function/,
    ],
  ])("refuses an exporter with %s", (_, change, message) => {
    const whole = { ...exporterOf(everything), templates };
    expect(() => checkPlugin({ name: "x", apiVersion: 1, exporters: [whole] }, "x")).not.toThrow();
    const refusal = () => checkPlugin({ name: "x", apiVersion: 1, exporters: [{ ...whole, ...change }] }, "x");
    expect(refusal).toThrow(expect.objectContaining({ code: "PLUGIN_INVALID" }));
    expect(refusal).toThrow(message);
  });

  it.each<[string, Record<string, unknown>]>([
    ["no media types", { accepts: undefined }],
    ["one media type", { accepts: "text/plain" }],
    ["an empty list", { accepts: [] }],
  ])("refuses a sink that accepts %s", (_, change) => {
    expect(() =>
      checkPlugin({ name: "x", apiVersion: 1, sinks: [{ ...sink, accepts: ["text/csv"] }] }, "x"),
    ).not.toThrow();
    expect(() => checkPlugin({ name: "x", apiVersion: 1, sinks: [{ ...sink, ...change }] }, "x")).toThrow(
      /sinks\.0\.accepts: "any" or a list of media types/,
    );
  });

  it("refuses one name for two exporters or sinks of a plugin", () => {
    const exporter = exporterOf(everything);
    expect(() => checkPlugin({ name: "x", apiVersion: 1, exporters: [exporter, exporter] }, "x")).toThrow(
      /exporters\.1\.name: the name "lines" is given twice/,
    );
    expect(() => checkPlugin({ name: "x", apiVersion: 1, sinks: [sink, sink] }, "x")).toThrow(
      /sinks\.1\.name: the name "memory" is given twice/,
    );
    expect(() => checkPlugin({ name: "x", apiVersion: 1, exporters: [exporter], sinks: [sink] }, "x")).not.toThrow();
  });

  it("turns a plugin that does not load into a problem", async () => {
    const loaded = await loadPlugins(["./nowhere.js"], import.meta.filename);
    expect(loaded).toEqual([{ plugin: "./nowhere.js", reason: expect.stringContaining("Cannot find module") }]);
  });
});
