/**
 * The story of one sample: its file, what VirusTotal and each sandbox say of it, and how everything else hangs on the
 * file.
 */
import type { SampleDetails } from "../../src/plugin.ts";
import { type AttributeDraft, fileOf, type Member, note } from "./attributes.ts";
import { type Entry, withOffset } from "./entries.ts";
import { type Bearing, toObject, toReference } from "./members.ts";
import type { MispObject, MispReport, Sighting } from "./model.ts";
import type { TemplateName } from "./object-templates.ts";
import { toReport } from "./report.ts";
import type { EventContext, Subject } from "./subject.ts";
import { familyTags, type Tag, techniqueTags } from "./tags.ts";
import { isStorable } from "./text.ts";

export interface Story {
  readonly sha256: string;
  readonly details?: SampleDetails;
  /** Of the entry that is the sample itself. */
  readonly ownKey: string;
  /** First and last dated run; values keep their own times when no run is dated. */
  readonly times: Pick<Bearing, "firstSeen" | "lastSeen">;
  /** Day of the first dated run. */
  readonly date?: string;
  /** Unix seconds of the last dated run. */
  readonly timestamp?: number;
  /** Of the runs by these sandboxes, when sightings are asked for. */
  sightingsBy(sandboxes: readonly string[]): readonly Omit<Sighting, "uuid">[];
}

/** A member of the event, and what the sample did with it. */
export interface Hanging {
  readonly uuid: string;
  readonly relation: string;
  readonly isRevoked: boolean;
}

export function storyOf({ sha256, details }: Subject & { kind: "sample" }, { options }: EventContext): Story {
  const runs = (details?.analyses ?? []).filter(({ analysedAt }) => analysedAt !== undefined);
  const dates = runs.map(({ analysedAt }) => analysedAt as string).sort();
  const [first] = dates;
  const last = dates.at(-1);
  return {
    sha256,
    ...(details ? { details } : {}),
    ownKey: `sha256:${sha256}`,
    times: first && last ? { firstSeen: withOffset(first), lastSeen: withOffset(last) } : {},
    ...(first && last ? { date: first.slice(0, 10), timestamp: Math.floor(Date.parse(last) / 1000) } : {}),
    sightingsBy: (sandboxes) =>
      options.sightings
        ? runs
            .filter(({ sandbox }) => sandboxes.includes(sandbox))
            .map(({ sandbox, analysedAt }) => ({
              type: "0",
              date_sighting: String(Math.floor(Date.parse(analysedAt as string) / 1000)),
              source: sandbox,
            }))
        : [],
  };
}

export interface Told {
  readonly objects: readonly MispObject[];
  readonly reports: readonly MispReport[];
  readonly tags: readonly Tag[];
}

/** `own` is the bearing of the sample's own indicator, when it has one in this event. */
export function tellStory(
  event: string,
  story: Story,
  entries: readonly Entry[],
  hanging: readonly Hanging[],
  own: Bearing | undefined,
  ctx: EventContext,
): Told {
  const { details, ownKey, times } = story;
  const context: Bearing = { comment: "", isDetection: false, isRevoked: false, ...times };
  const opinions = opinionsOf(story).map(({ key, member }) => toObject(event, member, key, context));
  const ownEntry = entries.find(({ key }) => key === ownKey);
  const member = fileMember(story, ownEntry?.members[0]);
  const file = toObject(event, member, ownKey, { ...context, ...own, isRevoked: false }, (uuid) => [
    ...opinions.map((one) => toReference(uuid, one.uuid, "analysed-with", false)),
    ...distinct(hanging).map((one) => toReference(uuid, one.uuid, one.relation, one.isRevoked)),
  ]);
  const observed = entries.flatMap(({ key, isRevoked }) => (key === ownKey || isRevoked ? [] : [key]));
  return {
    objects: [file, ...opinions],
    reports: details && ctx.options.report ? [toReport(event, details, observed, ctx)] : [],
    tags: [...familyTags(details?.families ?? ownEntry?.families ?? []), ...techniqueTags(details?.techniques ?? [])],
  };
}

/** What still hangs on it by one indicator is not withdrawn by another. */
function distinct(hanging: readonly Hanging[]): Hanging[] {
  const byReference = new Map<string, Hanging>();
  for (const one of hanging) {
    const key = `${one.relation}|${one.uuid}`;
    if (byReference.get(key)?.isRevoked !== false) byReference.set(key, one);
  }
  return [...byReference.values()];
}

/** The indicator's attributes first, then what else is known of the sample. */
function fileMember({ sha256, details }: Story, own: Member | undefined): Member & { template: "file" } {
  const names = details?.name === undefined ? [] : [details.name];
  const { attributes } = fileOf({ ...details, sha256, names });
  const drafts = new Map<string, AttributeDraft>();
  for (const draft of [...(own?.attributes ?? []), ...attributes]) {
    const key = draft.relation === "filename" ? `filename ${draft.value}` : String(draft.relation);
    if (!drafts.has(key)) drafts.set(key, draft);
  }
  return { template: "file", attributes: [...drafts.values()] as [AttributeDraft, ...AttributeDraft[]] };
}

/** Reports on the sample: VirusTotal's, and one of each sandbox. */
function opinionsOf({ sha256, details }: Story): { key: string; member: Member & { template: TemplateName } }[] {
  const { malicious, engines, submittedAt, analyses = [] } = details ?? {};
  return [
    {
      key: sha256,
      member: {
        template: "virustotal-report",
        attributes: [
          note("permalink", "link", "External analysis", `https://www.virustotal.com/gui/file/${sha256}`),
          ...(malicious === undefined || engines === undefined
            ? []
            : [note("detection-ratio", "text", "External analysis", `${malicious}/${engines}`)]),
          ...(submittedAt === undefined
            ? []
            : [note("first-submission", "datetime", "Other", storedDate(submittedAt))]),
        ],
      },
    },
    ...analyses
      .filter(({ sandbox }) => isStorable(sandbox))
      .map(({ sandbox, opinion }) => ({
        key: `${sha256}|${sandbox}`,
        member: {
          template: "sandbox-report" as const,
          attributes: [
            note("saas-sandbox", "text", "Other", sandbox),
            note("sandbox-type", "text", "Other", "saas"),
            ...(opinion === undefined ? [] : [note("results", "text", "External analysis", opinion)]),
          ] as [AttributeDraft, ...AttributeDraft[]],
        },
      })),
  ];
}

/** As the server rewrites the value of a `datetime`: without the colon that its own dates have. */
function storedDate(iso: string): string {
  return `${iso.slice(0, -1)}000+0000`;
}
