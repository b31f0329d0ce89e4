/**
 * Cuts a sorted stream of entries into events of at most 10,000 attributes, above which MISP gets slow.
 *
 * Cutting after every 10,000 would move nearly every attribute to another event, with another uuid, whenever one
 * indicator is added in front, and the receiving MISP would keep both. So the cuts depend on the content: an entry
 * whose key hashes to a boundary begins a new event, named after that entry. An added or removed indicator then
 * changes the one event it is in. Memory: one event.
 */
import { sha256 } from "../../src/plugin.ts";
import type { Entry } from "./entries.ts";

export const MAX_ATTRIBUTES = 10_000;

/** One entry in 4,096 is a boundary: so many an event holds on average, and few reach the maximum. */
const BOUNDARY_PREFIX = "000";

export interface Part {
  /** What the event's uuid derives from: empty for the first, else the boundary it begins at or continues. */
  readonly key: string;
  /** Counts from 1; undefined when everything fits in one event. */
  readonly number?: number;
  readonly entries: readonly Entry[];
}

/** At least one part, possibly empty; only that one when everything fits. */
export async function* split(entries: AsyncIterable<Entry>, max = MAX_ATTRIBUTES): AsyncGenerator<Part> {
  const iterator = entries[Symbol.asyncIterator]();
  const ahead: Entry[] = [];
  let size = 0;
  let next = await iterator.next();
  for (; !next.done && size + sizeOf(next.value) <= max; next = await iterator.next()) {
    ahead.push(next.value);
    size += sizeOf(next.value);
  }
  if (next.done) {
    yield { key: "", entries: ahead };
    return;
  }

  let number = 1;
  let boundary = "";
  let continuation = 0;
  let part: Entry[] = [];
  size = 0;
  const finished = (): Part => {
    return { key: continuation === 0 ? boundary : `${boundary}#${continuation}`, number, entries: part };
  };
  for await (const entry of resume(ahead, next.value, iterator)) {
    const begins = isBoundary(entry.key);
    if (part.length > 0 && (begins || size + sizeOf(entry) > max)) {
      yield finished();
      number += 1;
      continuation = begins ? 0 : continuation + 1;
      if (begins) boundary = entry.key;
      part = [];
      size = 0;
    }
    part.push(entry);
    size += sizeOf(entry);
  }
  yield finished();
}

/** The whole stream again, after its beginning was read. */
async function* resume(ahead: readonly Entry[], next: Entry, rest: AsyncIterator<Entry>): AsyncGenerator<Entry> {
  yield* ahead;
  yield next;
  yield* { [Symbol.asyncIterator]: () => rest };
}

/** Attributes of an entry, those of its objects included. */
function sizeOf({ members }: Entry): number {
  return members.reduce((sum, { attributes }) => sum + attributes.length, 0);
}

function isBoundary(key: string): boolean {
  return sha256(key).startsWith(BOUNDARY_PREFIX);
}
