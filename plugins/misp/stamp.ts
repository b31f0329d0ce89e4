/**
 * Timestamps out of the version ledger: same content, same timestamp. A server edits an attribute only when its own
 * timestamp is newer, the attributes of an object only when the object's is, and anything only when the event's is.
 */
import type { VersionedObject, VersionLedger } from "../../src/plugin.ts";
import type { MispAttribute, MispEvent, MispObject } from "./model.ts";

/** The ledger's limit. */
const BATCH = 1000;

/** Uuid → unix seconds that the thing proposes. */
export type Proposals = ReadonlyMap<string, number>;

/** Sets every timestamp. `proposed` is for all that `proposals` do not name. */
export async function stamp(
  event: MispEvent,
  proposals: Proposals,
  proposed: number,
  versions: VersionLedger,
): Promise<void> {
  const things = [
    ...event.attributes,
    ...event.objects.flatMap((object) => [object, ...object.Attribute]),
    ...event.reports,
    event.header,
  ];
  const times = await timesOf(things, proposals, proposed, versions);
  const at = ({ uuid }: { uuid: string }): number => times.get(uuid) as number;
  for (const one of [...event.attributes, ...event.reports]) one.timestamp = String(at(one));
  for (const object of event.objects) stampObject(object, at);
  const ofMembers = new Map([...event.attributes, ...event.objects].map(({ uuid, timestamp }) => [uuid, timestamp]));
  for (const object of event.objects) {
    for (const reference of object.ObjectReference) {
      reference.timestamp = ofMembers.get(reference.referenced_uuid) ?? object.timestamp;
    }
  }
  const newest = things.reduce((latest, { timestamp }) => Math.max(latest, Number(timestamp)), at(event.header));
  event.header.timestamp = String(newest);
  if (event.header.published) event.header.publish_timestamp = String(newest);
}

function stampObject(object: MispObject, at: (thing: MispAttribute | MispObject) => number): void {
  for (const attribute of object.Attribute) attribute.timestamp = String(at(attribute));
  object.timestamp = String(Math.max(at(object), ...object.Attribute.map(at)));
}

async function timesOf(
  things: readonly { readonly uuid: string; readonly deleted?: true }[],
  proposals: Proposals,
  proposed: number,
  versions: VersionLedger,
): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (let from = 0; from < things.length; from += BATCH) {
    const batch = things.slice(from, from + BATCH);
    const stamped = await versions.stamp(
      batch.map((thing): VersionedObject => {
        const time = new Date((proposals.get(thing.uuid) ?? proposed) * 1000).toISOString();
        const { uuid: id, deleted: isRevoked = false } = thing;
        return { id, content: JSON.stringify(thing), created: time, modified: time, isRevoked };
      }),
    );
    for (const [index, { modified }] of stamped.entries()) {
      times.set((batch[index] as { uuid: string }).uuid, Math.floor(Date.parse(modified) / 1000));
    }
  }
  return times;
}
