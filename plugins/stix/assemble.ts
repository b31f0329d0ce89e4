/**
 * One indicator → its STIX objects in dependency order: what is referred to stands before what refers to it. Objects
 * that indicators share (families, samples, markings, addresses) come with the first that needs them and never again.
 *
 * This module does not write files and never looks at the clock.
 */
import type { Indicator, RenderContext } from "../../src/plugin.ts";
import { createGiven, type Entry } from "./entry.ts";
import { express } from "./express.ts";
import { observedData, type Provenance, stixIndicator } from "./indicator-objects.ts";
import { marking } from "./marking.ts";
import type { StixOptions } from "./options.ts";
import { PROFILES, profileMisfit } from "./profile.ts";
import { relationship, type Stated } from "./relationship.ts";
import { NO_RESOLUTIONS, resolutions } from "./resolutions.ts";
import { openSampleBook, type Samples } from "./samples.ts";
import type { CyberObservable, Identity } from "./schema.ts";
import { familyId, infrastructure, infrastructureId, malwareFamily } from "./shared-objects.ts";
import { type Subject, sightings } from "./sightings.ts";
import { distinctTexts } from "./text.ts";
import { timesOf } from "./times.ts";
import { TLS_FINGERPRINT_EXTENSION_ID, tlsFingerprintExtension } from "./tls-fingerprint.ts";

type Context = Pick<RenderContext<StixOptions>, "options" | "templates" | "skip">;

export interface Assembler {
  /** The objects of an indicator; none when it is skipped. `details` holds what is known of the samples it names. */
  assemble(indicator: Indicator, details: Samples): readonly Entry[];
  /** What can only be told at the end. */
  conclude(): Iterable<readonly Entry[]>;
}

/** Remembers the shared objects it has given out. Give it the indicators in export order. */
export function createAssembler(author: Identity["id"], { options, templates, skip }: Context): Assembler {
  const profile = PROFILES[options.profile];
  const given = createGiven();
  const book = openSampleBook({ author, templates, options, given });
  let previousPattern = "";

  /** What is expressed and when, or why not. */
  function readable(indicator: Indicator, details: Samples) {
    const misfit = profileMisfit(profile, indicator);
    if (misfit !== undefined) return { misfit };
    const expression = express(withSample(indicator, details));
    if ("misfit" in expression) return expression;
    const times = timesOf(indicator);
    if (!times) return { misfit: "a date is not ISO 8601 in UTC with milliseconds" };
    // The input is sorted, so equal ones are neighbours; the same id twice makes strict consumers refuse the bundle.
    if (expression.pattern === previousPattern) return { misfit: "the same pattern as the indicator before it" };
    return { expression, times };
  }

  /**
   * Addresses are also the destinations of endpoints, and what resolves to them looks up the domain. Files are also
   * samples, and two of one MD5 have one id.
   */
  function observe(observable: CyberObservable): readonly Entry[] {
    switch (observable.type) {
      case "ipv4-addr":
      case "ipv6-addr":
      case "domain-name":
        return given.once(observable.value, () => [observable]);
      case "file":
        return given.once(observable.id, () => [observable]);
      default:
        return [observable];
    }
  }

  /** What the indicator is based on, in the way of the profile. */
  function basis(indicator: Indicator, { id, expression, provenance }: Subject): readonly Entry[] {
    const main = expression.observables.at(-1);
    if (!main) return [];
    const resolved = profile.hasResolutions ? resolutions(indicator, main, provenance, given) : NO_RESOLUTIONS;
    const stated = claim(indicator, provenance);
    if (profile.basis === "observable") return [...resolved.entries, relationship(id, "based-on", main.id, stated)];
    const seen = [...expression.observables.map((object) => object.id), ...resolved.refs];
    const observed = observedData(indicator, id, seen, provenance);
    return [...resolved.entries, observed, relationship(id, "based-on", observed.draft.id, stated)];
  }

  /** Which families it indicates and, on the network, whose infrastructure it is part of. */
  function families(indicator: Indicator, { id, expression, provenance }: Subject): readonly Entry[] {
    const stated = claim(indicator, provenance);
    const main = expression.observables.at(-1);
    return distinctTexts(indicator.families).flatMap((name) => [
      ...given.once(`family:${name}`, () => [malwareFamily(name, author, templates)]),
      relationship(id, "indicates", familyId(name, author), stated),
      ...(main && profile.hasInfrastructure && isOnNetwork(main) ? partOf(name, main, stated) : []),
    ]);
  }

  function partOf(family: string, object: CyberObservable, stated: Stated): readonly Entry[] {
    const { author, created } = stated;
    const network = infrastructureId(family, author);
    return [
      ...given.once(`infrastructure:${family}`, () => [
        infrastructure(family, author, templates),
        relationship(familyId(family, author), "uses", network, { author, created }),
      ]),
      relationship(network, "consists-of", object.id, stated),
    ];
  }

  return {
    assemble(indicator, details) {
      const read = readable(indicator, details);
      if ("misfit" in read) {
        skip(indicator, read.misfit);
        return [];
      }
      const { expression, times } = read;
      previousPattern = expression.pattern;
      const { refs, definition } = marking(indicator.tlp, options.tlp);
      const provenance = { author, times, refs };
      const subject = stixIndicator(indicator, expression, provenance, {
        templates,
        isForOpenCti: profile.hasOpenCtiExtension,
      });
      const entries: Entry[] = [];
      if (definition) entries.push(...given.once(definition.name, () => [definition]));
      if (expression.pattern.includes(TLS_FINGERPRINT_EXTENSION_ID)) {
        entries.push(...given.once("tls-fingerprint", () => tlsFingerprintExtension(author)));
      }
      if (!profile.hasGraph) return [...entries, subject];
      entries.push(...expression.observables.flatMap(observe), subject);
      const about = { id: subject.draft.id, expression, provenance };
      entries.push(...basis(indicator, about), ...families(indicator, about));
      // What was withdrawn brings no samples along; those it brought before stay as they are.
      if (indicator.status !== "revoked") entries.push(...sightings(indicator, about, { details, book, given }));
      return entries;
    },
    conclude: () => book.analyses(),
  };
}

/** A relationship that is part of the judgement, and is withdrawn with it. */
function claim({ status }: Indicator, { author, times, refs }: Provenance): Stated {
  return { author, created: times.created, refs, isRevoked: status === "revoked" };
}

function isOnNetwork({ type }: CyberObservable): boolean {
  return ["domain-name", "ipv4-addr", "ipv6-addr", "url", "network-traffic"].includes(type);
}

/** A file that is a sample is described as the sample, so that both are one object. */
function withSample(indicator: Indicator, details: Samples): Indicator {
  const sample = indicator.type === "sha256" ? details.get(indicator.value) : undefined;
  return sample ? { ...indicator, details: sample } : indicator;
}
