/**
 * A ranked cut: what an output of limited size keeps of indicators that are more than it holds. It ranks by confidence,
 * then in order of arrival, which is (type, value). What is cut is skipped with a reason, so the manifest counts it.
 *
 * This module does not render, and it knows no target's limits.
 */
import type { Indicator, Observable, RenderContext } from "../../../src/plugin.ts";

/** Both are inclusive; without one there is no limit of that kind. */
export interface Budget {
  readonly maxRows?: number | undefined;
  /** Of UTF-8. */
  readonly maxBytes?: number | undefined;
}

/** What an indicator takes of the budget; `rows` may be several. */
export interface Piece {
  readonly rows: number;
  readonly bytes: number;
}

/**
 * How to use it, once for each budget of an output:
 *
 *     const cut = openCut<Line>({ maxRows: 50_000 }, ctx.skip);
 *     for each indicator:  if (!cut.refuses(indicator)) cut.offer(indicator, renderLine(indicator));
 *     at the end:          for (const line of cut.release()) …;  then log cut.summary()
 *
 * Give it indicators that are fit for the output; skip the others yourself. The pieces stay in memory until the end,
 * but never more than the budget holds: an output that is larger than memory needs no budget and streams instead.
 *
 * The result is the same as sorting everything and taking rows from the top until the first that no longer fits:
 * nothing is kept that ranks below something cut. The one exception is an indicator that alone exceeds the budget; it
 * is skipped and the rest goes on.
 */
export interface RankedCut<P extends Piece> {
  /** Skips the indicator, and says true, when its rank leaves no room for it; there is no need to render it. */
  refuses(indicator: Indicator): boolean;
  /** Takes the piece of the indicator, and skips what no longer fits: itself or others that rank lower. */
  offer(indicator: Indicator, piece: P): void;
  /** What is kept, in order of arrival. Call it once, after the last offer. */
  release(): Generator<P>;
  /** For the log: `3 of 10 indicators are cut to hold 7 rows; …`, or undefined when nothing is. */
  summary(): string | undefined;
}

interface Held<P> {
  /** A whole indicator would weigh more than its piece. */
  readonly observable: Observable;
  readonly piece: P;
  readonly arrival: number;
}

const LEVELS = 101;

export function openCut<P extends Piece>(
  { maxRows = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY }: Budget,
  skip: RenderContext["skip"],
): RankedCut<P> {
  // One stack for each confidence: the top of the lowest is what ranks last, so a cut needs no sorting.
  const stacks: Held<P>[][] = Array.from({ length: LEVELS }, () => []);
  const total = { rows: 0, bytes: 0, offered: 0, cut: 0 };
  /** The best confidence of which something was cut, and why it was. */
  let ceiling = -1;
  let reason = "";

  const cutLast = (): void => {
    const level = stacks.findIndex(({ length }) => length > 0);
    const { observable, piece } = (stacks[level] as Held<P>[]).pop() as Held<P>;
    reason = total.rows > maxRows ? beyond(maxRows, "rows") : beyond(maxBytes, "bytes");
    ceiling = level;
    total.rows -= piece.rows;
    total.bytes -= piece.bytes;
    total.cut += 1;
    skip(observable, reason);
  };

  return {
    refuses(indicator) {
      // Of the same confidence too: it arrived later.
      if (levelOf(indicator) > ceiling) return false;
      total.offered += 1;
      total.cut += 1;
      skip(indicator, reason);
      return true;
    },
    offer(indicator, piece) {
      total.offered += 1;
      if (piece.rows > maxRows || piece.bytes > maxBytes) {
        total.cut += 1;
        skip(indicator, "larger than the whole output may be");
        return;
      }
      const { type, value } = indicator;
      stacks[levelOf(indicator)]?.push({ observable: { type, value }, piece, arrival: total.offered });
      total.rows += piece.rows;
      total.bytes += piece.bytes;
      while (total.rows > maxRows || total.bytes > maxBytes) cutLast();
    },
    *release() {
      const kept = stacks.flat().sort((a, b) => a.arrival - b.arrival);
      for (const { piece } of kept) yield piece;
    },
    summary() {
      if (total.cut === 0) return undefined;
      const lowest = stacks.findIndex(({ length }) => length > 0);
      const limits = [limit(maxRows, "rows"), limit(maxBytes, "bytes")].filter((text) => text !== "").join(" and ");
      return (
        `${count(total.cut)} of ${count(total.offered)} indicators are cut to hold ${limits}; ` +
        (lowest < 0 ? "none is kept" : `the kept have a confidence of ${lowest} or more`)
      );
    },
  };
}

function levelOf({ verdict }: Indicator): number {
  return Math.min(LEVELS - 1, Math.max(0, Math.trunc(verdict.confidence)));
}

function beyond(max: number, unit: string): string {
  return `cut: it ranks below what ${limit(max, unit)} hold`;
}

function limit(max: number, unit: string): string {
  return Number.isFinite(max) ? `${count(max)} ${unit}` : "";
}

function count(number: number): string {
  return number.toLocaleString("en-GB");
}
