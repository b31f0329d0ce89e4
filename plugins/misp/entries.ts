/**
 * Indicators → entries: what an event needs to know of each, in MISP's units, without uuids yet, and the events it
 * belongs to. Small on purpose, because up to a whole event of them is held in memory, and plain data, because the
 * others wait in the spool.
 */
import { batches, type Indicator, indicatorKey, isAlertable, type RenderContext, type Tlp } from "../../src/plugin.ts";
import { reasonTexts } from "../shared/rows/words.ts";
import { type Member, mapIndicator } from "./attributes.ts";
import type { Placement } from "./placement.ts";
import { mapInStory, relationTo } from "./story.ts";

export interface Entry {
  readonly key: string;
  readonly members: readonly Member[];
  readonly comment: string;
  readonly families: readonly string[];
  readonly tlp: Tlp;
  /** Unix seconds: the timestamp it would bear if nobody knew it. */
  readonly timestamp: number;
  /** Absent when no report bears a date. */
  readonly firstSeen?: string;
  readonly lastSeen?: string;
  /** Kept and valid: only these may raise alerts. */
  readonly isDetection: boolean;
  readonly isRevoked: boolean;
  /** Unix seconds. */
  readonly expiredAt?: number;
  /** In the event of a sample: how it hangs on the sample's file, and who saw it there. */
  readonly relation?: string;
  readonly sandboxes?: readonly string[];
  /** Whether no later event has the same indicator. */
  readonly isLast: boolean;
}

/** An entry and the key of the event it goes into. */
export interface Placed {
  readonly event: string;
  readonly entry: Entry;
}

type Context = Pick<RenderContext, "templates" | "skip" | "signal">;

/** Every indicator becomes entries, one for each of its events, or is skipped with a reason. */
export async function* toEntries(
  indicators: AsyncIterable<Indicator>,
  place: Placement,
  ctx: Context,
): AsyncGenerator<Placed> {
  const isRepeated = repetitions();
  for await (const batch of batches(indicators)) {
    ctx.signal.throwIfAborted();
    for (const indicator of batch) {
      const { isStory, events } = place(indicator);
      const members = isStory ? mapInStory(indicator) : [mapIndicator(indicator)];
      const misfit = "misfit" in members ? members : members.find((member) => "misfit" in member);
      const times = timesOf(indicator);
      if (misfit) ctx.skip(indicator, misfit.misfit);
      else if (!times) ctx.skip(indicator, "a date is not ISO 8601 in UTC with milliseconds");
      else {
        const fitting = members as readonly Member[];
        const own = isStory ? events : events.filter((event) => !isRepeated(event, fitting));
        if (own.length === 0)
          ctx.skip(
            indicator,
            "MISP keeps one of two equal attributes: the value before it, or its port over the other transport",
          );
        const common = { ...times, ...describe(indicator), members: fitting };
        for (const [index, event] of own.entries()) {
          const isLast = index === own.length - 1;
          yield {
            event,
            entry: { ...common, ...(isStory ? seenIn(indicator, event, ctx) : seenAnywhere(indicator, ctx)), isLast },
          };
        }
      }
    }
  }
}

/** The input is sorted, so equal attributes are neighbours, such as one port over TCP and UDP. */
function repetitions(): (event: string, members: readonly Member[]) => boolean {
  let last = "";
  let events = new Set<string>();
  return (event, members) => {
    const attribute = members.map(({ attributes: [{ type, value }] }) => `${type} ${value}`).join(" ");
    if (attribute !== last) events = new Set();
    last = attribute;
    const isKnown = events.has(event);
    events.add(event);
    return isKnown;
  };
}

function describe(indicator: Indicator) {
  return {
    key: indicatorKey(indicator),
    families: indicator.families,
    tlp: indicator.tlp,
    isDetection: isAlertable(indicator),
    isRevoked: indicator.status === "revoked",
    ...(indicator.status === "expired" ? { expiredAt: Math.floor(Date.parse(indicator.validUntil) / 1000) } : {}),
  };
}

function seenAnywhere(indicator: Indicator, { templates }: Context) {
  return { comment: (templates["attribute-comment"]?.(commentFields(indicator)) ?? "").trim() };
}

/** What the reports of one sample say of it; what others say must not touch this sample's event. */
function seenIn(indicator: Indicator, sample: string, { templates }: Context) {
  const sandboxes = [
    ...new Set(indicator.evidence.flatMap((one) => (one.sample === sample && one.sandbox ? [one.sandbox] : []))),
  ].sort();
  const fields = { ...commentFields(indicator), sandboxes: sandboxes.join(", ") };
  return {
    comment: (templates["sighting-comment"]?.(fields) ?? "").trim(),
    relation: relationTo(indicator, sample),
    sandboxes,
  };
}

/** The judge's reason for what time takes away; see the page on judging. */
const DECAY = "decay";

function commentFields(indicator: Indicator): Record<string, string | number> {
  const { type, value, verdict, families, sandboxes, sampleCount } = indicator;
  // Before decay, or every comment, and with it every timestamp, would move every day.
  const decay = verdict.reasons.find(({ id }) => id === DECAY)?.weight ?? 0;
  return {
    type: type.replaceAll("-", " "),
    transport: type === "endpoint" ? value.slice(value.lastIndexOf("/") + 1) : "",
    families: families.join(", "),
    confidence: verdict.confidence - decay,
    reason: reasonTexts(verdict)[0] ?? "",
    samples: sampleCount === 1 ? "1 sample" : `${sampleCount} samples`,
    sandboxes: sandboxes.join(", "),
  };
}

const ISO_MILLISECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function timesOf({ firstSeen, lastSeen, isUndated, status }: Indicator) {
  if (!ISO_MILLISECONDS.test(firstSeen) || !ISO_MILLISECONDS.test(lastSeen)) return undefined;
  // The server refuses a last_seen before the first_seen.
  const latest = lastSeen > firstSeen ? lastSeen : firstSeen;
  const seconds = Math.floor(Date.parse(latest) / 1000);
  if (Number.isNaN(seconds) || Number.isNaN(Date.parse(firstSeen))) return undefined;
  return {
    // The server takes an edit only when it is newer, also the one that withdraws.
    timestamp: status === "revoked" ? seconds + 1 : seconds,
    ...(isUndated ? {} : { firstSeen: withOffset(firstSeen), lastSeen: withOffset(latest) }),
  };
}

/** `…T08:00:00.000Z` → `…T08:00:00.000000+00:00`, as the server prints it. */
export function withOffset(iso: string): string {
  return `${iso.slice(0, -1)}000+00:00`;
}
