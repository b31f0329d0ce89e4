/**
 * What an output gets of the indicators: none above its level, and those that its filter lets through. One that it was
 * given before and that has ended goes through whatever the filter says of it now: who is told of an indicator is told
 * of its end. What is held back is counted, so that it can be said.
 */
import { type Indicator, indicatorKey, TLP_LEVELS, type Tlp } from "../model/indicator.ts";
import { batches } from "../plugin.ts";
import type { Where } from "../policy/where.ts";
import type { GivenLedger } from "../store/given-ledger.ts";

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

export interface SieveRules {
  /** Default: no limit. */
  readonly maxTlp?: Tlp;
  /** Absent: everything goes through. */
  readonly where?: Where | undefined;
  /** Absent: nothing is remembered of what goes through. */
  readonly given?: GivenLedger | undefined;
}

/** Indicators of one look at the ledger. */
const BATCH = 500;

export function createSieve({ maxTlp = "red", where, given }: SieveRules): Sieve {
  const highest = TLP_LEVELS.indexOf(maxTlp);
  let aboveMaxTlp = 0;
  let byWhere = 0;
  const isAbove = ({ tlp }: Indicator): boolean => TLP_LEVELS.indexOf(tlp) > highest;
  return {
    async *pass(indicators) {
      aboveMaxTlp = 0;
      byWhere = 0;
      for await (const batch of batches(indicators, BATCH)) {
        const allowed = batch.filter((indicator) => !isAbove(indicator));
        aboveMaxTlp += batch.length - allowed.length;
        if (where === undefined) {
          yield* allowed;
          continue;
        }
        const wanted = new Set(allowed.filter(where));
        await given?.add([...wanted].filter(({ status }) => status === "active"));
        const ended = allowed.filter((indicator) => indicator.status !== "active" && !wanted.has(indicator));
        const owed = await given?.among(ended);
        for (const indicator of allowed) {
          if (wanted.has(indicator) || owed?.has(indicatorKey(indicator))) yield indicator;
          else byWhere += 1;
        }
      }
    },
    heldBack: () => ({ aboveMaxTlp, byWhere }),
  };
}
