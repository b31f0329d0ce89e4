/** Combined queries: two traits that the same samples have and that come from different facets. Scores nothing anew. */
import { KINDS, type TraitKind } from "./kinds.ts";
import { recent } from "./query.ts";
import type { SharedTrait } from "./shared-trait.ts";

export interface Suggestion {
  /** Paste-ready. */
  readonly query: string;
  readonly reason: string;
  readonly traits: readonly { readonly kind: TraitKind; readonly value: string }[];
  /** The given samples that have all of it. */
  readonly samples: readonly string[];
}

const MOST_SUGGESTIONS = 6;
/** Traits a suggestion is built from: each specific enough to mean something beside another. */
const SUGGEST_FROM = 30;
/** Specific enough to be hunted with alone, when nothing of another facet is shared. */
const ALONE_FROM = 70;
/** The best traits that are paired. */
const MOST_PAIRED = 24;
/** Suggestions in which one trait may stand, so that they differ. */
const MOST_REPEATS = 2;

interface Candidate {
  readonly traits: readonly SharedTrait[];
  readonly samples: readonly string[];
}

/**
 * Suggestions for traits in order of score among `of` samples: pairs, each making up for the other's chance hits, or
 * the most specific traits alone when there is no pair. Traits without a query and common ones never stand in any.
 */
export function suggest(traits: readonly SharedTrait[], of: number): Suggestion[] {
  const least = of === 1 ? 1 : 2;
  const usable = traits.filter(
    ({ specificity, samples, query }) => specificity >= SUGGEST_FROM && samples.length >= least && query !== undefined,
  );
  const pairs = pairsOf(usable.slice(0, MOST_PAIRED), least);
  if (pairs.length > 0) return differing(pairs).map((pair) => suggestionOf(pair, of));
  const alone = usable.filter(({ specificity }) => specificity >= ALONE_FROM);
  return differing(alone.map((trait) => ({ traits: [trait], samples: trait.samples }))).map((one) =>
    suggestionOf(one, of),
  );
}

/** Pairs of different facets with at least `least` samples in common; most samples and most specific first. */
function pairsOf(best: readonly SharedTrait[], least: number): Candidate[] {
  const pairs = best.flatMap((first, index) =>
    best.slice(index + 1).flatMap((second): Candidate[] => {
      if (KINDS[first.kind].facet === KINDS[second.kind].facet) return [];
      const having = new Set(second.samples);
      const samples = first.samples.filter((id) => having.has(id));
      return samples.length >= least ? [{ traits: [first, second], samples }] : [];
    }),
  );
  return pairs
    .map((pair, order) => ({ pair, order, rank: rankOf(pair) }))
    .sort((a, b) => b.rank - a.rank || a.order - b.order)
    .map(({ pair }) => pair);
}

function rankOf({ traits, samples }: Candidate): number {
  return samples.length * traits.reduce((sum, { specificity }) => sum + specificity, 0);
}

/**
 * The first MOST_SUGGESTIONS that differ: no trait too often, one pair of facets once for the same samples, and no query
 * twice: traits of two kinds can be asked for in the same words.
 */
function differing(pairs: readonly Candidate[]): Candidate[] {
  const uses = new Map<SharedTrait, number>();
  const told = new Set<string>();
  const chosen: Candidate[] = [];
  for (const pair of pairs) {
    if (chosen.length === MOST_SUGGESTIONS) break;
    if (pair.traits.some((trait) => (uses.get(trait) ?? 0) >= MOST_REPEATS)) continue;
    const facets = pair.traits.map(({ kind }) => KINDS[kind].facet).sort();
    const stories = [queryOf(pair), ...(facets.length > 1 ? [[...facets, ...pair.samples].join(" ")] : [])];
    if (stories.some((story) => told.has(story))) continue;
    for (const story of stories) told.add(story);
    for (const trait of pair.traits) uses.set(trait, (uses.get(trait) ?? 0) + 1);
    chosen.push(pair);
  }
  return chosen;
}

function queryOf({ traits }: Candidate): string {
  return recent(traits.flatMap(({ query }) => query ?? []));
}

function suggestionOf({ traits, samples }: Candidate, of: number): Suggestion {
  const named = traits.map(({ kind, label }) => `${label} (${KINDS[kind].facet})`).join(" and ");
  const held =
    of === 1
      ? `the sample has ${traits.length === 1 ? "it" : "both"}`
      : `${samples.length} of ${of} samples have ${traits.length === 1 ? "it" : "both"}`;
  const why = traits.length === 1 ? "nothing of another facet is shared" : "two facets that seldom agree by chance";
  return {
    query: queryOf({ traits, samples }),
    reason: `${named}: ${held}; ${why}`,
    traits: traits.map(({ kind, value }) => ({ kind, value })),
    samples,
  };
}
