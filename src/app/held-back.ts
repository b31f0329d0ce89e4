/** What a target of pushes does not get: indicators above its level, and those that its filters leave out. Counted, so that it can be said. */
import { type Indicator, TLP_LEVELS, type Tlp } from "../model/indicator.ts";
import type { Where } from "../policy/where.ts";

export interface HeldBack {
  readonly aboveMaxTlp: number;
  /** By `where` of the export and of the sink. */
  readonly byWhere: number;
}

export interface Sieve {
  /** Those that go out. Each pass counts anew: a proof reads them before the push does. */
  pass(indicators: AsyncIterable<Indicator>): AsyncIterable<Indicator>;
  /** Of the last pass. */
  heldBack(): HeldBack;
}

export function createSieve(maxTlp: Tlp, where: Where): Sieve {
  const highest = TLP_LEVELS.indexOf(maxTlp);
  let aboveMaxTlp = 0;
  let byWhere = 0;
  return {
    async *pass(indicators) {
      aboveMaxTlp = 0;
      byWhere = 0;
      for await (const indicator of indicators) {
        if (TLP_LEVELS.indexOf(indicator.tlp) > highest) aboveMaxTlp += 1;
        else if (!where(indicator)) byWhere += 1;
        else yield indicator;
      }
    },
    heldBack: () => ({ aboveMaxTlp, byWhere }),
  };
}
