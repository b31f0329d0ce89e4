/** Samples as listings name them: file objects, descriptors, Livehunt's older notifications. Asks nothing. */
import { z } from "zod";
import { NotificationAttributes } from "../vt/schema.ts";
import type { DateField } from "./watermark.ts";

export interface FoundSample {
  /** sha256. */
  readonly id: string;
  /** Its file object, when the listing gave it. */
  readonly object?: unknown;
  /** Another body that tells something of it, or several in an array. */
  readonly about?: unknown;
  /** The date that the walk goes by, seconds. */
  readonly datedAt?: number;
  /** `last_modification_date`, seconds. */
  readonly modifiedAt?: number;
}

const number = z.number().optional().catch(undefined);
const FoundFile = z.object({
  type: z.literal("file"),
  id: z.string().regex(/^[0-9a-f]{64}$/i),
  /** An object that VirusTotal no longer holds has this instead of attributes. */
  error: z.undefined().optional(),
  attributes: z
    .object({ first_submission_date: number, last_submission_date: number, last_modification_date: number })
    .optional()
    .catch(undefined),
  context_attributes: z
    .looseObject({ notification_date: number, rule_name: z.unknown().optional(), hunting_info: z.unknown().optional() })
    .optional()
    .catch(undefined),
});

/** A listing's file, or undefined for other types and for objects that VirusTotal does not hold. */
export function foundSample(entry: unknown, field: DateField = "fs"): FoundSample | undefined {
  const parsed = FoundFile.safeParse(entry);
  if (!parsed.success) return undefined;
  const { id, attributes, context_attributes: context } = parsed.data;
  const submittedAt = field === "ls" ? attributes?.last_submission_date : attributes?.first_submission_date;
  const datedAt = context?.notification_date ?? submittedAt;
  const isMatch = context?.rule_name !== undefined || context?.hunting_info !== undefined;
  return {
    id: id.toLowerCase(),
    ...(attributes === undefined ? {} : { object: entry }),
    // Apart, because of a sample that is known the object is not read again: a further rule may have matched it.
    ...(isMatch ? { about: { type: "file", id, context_attributes: context } } : {}),
    ...(datedAt === undefined ? {} : { datedAt }),
    ...(attributes?.last_modification_date === undefined ? {} : { modifiedAt: attributes.last_modification_date }),
  };
}

/** One sample for each id: a page names a file once for each rule that matched it. */
export function oneForEach(found: readonly FoundSample[]): FoundSample[] {
  return [...Map.groupBy(found, ({ id }) => id).values()].map((same) => {
    if (same.length === 1) return same[0] as FoundSample;
    const about = same.flatMap((sample) => sample.about ?? []);
    return { ...(Object.assign({}, ...same) as FoundSample), ...(about.length === 0 ? {} : { about }) };
  });
}

/** The sample of a file object's own answer. */
export function sampleOfBody(body: unknown): FoundSample | undefined {
  return foundSample((body as { data?: unknown } | undefined)?.data);
}

const FoundNotification = z.object({
  type: z.literal("hunting_notification"),
  attributes: NotificationAttributes,
});

/** The sample of a notification: its sha256 stands among the tags, and the rule's name becomes a label. */
export function notifiedSample(entry: unknown): FoundSample | undefined {
  const parsed = FoundNotification.safeParse(entry);
  if (!parsed.success) return undefined;
  const { date, tags } = parsed.data.attributes;
  const id = tags.find((tag) => tag !== undefined && /^[0-9a-f]{64}$/i.test(tag))?.toLowerCase();
  return id === undefined ? undefined : { id, about: entry, ...(date === undefined ? {} : { datedAt: date }) };
}
