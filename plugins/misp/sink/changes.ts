/**
 * What to send of an event that the server has: what is newer here, and the withdrawal of what is no longer said. An
 * attribute that was edited there later than here is left to whoever did it.
 */
import { attributeUuid } from "../members.ts";
import {
  attributesOf,
  type LocalAttribute,
  type LocalEvent,
  type LocalObject,
  type ServerAttribute,
  type ServerEvent,
  type ServerObject,
} from "./wire.ts";

export interface Changes {
  /** Body of the edit; undefined when there is nothing to say. */
  readonly body?: string;
  /** Attributes in it. */
  readonly sent: readonly LocalAttribute[];
}

/** `now` is in unix seconds; `tags` says whether tags can be attached at all. */
export function changesOf(ours: LocalEvent, theirs: ServerEvent, now: number, tags: boolean): Changes {
  const attributes = [
    ...changedAttributes(ours.Attribute, theirs.Attribute),
    ...withdrawn(theirs.uuid, ours.Attribute, theirs.Attribute, now),
  ];
  const objects = [
    ...ours.Object.flatMap((object) =>
      changedObject(
        object,
        theirs.Object.find(({ uuid }) => uuid === object.uuid),
        now,
      ),
    ),
    ...withdrawnObjects(ours, theirs, now),
  ];
  const reports = ours.EventReport.filter(({ uuid, timestamp }) => {
    const known = theirs.EventReport.find((report) => report.uuid === uuid);
    return known === undefined || Number(timestamp) > known.timestamp;
  });
  const missingTags = tags ? ours.Tag.filter(({ name }) => !theirs.Tag.some((tag) => tag.name === name)) : [];
  const isRenamed = ours.info !== theirs.info || ours.date !== theirs.date;
  const isQuiet = attributes.length + objects.length + reports.length + missingTags.length === 0 && !isRenamed;
  if (isQuiet) return { sent: [] };
  const event = {
    uuid: ours.uuid,
    info: ours.info,
    date: ours.date,
    // Later than the copy there, or the server takes nothing of it.
    timestamp: String(Math.max(Number(ours.timestamp), theirs.timestamp + 1)),
    published: false,
    ...(attributes.length > 0 ? { Attribute: attributes } : {}),
    ...(objects.length > 0 ? { Object: objects } : {}),
    ...(reports.length > 0 ? { EventReport: reports } : {}),
    ...(missingTags.length > 0 ? { Tag: missingTags } : {}),
  };
  const sent = attributesOf({ Attribute: attributes, Object: objects });
  return { body: JSON.stringify({ Event: event }), sent };
}

/**
 * Ours, with what we took back and say again: newer than its deletion there, and explicitly not deleted. `withdrawn` is
 * uuid → timestamp of the deletion. What an analyst deleted stays deleted.
 */
export function revived(ours: LocalEvent, theirs: ServerEvent, withdrawn: ReadonlyMap<string, number>): LocalEvent {
  const shown = new Set(attributesOf(theirs).map(({ uuid }) => uuid));
  const revive = <A extends LocalAttribute>(one: A): A => {
    const at = one.deleted || shown.has(one.uuid) ? undefined : withdrawn.get(one.uuid);
    return at === undefined ? one : { ...one, deleted: false, timestamp: newest(one.timestamp, at + 1) };
  };
  return {
    ...ours,
    Attribute: ours.Attribute.map(revive),
    Object: ours.Object.map((object) => {
      const attributes = object.Attribute.map(revive);
      if (attributes.every((one, index) => one === object.Attribute[index])) return object;
      const timestamp = newest(object.timestamp, ...attributes.map((one) => Number(one.timestamp)));
      return { ...object, deleted: false, timestamp, Attribute: attributes };
    }),
  };
}

function newest(timestamp: string, ...others: readonly number[]): string {
  return String(Math.max(Number(timestamp), ...others));
}

