/**
 * STIX 2.1 objects as this exporter emits them: strict zod schemas, types inferred from them. Stricter than the
 * standard on purpose: an unknown property, a local-time timestamp or an empty list is an error here.
 *
 * This module does not read other people's STIX and holds only the object types and properties we write. It does not
 * run per object during an export; the tests put every emitted object through it. Why not a package:
 * docs/adr/0003-own-stix-schemas.md.
 *
 * Source: STIX 2.1, OASIS Standard with Errata 01, sections 3 to 8.
 */
import { z } from "../../src/plugin.ts";

/** `type--uuid` in lower case (STIX 2.1 section 2.9). */
function identifier<T extends string>(type: T) {
  return z.templateLiteral([type, "--", z.uuid()]);
}

export type StixId<T extends string = string> = `${T}--${string}`;

/** RFC 3339 in UTC with exactly three fraction digits: more crash some parsers, fewer are illegal in `created`. */
const Timestamp = z.iso.datetime({ precision: 3 });
const Text = z.string().min(1);
const list = <T extends z.ZodType>(item: T) => z.array(item).min(1);

const objectMarkings = list(identifier("marking-definition"));

/** Common properties of domain and relationship objects (section 3.2). */
function common<T extends string>(type: T) {
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
function observable<T extends string>(type: T) {
  return { type: z.literal(type), spec_version: z.literal("2.1"), id: identifier(type) };
}

export const IDENTITY_CLASSES = ["individual", "group", "system", "organization", "class", "unknown"] as const;

export const Identity = z.strictObject({
  ...common("identity"),
  name: Text,
  identity_class: z.enum(IDENTITY_CLASSES),
  contact_information: Text.optional(),
});
export type Identity = z.infer<typeof Identity>;

export const ExtensionDefinition = z.strictObject({
  ...common("extension-definition"),
  name: Text,
  description: Text,
  schema: Text,
  version: Text,
  extension_types: z.tuple([z.literal("property-extension")]),
});
export type ExtensionDefinition = z.infer<typeof ExtensionDefinition>;

/** A TLP 2.0 marking. The built-in TLP 1.0 markings are referenced, never shipped. */
export const MarkingDefinition = z.strictObject({
  type: z.literal("marking-definition"),
  spec_version: z.literal("2.1"),
  id: identifier("marking-definition"),
  created: Timestamp,
  name: z.string().startsWith("TLP:"),
  extensions: z.strictObject({
    "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": z.strictObject({
      extension_type: z.literal("property-extension"),
      tlp_2_0: z.enum(["clear", "green", "amber", "amber+strict", "red"]),
    }),
  }),
});
export type MarkingDefinition = z.infer<typeof MarkingDefinition>;

export const KillChainPhase = z.strictObject({
  kill_chain_name: z.literal("lockheed-martin-cyber-kill-chain"),
  phase_name: z.enum(["delivery", "installation", "command-and-control"]),
});
export type KillChainPhase = z.infer<typeof KillChainPhase>;

export const ExternalReference = z.strictObject({ source_name: Text, external_id: Text, url: z.url() });
export type ExternalReference = z.infer<typeof ExternalReference>;

export const StixIndicator = z
  .strictObject({
    ...common("indicator"),
    revoked: z.literal(true).optional(),
    name: Text.optional(),
    description: Text.optional(),
    indicator_types: list(z.enum(["malicious-activity", "anomalous-activity", "unknown"])),
    pattern: z.string().startsWith("[").endsWith("]"),
    pattern_type: z.literal("stix"),
    pattern_version: z.literal("2.1"),
    valid_from: Timestamp,
    valid_until: Timestamp,
    kill_chain_phases: list(KillChainPhase),
    confidence: z.int().min(0).max(100),
    labels: list(Text).optional(),
    external_references: list(ExternalReference).optional(),
    object_marking_refs: objectMarkings,
  })
  .refine(({ valid_from, valid_until }) => valid_until > valid_from, "valid_until must be later than valid_from")
  .refine(({ created, modified }) => modified >= created, "modified must not be earlier than created");
export type StixIndicator = z.infer<typeof StixIndicator>;

export const ObservedData = z.strictObject({
  ...common("observed-data"),
  first_observed: Timestamp,
  last_observed: Timestamp,
  number_observed: z.int().min(1).max(999_999_999),
  object_refs: list(z.string()),
  object_marking_refs: objectMarkings,
});
export type ObservedData = z.infer<typeof ObservedData>;

export const Malware = z.strictObject({
  ...common("malware"),
  name: Text,
  description: Text.optional(),
  is_family: z.literal(true),
});
export type Malware = z.infer<typeof Malware>;

export const Relationship = z.strictObject({
  ...common("relationship"),
  relationship_type: z.enum(["indicates", "based-on"]),
  source_ref: identifier("indicator"),
  target_ref: z.union([identifier("malware"), identifier("observed-data")]),
  object_marking_refs: objectMarkings,
});
export type Relationship = z.infer<typeof Relationship>;

export const DomainName = z.strictObject({ ...observable("domain-name"), value: Text });
export const Ipv4Address = z.strictObject({ ...observable("ipv4-addr"), value: z.ipv4() });
export const Ipv6Address = z.strictObject({ ...observable("ipv6-addr"), value: z.ipv6() });
export const Url = z.strictObject({ ...observable("url"), value: Text });
export const Mutex = z.strictObject({ ...observable("mutex"), name: Text });
export const WindowsRegistryKey = z.strictObject({
  ...observable("windows-registry-key"),
  key: z.string().startsWith("HKEY_"),
});

const hex = (length: number) => z.string().regex(new RegExp(`^[0-9a-f]{${length}}$`));

export const StixFile = z.strictObject({
  ...observable("file"),
  hashes: z.strictObject({ MD5: hex(32).optional(), "SHA-1": hex(40).optional(), "SHA-256": hex(64) }),
  size: z.int().min(0).optional(),
});

export const NetworkTraffic = z.strictObject({
  ...observable("network-traffic"),
  dst_ref: z.union([identifier("ipv4-addr"), identifier("ipv6-addr")]),
  dst_port: z.int().min(0).max(65_535),
  protocols: z.tuple([z.enum(["ipv4", "ipv6"]), z.enum(["tcp", "udp"])]),
});

export const X509Certificate = z.strictObject({
  ...observable("x509-certificate"),
  hashes: z.strictObject({ "SHA-1": hex(40) }),
  issuer: Text.optional(),
  subject: Text.optional(),
});

export const CyberObservable = z.discriminatedUnion("type", [
  DomainName,
  Ipv4Address,
  Ipv6Address,
  Url,
  Mutex,
  WindowsRegistryKey,
  StixFile,
  NetworkTraffic,
  X509Certificate,
]);
export type CyberObservable = z.infer<typeof CyberObservable>;

/** Every object type this exporter emits. */
export const StixObject = z.discriminatedUnion("type", [
  Identity,
  ExtensionDefinition,
  MarkingDefinition,
  StixIndicator,
  ObservedData,
  Malware,
  Relationship,
  ...CyberObservable.options,
]);
export type StixObject = z.infer<typeof StixObject>;

export const Bundle = z.strictObject({
  type: z.literal("bundle"),
  id: identifier("bundle"),
  objects: list(StixObject),
});
export type Bundle = z.infer<typeof Bundle>;
