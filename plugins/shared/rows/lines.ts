/** Writes files of plain lines. This module does not know what a line looks like. */
import type { Chunk, Indicator, RenderContext } from "../../../src/plugin.ts";

/** What an indicator is in a target: whole lines, each ended, of one file. */
export interface Lines {
  readonly path: string;
  readonly text: string;
  /** How many lines of `text` hold a value. */
  readonly rows: number;
}

/** Lines, or the reason why there are none. */
export type LinesOrReason = Lines | string;

/** Indicators between two looks at the signal; a chunk has the lines of so many. */
const PER_CHUNK = 100;

/** The lines of each indicator, of a hundred in a chunk. Those without are skipped. */
export async function* writeLines(
  indicators: AsyncIterable<Indicator>,
  { signal, skip }: Pick<RenderContext, "signal" | "skip">,
  linesOf: (indicator: Indicator) => LinesOrReason,
): AsyncGenerator<Chunk> {
  let pieces = new Map<string, Piece>();
  let taken = 0;
  for await (const indicator of indicators) {
    const lines = linesOf(indicator);
    if (typeof lines === "string") skip(indicator, lines);
    else addTo(pieces, lines);
    taken += 1;
    if (taken % PER_CHUNK > 0) continue;
    signal.throwIfAborted();
    yield* pieces.values();
    pieces = new Map();
  }
  yield* pieces.values();
}

interface Piece extends Chunk {
  data: string;
  rows: number;
  indicators: number;
}

function addTo(pieces: Map<string, Piece>, { path, text, rows }: Lines): void {
  const piece = pieces.get(path);
  if (piece === undefined) {
    pieces.set(path, { path, data: text, rows, indicators: 1 });
    return;
  }
  piece.data += text;
  piece.rows += rows;
  piece.indicators += 1;
}
