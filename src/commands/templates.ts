/** `rulewright templates list|eject|check`: the row templates, your copies of them, and whether those still work. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { App } from "../app.ts";
import { EXIT, RulewrightError } from "../errors.ts";
import { compileTemplates, readTemplates } from "../export/templates.ts";
import { sha256 } from "../model/ids.ts";
import { plainText } from "../model/text.ts";
import type { Exporter, TemplateSet } from "../plugin.ts";
import type { Output } from "./output.ts";

type Templated = Exporter & { readonly templates: TemplateSet };

function templated(app: App, names: readonly string[]): Templated[] {
  const exporters = names.length > 0 ? names.map((name) => app.registry.exporter(name)) : app.registry.exporters;
  const has = exporters.filter((exporter): exporter is Templated => exporter.templates !== undefined);
  const without = names.find((name) => !has.some((exporter) => exporter.name === name));
  if (without)
    throw new RulewrightError("USAGE", `${without} has no templates. See which do: rulewright templates list`);
  return has;
}

export async function listTemplates(app: App, output: Output, names: readonly string[]): Promise<number> {
  for (const { name, templates } of templated(app, names)) {
    for (const { row, isOverride } of sourcesOf(app, name, templates)) {
      await output.print(
        `${name}/${row}.hbs  ${templates.rows[row]?.description ?? ""}${isOverride ? "  (yours)" : ""}\n`,
      );
    }
    const fields = Object.entries(templates.fields).map(([field, meaning]) => `  {{${field}}}  ${meaning}\n`);
    const helpers = Object.keys(templates.helpers ?? {}).map((helper) => `  {{${helper} field}}\n`);
    await output.print(`${fields.join("")}${helpers.join("")}`);
  }
  return EXIT.done;
}

/** First thing in an ejected template, with the digest of what it was copied from. */
const ORIGIN_OPEN = "{{!-- from the built-in template ";
const ORIGIN = /^\{\{!-- from the built-in template ([0-9a-f]{16}) --\}\}/;

function digest(text: string): string {
  return sha256(text).slice(0, 16);
}

/** Copies the built-in templates of an exporter beside the config; existing files are left alone. */
export async function ejectTemplates(app: App, output: Output, name: string): Promise<number> {
  for (const { templates } of templated(app, [name])) {
    const folder = join(app.loaded.config.templates, name);
    for (const { row, text } of readTemplates(templates)) {
      const file = join(folder, `${row}.hbs`);
      if (existsSync(file)) {
        output.say(`${file} exists and was left alone.\n`);
        continue;
      }
      try {
        mkdirSync(folder, { recursive: true });
        writeFileSync(file, `${ORIGIN_OPEN}${digest(text)} --}}${text}`);
      } catch (cause) {
        throw new RulewrightError("USAGE", `Cannot write ${file}: ${(cause as Error).message}.`, { cause });
      }
      output.say(`Wrote ${file}.\n`);
    }
  }
  return EXIT.done;
}

/** Compiles every template and renders each with its sample row; says which of yours have fallen behind. */
export async function checkTemplates(app: App, output: Output, names: readonly string[]): Promise<number> {
  let isSound = true;
  for (const { name, templates } of templated(app, names)) {
    const originals = new Map(readTemplates(templates).map(({ row, text }) => [row, digest(text)]));
    for (const source of sourcesOf(app, name, templates)) {
      const fault = faultOf(templates, source);
      if (fault) {
        isSound = false;
        output.say(`error: ${plainText(fault.message)} [${fault.code}]\n`);
        continue;
      }
      const ejectedFrom = ORIGIN.exec(source.text)?.[1];
      const isBehind = ejectedFrom !== undefined && ejectedFrom !== originals.get(source.row);
      const own = source.isOverride
        ? ` (yours${isBehind ? "; the built-in one has changed since you ejected it" : ""})`
        : "";
      await output.print(`${name}/${source.row}.hbs  ok${own}\n`);
    }
  }
  return isSound ? EXIT.done : EXIT.usage;
}

/** Why a template cannot be used, or undefined. */
function faultOf(templates: TemplateSet, source: ReturnType<typeof sourcesOf>[number]): RulewrightError | undefined {
  try {
    compileTemplates(templates, [source])[source.row]?.(templates.rows[source.row]?.sample ?? {});
    return undefined;
  } catch (error) {
    if (error instanceof RulewrightError) return error;
    throw error;
  }
}

function sourcesOf(app: App, name: string, templates: TemplateSet) {
  return readTemplates(templates, [join(app.loaded.config.templates, name)]);
}
