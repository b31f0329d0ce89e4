/**
 * The template language: from the syntax tree of a template to a function from a row to its text. Each node becomes one
 * small function; nothing is evaluated, and no property is read that a row does not own. This module reads no files.
 */
import type { TemplateSet } from "../plugin.ts";

/** Throws; `column` counts from 0. */
export type Fail = (line: number, column: number, message: string) => never;

/** The text of one piece for a row or, within `each`, for an item. */
type Piece = (scope: unknown) => string;
type Read = (scope: unknown) => unknown;

interface Language {
  readonly set: TemplateSet;
  readonly fail: Fail;
  /** How fields are read; default as properties of a row. */
  readonly readers: Readers | undefined;
}

type Readers = Readonly<Record<string, Read>>;

const BLOCKS = ["if", "unless", "each"];

export function compileRow(program: hbs.AST.Program, set: TemplateSet, fail: Fail, readers?: Readers): Piece {
  return compileProgram(program, { set, fail, readers }, true);
}

function compileProgram(program: hbs.AST.Program | undefined, language: Language, isRow: boolean): Piece {
  const pieces = (program?.body ?? []).flatMap((node) => compileStatement(node, language, isRow) ?? []);
  return (scope) => {
    let text = "";
    for (let index = 0; index < pieces.length; index += 1) text += (pieces[index] as Piece)(scope);
    return text;
  };
}

function compileStatement(node: hbs.AST.Statement, language: Language, isRow: boolean): Piece | undefined {
  switch (node.type) {
    case "ContentStatement": {
      const text = (node as hbs.AST.ContentStatement).value;
      return () => text;
    }
    case "CommentStatement":
      return undefined;
    case "MustacheStatement":
      return compilePrinted(node as hbs.AST.MustacheStatement, language, isRow);
    case "BlockStatement":
      return compileBlock(node as hbs.AST.BlockStatement, language, isRow);
    default:
      return refuse(language, node, `${node.type} is not allowed in a template`);
  }
}

function refuse({ fail }: Language, { loc }: hbs.AST.Node, message: string): never {
  return fail(loc.start.line, loc.start.column, message);
}

function compileBlock(node: hbs.AST.BlockStatement, language: Language, isRow: boolean): Piece {
  const name = (node.path as hbs.AST.PathExpression).original;
  if (!BLOCKS.includes(name)) refuse(language, node, `{{#${name}}} is not known; blocks are ${BLOCKS.join(", ")}`);
  if (node.params.length !== 1 || node.hash?.pairs.length) refuse(language, node, `{{#${name}}} takes one field`);
  const { read } = compileField(node.params[0] as hbs.AST.Expression, node, language, isRow);
  const otherwise = compileProgram(node.inverse, language, isRow);
  if (name === "each") {
    const ofItem = compileProgram(node.program, language, false);
    return (scope) => {
      const items = read(scope);
      if (!Array.isArray(items) || items.length === 0) return otherwise(scope);
      let text = "";
      for (const item of items) text += ofItem(item);
      return text;
    };
  }
  const then = compileProgram(node.program, language, isRow);
  const [whenFilled, whenEmpty] = name === "if" ? [then, otherwise] : [otherwise, then];
  return (scope) => (isFilled(read(scope)) ? whenFilled : whenEmpty)(scope);
}

/** What Handlebars takes for true: zero and the empty list are not. */
function isFilled(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function compilePrinted(node: hbs.AST.MustacheStatement, language: Language, isRow: boolean): Piece {
  const { escape: escapeValue, helpers = {} } = language.set;
  const path = node.path as hbs.AST.PathExpression;
  const isHelped = node.params.length > 0 || Boolean(node.hash?.pairs.length);
  if (isHelped && !Object.hasOwn(helpers, path.original)) {
    const known = Object.keys(helpers).join(", ") || "none";
    refuse(language, node, `no helper "${path.original}"; helpers are: ${known}`);
  }
  if (isHelped && (node.params.length !== 1 || node.hash?.pairs.length)) {
    refuse(language, node, `${path.original} takes one field`);
  }
  const { read, name } = compileField(isHelped ? (node.params[0] as hbs.AST.Expression) : path, node, language, isRow);
  const value = (scope: unknown): unknown => {
    const found = read(scope);
    if (found === undefined || found === null) throw new TypeError(`the field "${name}", which it prints, is missing`);
    return found;
  };
  const finish: (value: unknown) => string = node.escaped ? escapeValue : String;
  const help = isHelped ? helpers[path.original] : undefined;
  return help ? (scope) => finish(help(value(scope))) : (scope) => finish(value(scope));
}

/** The field or `this` that an expression names. */
function compileField(
  expression: hbs.AST.Expression,
  at: hbs.AST.Node,
  language: Language,
  isRow: boolean,
): { readonly read: Read; readonly name: string } {
  if (expression.type !== "PathExpression") refuse(language, at, "only a field may stand here");
  const path = expression as hbs.AST.PathExpression;
  if (path.original === "this") return { read: (scope) => scope, name: "this" };
  const { fields } = language.set;
  const name = path.parts[0] as string;
  if (path.data || path.depth > 0 || path.parts.length !== 1 || !Object.hasOwn(fields, name)) {
    refuse(language, at, `no field "${path.original}"; fields are: ${Object.keys(fields).join(", ")}`);
  }
  const reader = isRow ? language.readers?.[name] : undefined;
  if (reader) return { name, read: reader };
  // A row is an object of the exporter's; only what every object inherits could stand in for a field it lacks.
  const isSafe = isRow && !(name in Object.prototype);
  return {
    name,
    read: isSafe ? (scope) => (scope as Record<string, unknown>)[name] : (scope) => ownValue(scope, name),
  };
}

function ownValue(scope: unknown, name: string): unknown {
  const isObject = typeof scope === "object" && scope !== null;
  return isObject && Object.hasOwn(scope, name) ? (scope as Record<string, unknown>)[name] : undefined;
}
