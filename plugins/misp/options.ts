/** What a user may set for the `misp` exporter, and how MISP numbers it. */
import { z } from "../../src/plugin.ts";

/** `threat_level_id` by name. */
export const THREAT_LEVELS = { high: "1", medium: "2", low: "3", undefined: "4" } as const;
/** `analysis` by name. */
export const ANALYSES = { initial: "0", ongoing: "1", complete: "2" } as const;
/** `distribution` of an event by name. A sharing group needs an id of the receiving server, so it is not offered. */
export const DISTRIBUTIONS = { organisation: "0", community: "1", connected: "2", all: "3" } as const;

const names = <T extends Record<string, string>>(table: T) => z.enum(Object.keys(table) as [keyof T & string]);

export const EVENTS = ["rolling", "sample", "hunt"] as const;
export const PERIODS = ["day", "week", "month", "all"] as const;

export const MispOptions = z.strictObject({
  events: z
    .enum(EVENTS)
    .default("rolling")
    .describe(
      "What an event is: one `rolling` event of values, one of each `sample` with objects, references and a report, or one of each `hunt` and period",
    ),
  period: z
    .enum(PERIODS)
    .default("month")
    .describe("With `events: hunt`, into which an indicator falls by when it was first seen"),
  report: z.boolean().default(true).describe("With `events: sample`, a summary of the sample as an event report"),
  sightings: z
    .boolean()
    .default(false)
    .describe("With `events: sample`, a sighting for each dated sandbox run that showed a value"),
  eventKey: z
    .string()
    .min(1)
    .default("rulewright")
    .describe("What the uuids of events and attributes derive from; give each export of yours its own, and leave it"),
  orgName: z.string().trim().min(1).default("Rulewright").describe("Name of the creator organisation (Orgc)"),
  orgUuid: z
    .uuid({ version: "v4" })
    .or(z.uuid({ version: "v5" }))
    .optional()
    .describe("UUID of that organisation as your MISP knows it; the default derives from the name"),
  distribution: names(DISTRIBUTIONS)
    .default("organisation")
    .describe("Who may see the event: organisation, community, connected communities or all"),
  threatLevel: names(THREAT_LEVELS).default("low").describe("Threat level of the event"),
  analysis: names(ANALYSES).default("ongoing").describe("Analysis state of the event"),
  pap: z
    .enum(["red", "amber", "green", "clear"])
    .optional()
    .describe("Permissible Actions Protocol level to tag events with; none by default"),
  published: z
    .boolean()
    .default(false)
    .describe("Mark events as published: the IDS exports of a MISP that pulls a feed use published events only"),
});
export type MispOptions = z.infer<typeof MispOptions>;
