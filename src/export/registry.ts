/**
 * The registry: built-in plugins and those the config names, by exporter and sink name. Nothing is scanned. A plugin
 * that fails to load is remembered and stops only the exports that need it.
 */
import { createRequire, registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { RulewrightError } from "../errors.ts";
import { nearest } from "../model/nearest.ts";
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
  sink(name: string): Sink;
  readonly exporters: readonly Exporter[];
  readonly sinks: readonly Sink[];
}

const Name = z.string().regex(/^[a-z][a-z0-9-]*$/, "lower-case letters, digits and dashes");
const isFunction = z.custom<unknown>((value) => typeof value === "function", "a function");
const isSchema = z.custom<unknown>(
  (value) => typeof (value as { safeParse?: unknown })?.safeParse === "function",
  "a zod object",
);
const Shape = z.object({
  name: z.string().min(1),
  apiVersion: z.unknown(),
  exporters: z
    .array(
      z.object({
        name: Name,
        description: z.string().min(1),
        options: isSchema,
        accepts: z.array(z.string()).min(1),
        formats: z
          .record(Name, z.object({ description: z.string(), mediaType: z.string() }))
          .refine((formats) => Object.keys(formats).length > 0, "at least one format"),
        render: isFunction,
      }),
    )
    .optional(),
  sinks: z
    .array(z.object({ name: Name, description: z.string().min(1), options: isSchema, publish: isFunction }))
    .optional(),
});

/** Checks what a plugin module exports. Throws PLUGIN_INVALID. */
export function checkPlugin(candidate: unknown, from: string): Plugin {
  const parsed = Shape.safeParse(candidate);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new RulewrightError(
      "PLUGIN_INVALID",
      `The plugin ${from} is not one: ${issue?.path.join(".") || "default export"}: ${issue?.message}. Its default export must be made by definePlugin.`,
    );
  }
  if (parsed.data.apiVersion !== PLUGIN_API_VERSION) {
    throw new RulewrightError(
      "PLUGIN_INVALID",
      `The plugin ${from} is for plugin API ${String(parsed.data.apiVersion)}; this Rulewright speaks ${PLUGIN_API_VERSION}. Install a version of either that fits.`,
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
  const find = <T>(kind: string, known: ReadonlyMap<string, T>, name: string): T => {
    const found = known.get(name);
    if (found) return found;
    const failed = problems.map(({ plugin, reason }) => ` The plugin ${plugin} did not load: ${reason}.`).join("");
    throw new RulewrightError(
      "EXPORTER_UNKNOWN",
      `There is no ${kind} "${name}"${nearest(name, [...known.keys()])}.${failed} See them all: rulewright plugins`,
    );
  };
  return {
    plugins,
    problems,
    exporter: (name) => find("exporter", exporters, name),
    sink: (name) => find("sink", sinks, name),
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
