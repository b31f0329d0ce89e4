/**
 * The STIX domain and relationship objects we write, built from what is already decided. Pure: what comes when, and
 * what comes only once, is assemble.ts's business.
 */
import { type Indicator, type RowTemplate, virusTotalPage } from "../../src/plugin.ts";
import { ownId } from "./ids.ts";
import type { Marking } from "./marking.ts";
import { type Expression, killChainPhase } from "./observables.ts";
import type { StixOptions } from "./options.ts";
import type { Identity, Malware, ObservedData, Relationship, StixIndicator } from "./schema.ts";
import { distinctTexts, textFields } from "./text.ts";
import { FIXED_TIME, type Times } from "./times.ts";

type Templates = Readonly<Record<string, RowTemplate>>;

const INDICATOR_TYPES = { keep: "malicious-activity", review: "anomalous-activity", drop: "unknown" } as const;
const MAX_OBSERVED = 999_999_999;

/** The author of everything in the output. */
export function identity({ identityName, identityClass, contact }: StixOptions): Identity {
  const id = ownId("identity", `${identityClass}:${identityName}`) as Identity["id"];
  return {
    type: "identity",
    spec_version: "2.1",
    id,
    created_by_ref: id,
    created: FIXED_TIME,
    modified: FIXED_TIME,
    name: identityName,
    identity_class: identityClass,
    ...(contact === undefined ? {} : { contact_information: contact }),
  };
}

export function malwareFamily(name: string, author: Identity, templates: Templates): Malware {
  const description = text(templates["malware-description"], { family: name });
  return {
    type: "malware",
    spec_version: "2.1",
    id: familyId(name),
    created_by_ref: author.id,
    created: FIXED_TIME,
    modified: FIXED_TIME,
    name,
    ...(description ? { description } : {}),
    is_family: true,
  };
}

export function familyId(name: string): Malware["id"] {
  return ownId("malware", name) as Malware["id"];
}

/** Author, times and markings that all objects about one indicator share. */
export interface Provenance {
  readonly author: Identity;
  readonly times: Times;
  readonly refs: Marking["refs"];
}

export function stixIndicator(
  indicator: Indicator,
  { pattern }: Expression,
  { author, times, refs }: Provenance,
  templates: Templates,
): StixIndicator {
  const fields = textFields(indicator);
  const name = text(templates["indicator-name"], fields);
  const description = text(templates["indicator-description"], fields);
  const labels = distinctTexts(indicator.labels);
  const page = virusTotalPage(indicator);
  return {
    type: "indicator",
    spec_version: "2.1",
    id: ownId("indicator", pattern) as StixIndicator["id"],
    created_by_ref: author.id,
    created: times.created,
    modified: times.modified,
    ...(indicator.status === "revoked" ? { revoked: true } : {}),
    ...(name ? { name } : {}),
    ...(description ? { description } : {}),
    indicator_types: [INDICATOR_TYPES[indicator.verdict.decision]],
    pattern,
    pattern_type: "stix",
    pattern_version: "2.1",
    valid_from: times.validFrom,
    valid_until: times.validUntil,
    kill_chain_phases: [killChainPhase(indicator.type)],
    confidence: Math.min(100, Math.max(0, Math.round(indicator.verdict.confidence))),
    ...(labels.length > 0 ? { labels } : {}),
    ...(page
      ? {
          external_references: [
            { source_name: "virustotal", external_id: page.slice(page.lastIndexOf("/") + 1), url: page },
          ],
        }
      : {}),
    object_marking_refs: refs,
  };
}

/** That the observables were seen; the standard lets an indicator be based on this, not on a bare observable. */
export function observedData(
  { sampleCount }: Indicator,
  subject: StixIndicator,
  { observables }: Expression,
  { author, times, refs }: Provenance,
): ObservedData {
  return {
    type: "observed-data",
    spec_version: "2.1",
    id: ownId("observed-data", subject.id) as ObservedData["id"],
    created_by_ref: author.id,
    created: times.created,
    modified: times.modified,
    first_observed: times.created,
    last_observed: times.lastSeen,
    number_observed: Math.min(MAX_OBSERVED, Math.max(1, Math.trunc(sampleCount) || 1)),
    object_refs: observables.map(({ id }) => id),
    object_marking_refs: refs,
  };
}

export function relationship(
  { id: source }: StixIndicator,
  type: Relationship["relationship_type"],
  target: Relationship["target_ref"],
  { author, times, refs }: Provenance,
): Relationship {
  return {
    type: "relationship",
    spec_version: "2.1",
    id: ownId("relationship", `${source}|${type}|${target}`) as Relationship["id"],
    created_by_ref: author.id,
    // That the two belong together does not change with later sightings.
    created: times.created,
    modified: times.created,
    relationship_type: type,
    source_ref: source,
    target_ref: target,
    object_marking_refs: refs,
  };
}

function text(template: RowTemplate | undefined, fields: Readonly<Record<string, unknown>>): string {
  return template?.(fields).trim() ?? "";
}
