/** `rulewright templates list|eject|check`: the row templates, your copies of them, and whether those still work. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { App } from "../app.ts";
import { EXIT, RulewrightError } from "../errors.ts";
import { compileTemplates, readTemplates } from "../export/templates.ts";
import { sha256 } from "../model/ids.ts";
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

/** Copies the built-in templates of an exporter beside the config; existing files are left alone. */
export async function ejectTemplates(app: App, output: Output, name: string): Promise<number> {
  for (const { templates } of templated(app, [name])) {
    const folder = join(app.loaded.config.templates, name);
    mkdirSync(folder, { recursive: true });
    for (const { row, text } of readTemplates(templates)) {
      const file = join(folder, `${row}.hbs`);
      if (existsSync(file)) output.say(`${file} exists and was left alone.\n`);
      else {
        writeFileSync(file, `{{!-- from ${name} ${row}, original ${sha256(text).slice(0, 16)} --}}${text}`);
        output.say(`Wrote ${file}.\n`);
      }
    }
  }
  return EXIT.done;
}

/** Compiles every template and renders each with its sample row; says which of yours have fallen behind. */
export async function checkTemplates(app: App, output: Output, names: readonly string[]): Promise<number> {
  for (const { name, templates } of templated(app, names)) {
    const sources = sourcesOf(app, name, templates);
    const compiled = compileTemplates(templates, sources);
    for (const { row, file, isOverride } of sources) {
      compiled[row]?.(templates.rows[row]?.sample ?? {});
      const original = isOverride
        ? /^\{\{!-- from \S+ \S+ original ([0-9a-f]{16}) --\}\}/.exec(
            readFileSync(file, "utf8").replace(", original", " original"),
          )?.[1]
        : undefined;
      const current = sha256(readTemplates(templates).find((source) => source.row === row)?.text ?? "").slice(0, 16);
      const note = original && original !== current ? "; the built-in one has changed since you ejected it" : "";
      await output.print(`${name}/${row}.hbs  ok${isOverride ? ` (yours${note})` : ""}\n`);
    }
  }
  return EXIT.done;
}

function sourcesOf(app: App, name: string, templates: TemplateSet) {
  return readTemplates(templates, [join(app.loaded.config.templates, name)]);
}
