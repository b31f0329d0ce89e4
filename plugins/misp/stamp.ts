/**
 * Timestamps out of the version ledger: same content, same timestamp. A server edits an attribute only when its own
 * timestamp is newer, the attributes of an object only when the object's is, and anything only when the event's is.
 */
import type { Version, VersionedObject, VersionLedger } from "../../src/plugin.ts";
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
  const stamped = await versionsOf(things, proposals, proposed, versions);
  const at = ({ uuid }: { uuid: string }): number => secondsOf((stamped.get(uuid) as Version).modified);
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
  // Nothing in it is dated: then it is of the day it was first written.
  event.header.date ||= (stamped.get(event.header.uuid) as Version).created.slice(0, 10);
  if (event.header.published) event.header.publish_timestamp = String(newest);
}

function stampObject(object: MispObject, at: (thing: MispAttribute | MispObject) => number): void {
  for (const attribute of object.Attribute) attribute.timestamp = String(at(attribute));
  object.timestamp = String(Math.max(at(object), ...object.Attribute.map(at)));
}

function secondsOf(iso: string): number {
  return Math.floor(Date.parse(iso) / 1000);
}

async function versionsOf(
  things: readonly { readonly uuid: string; readonly deleted?: true }[],
  proposals: Proposals,
  proposed: number,
  versions: VersionLedger,
): Promise<Map<string, Version>> {
  const known = new Map<string, Version>();
  for (let from = 0; from < things.length; from += BATCH) {
    const batch = things.slice(from, from + BATCH);
    const stamped = await versions.stamp(
      batch.map((thing): VersionedObject => {
        const time = new Date((proposals.get(thing.uuid) ?? proposed) * 1000).toISOString();
        const { uuid: id, deleted: isRevoked = false } = thing;
        return { id, content: JSON.stringify(thing), created: time, modified: time, isRevoked };
      }),
    );
    for (const [index, version] of stamped.entries()) known.set((batch[index] as { uuid: string }).uuid, version);
  }
  return known;
}
