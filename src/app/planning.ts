/** From the names of exports to what runs them. */
import { join } from "node:path";
import type { App } from "../app.ts";
import { absenceText, isAbsent } from "../config/absence.ts";
import { RulewrightError } from "../errors.ts";
import { readFiles } from "../export/manifest.ts";
import type { ExportJob } from "../export/pipeline.ts";
import { NO_PREVIOUS_OUTPUT, previousOutput } from "../export/previous.ts";
import { compileTemplates, readTemplates } from "../export/templates.ts";
import { nearest } from "../model/nearest.ts";
import type { Exporter } from "../plugin.ts";
import { everyOf, type Where } from "../policy/where.ts";
import { gateOf, type VerifyGate } from "./gate.ts";

/** What is exported when nothing is named. */
export const DEFAULT_EXPORTS: readonly string[] = ["suricata", "snort", "stix", "misp", "csv", "splunk"];

export interface PlannedExport {
  readonly job: ExportJob;
  /** The proof it has to pass before its swap. */
  readonly gate?: VerifyGate;
  readonly where?: Where;
  /** The folder and the export, for what the store remembers of it; absent for a filter of this run alone. */
  readonly place?: string;
}

/**
 * Everything an export needs, checked before any report is read: exporter, format, options, templates, filter.
 * `names` are exports of the config, exporters, or either with `:format`; without a folder the one export goes to
 * standard output.
 */
export function planExports(
  app: App,
  names: readonly string[],
  folder: string | undefined,
  filter?: string,
  /** Whether rules are proven even where the config does not ask for it. */
  isVerified = false,
): PlannedExport[] {
  if (folder === undefined && names.length !== 1)
    throw new RulewrightError("USAGE", "Standard output takes one export. Name it: --to csv:jsonl --out -");
  const previous = folder === undefined ? undefined : readFiles(folder);
  const seen = new Set<string>();
  return names.map((spec) => {
    const [name = ""] = spec.split(":");
    if (seen.has(name))
      throw new RulewrightError(
        "USAGE",
        `The export ${name} is named twice. Name each once: rulewright generate --help`,
      );
    seen.add(name);
    const config = app.loaded.config.exports[name];
    const rendering = planRendering(app, spec);
    const sink = app.registry.sink(folder === undefined ? "stdout" : "file");
    const sinkOptions = sink.options.parse({
      ...(folder === undefined ? {} : { path: join(folder, name) }),
      ...(config?.check ? { check: config.check } : {}),
      ...(config?.reload ? { reload: config.reload } : {}),
      ...(config?.checkTimeoutSeconds ? { checkTimeoutSeconds: config.checkTimeoutSeconds } : {}),
    });
    const gate = folder === undefined ? undefined : gateOf(app, rendering, isVerified);
    const where = everyOf([
      { place: `exports.${name}.where`, text: config?.where },
      { place: "--where", text: filter },
    ]);
    return {
      ...(gate ? { gate } : {}),
      job: {
        ...rendering,
        archive: folder !== undefined && rendering.archive,
        sink,
        sinkOptions,
        previous:
          folder === undefined
            ? NO_PREVIOUS_OUTPUT
            : previousOutput(
                join(folder, name),
                previous?.find((own) => own.name === name)?.files.map(({ path }) => path) ?? [],
              ),
      },
      ...(where ? { where } : {}),
      ...(folder === undefined || filter !== undefined ? {} : { place: join(folder, name) }),
    };
  });
}

/** The part of an export that makes its bytes, wherever they go. `spec` is an export or an exporter, with `:format`. */
export function planRendering(
  app: App,
  spec: string,
): Pick<ExportJob, "name" | "exporter" | "format" | "options" | "templates" | "archive"> {
  const [name = "", formatFlag] = spec.split(":");
  const config = app.loaded.config.exports[name];
  const exporter = app.registry.exporter(config?.exporter ?? name);
  const format = formatOf(exporter, formatFlag ?? config?.format);
  return {
    name,
    exporter,
    format,
    archive: config?.archive ?? exporter.archive ?? exporter.formats[format]?.folderArchive !== undefined,
    options: optionsOf(`exports.${name}.options`, exporter, config?.options ?? {}, "exporters"),
    templates: templatesOf(app, exporter),
  };
}

/** The operator's templates, and a word that they are in use: a folder of that name may lie about by chance. */
function templatesOf(app: App, { name, templates }: Exporter): ExportJob["templates"] {
  if (!templates) return {};
  const folder = join(app.loaded.config.templates, name);
  const sources = readTemplates(templates, [folder]);
  const own = sources.filter(({ isOverride }) => isOverride).map(({ row }) => row);
  if (own.length > 0) app.log.info(`${name}: your templates ${own.join(", ")} from ${folder}`);
  return compileTemplates(templates, sources);
}

function formatOf(exporter: Exporter, wanted: string | undefined): string {
  const formats = Object.keys(exporter.formats);
  if (wanted === undefined) return formats[0] as string;
  if (!Object.hasOwn(exporter.formats, wanted)) {
    throw new RulewrightError(
      "FORMAT_UNKNOWN",
      `${exporter.name} has no format "${wanted}"${nearest(wanted, formats)}; it has: ${formats.join(", ")}.`,
    );
  }
  return wanted;
}

/** Throws OPTION_INVALID; `place` is where they stand in the config. */
export function optionsOf(
  place: string,
  { name, options }: Pick<Exporter, "name" | "options">,
  given: Readonly<Record<string, unknown>>,
  page: "exporters" | "sinks",
): Record<string, unknown> {
  const known = Object.keys(options.shape);
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new RulewrightError(
      "OPTION_INVALID",
      `${place}: ${name} has no option "${unknown}"${nearest(unknown, known)}; it has: ${known.join(", ") || "none"}.`,
    );
  }
  const parsed = options.safeParse(given, { error: absenceText });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new RulewrightError(
    "OPTION_INVALID",
    `${place}.${issue?.path.join(".")}: ${issue && isAbsent(issue, given) ? `required: ${issue.message}` : issue?.message}. See docs/${page}/${name}.md.`,
  );
}
