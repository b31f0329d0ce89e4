/**
 * The configuration: `rulewright.yaml`, strict. defaults < file < environment < flags; this module reads the file and
 * knows the defaults, the command line adds the rest.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseDocument } from "yaml";
import { z } from "zod";
import { RulewrightError } from "./errors.ts";
import { TLP_LEVELS } from "./model/indicator.ts";
import { nearest } from "./model/nearest.ts";
import { Policy } from "./policy/policy.ts";

const ExportConfig = z.strictObject({
  exporter: z.string().optional().describe("Exporter by name; default: the name of this export"),
  format: z.string().optional().describe("One of the exporter's formats; default: its first"),
  options: z.record(z.string(), z.unknown()).default({}).describe("Options of the exporter, see its page"),
  where: z.string().optional().describe('Only these indicators, such as "type=domain|url confidence>=70"'),
  check: z
    .string()
    .optional()
    .describe("Command that must succeed before the output is swapped; {path} is the new output"),
  checkTimeoutSeconds: z.number().int().positive().optional().describe("How long the check may take"),
});
export type ExportConfig = z.output<typeof ExportConfig>;

export const Config = z.strictObject({
  plugins: z
    .array(z.string())
    .default([])
    .describe("Plugin packages or files, resolved from this file; they run with your rights"),
  warningLists: z.string().optional().describe("Folder of a checkout of MISP's warning lists"),
  tlp: z.enum(TLP_LEVELS).default("amber").describe("TLP of every indicator"),
  policy: Policy.prefault({}).describe("Thresholds and lifetimes of the judge"),
  templates: z.string().default("templates").describe("Folder with your row templates, <exporter>/<row>.hbs"),
  exports: z
    .record(z.string().regex(/^[a-z][a-z0-9-]*$/), ExportConfig)
    .default({})
    .describe("Exports by name; each writes into a folder of its name"),
});
export type Config = z.output<typeof Config>;

export interface LoadedConfig {
  readonly config: Config;
  /** Absolute path of the file, or of the one that would be read. */
  readonly file: string;
  readonly isPresent: boolean;
}

export const CONFIG_FILE = "rulewright.yaml";

/** `path` from `--config` or RULEWRIGHT_CONFIG must exist; `rulewright.yaml` in the folder is read when it is there. */
export function loadConfig(folder: string, path?: string): LoadedConfig {
  const file = resolve(folder, path ?? CONFIG_FILE);
  if (path === undefined && !existsSync(file)) return { config: Config.parse({}), file, isPresent: false };
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new RulewrightError(
      "CONFIG_UNREADABLE",
      `Cannot read the config ${file}: ${(cause as Error).message}. Make one: rulewright init`,
      { cause },
    );
  }
  const config = parseConfig(text, file);
  const warningLists =
    config.warningLists === undefined ? {} : { warningLists: resolve(dirname(file), config.warningLists) };
  return {
    config: { ...config, ...warningLists, templates: resolve(dirname(file), config.templates) },
    file,
    isPresent: true,
  };
}

/** Throws CONFIG_INVALID with file and line, and for an unknown key the nearest known one. */
export function parseConfig(text: string, file: string): Config {
  const document = parseDocument(text, { prettyErrors: true });
  const broken = document.errors[0];
  if (broken) throw new RulewrightError("CONFIG_INVALID", `${file}: ${broken.message.split("\n")[0]}`);
  const parsed = Config.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0] as z.core.$ZodIssue;
  const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const path = [...issue.path, ...(unknown === undefined ? [] : [unknown])] as (string | number)[];
  const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined;
  const line = node?.range ? `:${text.slice(0, node.range[0]).split("\n").length}` : "";
  const message =
    unknown === undefined
      ? `${path.join(".")}: ${issue.message}`
      : `unknown key "${path.join(".")}"${nearest(unknown, knownKeys(issue.path as (string | number)[]))}`;
  throw new RulewrightError("CONFIG_INVALID", `${file}${line}: ${message}. See: rulewright config schema`);
}

/** Keys the schema has at a path, for "did you mean". */
function knownKeys(path: readonly (string | number)[]): string[] {
  let schema: unknown = z.toJSONSchema(Config, { io: "input" });
  for (const key of path) {
    const node = schema as { properties?: Record<string, unknown>; additionalProperties?: unknown };
    schema = node.properties?.[String(key)] ?? node.additionalProperties;
  }
  return Object.keys((schema as { properties?: object } | undefined)?.properties ?? {});
}

/** JSON Schema of the config, for editors. */
export function configSchema(): object {
  return { title: "Rulewright configuration", ...z.toJSONSchema(Config, { io: "input" }) };
}
