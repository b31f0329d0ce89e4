/** A sample as pivoting sees it: an id and its traits, whatever they were read from. */
import type { TraitKind } from "./kinds.ts";

export interface Trait {
  readonly kind: TraitKind;
  /** One line of printable text, at most LONGEST_VALUE characters; hashes in lower case, a time as `YYYY-MM-DDThh:mm:ss` UTC. */
  readonly value: string;
  /** What this sample says against the value, such as "imports two functions only". */
  readonly doubt?: string;
  /** The value is not what the report says, letter for letter (cut, control characters): no query can ask for it. */
  readonly isAltered?: true;
}

export interface PivotSample {
  /** sha256, lower case. */
  readonly id: string;
  /** No kind and value twice. */
  readonly traits: readonly Trait[];
  /** MD5 and SHA-1, when known: people paste those as well. */
  readonly aliases?: readonly string[];
}

export const LONGEST_VALUE = 200;

/**
 * Two sights of one kind and value as one trait, the same whichever comes first: what either says against the value
 * stands, and an unaltered sight makes it askable.
 */
export function mergeTraits(a: Trait, b: Trait): Trait {
  const [doubt] = [a.doubt, b.doubt].filter((own) => own !== undefined).sort();
  return {
    kind: a.kind,
    value: a.value,
    ...(doubt === undefined ? {} : { doubt }),
    ...(a.isAltered && b.isAltered ? { isAltered: true as const } : {}),
  };
}
