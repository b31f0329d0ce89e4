/**
 * What the schemas of all STIX objects are made of (STIX 2.1 sections 2 and 3.2): identifiers, times, common properties.
 */
import { z } from "../../src/plugin.ts";

export type StixId<T extends string = string> = `${T}--${string}`;

/** `type--uuid` in lower case (STIX 2.1 section 2.9). */
export function identifier<T extends string>(type: T) {
  return z.templateLiteral([type, "--", z.uuid()]);
}

/** RFC 3339 in UTC with exactly three fraction digits: more crash some parsers, fewer are illegal in `created`. */
export const Timestamp = z.iso.datetime({ precision: 3 });
export const Text = z.string().min(1);
export const Confidence = z.int().min(0).max(100);
export const list = <T extends z.ZodType>(item: T) => z.array(item).min(1);
export const objectMarkings = list(identifier("marking-definition"));

export const ExternalReference = z.strictObject({ source_name: Text, external_id: Text, url: z.url() });
export type ExternalReference = z.infer<typeof ExternalReference>;

/** Common properties of domain and relationship objects (section 3.2). */
export function common<T extends string>(type: T) {
  return {
    type: z.literal(type),
    spec_version: z.literal("2.1"),
    id: identifier(type),
    created_by_ref: identifier("identity"),
    created: Timestamp,
    modified: Timestamp,
  };
}

/** Common properties of cyber-observable objects: they have no times, no author and no confidence (section 3.2). */
export function observable<T extends string>(type: T) {
  return { type: z.literal(type), spec_version: z.literal("2.1"), id: identifier(type) };
}
