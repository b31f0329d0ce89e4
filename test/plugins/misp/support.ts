/** Independent readers of what the exporter writes: the lax event schema, describeTypes, the object templates. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ValidateFunction } from "ajv";
import ajvDraft04 from "ajv-draft-04";
import type { RenderedFiles } from "../../../src/testing.ts";
import { referenceDir } from "../../support/engines.ts";

// biome-ignore lint/suspicious/noExplicitAny: a reader of foreign JSON
export type Json = any;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const DIGITS = /^[0-9]+$/;

/** The events among some files, in the order they were written. */
export function readEvents(files: RenderedFiles): Json[] {
  return [...files]
    .filter(([path]) => path.endsWith(".json") && path !== "manifest.json")
    .map(([, data]) => {
      const { Event: event, ...rest } = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data));
      assert.deepEqual(rest, {});
      return event;
    });
}

export function attributesOf(event: Json): Json[] {
  return [...event.Attribute, ...event.Object.flatMap((object: Json) => object.Attribute)];
}

/** What a MISP server and PyMISP check, and what the server drops without a word. */
export function checkEvents(events: readonly Json[]): void {
  const uuids = new Set<string>();
  const takeUuid = (uuid: string) => {
    assert.match(uuid, UUID);
    assert.ok(!uuids.has(uuid), `uuid ${uuid} comes twice in one instance`);
    uuids.add(uuid);
  };
  for (const event of events) {
    takeUuid(event.uuid);
    assert.match(event.date, /^\d{4}-\d\d-\d\d$/);
    for (const name of ["timestamp", "publish_timestamp"]) assert.match(event[name], DIGITS);
    assert.match(event.distribution, /^[0-3]$/);
    assert.match(event.analysis, /^[0-2]$/);
    assert.match(event.threat_level_id, /^[1-4]$/);
    assert.ok(event.info.length > 0 && event.info.length <= 255 && isOneLine(event.info), "bad info");
    assert.match(event.Orgc.uuid, /^[0-9a-f-]{36}$/);
    assert.ok(attributesOf(event).length <= 10_000, "too many attributes");
    const plain = event.Attribute.map(({ type, category, value }: Json) => `${type} ${category} ${value}`);
    assert.equal(new Set(plain).size, plain.length, "the server drops one of two similar attributes");
    for (const attribute of attributesOf(event)) checkAttribute(attribute, event, takeUuid);
    for (const object of event.Object) checkObject(object, takeUuid);
    checkReferences(event, takeUuid);
    for (const report of event.EventReport ?? []) checkReport(report, event, takeUuid);
    for (const { name } of event.Tag) checkTag(name);
    // The schema asks for unique attributes, which ajv checks pair by pair.
    const lax = event.Attribute.length <= 1000 ? laxSchema() : undefined;
    if (lax) assert.ok(lax({ Event: event }), JSON.stringify(lax.errors));
  }
}

function checkAttribute(attribute: Json, event: Json, takeUuid: (uuid: string) => void): void {
  takeUuid(attribute.uuid);
  const { type, category, value, first_seen, last_seen, timestamp } = attribute;
  assert.match(timestamp, DIGITS);
  assert.ok(Number(timestamp) <= Number(event.timestamp), "an attribute newer than its event");
  assert.equal(attribute.distribution, "5");
  // Only what no indicator and no dated run stands behind has no times.
  if (first_seen !== undefined || last_seen !== undefined) {
    for (const time of [first_seen, last_seen]) assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/);
    assert.ok(first_seen <= last_seen, "last_seen before first_seen");
  }
  for (const { uuid, type: kind, date_sighting, source } of attribute.Sighting ?? []) {
    takeUuid(uuid);
    assert.match(kind, /^[02]$/);
    assert.match(date_sighting, DIGITS);
    assert.ok(isOneLine(source));
  }
  assert.ok(value !== "" && value.isWellFormed() && Buffer.byteLength(value) <= 65_535, "bad value");
  assert.equal(normalised(type, value), value, `the server would store ${type} ${value} as another value`);
  assert.ok(isOneLine(value) && isOneLine(attribute.comment), "a line break");
  for (const { name, colour } of attribute.Tag ?? []) {
    assert.ok(name.length <= 255 && isOneLine(name));
    assert.match(colour, /^#[0-9a-fA-F]{6}$/);
    checkTag(name);
  }
  const types = describeTypes();
  if (types) assert.ok(types.category_type_mappings[category]?.includes(type), `${type} does not go into ${category}`);
}

function checkTag(name: string): void {
  assert.ok(name.length <= 255 && isOneLine(name));
  if (!/^(?:tlp|PAP):/.test(name)) {
    assert.match(name, /^(?:rulewright:(?:family|hunt|technique)|misp-galaxy:mitre-attack-pattern)="[^"]+"$/);
  }
}

