/** Which indicators a matching form carries: those that may alert, and of these the best that its budget holds. */
import { batches, type Indicator, type RenderContext } from "../../src/plugin.ts";
import { type Budget, openCut, type Piece } from "../shared/rows/budget.ts";
import { ROWS_PER_CHUNK } from "../shared/rows/row.ts";
import { malformed, uncarriable } from "../shared/rows/value.ts";
import type { SplunkOptions } from "./options.ts";

/** Why an indicator gets no row, or undefined: a row in a lookup alerts. */
export function unfit({ type, value, verdict, status }: Indicator): string | undefined {
  if (verdict.decision !== "keep") return `the verdict is ${verdict.decision}, and a lookup row alerts`;
  if (status !== "active") return `${status}, and a lookup row alerts`;
  return malformed({ type, value }) ?? uncarriable(value);
}

/** What is kept, in order of arrival. Skips the others, and says in the log how many were cut. */
export async function keepBest<P extends Piece>(
  indicators: AsyncIterable<Indicator>,
  ctx: RenderContext<SplunkOptions>,
  budget: Budget,
  pieceOf: (indicator: Indicator) => P,
  flawOf: (indicator: Indicator) => string | undefined = unfit,
): Promise<P[]> {
  const cut = openCut<P>(budget, ctx.skip);
  for await (const batch of batches(indicators, ROWS_PER_CHUNK)) {
    ctx.signal.throwIfAborted();
    for (const indicator of batch) {
      const flaw = flawOf(indicator);
      if (flaw) ctx.skip(indicator, flaw);
      else if (!cut.refuses(indicator)) cut.offer(indicator, pieceOf(indicator));
    }
  }
  const kept = [...cut.release()];
  const summary = cut.summary();
  if (summary) ctx.log.warn(`splunk: ${summary}`);
  return kept;
}

export function* slices<T>(items: readonly T[], size = 100): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
