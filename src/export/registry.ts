/**
 * The registry: built-in plugins and those the config names, by exporter and sink name. Nothing is scanned. A plugin
 * that fails to load is remembered and stops only the exports that need it.
 */
import { createRequire, registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { RulewrightError } from "../errors.ts";
import { nearest } from "../model/nearest.ts";
import { OBSERVABLE_TYPES, type ObservableType } from "../model/observable.ts";
import { type Exporter, PLUGIN_API_VERSION, type Plugin, type Sink } from "../plugin.ts";

export interface PluginProblem {
  readonly plugin: string;
  readonly reason: string;
}

export interface Registry {
  readonly plugins: readonly Plugin[];
  readonly problems: readonly PluginProblem[];
  /** Throws EXPORTER_UNKNOWN and names the nearest, and the plugins that failed to load. */
  exporter(name: string): Exporter;
  /** Throws SINK_UNKNOWN likewise. */
  sink(name: string): Sink;
  readonly exporters: readonly Exporter[];
  readonly sinks: readonly Sink[];
}

const Name = z.string().regex(/^[a-z][a-z0-9-]*$/, "lower-case letters, digits and dashes");
const Text = z.string().min(1, "a text");

function method(what: string) {
  return z.custom<unknown>((value) => typeof value === "function", what);
}

// Not instanceof: a plugin may bring its own zod, and a test runner its own globals.
const Options = z.custom<unknown>((value) => {
  const { shape, safeParse } = (value ?? {}) as Partial<z.ZodObject>;
  return typeof safeParse === "function" && typeof shape === "object" && shape !== null;
}, "a zod object");

const Folder = z.custom<unknown>(
  (value) => (value as URL | undefined)?.protocol === "file:" && (value as URL).pathname.endsWith("/"),
  'the URL of a folder, such as new URL("./templates/", import.meta.url)',
);

const Accepts = z
  .array(
    z.string().refine((type) => OBSERVABLE_TYPES.includes(type as ObservableType), {
      error: ({ input }) => `no observable type "${input}"${nearest(String(input), OBSERVABLE_TYPES)}`,
    }),
  )
  .min(1, "at least one observable type");

const MEDIA_TYPES = '"any" or a list of media types';

const Templates = z.object({
  dir: Folder,
  rows: z.record(Name, z.object({ description: z.string(), sample: z.record(z.string(), z.unknown()) })),
  escape: method("a function from a value to its text"),
  helpers: z.record(z.string(), method("a function of one argument")).optional(),
  fields: z.record(z.string(), z.string()),
});

/** Adds an issue for each name that an earlier entry of the list has. */
function uniqueNames(entries: readonly { readonly name: string }[], context: z.RefinementCtx): void {
  for (const [index, { name }] of entries.entries()) {
    if (entries.findIndex((other) => other.name === name) === index) continue;
    context.addIssue({ code: "custom", path: [index, "name"], message: `the name "${name}" is given twice` });
  }
}

const FormatShape = z.object({
  description: z.string(),
  mediaType: z.string(),
  folderArchive: z
    .string()
    .regex(/^(?:\.[a-z0-9]+)+$/, "a suffix, such as .spl")
    .optional(),
});

const Shape = z.object({
  name: Text,
  apiVersion: z.literal(PLUGIN_API_VERSION),
  exporters: z
    .array(
      z.object({
        name: Name,
        description: Text,
        options: Options,
        accepts: Accepts,
        formats: z
          .record(Name, FormatShape)
          .refine((formats) => Object.keys(formats).length > 0, "at least one format"),
        templates: Templates.optional(),
        tombstones: z.boolean().optional(),
        render: method("a function from indicators to chunks"),
      }),
    )
    .superRefine(uniqueNames)
    .optional(),
  sinks: z
    .array(
      z.object({
        name: Name,
        description: Text,
        options: Options,
        accepts: z.union([z.literal("any"), z.array(Text).nonempty(MEDIA_TYPES)], { error: MEDIA_TYPES }),
        publish: method("a function that takes chunks"),
      }),
    )
    .superRefine(uniqueNames)
    .optional(),
});

/** Checks what a plugin module exports. Throws PLUGIN_INVALID. */
export function checkPlugin(candidate: unknown, from: string): Plugin {
  // First: a plugin for another version may look different.
  const { apiVersion } = (candidate ?? {}) as Partial<Plugin>;
  if (apiVersion !== undefined && apiVersion !== PLUGIN_API_VERSION) {
    throw new RulewrightError(
      "PLUGIN_INVALID",
      `The plugin ${from} is for plugin API ${String(apiVersion)}; this Rulewright speaks ${PLUGIN_API_VERSION}. Install a version of either that fits.`,
    );
  }
  const issue = Shape.safeParse(candidate).error?.issues[0];
  if (issue) {
    throw new RulewrightError(
      "PLUGIN_INVALID",
      issue.path.length > 0
        ? `The plugin ${from} is not sound: ${issue.path.join(".")}: ${issue.message}. Tell its author: docs/plugins.md has the contract.`
        : `The plugin ${from} is not one: ${issue.message}. Its default export must be made by definePlugin.`,
    );
  }
  return candidate as Plugin;
}

/** Built-ins first; a name that is taken refuses the later plugin. */
export function createRegistry(builtIn: readonly Plugin[], loaded: readonly (Plugin | PluginProblem)[] = []): Registry {
  const plugins: Plugin[] = [];
  const problems: PluginProblem[] = [];
  const exporters = new Map<string, Exporter>();
  const sinks = new Map<string, Sink>();
  for (const entry of [...builtIn, ...loaded]) {
    if ("reason" in entry) {
      problems.push(entry);
      continue;
    }
    const taken = [
      ...(entry.exporters ?? []).filter(({ name }) => exporters.has(name)),
      ...(entry.sinks ?? []).filter(({ name }) => sinks.has(name)),
    ][0];
    if (taken) {
      problems.push({ plugin: entry.name, reason: `the name "${taken.name}" is taken by another plugin` });
      continue;
    }
    plugins.push(entry);
    for (const exporter of entry.exporters ?? []) exporters.set(exporter.name, exporter);
    for (const sink of entry.sinks ?? []) sinks.set(sink.name, sink);
  }
  const find = <T>(
    code: "EXPORTER_UNKNOWN" | "SINK_UNKNOWN",
    kind: string,
    known: ReadonlyMap<string, T>,
    name: string,
  ): T => {
    const found = known.get(name);
    if (found) return found;
    const failed = problems.map(({ plugin, reason }) => ` The plugin ${plugin} did not load: ${reason}.`).join("");
    throw new RulewrightError(
      code,
      `There is no ${kind} "${name}"${nearest(name, [...known.keys()])}.${failed} See them all: rulewright plugins`,
    );
  };
  return {
    plugins,
    problems,
    exporter: (name) => find("EXPORTER_UNKNOWN", "exporter", exporters, name),
    sink: (name) => find("SINK_UNKNOWN", "sink", sinks, name),
    exporters: [...exporters.values()],
    sinks: [...sinks.values()],
  };
}

/** Loads the plugins a config names, resolved from the config file. Never throws: a failure becomes a problem. */
export async function loadPlugins(
  specifiers: readonly string[],
  configFile: string,
): Promise<(Plugin | PluginProblem)[]> {
  if (specifiers.length === 0) return [];
  serveOwnModules();
  const resolver = createRequire(configFile);
  return Promise.all(
    specifiers.map(async (specifier) => {
      try {
        // Packages that export only `import` are not found without naming the conditions.
        const file = resolver.resolve(specifier, { conditions: new Set(["import", "node", "default"]) } as never);
        const module = (await import(pathToFileURL(file).href)) as { default?: unknown };
        return checkPlugin(module.default, specifier);
      } catch (error) {
        const { message } = error as Error;
        return { plugin: specifier, reason: (message.split("\n")[0] ?? message).replace(/\.$/, "") };
      }
    }),
  );
}

let isServing = false;

/**
 * Plugins import `rulewright/plugin` wherever they lie; give them this very module, so that there is one contract and
 * one zod, whether we run from a checkout, globally or beside them.
 */
function serveOwnModules(): void {
  if (isServing) return;
  isServing = true;
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const own: Readonly<Record<string, string>> = {
    "rulewright/plugin": new URL(`../plugin.${extension}`, import.meta.url).href,
    "rulewright/testing": new URL(`../testing.${extension}`, import.meta.url).href,
  };
  registerHooks({
    resolve: (specifier, context, next) =>
      Object.hasOwn(own, specifier) ? { url: own[specifier] as string, shortCircuit: true } : next(specifier, context),
  });
}
