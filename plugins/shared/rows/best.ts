/**
 * Keeps the best of an output, or the best lines of each file, within a budget (see budget.ts). It must see the last
 * indicator before the first line can be written, so it holds as much as the budgets allow.
 */
import type { Chunk, Indicator, RenderContext } from "../../../src/plugin.ts";
import { type Budget, openCut, type Piece, type RankedCut } from "./budget.ts";
import type { Lines, LinesOrReason } from "./lines.ts";

/** Lines between two looks at the signal. */
const PER_CHUNK = 500;

type Context = Pick<RenderContext, "signal" | "skip" | "log">;

export interface Selection<P extends Piece> {
  /** What is cut, for the log. */
  readonly name: string;
  readonly budget: Budget;
  /** Why an indicator is not for this output at all, so that it does not count as cut. */
  readonly flawOf: (indicator: Indicator) => string | undefined;
  readonly pieceOf: (indicator: Indicator) => P;
}

/** The best pieces of a whole output in the order of the input; the others are skipped. */
export async function keepBest<P extends Piece>(
  indicators: AsyncIterable<Indicator>,
  { signal, skip, log }: Context,
  { name, budget, flawOf, pieceOf }: Selection<P>,
): Promise<P[]> {
  const cut = openCut<P>(budget, skip);
  let taken = 0;
  for await (const indicator of indicators) {
    taken += 1;
    if (taken % PER_CHUNK === 0) signal.throwIfAborted();
    const flaw = flawOf(indicator);
    if (flaw) skip(indicator, flaw);
    else if (!cut.refuses(indicator)) cut.offer(indicator, pieceOf(indicator));
  }
  const summary = cut.summary();
  if (summary) log.warn(`${name}: ${summary}`);
  return [...cut.release()];
}

type Held = Lines & { readonly bytes: number };

/** The best lines of each file in the order of the input; the others are skipped. */
export async function* writeBestLines(
  indicators: AsyncIterable<Indicator>,
  { signal, skip, log }: Context,
  budget: Budget,
  linesOf: (indicator: Indicator) => LinesOrReason,
): AsyncGenerator<Chunk> {
  const cuts = new Map<string, RankedCut<Held>>();
  let taken = 0;
  for await (const indicator of indicators) {
    taken += 1;
    if (taken % PER_CHUNK === 0) signal.throwIfAborted();
    const lines = linesOf(indicator);
    if (typeof lines === "string") {
      skip(indicator, lines);
      continue;
    }
    const cut = cuts.get(lines.path) ?? openCut<Held>(budget, skip);
    cuts.set(lines.path, cut);
    cut.offer(indicator, { ...lines, bytes: Buffer.byteLength(lines.text) });
  }
  for (const [path, cut] of cuts) {
    let kept: Held[] = [];
    for (const lines of cut.release()) {
      if (kept.push(lines) < PER_CHUNK) continue;
      signal.throwIfAborted();
      yield chunkOf(path, kept);
      kept = [];
    }
    if (kept.length > 0) yield chunkOf(path, kept);
    const summary = cut.summary();
    if (summary) log.warn(`${path}: ${summary}`);
  }
}

function chunkOf(path: string, kept: readonly Held[]): Chunk {
  return {
    path,
    data: kept.map(({ text }) => text).join(""),
    rows: kept.reduce((sum, { rows }) => sum + rows, 0),
    indicators: kept.length,
  };
}
