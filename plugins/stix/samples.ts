/**
 * The samples behind the indicators. Each is introduced once, with the first indicator that it showed; its analyses come
 * at the end, when it is known what the sandboxes saw. What is kept meanwhile is the ids of that.
 */
import type { Analysis, RenderContext, SampleDetails, Tlp } from "../../src/plugin.ts";
import type { Entry, Given } from "./entry.ts";
import { marking, strictest } from "./marking.ts";
import type { StixOptions } from "./options.ts";
import { PROFILES } from "./profile.ts";
import { relationship, type Stated } from "./relationship.ts";
import { isMalware, malwareAnalysis, malwareId, malwareSample, sampleFile } from "./sample-objects.ts";
import type { Identity, Malware, StixFile, StixId } from "./schema.ts";
import { attackPattern, attackPatternId, familyId, malwareFamily, type Templates } from "./shared-objects.ts";
import { distinctTexts } from "./text.ts";

/** An analysis lists so many objects and no more; one sandbox's run shows a few dozen. */
export const MOST_ANALYSED = 500;

export type Samples = Awaited<ReturnType<RenderContext["samples"]>>;

interface Known {
  readonly file: StixFile["id"];
  readonly malware?: Malware["id"];
  readonly created: string;
  readonly analyses: readonly { readonly analysis: Analysis; readonly seen: StixId[] }[];
  /** Of all that its analyses tell. */
  tlp: Tlp;
}

interface Shared {
  readonly author: Identity["id"];
  readonly templates: Templates;
  readonly options: StixOptions;
  readonly given: Given;
}

export interface SampleBook {
  /** The objects of a sample that is new; `created` and `tlp` are those of the indicator that brings it. */
  introduce(sha256: string, details: Samples, created: string, tlp: Tlp): readonly Entry[];
  /** The malware object of an introduced sample; undefined when it is not malware. */
  malware(sha256: string): Malware["id"] | undefined;
  /** That a sandbox saw an object as it ran an introduced sample. */
  saw(sha256: string, sandbox: string, object: StixId, tlp: Tlp): void;
  /** The analyses of all introduced samples, sample by sample. */
  analyses(): Iterable<readonly Entry[]>;
}

export function openSampleBook({ author, templates, options, given }: Shared): SampleBook {
  const known = new Map<string, Known>();
  const { analysed } = PROFILES[options.profile];

  function techniques({ techniques: ids }: SampleDetails, malware: Malware["id"], stated: Stated): Entry[] {
    if (!options.attackPatterns) return [];
    return [...new Set(ids)]
      .filter((id) => /^T\d{4}(?:\.\d{3})?$/.test(id))
      .flatMap((id) => [
        ...given.once(`technique:${id}`, () => [attackPattern(id, author)]),
        relationship(malware, "uses", attackPatternId(id, author), stated),
      ]);
  }

  function family({ families }: SampleDetails, malware: Malware["id"], stated: Stated): Entry[] {
    return distinctTexts(families.slice(0, 1)).flatMap((name) => [
      ...given.once(`family:${name}`, () => [malwareFamily(name, author, templates)]),
      relationship(malware, "variant-of", familyId(name, author), stated),
    ]);
  }

  return {
    introduce(sha256, details, created, tlp) {
      if (known.has(sha256)) return [];
      const sample = details.get(sha256) ?? { sha256, families: [], labels: [], techniques: [], analyses: [] };
      const file = sampleFile(sample);
      const malware = isMalware(sample) ? malwareId(sha256, author) : undefined;
      known.set(sha256, {
        file: file.id,
        ...(malware ? { malware } : {}),
        created,
        analyses: sample.analyses.map((analysis) => ({ analysis, seen: [] })),
        tlp,
      });
      const entries: Entry[] = [...given.once(file.id, () => [file])];
      if (!malware) return entries;
      const { refs } = marking(tlp, options.tlp);
      const stated = { author, created, refs };
      entries.push(malwareSample(sample, file.id, { ...stated, templates }));
      entries.push(...family(sample, malware, stated), ...techniques(sample, malware, stated));
      return entries;
    },
    malware: (sha256) => known.get(sha256)?.malware,
    saw(sha256, sandbox, object, tlp) {
      const sample = known.get(sha256);
      const run = sample?.analyses.find(({ analysis }) => analysis.sandbox === sandbox);
      if (!sample || !run || run.seen.length >= MOST_ANALYSED || run.seen.includes(object)) return;
      if (analysed === "files" && !object.startsWith("file--")) return;
      run.seen.push(object);
      sample.tlp = strictest(sample.tlp, tlp);
    },
    *analyses() {
      for (const [sha256, { file, malware, created, analyses, tlp }] of known) {
        const stated = { author, created, refs: marking(tlp, options.tlp).refs };
        yield analyses.flatMap(({ analysis, seen }) => {
          const entry = malwareAnalysis(sha256, analysis, { file, seen }, { ...stated, templates });
          if (!malware) return [entry];
          return [entry, relationship(entry.draft.id, "dynamic-analysis-of", malware, stated)];
        });
      }
    },
  };
}
