/** Relationships as this exporter emits them (STIX 2.1 section 5.1 and the tables of sections 4 and 6). */
import { z } from "../../src/plugin.ts";
import { CyberObservable } from "./schema-observables.ts";
import { common, objectMarkings } from "./schema-parts.ts";

const NETWORK = ["domain-name", "ipv4-addr", "ipv6-addr", "url"];
const OBSERVABLES = CyberObservable.options.map(({ shape }) => shape.type.value);

/** Relationship type → what it may lead from and to. */
const ENDS = {
  indicates: [["indicator"], ["malware"]],
  // An observable is not the standard's; OpenCTI knows nothing else, and only its profile does so.
  "based-on": [["indicator"], ["observed-data", ...OBSERVABLES]],
  "variant-of": [["malware"], ["malware"]],
  uses: [["malware"], ["attack-pattern", "infrastructure"]],
  "communicates-with": [["malware"], NETWORK],
  drops: [["malware"], ["file"]],
  "dynamic-analysis-of": [["malware-analysis"], ["malware"]],
  "consists-of": [["infrastructure"], [...NETWORK, "network-traffic"]],
  "resolves-to": [["domain-name"], ["ipv4-addr", "ipv6-addr"]],
} as const satisfies Readonly<Record<string, readonly [readonly string[], readonly string[]]>>;
export type RelationshipType = keyof typeof ENDS;

const anyId = z.templateLiteral([z.string().regex(/^[a-z0-9-]+$/), "--", z.uuid()]);
const typeOf = (id: string): string => id.slice(0, id.indexOf("--"));

export const Relationship = z
  .strictObject({
    ...common("relationship"),
    revoked: z.literal(true).optional(),
    relationship_type: z.enum(Object.keys(ENDS) as [RelationshipType, ...RelationshipType[]]),
    source_ref: anyId,
    target_ref: anyId,
    object_marking_refs: objectMarkings.optional(),
  })
  .refine(({ relationship_type: type, source_ref: source, target_ref: target }) => {
    const [sources, targets]: readonly [readonly string[], readonly string[]] = ENDS[type];
    return sources.includes(typeOf(source)) && targets.includes(typeOf(target));
  }, "this relationship does not join objects of these types");
export type Relationship = z.infer<typeof Relationship>;
