/** Reads an Elastic output back: documents, `_bulk` bodies and match rules, by JSON alone. */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { expect } from "vitest";
import type { RenderedFiles } from "../../../src/testing.ts";
import { referenceDir } from "../../support/engines.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** Field → type and whether it holds a list, of the Elastic Common Schema; undefined without the reference data. */
const ecs =
  referenceDir === undefined
    ? undefined
    : new Map(
        (
          parse(readFileSync(join(referenceDir, "siem/elastic/ecs-threat-fields.csv")), { columns: true }) as Record<
            "Field" | "Type" | "Normalization",
            string
          >[]
        ).map(({ Field, Type, Normalization }) => [Field, { type: Type, isList: Normalization === "array" }]),
      );

const SCO_TYPES = ["domain-name", "ipv4-addr", "ipv6-addr", "url", "file", "x509-certificate"];

export function jsonLines(data: Buffer | string | undefined): Fields[] {
  const text = String(data ?? "");
  expect(text === "" || text.endsWith("\n")).toBe(true);
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Fields);
}

/** `{a:{b:1}}` → `{"a.b":1}`. */
export function flat(value: unknown, prefix = ""): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { [prefix]: value };
  return Object.assign(
    {},
    ...Object.entries(value).map(([key, inner]) => flat(inner, prefix === "" ? key : `${prefix}.${key}`)),
  );
}

/** What Elasticsearch with ECS mappings, and Elastic's rules, ask of a document. */
export function checkDocument(document: Fields): void {
  const fields = flat(document);
  for (const [field, value] of Object.entries(fields)) {
    if (field.startsWith("labels.")) {
      expect(field).toMatch(/^labels\.\w+$/);
      expect(value).toBeTypeOf("string");
      continue;
    }
    if (ecs) checkField(field, value);
  }
  expect(fields).toMatchObject({
    "event.kind": "enrichment",
    "event.category": ["threat"],
    "event.type": ["indicator"],
  });
  expect(fields["event.module"]).toMatch(/^(?:threatintel|ti_.+)$/);
  expect(SCO_TYPES).toContain(fields["threat.indicator.type"]);
  expect(["Not Specified", "None", "Low", "Medium", "High"]).toContain(fields["threat.indicator.confidence"]);
  expect(["WHITE", "CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"]).toContain(fields["threat.indicator.marking.tlp"]);
  expect(fields["threat.indicator.name"]).toBeTypeOf("string");
  if (fields["threat.indicator.type"] === "domain-name") {
    expect(fields["threat.indicator.url.domain"]).toBe(fields["threat.indicator.name"]);
  }
  for (const field of ["threat.indicator.ip", "related.ip"]) {
    for (const ip of [fields[field] ?? []].flat()) expect(isIP(ip as string)).toBeGreaterThan(0);
  }
}

function checkField(field: string, value: unknown): void {
  const known = ecs?.get(field);
  expect(known, `${field} is no ECS field`).toBeDefined();
  expect(Array.isArray(value), `${field} ${known?.isList ? "is" : "is no"} list`).toBe(known?.isList);
  for (const one of [value].flat()) {
    if (known?.type === "date") expect(one).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    else if (known?.type === "long") expect(Number.isSafeInteger(one)).toBe(true);
    else expect(one).toBeTypeOf("string");
  }
}

export interface Action {
  readonly name: string;
  readonly _index: string;
  readonly _id: string;
  readonly document?: Fields;
}

/** The actions of a `_bulk` body. */
export function readBulk(data: Buffer | undefined): Action[] {
  const lines = jsonLines(data);
  const actions: Action[] = [];
  while (lines.length > 0) {
    const [[name, target]] = Object.entries(lines.shift() as Fields) as [[string, { _index: string; _id: string }]];
    expect(["index", "delete"]).toContain(name);
    expect(Object.keys(target)).toEqual(["_index", "_id"]);
    actions.push(name === "delete" ? { name, ...target } : { name, ...target, document: lines.shift() as Fields });
  }
  return actions;
}

/** The contract's check: everything in every file. */
export function check(files: RenderedFiles, format: string): void {
  if (format === "bulk") {
    for (const { document } of [...files.values()].flatMap(readBulk)) if (document) checkDocument(document);
    return;
  }
  expect([...files.keys()].sort()).toEqual(["index-template.json", "indicators.ndjson", "rules.ndjson"]);
  for (const document of jsonLines(files.get("indicators.ndjson"))) checkDocument(document);
  JSON.parse(String(files.get("index-template.json")));
  expect(jsonLines(files.get("rules.ndjson"))).toHaveLength(3);
}

interface MatchRule {
  readonly threat_query: string;
  readonly threat_mapping: readonly {
    readonly entries: readonly { readonly field: string; readonly value: string }[];
  }[];
}

/** Whether an indicator-match rule alerts on an event, with the documents that its threat query selects. */
export function alerts(rule: Fields, event: Fields, documents: readonly Fields[]): boolean {
  const { threat_query, threat_mapping } = rule as unknown as MatchRule;
  const selected = documents.map((document) => flat(document)).filter((document) => selects(threat_query, document));
  return threat_mapping.some(({ entries }) =>
    selected.some((document) =>
      entries.every(({ field, value }) => event[field] !== undefined && event[field] === document[value]),
    ),
  );
}

/** The KQL that is in use here: terms joined by `and`, some of them with `not`. */
function selects(query: string, document: Fields): boolean {
  return query.split(" and ").every((term) => {
    if (term.startsWith("@timestamp >= ")) return true;
    if (term.startsWith("not ")) return !selects(term.slice("not ".length), document);
    const [, field, value] = /^([\w.]+):(?:\*|"(.*)")$/.exec(term) as unknown as [string, string, string?];
    return value === undefined ? document[field] !== undefined : document[field] === value;
  });
}
