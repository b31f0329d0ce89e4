/**
 * Keeps the best lines of each file within a limit: those of the highest confidence, and of equals the first by value.
 * It must see the last indicator before it can write the first line, so it holds as much as the limit allows.
 */
import type { Chunk, Indicator, RenderContext } from "../../../src/plugin.ts";
import type { Lines, LinesOrReason } from "./lines.ts";

/** What one file may hold; absent is no limit. */
export interface Limits {
  readonly maxEntries?: number | undefined;
  readonly maxBytes?: number | undefined;
}

interface Candidate extends Lines {
  readonly indicator: Indicator;
  /** Place in the input, which is sorted by type and value. */
  readonly place: number;
  readonly bytes: number;
}

/** Lines between two looks at the signal. */
const PER_CHUNK = 500;

/** The best lines of each file in the order of the input; the others are skipped with the limit they missed. */
export async function* writeBestLines(
  indicators: AsyncIterable<Indicator>,
  { signal, skip }: Pick<RenderContext, "signal" | "skip">,
  limits: Limits,
  linesOf: (indicator: Indicator) => LinesOrReason,
): AsyncGenerator<Chunk> {
  const files = new Map<string, Best>();
  let place = 0;
  for await (const indicator of indicators) {
    place += 1;
    if (place % PER_CHUNK === 0) signal.throwIfAborted();
    const lines = linesOf(indicator);
    if (typeof lines === "string") {
      skip(indicator, lines);
      continue;
    }
    const best = files.get(lines.path) ?? { heap: [], rows: 0, bytes: 0 };
    files.set(lines.path, best);
    add(best, { ...lines, indicator, place, bytes: Buffer.byteLength(lines.text) });
    for (let limit = missed(best, limits); limit !== undefined; limit = missed(best, limits)) {
      skip(removeWorst(best).indicator, `${lines.path} is full: its ${limit} hold what has more confidence`);
    }
  }
  for (const { heap } of files.values()) {
    heap.sort((a, b) => a.place - b.place);
    for (let at = 0; at < heap.length; at += PER_CHUNK) {
      signal.throwIfAborted();
      yield chunkOf(heap.slice(at, at + PER_CHUNK));
    }
  }
}

function chunkOf(kept: readonly Candidate[]): Chunk {
  return {
    path: kept[0]?.path as string,
    data: kept.map(({ text }) => text).join(""),
    rows: kept.reduce((sum, { rows }) => sum + rows, 0),
    indicators: kept.length,
  };
}

/** A binary heap with the worst candidate at its root, and what it weighs. */
interface Best {
  readonly heap: Candidate[];
  rows: number;
  bytes: number;
}

/** The limit that what is held goes beyond, in words. */
function missed({ rows, bytes }: Best, { maxEntries, maxBytes }: Limits): string | undefined {
  if (maxEntries !== undefined && rows > maxEntries) return `${maxEntries} entries`;
  if (maxBytes !== undefined && bytes > maxBytes) return `${maxBytes} bytes`;
  return undefined;
}

function isWorse(a: Candidate, b: Candidate): boolean {
  const difference = a.indicator.verdict.confidence - b.indicator.verdict.confidence;
  return difference === 0 ? a.place > b.place : difference < 0;
}

function add(best: Best, candidate: Candidate): void {
  const { heap } = best;
  best.rows += candidate.rows;
  best.bytes += candidate.bytes;
  let at = heap.push(candidate) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isWorse(candidate, heap[parent] as Candidate)) break;
    heap[at] = heap[parent] as Candidate;
    at = parent;
  }
  heap[at] = candidate;
}

function removeWorst(best: Best): Candidate {
  const { heap } = best;
  const worst = heap[0] as Candidate;
  const last = heap.pop() as Candidate;
  best.rows -= worst.rows;
  best.bytes -= worst.bytes;
  let at = 0;
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    if (child + 1 < heap.length && isWorse(heap[child + 1] as Candidate, heap[child] as Candidate)) child += 1;
    if (!isWorse(heap[child] as Candidate, last)) break;
    heap[at] = heap[child] as Candidate;
    at = child;
  }
  if (heap.length > 0) heap[at] = last;
  return worst;
}
