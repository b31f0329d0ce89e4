/**
 * An entry's attributes and objects with their uuids. The parent is part of each uuid: a uuid may exist once in a whole
 * instance, a value in many events.
 */
import { uuidv5 } from "../../src/plugin.ts";
import type { AttributeDraft, Member } from "./attributes.ts";
import type { Entry } from "./entries.ts";
import {
  INHERIT_DISTRIBUTION,
  type MispAttribute,
  type MispObject,
  type MispReference,
  type Sighting,
  UNSTAMPED,
} from "./model.ts";
import { OBJECT_TEMPLATES, type TemplateName } from "./object-templates.ts";
import type { Tag } from "./tags.ts";

/** What of an entry, or of an object that no indicator stands behind, goes into its attributes. */
export type Bearing = Pick<Entry, "comment" | "isDetection" | "isRevoked"> & {
  readonly firstSeen?: string;
  readonly lastSeen?: string;
  readonly tags?: readonly Tag[];
  readonly sightings?: readonly Omit<Sighting, "uuid">[];
};

export function attributeUuid(
  parent: string,
  { relation = "", type, value }: Pick<AttributeDraft, "relation" | "type" | "value">,
): string {
  return uuidv5(parent, `${relation}|${type}|${value}`);
}

export function toAttribute(event: string, { attributes: [draft] }: Member, bearing: Bearing): MispAttribute {
  return { ...attributeOf(event, draft, bearing), comment: bearing.comment, ...identifying(event, draft, bearing) };
}

/** `key` tells objects of one template in one event apart. */
export function toObject(
  event: string,
  { template, attributes }: Member & { template: TemplateName },
  key: string,
  bearing: Bearing,
  references: (uuid: string) => readonly MispReference[] = () => [],
): MispObject {
  const uuid = uuidv5(event, `${template}|${key}`);
  return {
    ...OBJECT_TEMPLATES[template],
    uuid,
    comment: bearing.comment,
    ...common(bearing),
    ObjectReference: references(uuid),
    // MISP has no tags and sightings on objects; the first attribute is the one that identifies it.
    Attribute: attributes.map((draft, index) => ({
      ...attributeOf(uuid, draft, bearing),
      ...(index === 0 ? identifying(uuid, draft, bearing) : {}),
    })),
  };
}

export function toReference(object: string, referenced: string, relation: string, isRevoked: boolean): MispReference {
  return {
    uuid: uuidv5(object, `${relation}|${referenced}`),
    timestamp: UNSTAMPED,
    object_uuid: object,
    referenced_uuid: referenced,
    relationship_type: relation,
    comment: "",
    ...(isRevoked ? { deleted: true as const } : {}),
  };
}

function attributeOf(parent: string, draft: AttributeDraft, bearing: Bearing): MispAttribute {
  const { relation, type, category, value, detects, correlates } = draft;
  return {
    uuid: attributeUuid(parent, draft),
    ...(relation === undefined ? {} : { object_relation: relation }),
    type,
    category,
    value,
    to_ids: detects && bearing.isDetection,
    disable_correlation: !correlates,
    comment: "",
    ...common(bearing),
  };
}

function identifying(parent: string, draft: AttributeDraft, { tags = [], sightings = [] }: Bearing) {
  const uuid = attributeUuid(parent, draft);
  return {
    ...(tags.length > 0 ? { Tag: tags } : {}),
    ...(sightings.length > 0
      ? {
          Sighting: sightings.map((one) => ({
            uuid: uuidv5(uuid, `sighting|${one.type}|${one.date_sighting}|${one.source}`),
            ...one,
          })),
        }
      : {}),
  };
}

function common({ firstSeen, lastSeen, isRevoked }: Bearing) {
  return {
    timestamp: UNSTAMPED,
    distribution: INHERIT_DISTRIBUTION,
    ...(firstSeen === undefined ? {} : { first_seen: firstSeen }),
    ...(lastSeen === undefined ? {} : { last_seen: lastSeen }),
    ...(isRevoked ? { deleted: true as const } : {}),
  } as const;
}
