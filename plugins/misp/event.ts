/**
 * The MISP event: MISP core format, https://www.misp-standard.org/rfc/misp-standard-core.html. All times come from the
 * indicators; `id`, `org_id` and other numbers of a server are left to the server. Never as a whole in memory as text.
 */
import { type Chunk, plainText, type RenderContext, RULEWRIGHT_NAMESPACE, uuidv5 } from "../../src/plugin.ts";
import { strictestTlp } from "../shared/tlp.ts";
import type { AttributeDraft, ObjectTemplate } from "./attributes.ts";
import type { Entry } from "./entries.ts";
import { ANALYSES, DISTRIBUTIONS, type MispOptions, THREAT_LEVELS } from "./options.ts";
import type { Part } from "./split.ts";
import { papTag, type Tag, tlpTag } from "./tags.ts";

export interface MispAttribute {
  uuid: string;
  object_relation?: string;
  type: string;
  category: string;
  value: string;
  to_ids: boolean;
  disable_correlation: boolean;
  comment: string;
  timestamp: string;
  distribution: "5";
  first_seen: string;
  last_seen: string;
  deleted?: true;
  Tag?: readonly Tag[];
}

export interface MispObject extends ObjectTemplate {
  uuid: string;
  comment: string;
  timestamp: string;
  distribution: "5";
  first_seen: string;
  last_seen: string;
  deleted?: true;
  ObjectReference: [];
  Attribute: MispAttribute[];
}

/** An event without its attributes and objects, which can be thousands. */
export interface EventHeader {
  uuid: string;
  info: string;
  date: string;
  timestamp: string;
  publish_timestamp: string;
  published: boolean;
  analysis: string;
  threat_level_id: string;
  distribution: string;
  sharing_group_id: "0";
  extends_uuid: "";
  Orgc: { name: string; uuid: string };
  Tag: Tag[];
}

export interface MispEvent {
  readonly header: EventHeader;
  attributes(): Iterable<MispAttribute>;
  objects(): Iterable<MispObject>;
}

const INHERIT_DISTRIBUTION = "5";
const MAX_INFO = 255;

/** The event of one part. An empty one has timestamp 0, so that it can never overwrite a filled one. */
export function toEvent(
  { key, entries }: Part,
  { options, templates }: Pick<RenderContext<MispOptions>, "options" | "templates">,
): MispEvent {
  const uuid = eventUuid(options.eventKey, key);
  const newest = entries.reduce((latest, { timestamp }) => Math.max(latest, timestamp), 0);
  const date = new Date(newest * 1000).toISOString().slice(0, 10);
  const info = templates["event-info"]?.({ key: options.eventKey, from: key, date }) ?? "";
  const eventTlp = strictestTlp(new Set(entries.map(({ tlp }) => tlp)));
  const tags = ({ familyTags, tlp }: Entry) => (tlp === eventTlp ? familyTags : [...familyTags, tlpTag(tlp)]);
  return {
    header: {
      uuid,
      info: plainText(info, MAX_INFO) || options.eventKey,
      date,
      timestamp: String(newest),
      publish_timestamp: options.published ? String(newest) : "0",
      published: options.published,
      analysis: ANALYSES[options.analysis],
      threat_level_id: THREAT_LEVELS[options.threatLevel],
      distribution: DISTRIBUTIONS[options.distribution],
      sharing_group_id: "0",
      extends_uuid: "",
      Orgc: {
        name: options.orgName,
        uuid: options.orgUuid?.toLowerCase() ?? uuidv5(RULEWRIGHT_NAMESPACE, `misp:organisation:${options.orgName}`),
      },
      Tag: [...(eventTlp ? [tlpTag(eventTlp)] : []), ...(options.pap ? [papTag(options.pap)] : [])],
    },
    *attributes() {
      for (const entry of entries) {
        if (!entry.template) yield toAttribute(uuid, entry.attributes[0], entry, tags(entry));
      }
    },
    *objects() {
      for (const entry of entries) {
        if (entry.template) yield toObject(uuid, entry.template, entry, tags(entry));
      }
    },
  };
}

/** Members written at a time. */
const BATCH = 100;

/** The JSON of an event, piece by piece: one attribute or object a line, so that two exports can be compared. */
export function* serialise({ header, attributes, objects }: MispEvent): Generator<Omit<Chunk, "path">> {
  yield { data: `{"Event":${JSON.stringify(header).slice(0, -1)},\n"Attribute":[`, indicators: 0 };
  yield* serialiseList(attributes(), () => 1);
  yield { data: `\n],\n"Object":[` };
  yield* serialiseList(objects(), ({ Attribute }) => Attribute.length);
  yield { data: "\n]}}\n" };
}

function* serialiseList<T>(members: Iterable<T>, rowsOf: (member: T) => number) {
  let separator = "\n";
  let lines: string[] = [];
  let rows = 0;
  for (const member of members) {
    lines.push(JSON.stringify(member));
    rows += rowsOf(member);
    if (lines.length < BATCH) continue;
    yield { data: separator + lines.join(",\n"), rows, indicators: lines.length };
    separator = ",\n";
    lines = [];
    rows = 0;
  }
  if (lines.length > 0) yield { data: separator + lines.join(",\n"), rows, indicators: lines.length };
}

/** Stable for ever; the instance-wide uuids of attributes hang on it. */
export function eventUuid(eventKey: string, partKey: string): string {
  return uuidv5(RULEWRIGHT_NAMESPACE, `misp:event:${eventKey}${partKey === "" ? "" : `:${partKey}`}`);
}

function toObject(event: string, template: ObjectTemplate, entry: Entry, tags: readonly Tag[]): MispObject {
  const uuid = uuidv5(event, `${template.name}|${entry.key}`);
  return {
    ...template,
    uuid,
    comment: entry.comment,
    ...seen(entry),
    ObjectReference: [],
    // MISP has no tags on objects; the first attribute is the one that identifies it.
    Attribute: entry.attributes.map((draft, index) => toAttribute(uuid, draft, entry, index === 0 ? tags : [])),
  };
}

/** The parent is part of the uuid: a uuid may exist once in a whole instance, a value in many events. */
function toAttribute(parent: string, draft: AttributeDraft, entry: Entry, tags: readonly Tag[]): MispAttribute {
  const { relation, type, category, value, detects, correlates } = draft;
  return {
    uuid: uuidv5(parent, `${relation ?? ""}|${type}|${value}`),
    ...(relation === undefined ? {} : { object_relation: relation }),
    type,
    category,
    value,
    to_ids: detects && entry.isDetection,
    disable_correlation: !correlates,
    comment: relation === undefined ? entry.comment : "",
    ...seen(entry),
    ...(tags.length > 0 ? { Tag: tags } : {}),
  };
}

function seen({ timestamp, firstSeen, lastSeen, isRevoked }: Entry) {
  return {
    timestamp: String(timestamp),
    distribution: INHERIT_DISTRIBUTION,
    first_seen: firstSeen,
    last_seen: lastSeen,
    ...(isRevoked ? { deleted: true as const } : {}),
  } as const;
}
