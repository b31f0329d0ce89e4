/**
 * Row templates: Handlebars, one small template per row. `{{x}}` is escaped for the target format, `{{{x}}}` is not.
 * Allowed are fields and helpers of the exporter's tables, `if`, `unless`, `each`, `this` and comments; anything else
 * is an error with file, line and column when the template loads.
 *
 * This module does not render whole files: one template per file needs the whole output in memory.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Handlebars from "handlebars";
import { RulewrightError } from "../errors.ts";
import type { RowTemplate, TemplateSet } from "../plugin.ts";

const ESCAPE_HELPER = "rulewrightEscape";
const RAW_HELPER = "rulewrightRaw";
const BLOCKS = new Set(["if", "unless", "each"]);

export interface TemplateSource {
  readonly row: string;
  readonly file: string;
  readonly text: string;
  readonly isOverride: boolean;
}

/** The template texts of one exporter: the first of `overrideDirs` that has `<row>.hbs` wins, whole file. */
export function readTemplates(set: TemplateSet, overrideDirs: readonly string[] = []): TemplateSource[] {
  const builtIn = fileURLToPath(set.dir);
  return Object.keys(set.rows).map((row) => {
    const override = overrideDirs.map((dir) => join(dir, `${row}.hbs`)).find((file) => existsSync(file));
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
  rewrite(program, set, fail);

  const handlebars = Handlebars.create();
  const present = (value: unknown): unknown => {
    if (value === undefined || value === null) throw new TypeError("a field it prints is missing");
    return value;
  };
  handlebars.registerHelper(ESCAPE_HELPER, (value: unknown) => set.escape(present(value)));
  handlebars.registerHelper(RAW_HELPER, (value: unknown) => String(present(value)));
  for (const [name, helper] of Object.entries(set.helpers ?? {})) {
    handlebars.registerHelper(name, (value: unknown) => helper(present(value)));
  }
  const knownHelpers = Object.fromEntries(
    [ESCAPE_HELPER, RAW_HELPER, ...Object.keys(set.helpers ?? {})].map((name) => [name, true]),
  );
  const options = { noEscape: true, knownHelpersOnly: true, knownHelpers, strict: true, data: false } as const;
  // compile() is lazy: precompile now, so that an error shows when the template loads and not at the first row.
  try {
    handlebars.precompile(program, options);
  } catch (cause) {
    return fail(1, 0, (cause as Error).message);
  }
  const render = handlebars.compile(program, options);
  const settings = rowSettings(handlebars);
  return (row) => {
    try {
      return render(row, settings);
    } catch (cause) {
      throw new RulewrightError("TEMPLATE_ROW", `${file}: ${(cause as Error).message}`, { cause });
    }
  };
}

/**
 * Handlebars merges helpers and builds access rules anew for each call, three times the cost of the row itself. As a
 * partial of a root that has done so, a template takes them as they are; prototype properties stay out of reach.
 */
function rowSettings(handlebars: typeof Handlebars): Handlebars.RuntimeOptions {
  const nothing = { whitelist: {}, defaultValue: undefined };
  return {
    partial: true,
    helpers: handlebars.helpers,
    partials: {},
    decorators: {},
    hooks: {},
    protoAccessControl: { properties: nothing, methods: nothing },
  } as Handlebars.RuntimeOptions;
}

type Fail = (line: number, column: number, message: string) => never;

/** Checks every node and sends each printed expression through the escape or raw helper. */
function rewrite(program: hbs.AST.Program, set: TemplateSet, fail: Fail): void {
  for (const node of program.body) {
    const at = (message: string): never => fail(node.loc.start.line, node.loc.start.column, message);
    switch (node.type) {
      case "ContentStatement":
      case "CommentStatement":
        break;
      case "MustacheStatement":
        rewritePrinted(node as hbs.AST.MustacheStatement, set, at);
        break;
      case "BlockStatement": {
        const block = node as hbs.AST.BlockStatement;
        const name = (block.path as hbs.AST.PathExpression).original;
        if (!BLOCKS.has(name)) at(`{{#${name}}} is not known; blocks are ${[...BLOCKS].join(", ")}`);
        if (block.params.length !== 1) at(`{{#${name}}} takes one field`);
        checkField(block.params[0] as hbs.AST.Expression, set, at);
        rewrite(block.program, set, fail);
        if (block.inverse) rewrite(block.inverse, set, fail);
        break;
      }
      default:
        at(`${node.type} is not allowed in a template`);
    }
  }
}

function rewritePrinted(node: hbs.AST.MustacheStatement, set: TemplateSet, at: (message: string) => never): void {
  const path = node.path as hbs.AST.PathExpression;
  let printed: hbs.AST.Expression = path;
  if (node.params.length > 0 || node.hash?.pairs.length) {
    if (!Object.hasOwn(set.helpers ?? {}, path.original)) {
      at(`no helper "${path.original}"; helpers are: ${Object.keys(set.helpers ?? {}).join(", ") || "none"}`);
    }
    if (node.params.length !== 1 || node.hash?.pairs.length) at(`${path.original} takes one field`);
    checkField(node.params[0] as hbs.AST.Expression, set, at);
    printed = {
      type: "SubExpression",
      path,
      params: node.params,
      hash: node.hash,
      loc: node.loc,
    } as hbs.AST.SubExpression;
  } else {
    checkField(path, set, at);
  }
  const helper = node.escaped ? ESCAPE_HELPER : RAW_HELPER;
  node.path = {
    ...path,
    original: helper,
    parts: [helper],
    depth: 0,
    data: false,
    this: false,
  } as hbs.AST.PathExpression;
  node.params = [printed];
  node.escaped = false;
}

function checkField(node: hbs.AST.Expression, set: TemplateSet, at: (message: string) => never): void {
  if (node.type !== "PathExpression") at("only a field may stand here");
  const path = node as hbs.AST.PathExpression;
  if (path.original === "this") return;
  const name = path.parts[0] as string | undefined;
  if (path.data || path.depth > 0 || path.parts.length !== 1 || !Object.hasOwn(set.fields, name as string)) {
    at(`no field "${path.original}"; fields are: ${Object.keys(set.fields).join(", ")}`);
  }
}
