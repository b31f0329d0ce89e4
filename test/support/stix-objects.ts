/** Small STIX objects for tests of sinks: what matters is their id, their version and their size. */
import { type Chunk, uuidv5 } from "../../src/plugin.ts";

export const OBJECTS = "application/stix+x-ndjson;version=2.1";
const NAMESPACE = "8d1f7b0e-4c52-4f4e-9d8c-1f0c3c1c9a11";
export const FIRST = "2026-11-24T00:00:00.000Z";
export const LATER = "2026-11-25T00:00:00.000Z";

export interface TestObject {
  readonly type: string;
  readonly id: string;
  readonly [key: string]: unknown;
}

/** The n-th indicator; `pad` makes it larger. */
export function indicator(n: number, modified = FIRST, more: object = {}): TestObject {
  return {
    type: "indicator",
    spec_version: "2.1",
    id: `indicator--${uuidv5(NAMESPACE, `indicator ${n}`)}`,
    created: FIRST,
    modified,
    pattern: `[domain-name:value = 'host-${n}.example']`,
    pattern_type: "stix",
    valid_from: FIRST,
    ...more,
  };
}

/** A cyber-observable: no `modified`. */
export function domain(n: number, more: object = {}): TestObject {
  const value = `host-${n}.example`;
  return { type: "domain-name", spec_version: "2.1", id: `domain-name--${uuidv5(NAMESPACE, value)}`, value, ...more };
}

export function indicators(count: number): TestObject[] {
  return Array.from({ length: count }, (_, n) => indicator(n));
}

/** A chunk of the format `objects`. */
export function pageOf(objects: readonly object[]): Chunk {
  const lines = objects.map((object) => `${JSON.stringify(object)}\n`);
  return { path: "rulewright.stix.ndjson", data: lines.join(""), rows: lines.length };
}

export async function* chunksOf(objects: readonly object[]): AsyncGenerator<Chunk> {
  for (let at = 0; at < objects.length; at += 32) yield pageOf(objects.slice(at, at + 32));
}
