/**
 * Row templates: one small template per row, in Handlebars' syntax and read by its parser. `{{x}}` is escaped for the
 * target format, `{{{x}}}` is not. Allowed are fields and helpers of the exporter's tables, `if`, `unless`, `each`,
 * `this` and comments; anything else is an error with file, line and column when the template loads.
 *
 * What is left of the language is rendered by a function for each piece of the template: Handlebars' own runtime takes
 * three times as long a row, for partials, decorators and inherited helpers that no template here may use. This module
 * does not render whole files: one template per file needs the whole output in memory.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import Handlebars from "handlebars";
import { RulewrightError } from "../errors.ts";
import type { RowTemplate, TemplateSet } from "../plugin.ts";
import { compileRow } from "./row-template.ts";

export interface TemplateSource {
  readonly row: string;
  readonly file: string;
  readonly text: string;
  readonly isOverride: boolean;
}

/**
 * The template texts of one exporter: the first of `overrideDirs` that has `<row>.hbs` wins, whole file. The built-in
 * folder overrides nothing: in a checkout it lies where an operator's would.
 */
export function readTemplates(set: TemplateSet, overrideDirs: readonly string[] = []): TemplateSource[] {
  const builtIn = fileURLToPath(set.dir);
  const dirs = overrideDirs.filter((dir) => relative(builtIn, dir) !== "");
  return Object.keys(set.rows).map((row) => {
    const override = dirs.map((dir) => join(dir, `${row}.hbs`)).find((file) => existsSync(file));
    const file = override ?? join(builtIn, `${row}.hbs`);
    return { row, file, text: readTemplate(file), isOverride: override !== undefined };
  });
}

function readTemplate(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new RulewrightError("TEMPLATE_UNREADABLE", `Cannot read the template ${file}: ${(cause as Error).message}.`, {
      cause,
    });
  }
}

/** Row name → renderer. Throws TEMPLATE_INVALID with file, line and column. */
export function compileTemplates(set: TemplateSet, sources: readonly TemplateSource[]): Record<string, RowTemplate> {
  const compiled: Record<string, RowTemplate> = {};
  for (const source of sources) compiled[source.row] = compileTemplate(set, source);
  return compiled;
}

function compileTemplate(set: TemplateSet, { file, text }: TemplateSource): RowTemplate {
  const fail = (line: number, column: number, message: string): never => {
    throw new RulewrightError("TEMPLATE_INVALID", `${file}:${line}:${column + 1}: ${message}`);
  };
  let program: hbs.AST.Program;
  try {
    program = Handlebars.parse(text);
  } catch (cause) {
    const line = /on line (\d+)/.exec((cause as Error).message)?.[1] ?? "1";
    return fail(Number(line), 0, (cause as Error).message.split("\n").join(" "));
  }
  const render = compileRow(program, set, fail);
  const guarded =
    <T>(of: (item: T) => string) =>
    (item: T): string => {
      try {
        return of(item);
      } catch (cause) {
        throw new RulewrightError("TEMPLATE_ROW", `${file}: ${(cause as Error).message}`, { cause });
      }
    };
  const over: RowTemplate["over"] = (readers) =>
    guarded(compileRow(program, set, fail, readers as Record<string, (scope: unknown) => unknown>));
  return Object.assign(guarded<Readonly<Record<string, unknown>>>(render), { over });
}
