/** The layers: imports go one way. Reads the import statements of every module and fails on a breach. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { plugins } from "../../plugins/index.ts";
import { root } from "../support/cli.ts";

function sources(folder: string): string[] {
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = `${folder}/${name}`;
    return statSync(join(root, path)).isDirectory() ? sources(path) : path.endsWith(".ts") ? [path] : [];
  });
}

/** Relative imports of a file, as paths from the root. */
function importsOf(file: string, text = readFileSync(join(root, file), "utf8")): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map(([, path]) =>
    relative(root, resolve(root, dirname(file), path as string)),
  );
}

/** The layer a module belongs to. */
function layerOf(file: string): string {
  const [top, second = ""] = file.split("/");
  if (top === "plugins") return second === "index.ts" ? "plugin list" : "plugins";
  return second.replace(/\.ts$/, "");
}

/** Layer → layers it may import. Types of the store's port are facts that policy judges. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  model: [],
  errors: [],
  plugin: ["model"],
  plugins: ["plugin"],
  "plugin list": ["plugins", "plugin"],
  net: ["model", "errors", "plugin"],
  vt: ["model", "errors", "net", "plugin", "version"],
  collect: ["model", "vt"],
  enrich: ["model", "errors"],
  store: ["model", "errors", "plugin"],
  policy: ["model", "errors", "enrich", "store"],
  export: ["model", "errors", "plugin"],
  verify: ["model", "errors", "plugin"],
  backtest: ["model", "errors", "store", "verify"],
  hunt: ["model", "errors", "plugin", "vt", "collect", "store"],
  pivot: ["model", "errors", "vt", "enrich"],
  emulator: ["model", "errors", "plugin"],
  testing: ["model", "errors", "net", "plugin", "export", "emulator"],
  log: ["plugin"],
  cadence: [],
  config: ["model", "errors", "plugin", "policy", "cadence"],
  version: [],
  worker: [
    "app",
    "cadence",
    "config",
    "errors",
    "export",
    "hunt",
    "model",
    "plugin",
    "policy",
    "store",
    "version",
    "vt",
  ],
  app: [
    "model",
    "errors",
    "plugin",
    "plugin list",
    "net",
    "vt",
    "collect",
    "enrich",
    "store",
    "policy",
    "export",
    "verify",
    "hunt",
    "config",
    "log",
    "version",
  ],
  commands: [
    "app",
    "model",
    "errors",
    "plugin",
    "config",
    "export",
    "policy",
    "store",
    "backtest",
    "hunt",
    "pivot",
    "emulator",
    "verify",
    "vt",
    "version",
    "worker",
  ],
  index: ["app", "model", "plugin", "errors", "config", "store"],
  cli: ["app", "commands", "errors", "log", "model", "policy", "verify", "version"],
};

function breaches(file: string, imports: readonly string[]): string[] {
  const layer = layerOf(file);
  return imports
    .filter((target) => {
      if (layer === "plugins" && target.startsWith("plugins/"))
        return target.split("/")[1] !== file.split("/")[1] && target.split("/")[1] !== "shared";
      return layerOf(target) !== layer && !ALLOWED[layer]?.includes(layerOf(target));
    })
    .map((target) => `${file} → ${target}`);
}

describe("layers", () => {
  const files = [...sources("src"), ...sources("plugins")];

  it("has every module in a known layer", () => {
    expect(files.length).toBeGreaterThan(60);
    expect(files.filter((file) => ALLOWED[layerOf(file)] === undefined)).toEqual([]);
  });

  it("imports one way", () => {
    expect(files.flatMap((file) => breaches(file, importsOf(file)))).toEqual([]);
  });

  it("would see a breach", () => {
    expect(breaches("src/model/x.ts", importsOf("src/model/x.ts", 'import { a } from "../store/store.ts";'))).toEqual([
      "src/model/x.ts → src/store/store.ts",
    ]);
    expect(
      breaches("plugins/csv/x.ts", importsOf("plugins/csv/x.ts", 'import type { A } from "../../src/app.ts";')),
    ).toEqual(["plugins/csv/x.ts → src/app.ts"]);
    expect(breaches("plugins/csv/x.ts", importsOf("plugins/csv/x.ts", 'await import("../stix/index.ts")'))).toEqual([
      "plugins/csv/x.ts → plugins/stix/index.ts",
    ]);
  });

  it("brings no library into the model but what canonical forms need", () => {
    const foreign = sources("src/model").flatMap((file) =>
      [...readFileSync(join(root, file), "utf8").matchAll(/from "([^.][^"]*)"/g)].map(([, name]) => name),
    );
    expect(new Set(foreign)).toEqual(new Set(["node:crypto", "node:url", "ipaddr.js"]));
  });
});

describe("built-in plugins", () => {
  it("are listed by hand, and the list matches the folders", () => {
    const folders = readdirSync(join(root, "plugins"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== "shared")
      .map(({ name }) => name);
    // An exporter and the sink that delivers its output may share a name and a folder.
    const listed = new Set(
      plugins.flatMap(({ exporters = [], sinks = [] }) => [...exporters, ...sinks].map(({ name }) => name)),
    );
    expect([...listed].sort()).toEqual(folders.sort());
  });

  it("have a docs page each", () => {
    for (const { exporters = [], sinks = [] } of plugins) {
      for (const { name } of exporters)
        expect(statSync(join(root, `docs/exporters/${name}.md`)).size).toBeGreaterThan(500);
      for (const { name } of sinks) expect(statSync(join(root, `docs/sinks/${name}.md`)).size).toBeGreaterThan(200);
    }
  });
});
