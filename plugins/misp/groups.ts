/** Entries, gathered event by event: as they come when there is one event, else through the spool. */
import type { RenderContext } from "../../src/plugin.ts";
import type { Entry, Placed } from "./entries.ts";

export interface Group {
  /** Of the event; see `Places`. */
  readonly key: string;
  /** To be read to its end before the next group. */
  readonly entries: AsyncIterable<Entry>;
}

/** Entries written to the spool at a time. */
const BATCH = 500;

/** One group, possibly empty. */
export function* oneGroup(placed: AsyncIterable<Placed>): Generator<Group> {
  yield {
    key: "",
    entries: (async function* () {
      for await (const { entry } of placed) yield entry;
    })(),
  };
}

/** Groups in order of their keys, none of them empty. */
export async function* groupsByEvent(
  placed: AsyncIterable<Placed>,
  { spool: open, signal }: Pick<RenderContext, "spool" | "signal">,
): AsyncGenerator<Group> {
  const spool = open();
  let batch: { key: string; data: string }[] = [];
  for await (const { event, entry } of placed) {
    batch.push({ key: event, data: JSON.stringify(entry) });
    if (batch.length < BATCH) continue;
    await spool.put(batch);
    batch = [];
  }
  await spool.put(batch);

  const records = spool.read()[Symbol.asyncIterator]();
  let next = await records.next();
  while (!next.done) {
    signal.throwIfAborted();
    const { key } = next.value;
    yield {
      key,
      entries: (async function* () {
        for (; !next.done && next.value.key === key; next = await records.next()) {
          yield JSON.parse(next.value.data) as Entry;
        }
      })(),
    };
  }
}
