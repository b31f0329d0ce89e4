/**
 * Reads Sigma rules back, independently of the exporter: YAML by a library, values by the wildcard grammar of the
 * specification, and whether a rule fires on an event.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect } from "vitest";
import { parseDocument } from "yaml";
import type { RenderedFiles } from "../../../src/testing.ts";
import { referenceDir } from "../../support/engines.ts";

export interface Rule {
  readonly title: string;
  readonly id: string;
  readonly description: string;
  readonly references: readonly string[];
  readonly date: string;
  readonly modified?: string;
  readonly tags: readonly string[];
  readonly logsource: Readonly<Record<string, string>>;
  readonly detection: Readonly<Record<string, unknown>>;
  readonly falsepositives: readonly string[];
  readonly level: string;
  readonly status: string;
  readonly author: string;
}

/** A rule by the official JSON schema, or undefined without the reference data. */
const validate = referenceDir && officialSchema(join(referenceDir, "siem/sigma/sigma-detection-rule-schema.json"));

function officialSchema(path: string) {
  // The schema names its dialect with an empty fragment, which is no registered id.
  const { $schema: _, ...schema } = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  return new Ajv2020({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
}

/** Every rule of an output, checked. */
export function readRules(files: RenderedFiles): Map<string, Rule> {
  return new Map([...files].map(([path, data]) => [path, readRule(String(data))]));
}

export function readRule(text: string): Rule {
  const document = parseDocument(text, { strict: true, uniqueKeys: true });
  expect(document.errors).toEqual([]);
  expect(document.warnings).toEqual([]);
  const rule = document.toJS() as Rule;
  if (validate) expect(validate(rule), JSON.stringify(validate.errors)).toBe(true);
  checkConventions(rule, text);
  return rule;
}

/** What SigmaHQ asks beyond the schema. */
function checkConventions(rule: Rule, text: string): void {
  expect(rule.title.length).toBeLessThanOrEqual(110);
  for (const word of rule.title.split(" ")) expect(word).toMatch(/^(?:[A-Z].*|[0-9a-f]{8}|-|by|in|or)$/i);
  expect(rule.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(rule.status).toBe("experimental");
  expect(rule.description).toMatch(/^Detects /);
  for (const reference of rule.references) expect(reference).toMatch(/^https:\/\/www\.virustotal\.com\/gui\//);
  for (const date of [rule.date, rule.modified ?? rule.date]) expect(date).toMatch(/^\d{4}-\d\d-\d\d$/);
  for (const tag of rule.tags) expect(tag).toMatch(/^[a-z0-9_-]+\.[a-z0-9._-]+$/);
  for (const line of text.split("\n")) expect(/^ */.exec(line)?.[0].length).toSatisfy((n: number) => n % 2 === 0);
  expect(text).not.toMatch(/[\t\r]/);
  // A list of one is written inline, and nothing asks for substrings of a host.
  for (const [name, selection] of Object.entries(rule.detection)) {
    if (name === "condition") continue;
    expect(Array.isArray(selection) && selection.length < 2).toBe(false);
    for (const [field, value] of Object.entries(selection as object)) {
      expect(Array.isArray(value) && value.length < 2).toBe(false);
      if (field.includes("|contains")) expect(field).toMatch(/^Hash(?:es)?\|contains$/);
    }
  }
}

/** A value by the specification: `\*`, `\?` and `\\` are literal, `*` and `?` are wildcards. */
export function parseValue(value: string): { readonly literal: string; readonly pattern: RegExp } {
  let literal = "";
  let pattern = "";
  for (let at = 0; at < value.length; at += 1) {
    let character = value[at] as string;
    if (character === "\\" && /[\\*?]/.test(value[at + 1] ?? "")) {
      at += 1;
      character = value[at] as string;
    } else if (character === "*" || character === "?") {
      pattern += character === "*" ? ".*" : ".";
      literal += `<${character}>`;
      continue;
    }
    literal += character;
    pattern += character.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  }
  return { literal, pattern: new RegExp(pattern, "is") };
}

/** Whether a rule fires on an event, for the modifiers and conditions that are in use here. */
export function fires(rule: Rule, event: Readonly<Record<string, string | number>>): boolean {
  const { condition, ...selections } = rule.detection;
  const names = condition === "1 of selection_*" ? Object.keys(selections) : [condition as string];
  return names.some((name) => {
    const selection = selections[name];
    expect(selection).toBeDefined();
    return (Array.isArray(selection) ? selection : [selection]).some((map) => holds(map, event));
  });
}

function holds(map: Record<string, unknown>, event: Readonly<Record<string, string | number>>): boolean {
  return Object.entries(map).every(([key, expected]) => {
    const [field, modifier = ""] = key.split("|") as [string, string?];
    const actual = event[field];
    if (actual === undefined) return false;
    return (Array.isArray(expected) ? expected : [expected]).some((value) => {
      if (typeof value === "number") return value === actual;
      const { source } = parseValue(value).pattern;
      const whole = { "": `^(?:${source})$`, endswith: `(?:${source})$`, contains: source }[modifier];
      expect(whole).toBeDefined();
      return new RegExp(whole as string, "is").test(String(actual));
    });
  });
}

/** All values of a rule's selections as written. */
export function valuesOf(rule: Rule): (string | number)[] {
  const { condition: _, ...selections } = rule.detection;
  const leaves = (node: unknown): (string | number)[] =>
    typeof node === "object" && node !== null ? Object.values(node).flatMap(leaves) : [node as string | number];
  return leaves(selections);
}
