/**
 * The MISP event of some entries. `id`, `org_id` and other numbers of a server are left to the server. Never as a whole
 * in memory as text.
 */
import { plainText, RULEWRIGHT_NAMESPACE, uuidv5 } from "../../src/plugin.ts";
import { strictestTlp } from "../shared/tlp.ts";
import type { Entry } from "./entries.ts";
import { type Bearing, toAttribute, toObject } from "./members.ts";
import { type EventHeader, type MispAttribute, type MispEvent, type MispObject, UNSTAMPED } from "./model.ts";
import { ANALYSES, DISTRIBUTIONS, THREAT_LEVELS } from "./options.ts";
import { type Hanging, type Story, storyOf, tellStory } from "./sample.ts";
import type { Part } from "./split.ts";
import { stamp } from "./stamp.ts";
import { type EventContext, type Subject, subjectFields, subjectKey } from "./subject.ts";
import { familyTags, huntTags, papTag, tlpTag } from "./tags.ts";

const MAX_INFO = 255;

/** The event of one part. An empty one has timestamp 0, so that it can never overwrite a filled one. */
export async function toEvent({ key, entries }: Part, subject: Subject, ctx: EventContext): Promise<MispEvent> {
  const { options } = ctx;
  const uuid = eventUuid(`${options.eventKey}${subjectKey(subject)}`, key);
  const eventTlp = strictestTlp(new Set(entries.map(({ tlp }) => tlp)));
  const story = subject.kind === "sample" ? storyOf(subject, ctx) : undefined;
  const newest = story?.timestamp ?? entries.reduce((latest, { timestamp }) => Math.max(latest, timestamp), 0);
  const bearing = (entry: Entry): Bearing => bearingOf(entry, eventTlp, story);
  const others = entries.filter((entry) => entry.key !== story?.ownKey);
  const built = build(uuid, others, bearing, story?.timestamp);
  const own = entries.find((entry) => entry.key === story?.ownKey);
  const told = story && tellStory(uuid, story, entries, built.hanging, own && bearing(own), ctx);
  const date = story?.date ?? dateOf(entries);
  const event: MispEvent = {
    header: {
      ...headerOf(uuid, subject, key, date, ctx),
      Tag: [
        ...(eventTlp ? [tlpTag(eventTlp)] : []),
        ...(options.pap ? [papTag(options.pap)] : []),
        ...(subject.kind === "hunt" ? huntTags([subject.hunt]) : []),
        ...(told?.tags ?? []),
      ],
    },
    attributes: built.attributes,
    objects: [...(told?.objects ?? []), ...built.objects],
    reports: told?.reports ?? [],
  };
  if (entries.length === 0) event.header.timestamp = "0";
  else await stamp(event, built.proposals, newest, ctx.versions);
  return event;
}

/** Day of the newest dated sighting, YYYY-MM-DD; UNSTAMPED when there is none, or the day would be another in each run. */
function dateOf(entries: readonly Entry[]): string {
  if (entries.length === 0) return "1970-01-01";
  const days = entries.flatMap(({ lastSeen }) => lastSeen?.slice(0, 10) ?? []);
  return days.reduce((latest, day) => (day > latest ? day : latest), UNSTAMPED);
}

/** Stable for ever; the instance-wide uuids of attributes hang on it. */
export function eventUuid(eventKey: string, partKey: string): string {
  return uuidv5(RULEWRIGHT_NAMESPACE, `misp:event:${eventKey}${partKey === "" ? "" : `:${partKey}`}`);
}

function headerOf(
  uuid: string,
  subject: Subject,
  from: string,
  date: string,
  { options, templates }: EventContext,
): EventHeader {
  const fields = { key: options.eventKey, from, date, ...subjectFields(subject) };
  const info = templates[`${subject.kind}-info`]?.(fields) ?? "";
  return {
    uuid,
    info: plainText(info, MAX_INFO) || options.eventKey,
    date,
    timestamp: UNSTAMPED,
    publish_timestamp: "0",
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
    Tag: [],
  };
}

interface Built {
  readonly attributes: readonly MispAttribute[];
  readonly objects: readonly MispObject[];
  /** Uuid → unix seconds. */
  readonly proposals: ReadonlyMap<string, number>;
  readonly hanging: readonly Hanging[];
}

function build(
  event: string,
  entries: readonly Entry[],
  bearing: (entry: Entry) => Bearing,
  timestamp: number | undefined,
): Built {
  const attributes = new Map<string, MispAttribute>();
  const objects: MispObject[] = [];
  const proposals = new Map<string, number>();
  const hanging: Hanging[] = [];
  for (const entry of entries) {
    for (const { template, attributes: drafts } of entry.members) {
      const member = template
        ? toObject(event, { template, attributes: drafts }, entry.key, bearing(entry))
        : toAttribute(event, { attributes: drafts }, bearing(entry));
      if ("Attribute" in member) objects.push(member);
      // One port over TCP and UDP is one attribute beside two connections; what still stands by one is not withdrawn.
      else if (attributes.get(member.uuid)?.deleted || !attributes.has(member.uuid))
        attributes.set(member.uuid, member);
      const parts = "Attribute" in member ? [member, ...member.Attribute] : [member];
      for (const { uuid } of parts) proposals.set(uuid, timestamp ?? entry.timestamp);
      hanging.push({ uuid: member.uuid, relation: entry.relation ?? "related-to", isRevoked: entry.isRevoked });
    }
  }
  return { attributes: [...attributes.values()], objects, proposals, hanging };
}

/** In the event of a sample, its families are the event's and its runs are the times. */
function bearingOf(entry: Entry, eventTlp: string | undefined, story: Story | undefined): Bearing {
  const { expiredAt, families, sandboxes = [], tlp } = entry;
  const expired = { type: "2", date_sighting: String(expiredAt), source: "Rulewright" } as const;
  return {
    ...entry,
    ...story?.times,
    tags: [...(story ? [] : familyTags(families)), ...(tlp === eventTlp ? [] : [tlpTag(tlp)])],
    sightings: [...(story?.sightingsBy(sandboxes) ?? []), ...(expiredAt === undefined ? [] : [expired])],
  };
}
