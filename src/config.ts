/**
 * The configuration: `rulewright.yaml`, strict. defaults < file < environment < flags; this module reads the file and
 * knows the defaults, the command line adds the rest.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Document, parseDocument } from "yaml";
import { z } from "zod";
import { type Cadence, cronProblem } from "./cadence.ts";
import { absenceText } from "./config/absence.ts";
import { FeedConfig, Hash } from "./config/feed.ts";
import { RulewrightError } from "./errors.ts";
import { TLP_LEVELS } from "./model/indicator.ts";
import { nearest } from "./model/nearest.ts";
import { LOCAL_SIDS } from "./model/sid.ts";
import { SecretRef } from "./plugin.ts";
import { type HuntPolicies, huntPolicy } from "./policy/hunt-policies.ts";
import { HuntPolicy, Policy } from "./policy/policy.ts";

const DURATION = /^([1-9][0-9]{0,4})(m|h|d|w)$/;
const SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400, w: 604_800 };
/** `30m`, `12h`, `7d`, `2w` → seconds. */
const Duration = z
  .string()
  .regex(DURATION, "a duration such as 30m, 12h, 7d or 2w")
  .transform((text) => {
    const [, count, unit] = DURATION.exec(text) as unknown as [string, string, string];
    return Number(count) * (SECONDS[unit] as number);
  });

const Cron = z.string().superRefine((text, context) => {
  const problem = cronProblem(text);
  if (problem !== undefined) context.addIssue({ code: "custom", message: `not a cron expression: ${problem}` });
});

/** When `rulewright run` runs it. */
const cadence = (whenAbsent: string) => ({
  every: Duration.optional().describe(`How often rulewright run runs it, such as 15m, 1h or 1d; ${whenAbsent}`),
  cron: Cron.optional().describe('Instead of every: "minute hour day month weekday" in UTC, such as "30 6 * * 1-5"'),
});
const hasOneCadence = ({ every, cron }: { every?: number | undefined; cron?: string | undefined }): boolean =>
  every === undefined || cron === undefined;
const ONE_CADENCE = { error: "give every or cron, not both", path: ["cron"] };

/** What the config says of when something runs; undefined when it says nothing. */
export function cadenceOf({ every, cron }: Pick<HuntConfig, "every" | "cron">): Cadence | undefined {
  if (cron !== undefined) return { cron };
  return every === undefined ? undefined : { everySeconds: every };
}

export const VerifyConfig = z.strictObject({
  onFailure: z
    .enum(["refuse", "quarantine"])
    .default("refuse")
    .describe("When a rule fails: refuse the whole output, or set the rule apart and publish the rest"),
  enginePath: z.string().optional().describe("The engine's program; default by its name on the PATH"),
  engineRoot: z.string().optional().describe("Folder of unpacked packages with the engine and its libraries"),
  benign: z.string().optional().describe("Folder of captures of your own network, on which no rule may fire"),
  metadata: z.boolean().default(false).describe("Whether proven rules name the engine in their metadata"),
});

const ExportConfig = z.strictObject({
  exporter: z.string().optional().describe("Exporter by name; default: the name of this export"),
  format: z.string().optional().describe("One of the exporter's formats; default: its first"),
  options: z.record(z.string(), z.unknown()).default({}).describe("Options of the exporter, see its page"),
  where: z.string().optional().describe('Only these indicators, such as "type=domain|url confidence>=70"'),
  archive: z
    .boolean()
    .optional()
    .describe(
      "Whether an archive is written too (<export>.tar.gz and its .md5, Splunk's .spl); default: as the exporter says",
    ),
  check: z
    .string()
    .optional()
    .describe("Command that must succeed before the output is swapped; {path} is a folder with all the new files"),
  checkTimeoutSeconds: z.number().int().positive().optional().describe("How long the check and the reload may take"),
  verify: z
    .union([z.boolean(), VerifyConfig], {
      error: "true, false, or a map of onFailure, enginePath, engineRoot, benign and metadata",
    })
    .optional()
    .describe("Whether the real engine must prove the rules before the output is swapped, and how"),
  reload: z
    .string()
    .optional()
    .describe("Command to run after a swap, such as suricatasc -c reload-rules; when it fails, the swap is undone"),
  ...cadence("default whenever its inputs have changed, and once a day"),
});
export type ExportConfig = z.output<typeof ExportConfig>;

