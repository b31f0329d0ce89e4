/** The verdict: what the judge says about an observable. Computed from evidence, re-computable at any time. */

export const DECISIONS = ["keep", "review", "drop"] as const;
export type Decision = (typeof DECISIONS)[number];

export interface Reason {
  /** Rule that spoke, kebab-case; stable. */
  readonly id: string;
  /** Points it adds to the confidence; all weights of a verdict add up to its confidence. */
  readonly weight: number;
  /** Plain words with the figures. */
  readonly text: string;
}

export interface Verdict {
  readonly decision: Decision;
  /** 0–100. */
  readonly confidence: number;
  readonly reasons: readonly Reason[];
}
