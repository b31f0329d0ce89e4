/**
 * STIX identifiers, all of them UUIDv5: the same thing has the same id in every export.
 *
 * Observables take the ids the standard prescribes, so that ours equal everybody's. Everything else is minted in our
 * own namespace, because the standard forbids its own one there, and below its author: only who created an object may
 * version it, so two authors must not meet in one id. This module does not normalise values: `EXAMPLE.com`
 * and `example.com` get two ids, so callers pass canonical values.
 */
import { RULEWRIGHT_NAMESPACE, uuidv5 } from "../../src/plugin.ts";
import type { Identity, StixId } from "./schema.ts";

/** Namespace of deterministic observable ids, and of nothing else (STIX 2.1 section 2.9). */
export const OBSERVABLE_NAMESPACE = "00abedb4-aa42-466c-9c01-fed23315a9b7";

/**
 * Observable type → its id contributing properties (STIX 2.1 section 6, "ID Contributing Properties").
 * `process` has none and must be a random UUIDv4, which is why this exporter never emits one.
 */
const ID_CONTRIBUTING_PROPERTIES: Readonly<Record<string, readonly string[]>> = {
  artifact: ["hashes", "payload_bin"],
  "autonomous-system": ["number"],
  directory: ["path"],
  "domain-name": ["value"],
  "email-addr": ["value"],
  "email-message": ["from_ref", "subject", "body"],
  file: ["hashes", "name", "extensions", "parent_directory_ref"],
  "ipv4-addr": ["value"],
  "ipv6-addr": ["value"],
  "mac-addr": ["value"],
  mutex: ["name"],
  "network-traffic": ["start", "end", "src_ref", "dst_ref", "src_port", "dst_port", "protocols", "extensions"],
  software: ["name", "cpe", "swid", "vendor", "version"],
  url: ["value"],
  "user-account": ["account_type", "user_id", "account_login"],
  "windows-registry-key": ["key", "values"],
  "x509-certificate": ["hashes", "serial_number"],
};

/** Of several hashes only the first of these contributes (STIX 2.1 section 2.9). */
const HASH_PREFERENCE = ["MD5", "SHA-1", "SHA-256", "SHA-512"];

/** The id that STIX 2.1 section 2.9 prescribes for an observable. Throws a TypeError when nothing contributes. */
export function observableId<T extends string>(type: T, properties: Readonly<Record<string, unknown>>): StixId<T> {
  const contributing: Record<string, unknown> = {};
  for (const name of ID_CONTRIBUTING_PROPERTIES[type] ?? []) {
    const value = properties[name];
    if (value === undefined) continue;
    contributing[name] = name === "hashes" ? preferredHash(value as Record<string, string>) : value;
  }
  if (Object.keys(contributing).length === 0) throw new TypeError(`${type} has no id contributing property`);
  return `${type}--${uuidv5(OBSERVABLE_NAMESPACE, canonicalJson(contributing))}`;
}

/** An id of this project's: of an author, a bundle, our extension. */
export function ownId<T extends string>(type: T, meaning: string): StixId<T> {
  return `${type}--${uuidv5(RULEWRIGHT_NAMESPACE, `stix:${type}:${meaning}`)}`;
}

/** An id of an author's. `meaning` is what the object stands for, such as an indicator's pattern, never its wording. */
export function authoredId<T extends string>(author: Identity["id"], type: T, meaning: string): StixId<T> {
  return `${type}--${uuidv5(author.slice("identity--".length), `${type}:${meaning}`)}`;
}

function preferredHash(hashes: Readonly<Record<string, string>>): Record<string, string> {
  const name = [...HASH_PREFERENCE, ...Object.keys(hashes)].find((candidate) => hashes[candidate] !== undefined);
  return name === undefined ? {} : { [name]: hashes[name] as string };
}

/** JSON in the canonical form of RFC 8785: members sorted by UTF-16 code units, no white space. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}
