/** How a value's samples spread over families, against the whole store. */
import type { Facts, Population } from "../store/store.ts";

/**
 * Number of families that the samples spread over as if evenly: the exponential of Shannon's entropy. Ten samples of one
 * family and one of another are 1.4, five of each 2. No family is 0.
 */
export function effectiveGroups(counts: Iterable<number>): number {
  const all = [...counts];
  const sum = all.reduce((total, count) => total + count, 0);
  if (sum === 0) return 0;
  return Math.exp(-all.reduce((total, count) => total + (count / sum) * Math.log(count / sum), 0));
}

/** The family that most of the samples are of; of two with as many the first by name. */
export function mainFamily(
  families: ReadonlyMap<string, number>,
): readonly [name: string, samples: number] | undefined {
  return [...families].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0];
}

export interface Lift {
  readonly family: string;
  /** Samples of the family that show the value, and all of them. */
  readonly shown: number;
  readonly samples: number;
  /** The same of samples that are clean or of other families. */
  readonly shownElsewhere: number;
  readonly samplesElsewhere: number;
  /** How many times as often the family shows it as the others do; half a sample stands for none. */
  readonly factor: number;
}

/** Undefined without a family, or when the store holds no samples of others to compare with. */
export function liftOf({ families, cleanSamples }: Facts, population: Population): Lift | undefined {
  const main = mainFamily(families);
  if (!main) return undefined;
  const [family, shown] = main;
  const samples = Math.max(shown, population.families.get(family) ?? 0);
  const sum = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((a, b) => a + b, 0);
  const samplesElsewhere = sum(population.families) - (population.families.get(family) ?? 0) + population.cleanSamples;
  if (samplesElsewhere <= 0) return undefined;
  const shownElsewhere = sum(families) - shown + cleanSamples;
  const factor = shown / samples / ((shownElsewhere + 0.5) / (samplesElsewhere + 1));
  return { family, shown, samples, shownElsewhere, samplesElsewhere, factor };
}
