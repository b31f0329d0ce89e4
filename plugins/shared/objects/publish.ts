/**
 * Objects to a target that takes them in groups and answers for each: only what it has not acknowledged in this
 * version, in the order they come in (what is referred to first), in groups within its limits, and remembered only when
 * acknowledged. A group that is refused as a whole is halved until the object at fault stands alone.
 *
 * It does not know how a group is sent, nor what an answer looks like.
 */
import { batches, type Chunk, type Published, type SinkContext, targetError } from "../../../src/plugin.ts";
import { type ObjectLine, readStixLines } from "./read.ts";

/** What became of a group. */
export type Verdict =
  /** All are acknowledged but these, id → why. */
  | { readonly kind: "taken"; readonly failed: ReadonlyMap<string, string> }
  /** None is, and one of them is to blame. */
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "too-large" };

export interface ObjectTarget {
  /** In words. */
  readonly target: string;
  /** Of one group: objects, and bytes of its body. */
  readonly most: { readonly count: number; readonly bytes: number };
  /** Bytes of a body beside its objects. */
  readonly overhead: number;
  /** Objects of what the export writes; default STIX, one a line. */
  readonly read?: (chunks: AsyncIterable<Chunk>) => AsyncIterable<ObjectLine>;
  /** What it is given at all; default everything. */
  readonly takes?: (object: ObjectLine) => boolean;
  post(group: readonly ObjectLine[]): Promise<Verdict>;
}

/** Reasons that are handed on; the rest is counted. */
const MOST_FAILURES = 100;
/** A target that has taken nothing and refused this many objects one by one will refuse the rest too. */
const MOST_REFUSED_AT_FIRST = 20;

/** Throws what `post` throws; what was acknowledged by then stays so. */
export async function publishObjects(
  chunks: AsyncIterable<Chunk>,
  ctx: SinkContext,
  target: ObjectTarget,
): Promise<Published> {
  const tally = { delivered: 0, unchanged: 0, failed: 0, bytes: 0, other: 0 };
  const failures: { id: string; reason: string }[] = [];
  const most = { ...target.most };

  const fail = ({ id }: ObjectLine, reason: string): void => {
    tally.failed += 1;
    if (failures.length < MOST_FAILURES) failures.push({ id, reason });
  };

  async function settle(group: readonly ObjectLine[], failed: ReadonlyMap<string, string>): Promise<void> {
    const taken = group.filter(({ id }) => !failed.has(id));
    await ctx.deliveries.record(taken.map(({ id, version }) => ({ id, version })));
    tally.delivered += taken.length;
    tally.bytes += taken.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const object of group) {
      const reason = failed.get(object.id);
      if (reason !== undefined) fail(object, reason);
    }
  }

  async function send(group: readonly ObjectLine[]): Promise<void> {
    ctx.signal.throwIfAborted();
    const verdict = await target.post(group);
    if (verdict.kind === "taken") return settle(group, verdict.failed);
    if (verdict.kind === "too-large") most.bytes = Math.min(most.bytes, Math.floor(bytesOf(group, target) / 2));
    const [alone, ...others] = group as [ObjectLine, ...ObjectLine[]];
    if (others.length === 0) {
      const reason = verdict.kind === "refused" ? verdict.reason : `its ${alone.bytes} bytes are more than it takes`;
      fail(alone, reason);
      if (tally.delivered + tally.unchanged === 0 && tally.failed >= MOST_REFUSED_AT_FIRST)
        throw targetError(
          "refused",
          `${target.target} takes none of the objects: ${reason}. Check the sink's options.`,
        );
      return;
    }
    const middle = Math.ceil(group.length / 2);
    await send(group.slice(0, middle));
    await send(group.slice(middle));
  }

  const isNews = async function* (): AsyncGenerator<ObjectLine> {
    for await (const batch of batches((target.read ?? readStixLines)(chunks))) {
      const wanted = batch.filter(target.takes ?? (() => true));
      tally.other += batch.length - wanted.length;
      const known = await ctx.deliveries.versions(wanted.map(({ id }) => id));
      for (const object of wanted) {
        if (known.get(object.id) === object.version) tally.unchanged += 1;
        else if (object.bytes + 1 + target.overhead > most.bytes)
          fail(object, `its ${object.bytes} bytes are more than the ${most.bytes} it takes`);
        else yield object;
      }
    }
  };

  for await (const group of groups(isNews(), most, target.overhead)) {
    if (ctx.isDryRun) {
      tally.delivered += group.length;
      tally.bytes += group.reduce((sum, { bytes }) => sum + bytes, 0);
    } else await send(group);
  }
  if (tally.other > 0) ctx.log.info(`${target.target}: ${tally.other} objects of types it does not take`);
  const { delivered, unchanged, failed, bytes } = tally;
  const objects = { delivered, unchanged, failed };
  return { target: target.target, changed: delivered > 0, bytes, objects, failures };
}

/** In order; `most` may shrink meanwhile. */
async function* groups(
  objects: AsyncIterable<ObjectLine>,
  most: { readonly count: number; readonly bytes: number },
  overhead: number,
): AsyncGenerator<ObjectLine[]> {
  let group: ObjectLine[] = [];
  let size = overhead;
  for await (const object of objects) {
    const isFull = group.length >= most.count || size + object.bytes + 1 > most.bytes;
    if (isFull && group.length > 0) {
      yield group;
      group = [];
      size = overhead;
    }
    group.push(object);
    size += object.bytes + 1;
  }
  if (group.length > 0) yield group;
}

/** Of a body: the objects with commas between them, and what is around them. */
function bytesOf(group: readonly ObjectLine[], { overhead }: Pick<ObjectTarget, "overhead">): number {
  return group.reduce((sum, { bytes }) => sum + bytes + 1, overhead);
}
