/**
 * One indicator → its STIX objects in dependency order: what is referred to stands before what refers to it. Objects
 * that indicators share (families, markings, addresses) come with the first that needs them and never again.
 *
 * This module does not write files and never looks at the clock.
 */
import type { Indicator, RenderContext } from "../../src/plugin.ts";
import { familyId, malwareFamily, observedData, relationship, stixIndicator } from "./domain-objects.ts";
import { marking } from "./marking.ts";
import { express } from "./observables.ts";
import type { StixOptions } from "./options.ts";
import type { CyberObservable, Identity, StixObject } from "./schema.ts";
import { distinctTexts } from "./text.ts";
import { timesOf } from "./times.ts";
import { TLS_FINGERPRINT_EXTENSION_ID, tlsFingerprintExtension } from "./tls-fingerprint.ts";

type Context = Pick<RenderContext<StixOptions>, "options" | "templates" | "skip">;

/** A function that turns each indicator into objects; it remembers the shared objects it has given out. */
export function assembler(
  author: Identity,
  { options, templates, skip }: Context,
): (indicator: Indicator) => StixObject[] {
  const given = new Set<string>();
  let previousPattern = "";

  /** The object if nobody got it yet. Keyed by the shortest text that tells it apart: there can be a million. */
  function once(key: string, make: () => StixObject): StixObject[] {
    if (given.has(key)) return [];
    given.add(key);
    return [make()];
  }

  /** An address is also the destination of endpoints; every other observable belongs to one indicator. */
  function observe(observable: CyberObservable): StixObject[] {
    const isShared = observable.type === "ipv4-addr" || observable.type === "ipv6-addr";
    return isShared ? once(observable.value, () => observable) : [observable];
  }

  return (indicator) => {
    const expression = express(indicator);
    const times = timesOf(indicator);
    if ("misfit" in expression) {
      skip(indicator, expression.misfit);
      return [];
    }
    if (!times) {
      skip(indicator, "a date is not ISO 8601 in UTC with milliseconds");
      return [];
    }
    // The input is sorted, so equal ones are neighbours; the same id twice makes strict consumers refuse the bundle.
    if (expression.pattern === previousPattern) {
      skip(indicator, "the same pattern as the indicator before it");
      return [];
    }
    previousPattern = expression.pattern;

    const { refs, definition } = marking(indicator.tlp, options.tlp);
    const provenance = { author, times, refs };
    const subject = stixIndicator(indicator, expression, provenance, templates);
    const objects: StixObject[] = [];
    if (definition) objects.push(...once(definition.name, () => definition));
    if (expression.pattern.includes(TLS_FINGERPRINT_EXTENSION_ID)) {
      objects.push(...once("tls-fingerprint", () => tlsFingerprintExtension(author)));
    }
    objects.push(...expression.observables.flatMap(observe), subject);
    if (expression.observables.length > 0) {
      const observed = observedData(indicator, subject, expression, provenance);
      objects.push(observed, relationship(subject, "based-on", observed.id, provenance));
    }
    for (const family of distinctTexts(indicator.families)) {
      objects.push(...once(`family:${family}`, () => malwareFamily(family, author, templates)));
      objects.push(relationship(subject, "indicates", familyId(family), provenance));
    }
    return objects;
  };
}