function changedAttributes<A extends LocalAttribute>(ours: readonly A[], theirs: readonly ServerAttribute[]): A[] {
  const known = new Map(theirs.map((attribute) => [attribute.uuid, attribute]));
  return ours.flatMap((attribute) => {
    const copy = known.get(attribute.uuid);
    // What is deleted here and not shown there has been deleted there.
    if (copy === undefined) return attribute.deleted ? [] : [attribute];
    const here = Number(attribute.timestamp);
    if (here > copy.timestamp) return [attribute];
    // Two changes within one second.
    if (here === copy.timestamp && differs(attribute, copy)) return [{ ...attribute, timestamp: String(here + 1) }];
    return [];
  });
}

function differs(ours: LocalAttribute, theirs: ServerAttribute): boolean {
  return (
    (ours.deleted ?? false) !== theirs.deleted ||
    (ours.to_ids ?? false) !== theirs.to_ids ||
    (ours.comment ?? "") !== theirs.comment ||
    ours.category !== theirs.category ||
    instant(ours.first_seen) !== instant(theirs.first_seen) ||
    instant(ours.last_seen) !== instant(theirs.last_seen)
  );
}

/** Milliseconds: the same time is printed in several ways. */
function instant(time: string | undefined): number {
  const at = Date.parse(time ?? "");
  return Number.isNaN(at) ? 0 : at;
}

/** The object with the attributes and references that are news; nothing when none is and it says what it said. */
function changedObject(ours: LocalObject, theirs: ServerObject | undefined, now: number): LocalObject[] {
  if (theirs === undefined) return ours.deleted ? [] : [ours];
  const attributes = [
    ...changedAttributes(ours.Attribute, theirs.Attribute),
    ...withdrawn(ours.uuid, ours.Attribute, theirs.Attribute, now),
  ];
  const references = ours.ObjectReference.filter(({ uuid, deleted = false, timestamp }) => {
    const known = theirs.ObjectReference.find((reference) => reference.uuid === uuid);
    return known === undefined ? !deleted : deleted !== known.deleted || Number(timestamp) > known.timestamp;
  });
  if (attributes.length + references.length === 0 && Number(ours.timestamp) <= theirs.timestamp) return [];
  // The server edits the attributes of an object only when the object is newer.
  const timestamp = String(Math.max(Number(ours.timestamp), theirs.timestamp + 1));
  return [{ ...ours, timestamp, Attribute: attributes, ObjectReference: references }];
}

/**
 * What we once said and no longer do. Ours are those whose uuid derives from what they say; what an analyst added has
 * another, and so has what the server rewrote.
 */
function withdrawn(
  parent: string,
  ours: readonly { readonly uuid: string }[],
  theirs: readonly ServerAttribute[],
  now: number,
): LocalObject["Attribute"] {
  const kept = new Set(ours.map(({ uuid }) => uuid));
  return theirs
    .filter((one) => !kept.has(one.uuid) && !one.deleted && isOurs(parent, one))
    .map(({ uuid, type, category, value, object_relation, timestamp }) => ({
      uuid,
      type,
      category,
      value,
      ...(object_relation === "" ? {} : { object_relation }),
      to_ids: false,
      deleted: true,
      timestamp: String(Math.max(now, timestamp + 1)),
    }));
}

/** Objects are ours when all of their attributes are. */
function withdrawnObjects(ours: LocalEvent, theirs: ServerEvent, now: number): LocalObject[] {
  const kept = new Set(ours.Object.map(({ uuid }) => uuid));
  return theirs.Object.filter(
    ({ uuid, deleted, Attribute }) =>
      !kept.has(uuid) && !deleted && Attribute.length > 0 && Attribute.every((one) => isOurs(uuid, one)),
  ).map(({ uuid, name, comment, timestamp, Attribute }) => ({
    uuid,
    name,
    comment,
    deleted: true,
    timestamp: String(Math.max(now, timestamp + 1)),
    Attribute: withdrawn(uuid, [], Attribute, now),
    ObjectReference: [],
  }));
}

function isOurs(parent: string, { uuid, object_relation, type, value }: ServerAttribute): boolean {
  return attributeUuid(parent, { relation: object_relation, type, value }) === uuid;
}
