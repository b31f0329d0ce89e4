/** Independent readers of what the exporter writes: the official JSON Schemas, a strict pattern parser, the graph. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { Bundle, StixObject } from "../../../plugins/stix/schema.ts";
import type { RenderedFiles } from "../../../src/testing.ts";
import { referenceDir } from "../../support/engines.ts";

// biome-ignore lint/suspicious/noExplicitAny: a reader of foreign JSON
export type Json = any;

/** The objects of either format; throws when the file is not what it says it is. */
export function readObjects(files: RenderedFiles): Json[] {
  assert.equal(files.size, 1);
  const [[path, data]] = [...files] as [[string, Buffer]];
  const text = new TextDecoder("utf-8", { fatal: true }).decode(data);
  if (path === "rulewright.stix.json") return Bundle.parse(JSON.parse(text)).objects;
  assert.equal(path, "rulewright.stix.ndjson");
  assert.ok(text.endsWith("\n"));
  return text
    .slice(0, -1)
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** Everything a strict consumer checks; the official schemas when they are there. */
export function checkObjects(objects: readonly Json[]): void {
  const seen = new Set<string>();
  for (const object of objects) {
    StixObject.parse(object);
    assert.ok(!seen.has(object.id), `${object.id} comes twice`);
    seen.add(object.id);
    checkReferences(object, seen);
    checkIsPlain(object, object.id);
    if (object.type === "indicator") parsePattern(object.pattern);
    const official = officialSchema(object.type);
    if (official)
      assert.ok(official(object), `${JSON.stringify(object).slice(0, 500)}: ${JSON.stringify(official.errors)}`);
  }
}

const BUILT_IN_MARKINGS = [
  "613f2e26-407d-48c7-9eca-b8e91df99dc9",
  "34098fce-860f-48ae-8e50-ebd3cc5e41da",
  "f88d31f6-486f-44da-b317-01333bde0b82",
  "5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
];

function checkReferences(object: Json, before: ReadonlySet<string>): void {
  for (const [name, value] of Object.entries(object)) {
    if (!/_refs?$/.test(name)) continue;
    for (const id of [value].flat() as string[]) {
      if (BUILT_IN_MARKINGS.some((uuid) => id === `marking-definition--${uuid}`)) continue;
      assert.ok(before.has(id), `${object.id} refers to ${id}, which does not stand before it`);
    }
  }
  const extension = /extension-definition--[0-9a-f-]{36}/.exec(object.pattern ?? "")?.[0];
  if (extension) assert.ok(before.has(extension), `${extension} does not stand before ${object.id}`);
}

function checkIsPlain(value: unknown, where: string): void {
  assert.ok(value !== null && value !== "", `${where} has a null or an empty string`);
  if (typeof value === "string") assert.ok(value.isWellFormed(), `${where} is not valid Unicode`);
  if (typeof value !== "object" || value === null) return;
  assert.ok(Object.keys(value).length > 0, `${where} has an empty list or dictionary`);
  for (const [name, member] of Object.entries(value)) {
    assert.ok(!name.startsWith("x_"), `${where} has the custom property ${name}`);
    checkIsPlain(member, where);
  }
}

export interface Comparison {
  readonly path: string;
  readonly value: string | number;
}

/** The strict subset of STIX patterns (section 9) that we write, with its exact white space. Throws on anything else. */
export function parsePattern(pattern: string): Comparison[] {
  const comparisons: Comparison[] = [];
  let rest = pattern;
  const take = (form: RegExp): string => {
    const match = form.exec(rest);
    assert.ok(
      match?.index === 0,
      `${form} expected at ${JSON.stringify(rest.slice(0, 60))} of ${pattern.slice(0, 200)}`,
    );
    rest = rest.slice(match[0].length);
    return match[0];
  };
  take(/^\[/);
  for (;;) {
    const path = take(/^[a-z][a-z0-9-]*:[a-z][a-z0-9_]*(?:\.(?:[A-Za-z_][A-Za-z0-9_]*|'(?:[^'\\]|\\['\\])*')|\[\*\])*/);
    take(/^ = /);
    const literal = take(/^(?:0|[1-9][0-9]*|'(?:[^'\\]|\\['\\])*')/);
    comparisons.push({
      path,
      value: literal.startsWith("'") ? literal.slice(1, -1).replace(/\\(['\\])/g, "$1") : Number(literal),
    });
    if (rest === "]") break;
    take(/^ AND /);
  }
  const types = new Set(comparisons.map(({ path }) => path.slice(0, path.indexOf(":"))));
  assert.equal(types.size, 1, `one observation about several object types: ${pattern}`);
  return comparisons;
}

const FOLDERS: Readonly<Record<string, string>> = {
  sdos: "sdos",
  sros: "sros",
  observables: "observables",
  common: "common",
};
let schemas: ReadonlyMap<string, ValidateFunction> | undefined;

/** The official JSON Schema of an object type, or undefined without the reference data. */
export function officialSchema(type: string): ValidateFunction | undefined {
  schemas ??= loadSchemas();
  return schemas.get(type);
}

function loadSchemas(): ReadonlyMap<string, ValidateFunction> {
  if (!referenceDir) return new Map();
  const ajv = new Ajv2020({ strict: false, unicodeRegExp: false });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  // ajv has no IDN check; ours are ASCII, so the ASCII form must hold.
  ajv.addFormat(
    "idn-hostname",
    /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/,
  );
  const ids = new Map<string, string>();
  for (const folder of Object.values(FOLDERS)) {
    const dir = join(referenceDir, "stix/schemas", folder);
    for (const file of readdirSync(dir)) {
      const schema = JSON.parse(readFileSync(join(dir, file), "utf8"));
      ajv.addSchema(schema);
      ids.set(file.replace(/\.json$/, ""), schema.$id);
    }
  }
  return new Map([...ids].map(([type, id]) => [type, ajv.getSchema(id) as ValidateFunction]));
}

/** UUIDv5, written a second time. */
export function independentUuidv5(namespace: string, name: string): string {
  const hash = createHash("sha1").update(
    Buffer.concat([Buffer.from(namespace.replace(/-/g, ""), "hex"), Buffer.from(name)]),
  );
  const hex = hash.digest("hex").slice(0, 32).split("");
  hex[12] = "5";
  hex[16] = ((Number.parseInt(hex[16] as string, 16) & 0x3) | 0x8).toString(16);
  return hex.join("").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