const VirusTotal = z.strictObject({
  apiKey: SecretRef.default({ env: "VT_API_KEY" }).describe("Where the key is: { env: NAME } or { file: PATH }"),
  baseUrl: z
    .url()
    .default("https://www.virustotal.com/api/v3")
    .describe("API to talk to; VT_BASE_URL in the environment wins"),
  user: z.string().optional().describe("Your user name at VirusTotal, to ask for the quota that is left"),
  perMinute: z
    .number()
    .int()
    .positive()
    .optional()
    .describe("Requests per minute over all processes; default no limit"),
  perDay: z.number().int().positive().optional().describe("Requests per UTC day"),
  perMonth: z.number().int().positive().optional().describe("Requests per UTC month"),
  concurrency: z.number().int().min(1).max(64).default(4).describe("Requests at a time"),
  caFile: z.string().optional().describe("Further certificate authorities, PEM"),
});

const SinkConfig = z.strictObject({
  sink: z.string().optional().describe("Sink by name; default: the name of this entry"),
  exports: z
    .array(z.string())
    .min(1)
    .describe("What it gets: exports of this config, or exporters, each with an optional :format"),
  maxTlp: z.enum(TLP_LEVELS).describe("Nothing above this level is sent there"),
  where: z.string().optional().describe("Of those, only these indicators"),
  folders: z
    .boolean()
    .default(true)
    .describe("Whether files go into a folder of their export's name; false only for a single export"),
  options: z.record(z.string(), z.unknown()).default({}).describe("Options of the sink, see its page"),
  caFile: z.string().optional().describe("Further certificate authorities, PEM"),
  certFile: z.string().optional().describe("Certificate to show to the target, PEM"),
  keyFile: z.string().optional().describe("Its private key, PEM; default: in certFile"),
  ...cadence("default whenever what it gets may have changed, and once a day"),
});
export type SinkConfig = z.output<typeof SinkConfig>;

const HuntConfig = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, "lower-case letters, digits, - and _"),
  query: z.string().min(1).optional().describe("VT Intelligence query, passed on verbatim; an fs: bound is added"),
  livehunt: z.string().optional().describe('Filter of Livehunt notifications; "" for all'),
  livehuntFrom: z
    .enum(["stream", "files", "notifications"])
    .default("stream")
    .describe("The IoC stream, or an older listing: hunting_notification_files or hunting_notifications"),
  retrohunt: z.string().optional().describe("Id of a finished Retrohunt job"),
  collection: z.string().optional().describe("Id of a collection"),
  hashes: z.array(Hash).optional().describe("Known files"),
  feed: FeedConfig.optional().describe("The file-behaviour feed, and which of its lines are wanted"),
  since: Duration.optional().describe("How far back the first run looks; default 7d, of a feed 3h"),
  limit: z.number().int().positive().default(300).describe("Samples per run at most"),
  order: z.string().default("first_submission_date+").describe("Order of the search"),
  family: z.string().optional().describe("Family of every sample"),
  labels: z.array(z.string()).default([]).describe("Labels of every indicator"),
  tlp: z.enum(TLP_LEVELS).optional().describe("TLP of every indicator; default the config's"),
  reports: z
    .enum(["each", "merged", "none"])
    .optional()
    .describe("One report per sandbox, the merged summary, or none; default each, of a feed none beside its own"),
  relationships: z
    .array(z.string().regex(/^[a-z_]+$/))
    .default(["contacted_domains", "contacted_ips", "contacted_urls"])
    .describe("Relationships of each file"),
  relatedAs: z
    .enum(["objects", "embedded"])
    .default("objects")
    .describe("Full objects with ranks and detections, or the bare values, which cost one request a sample or none"),
  maxRelated: z.number().int().positive().default(200).describe("Objects per relationship at most"),
  policy: HuntPolicy.optional().describe("Thresholds and lifetimes for what this hunt finds, instead of the config's"),
  ttl: Duration.prefault("30d").describe("A sample is not asked for again before this unless it changed"),
  ...cadence("default 1h"),
});
export type HuntConfig = z.output<typeof HuntConfig>;

