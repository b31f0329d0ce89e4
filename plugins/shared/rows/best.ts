/**
 * Keeps the best lines of each file within a budget of its own (see budget.ts). It must see the last indicator before it
 * can write the first line, so it holds as much as the budgets allow.
 */
import type { Chunk, Indicator, RenderContext } from "../../../src/plugin.ts";
import { type Budget, openCut, type RankedCut } from "./budget.ts";
import type { Lines, LinesOrReason } from "./lines.ts";

/** Lines between two looks at the signal. */
const PER_CHUNK = 500;

type Held = Lines & { readonly bytes: number };

/** The best lines of each file in the order of the input; the others are skipped. */
export async function* writeBestLines(
  indicators: AsyncIterable<Indicator>,
  { signal, skip, log }: Pick<RenderContext, "signal" | "skip" | "log">,
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
