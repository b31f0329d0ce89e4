/** What the evidence of an indicator says about samples: who contacted or dropped it, and which sandbox saw that. */
import type { Indicator, Sighted } from "../../src/plugin.ts";
import { isSha256 } from "../shared/rows/value.ts";
import type { Entry, Given } from "./entry.ts";
import type { Expression } from "./expression.ts";
import type { Provenance } from "./indicator-objects.ts";
import { relationship } from "./relationship.ts";
import type { SampleBook, Samples } from "./samples.ts";
import type { RelationshipType, StixIndicator } from "./schema.ts";

/** Places of a report that prove contact; strings in memory or in the file prove none, an answer of DNS neither. */
const CONTACT =
  /^(?:relationships\.)?(?:dns_lookups(?!.*resolved_ips)|http_conversations|ip_traffic|tls|smtp_conversations|ids_alerts|contacted_)/;
const DROPPED = /^files_dropped/;

/** An indicator as far as it is told already. */
export interface Subject {
  readonly id: StixIndicator["id"];
  readonly expression: Expression;
  readonly provenance: Provenance;
}

interface Surroundings {
  /** What is known of the samples. */
  readonly details: Samples;
  readonly book: SampleBook;
  readonly given: Given;
}

export function sightings(
  indicator: Indicator,
  { id, expression: { observables }, provenance: { author, times, refs } }: Subject,
  { details, book, given }: Surroundings,
): Entry[] {
  const stated = { author, created: times.created, refs };
  // Of an endpoint the address: network traffic is nothing one communicates with.
  const [target] = observables;
  const entries: Entry[] = [];
  for (const [sha256, seen] of bySample(indicator.evidence)) {
    const isItself = indicator.value === sha256;
    entries.push(...book.introduce(sha256, details, times.created, indicator.tlp));
    const malware = book.malware(sha256);
    const deed = deedOf(indicator, seen);
    if (malware && target && deed && !isItself) {
      const deedDone = relationship(malware, deed, target.id, stated);
      // Several endpoints are at one address; every other object belongs to one indicator.
      const isShared = target.type === "ipv4-addr" || target.type === "ipv6-addr";
      entries.push(...(isShared ? given.once(deedDone.draft.id, () => [deedDone]) : [deedDone]));
    }
    // Of an indicator without a family its samples are all there is to indicate.
    if (malware && (isItself || indicator.families.length === 0)) {
      entries.push(relationship(id, "indicates", malware, stated));
    }
    for (const { sandbox } of isItself ? [] : seen) {
      for (const object of sandbox === undefined ? [] : observables) {
        book.saw(sha256, sandbox as string, object.id, indicator.tlp);
      }
    }
  }
  return entries;
}

function deedOf({ type }: Indicator, seen: readonly Sighted[]): RelationshipType | undefined {
  const isAt = (form: RegExp): boolean => seen.some(({ place }) => form.test(place));
  switch (type) {
    case "domain":
    case "ipv4":
    case "ipv6":
    case "endpoint":
    case "url":
      return isAt(CONTACT) ? "communicates-with" : undefined;
    case "sha256":
      return isAt(DROPPED) ? "drops" : undefined;
    default:
      return undefined;
  }
}

function bySample(evidence: readonly Sighted[]): Map<string, Sighted[]> {
  const places = new Map<string, Sighted[]>();
  for (const sighted of evidence) {
    if (sighted.sample === undefined || !isSha256(sighted.sample)) continue;
    places.set(sighted.sample, [...(places.get(sighted.sample) ?? []), sighted]);
  }
  return places;
}