export const Config = z.strictObject({
  store: z.string().default("sqlite:rulewright.db").describe("sqlite:PATH; RULEWRIGHT_STORE in the environment wins"),
  virustotal: VirusTotal.prefault({}).describe("Access to VirusTotal"),
  hunts: z
    .array(HuntConfig.refine(hasOneCadence, ONE_CADENCE))
    .default([])
    .describe("Named searches, run by rulewright hunt"),
  plugins: z
    .array(z.string())
    .default([])
    .describe("Plugin packages or files, resolved from this file; they run with your rights"),
  warningLists: z.string().optional().describe("Folder of a checkout of MISP's warning lists"),
  tlp: z.enum(TLP_LEVELS).default("amber").describe("TLP of every indicator"),
  sids: z
    .strictObject({
      first: z.number().int().min(1).max(4_294_967_295).default(LOCAL_SIDS.first),
      last: z.number().int().min(1).max(4_294_967_295).default(LOCAL_SIDS.last),
      reserved: z.array(z.string()).default([]).describe("Rule files, or folders, of others: their sids are not used"),
      adopt: z
        .array(z.string())
        .default([])
        .describe("Rule files, or folders, of an earlier release: rules that match the same keep their sids"),
    })
    .refine(({ first, last }) => first <= last, "first must not be above last")
    .prefault({})
    .describe("Sids of rules; the default range is the one for local rules"),
  policy: Policy.prefault({}).describe("Thresholds and lifetimes of the judge"),
  templates: z.string().default("templates").describe("Folder with your row templates, <exporter>/<row>.hbs"),
  exports: z
    .record(z.string().regex(/^[a-z][a-z0-9-]*$/), ExportConfig.refine(hasOneCadence, ONE_CADENCE))
    .default({})
    .describe("Exports by name; each writes into a folder of its name"),
  sinks: z
    .record(z.string().regex(/^[a-z][a-z0-9-]*$/), SinkConfig.refine(hasOneCadence, ONE_CADENCE))
    .default({})
    .describe("Where rulewright push sends exports, by name"),
});
export type Config = z.output<typeof Config>;

/** The policies of the hunts that have one of their own. */
export function huntPoliciesOf({ hunts, policy }: Pick<Config, "hunts" | "policy">): HuntPolicies {
  return new Map(hunts.flatMap(({ name, policy: own }) => (own ? [[name, huntPolicy(policy, own)] as const] : [])));
}

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

/** Throws CONFIG_INVALID with everything that the schema finds. */
export function parseConfig(text: string, file: string): Config {
  const document = parseDocument(text, { prettyErrors: true });
  const broken = document.errors[0];
  if (broken) throw new RulewrightError("CONFIG_INVALID", `${file}: ${broken.message.split("\n")[0]}`);
  const parsed = Config.safeParse(document.toJS() ?? {}, { error: absenceText });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => issueText(issue, key, document, text, file))
      : issueText(issue, undefined, document, text, file),
  );
  throw new RulewrightError("CONFIG_INVALID", `${problems.join(";\n  ")}. See: rulewright config schema`);
}

/** With file and line, and for an unknown key the nearest known one. */
function issueText(
  issue: z.core.$ZodIssue,
  unknown: string | undefined,
  document: Document,
  text: string,
  file: string,
): string {
  const path = [...issue.path, ...(unknown === undefined ? [] : [unknown])] as (string | number)[];
  const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined;
  const line = node?.range ? `:${text.slice(0, node.range[0]).split("\n").length}` : "";
  const message =
    unknown === undefined
      ? `${path.join(".")}: ${issue.message}`
      : `unknown key "${path.join(".")}"${nearest(unknown, knownKeys(issue.path as (string | number)[]))}`;
  return `${file}${line}: ${message}`;
}

/** Keys the schema has at a path, for "did you mean". */
function knownKeys(path: readonly (string | number)[]): string[] {
  let schema: unknown = z.toJSONSchema(Config, { io: "input" });
  for (const key of path) {
    const node = schema as { properties?: Record<string, unknown>; additionalProperties?: unknown; items?: unknown };
    schema = node.properties?.[String(key)] ?? node.additionalProperties ?? node.items;
  }
  return Object.keys((schema as { properties?: object } | undefined)?.properties ?? {});
}

/** JSON Schema of the config, for editors. */
export function configSchema(): object {
  return { title: "Rulewright configuration", ...z.toJSONSchema(Config, { io: "input" }) };
}