/** Each leads from its own object to an attribute or object of the same event, by a name of the list. */
function checkReferences(event: Json, takeUuid: (uuid: string) => void): void {
  const known = new Set([...attributesOf(event), ...event.Object].map(({ uuid }) => uuid));
  for (const { uuid: owner, ObjectReference: references } of event.Object) {
    for (const { uuid, object_uuid, referenced_uuid, relationship_type, timestamp } of references) {
      takeUuid(uuid);
      assert.equal(object_uuid, owner);
      assert.ok(known.has(referenced_uuid), "a reference out of the event");
      assert.match(timestamp, DIGITS);
      const names = relationshipNames();
      if (names) assert.ok(names.has(relationship_type), `no relation is called ${relationship_type}`);
    }
  }
}

function checkReport(report: Json, event: Json, takeUuid: (uuid: string) => void): void {
  takeUuid(report.uuid);
  assert.match(report.timestamp, DIGITS);
  assert.ok(Number(report.timestamp) <= Number(event.timestamp));
  assert.equal(report.distribution, "5");
  assert.ok(report.name !== "" && report.content.isWellFormed() && Buffer.byteLength(report.content) <= 65_535);
}

function checkObject(object: Json, takeUuid: (uuid: string) => void): void {
  takeUuid(object.uuid);
  for (const { timestamp } of object.Attribute) {
    assert.ok(
      Number(timestamp) <= Number(object.timestamp),
      "the server edits attributes only when their object is newer",
    );
  }
  const template = objectTemplate(object.name);
  if (!template) return;
  assert.equal(object.template_uuid, template.uuid);
  assert.equal(object.template_version, String(template.version));
  assert.equal(object["meta-category"], template["meta-category"]);
  const relations = object.Attribute.map(({ object_relation }: Json) => object_relation);
  for (const required of template.required ?? []) assert.ok(relations.includes(required), `${required} is missing`);
  if (template.requiredOneOf) assert.ok(template.requiredOneOf.some((one: string) => relations.includes(one)));
  for (const { object_relation, type, category, disable_correlation } of object.Attribute) {
    const known = template.attributes[object_relation];
    assert.ok(known, `${object.name} has no ${object_relation}`);
    assert.equal(type, known["misp-attribute"]);
    if (known.categories) assert.ok(known.categories.includes(category));
    if (known.disable_correlation) assert.equal(disable_correlation, true);
    if (!known.multiple) assert.equal(relations.filter((one: string) => one === object_relation).length, 1);
  }
}

/** AttributeValidationTool::modifyBeforeValidation, as far as it concerns our types. */
function normalised(type: string, value: string): string {
  const trimmed = value.trim();
  switch (type) {
    case "md5":
    case "sha1":
    case "sha256":
    case "ja3-fingerprint-md5":
      return trimmed.toLowerCase();
    case "x509-fingerprint-sha1":
      return trimmed.toLowerCase().replaceAll(":", "");
    case "domain":
    case "hostname":
      return trimmed.toLowerCase().replace(/^\.+|\.+$/g, "");
    case "ip-dst":
      assert.ok(
        !/[|/[\]]|\d:\d+$/.test(value) || value.includes("::") || value.split(":").length > 2,
        `${value} in ip-dst`,
      );
      return trimmed.toLowerCase();
    case "datetime":
      assert.match(value, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0000$/);
      return trimmed;
    case "ip-dst|port":
      assert.match(value, /^[0-9a-f.:]+\|\d{1,5}$/);
      return trimmed.toLowerCase();
    case "url":
      return trimmed
        .replaceAll(/\[\.\]|\[dot\]|\(dot\)/gi, ".")
        .replaceAll("[:]", ":")
        .replace(/hxxp/gi, "http");
    default:
      return trimmed;
  }
}

function isOneLine(text: string): boolean {
  return !/[\r\n\u0000]/.test(text);
}

function referenceJson(path: string): Json {
  return referenceDir ? JSON.parse(readFileSync(join(referenceDir, "misp", path), "utf8")) : undefined;
}

let relations: Set<string> | undefined;

function relationshipNames(): Set<string> | undefined {
  const list = relations ? undefined : referenceJson("relationships.json");
  if (list) relations = new Set(list.values.map(({ name }: Json) => name));
  return relations;
}

let lax: ValidateFunction | undefined;

export function laxSchema(): ValidateFunction | undefined {
  const Ajv = ajvDraft04 as unknown as new (options: object) => { compile(schema: object): ValidateFunction };
  const schema = lax ? undefined : referenceJson("schema/schema-lax.json");
  if (schema) lax = new Ajv({ strict: false }).compile(schema);
  return lax;
}

let types: Json;

export function describeTypes(): Json {
  types ??= referenceJson("schema/describeTypes.json")?.result;
  return types;
}

const templates = new Map<string, Json>();

export function objectTemplate(name: string): Json {
  if (!templates.has(name)) templates.set(name, referenceJson(`object-templates/${name}.json`));
  return templates.get(name);
}
