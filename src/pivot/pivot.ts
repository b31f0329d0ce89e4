/**
 * What samples share. A pure function over samples and their traits: which values several of them have, how specific
 * each is, and the VirusTotal Intelligence query that finds more. Asks nobody and reads nothing.
 */
import { commonReason } from "./common.ts";
import { KINDS, type Kind, TRAIT_KINDS } from "./kinds.ts";
import { type Neighbourhood, neighbourhoods } from "./neighbourhoods.ts";
import { exactTerm } from "./query.ts";
import { mergeTraits, type PivotSample, type Trait } from "./sample.ts";
import type { SharedTrait } from "./shared-trait.ts";
import { isSsdeepRelated, parseSsdeep } from "./ssdeep.ts";
import { type Suggestion, suggest } from "./suggestions.ts";
import { parseTlsh, tlshDistance } from "./tlsh.ts";

export interface Pivot {
  readonly samples: readonly string[];
  /** Highest score first. Of several samples also those that one alone has; see `samples`. */
  readonly traits: readonly SharedTrait[];
  readonly suggestions: readonly Suggestion[];
  /** What was left out, in words. */
  readonly notes: readonly string[];
}

/** TLSH distance from the middle up to which samples are neighbours. */
export const TLSH_THRESHOLD = 50;
/** Distinct digests that are compared pairwise; the rest stand by themselves. */
const MOST_COMPARED = 1000;

/** Independent of the order of samples and traits. */
export function pivot(samples: readonly PivotSample[]): Pivot {
  const ids = [...new Set(samples.map(({ id }) => id))].sort();
  const notes: string[] = [];
  const holders = holdersOf(samples);
  const traits = [
    ...[...holders.values()]
      .filter(({ trait }) => trait.kind !== "tlsh" && trait.kind !== "ssdeep")
      .map((holding) => sharedTrait(holding, ids.length)),
    ...neighbours("tlsh", holders, ids.length, notes),
    ...neighbours("ssdeep", holders, ids.length, notes),
  ].sort(byScore);
  return { samples: ids, traits, suggestions: suggest(traits, ids.length), notes };
}

interface Holding {
  readonly trait: Trait;
  readonly samples: ReadonlySet<string>;
  readonly distances?: Readonly<Record<string, number>>;
}

function holdersOf(samples: readonly PivotSample[]): Map<string, Holding> {
  const holders = new Map<string, { trait: Trait; samples: Set<string> }>();
  for (const { id, traits } of samples) {
    for (const trait of traits) {
      const key = `${trait.kind} ${trait.value}`;
      const known = holders.get(key);
      if (!known) holders.set(key, { trait, samples: new Set([id]) });
      else {
        known.samples.add(id);
        known.trait = mergeTraits(known.trait, trait);
      }
    }
  }
  return holders;
}

function sharedTrait({ trait, samples, distances }: Holding, of: number): SharedTrait {
  const kind: Kind = KINDS[trait.kind];
  const common = commonReason(trait.kind, trait.value) ?? trait.doubt;
  const specificity = common === undefined ? kind.specificity : 0;
  const score = Math.round((10 * specificity * samples.size) / of) / 10;
  return {
    kind: trait.kind,
    label: kind.label,
    value: trait.value,
    samples: [...samples].sort(),
    ...(distances ? { distances } : {}),
    specificity,
    score,
    ...(common === undefined ? {} : { common }),
    why: common === undefined ? scoreInWords(kind, score, samples.size, of) : `0, common: ${common}`,
    ...(trait.isAltered ? {} : { query: kind.query(trait.value) }),
  };
}

function scoreInWords({ specificity, why }: Kind, score: number, count: number, of: number): string {
  const share = of === 1 || count === of ? "" : ` × ${count} of ${of} samples = ${score}`;
  return `${specificity}${share}: ${why}`;
}

/** Fuzzy digests are hardly ever equal: samples are grouped around the digest in the middle. */
function neighbours(
  kind: "tlsh" | "ssdeep",
  holders: ReadonlyMap<string, Holding>,
  of: number,
  notes: string[],
): SharedTrait[] {
  const holdings = [...holders.values()].filter(({ trait }) => trait.kind === kind);
  const holding = new Map(holdings.map((own) => [own.trait.value, own]));
  const values = [...holding.keys()].sort();
  if (values.length > MOST_COMPARED)
    notes.push(
      `Of ${values.length} ${kind} digests the first ${MOST_COMPARED} were compared; the others stand by themselves.`,
    );
  const compared = kind === "tlsh" ? tlshGroups(values) : ssdeepGroups(values);
  return compared.map(({ centre, members }) => {
    const distances = new Map<string, number>();
    for (const { value, distance } of members)
      for (const id of holding.get(value)?.samples ?? [])
        distances.set(id, Math.min(distance, distances.get(id) ?? distance));
    const sorted = [...distances].sort(([a], [b]) => (a < b ? -1 : 1));
    const group = sharedTrait(
      {
        trait: { kind, value: centre },
        samples: new Set(sorted.map(([id]) => id)),
        ...(kind === "tlsh" ? { distances: Object.fromEntries(sorted) } : {}),
      },
      of,
    );
    const [middle] = [...(holding.get(centre)?.samples ?? [])].sort();
    return middle === undefined ? group : { ...group, similar: exactTerm("similar-to", middle) };
  });
}

function tlshGroups(values: readonly string[]): Neighbourhood[] {
  return grouped(values, parseTlsh, tlshDistance, TLSH_THRESHOLD);
}

function ssdeepGroups(values: readonly string[]): Neighbourhood[] {
  return grouped(values, parseSsdeep, (a, b) => (isSsdeepRelated(a, b) ? 1 : 2), 1);
}

function grouped<T>(
  values: readonly string[],
  parse: (text: string) => T | undefined,
  distance: (a: T, b: T) => number,
  threshold: number,
): Neighbourhood[] {
  const digests = new Map(
    values.flatMap((value): [string, T][] => {
      const digest = parse(value);
      return digest === undefined ? [] : [[value, digest]];
    }),
  );
  const readable = [...digests.keys()];
  const between = (a: string, b: string) => distance(digests.get(a) as T, digests.get(b) as T);
  return [
    ...neighbourhoods(readable.slice(0, MOST_COMPARED), between, threshold),
    ...readable.slice(MOST_COMPARED).map((value) => ({ centre: value, members: [{ value, distance: 0 }] })),
  ];
}

function byScore(a: SharedTrait, b: SharedTrait): number {
  return (
    b.score - a.score ||
    b.specificity - a.specificity ||
    b.samples.length - a.samples.length ||
    TRAIT_KINDS.indexOf(a.kind) - TRAIT_KINDS.indexOf(b.kind) ||
    (a.value < b.value ? -1 : 1)
  );
}
