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
import { CyberObservable } from "./schema-observables.ts";
import {
  Confidence,
  common,
  ExternalReference,
  identifier,
  list,
  objectMarkings,
  Text,
  Timestamp,
} from "./schema-parts.ts";
import { Relationship } from "./schema-relationship.ts";

export { CyberObservable, StixFile } from "./schema-observables.ts";
export { ExternalReference, type StixId } from "./schema-parts.ts";
export { Relationship, type RelationshipType } from "./schema-relationship.ts";

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

/** What OpenCTI reads of an indicator beyond the standard; the definition is OpenCTI's own and never shipped by others. */
export const OpenCtiExtensions = z.strictObject({
  "extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba": z.strictObject({
    extension_type: z.literal("property-extension"),
    score: Confidence,
    detection: z.boolean(),
    main_observable_type: Text,
  }),
});
export type OpenCtiExtensions = z.infer<typeof OpenCtiExtensions>;

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
    confidence: Confidence,
    labels: list(Text).optional(),
    external_references: list(ExternalReference).optional(),
    object_marking_refs: objectMarkings,
    extensions: OpenCtiExtensions.optional(),
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

/** A family, or one sample of it. */
export const Malware = z
  .strictObject({
    ...common("malware"),
    name: Text,
    description: Text.optional(),
    is_family: z.boolean(),
    sample_refs: list(identifier("file")).optional(),
    first_seen: Timestamp.optional(),
    labels: list(Text).optional(),
    external_references: list(ExternalReference).optional(),
    object_marking_refs: objectMarkings.optional(),
  })
  .refine(
    ({ is_family, sample_refs }) => is_family === (sample_refs === undefined),
    "a sample has a file, a family none",
  );
export type Malware = z.infer<typeof Malware>;

export const ANALYSIS_RESULTS = ["malicious", "benign", "unknown"] as const;

export const MalwareAnalysis = z.strictObject({
  ...common("malware-analysis"),
  product: z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/),
  analysis_ended: Timestamp.optional(),
  result_name: Text,
  result: z.enum(ANALYSIS_RESULTS),
  sample_ref: identifier("file"),
  analysis_sco_refs: list(z.string()).optional(),
  external_references: list(ExternalReference),
  object_marking_refs: objectMarkings,
});
export type MalwareAnalysis = z.infer<typeof MalwareAnalysis>;

export const AttackPattern = z.strictObject({
  ...common("attack-pattern"),
  name: Text,
  confidence: Confidence,
  external_references: list(ExternalReference),
});
export type AttackPattern = z.infer<typeof AttackPattern>;

export const Infrastructure = z.strictObject({
  ...common("infrastructure"),
  name: Text,
  infrastructure_types: list(z.literal("unknown")),
});
export type Infrastructure = z.infer<typeof Infrastructure>;

/** Every object type with times, and hence with versions, that this exporter emits. */
export const DatedObject = z.discriminatedUnion("type", [
  Identity,
  ExtensionDefinition,
  StixIndicator,
  ObservedData,
  Malware,
  MalwareAnalysis,
  AttackPattern,
  Infrastructure,
  Relationship,
]);
export type DatedObject = z.infer<typeof DatedObject>;

/** Every object type this exporter emits. */
export const StixObject = z.discriminatedUnion("type", [
  ...DatedObject.options,
  MarkingDefinition,
  ...CyberObservable.options,
]);
export type StixObject = z.infer<typeof StixObject>;

export const Bundle = z.strictObject({
  type: z.literal("bundle"),
  id: identifier("bundle"),
  objects: list(StixObject),
});
export type Bundle = z.infer<typeof Bundle>;
