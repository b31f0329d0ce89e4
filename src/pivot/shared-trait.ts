/** A trait with its standing among the given samples: what scoring makes and output shows. */
import type { TraitKind } from "./kinds.ts";

export interface SharedTrait {
  readonly kind: TraitKind;
  readonly label: string;
  /** Safe to print on one line; of neighbours, the digest in their middle. */
  readonly value: string;
  /** The given samples that have it, sorted. */
  readonly samples: readonly string[];
  /** Of neighbours only: sample → distance from the digest in the middle. */
  readonly distances?: Readonly<Record<string, number>>;
  /** 0–100: how rarely unrelated files share it; 0 for a common value. */
  readonly specificity: number;
  /** Specificity × the share of the samples that have it, to one decimal: the order. */
  readonly score: number;
  /** Why unrelated files share the value; absent when nothing is known against it. */
  readonly common?: string;
  /** The score in words. */
  readonly why: string;
  /** Paste-ready; absent when no query can ask for the value. */
  readonly query?: string;
  /** A second query for the same end: what VirusTotal itself calls similar to the sample in the middle. */
  readonly similar?: string;
}
