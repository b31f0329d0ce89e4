/** Sids, the numbers of rules. */

export interface SidRange {
  readonly first: number;
  readonly last: number;
  /** Sids that others have, with where they were found. */
  readonly reserved?: ReadonlyMap<number, string>;
}

/** The range that https://sidallocation.org leaves to local rules. */
export const LOCAL_SIDS: SidRange = { first: 1_000_000, last: 1_999_999 };
