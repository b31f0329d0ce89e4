/**
 * Indicators → entries: what an event needs to know of each, in MISP's units, without uuids yet. Small on purpose,
 * because up to a whole event of them is held in memory.
 */
import { batches, type Indicator, indicatorKey, isAlertable, type RenderContext, type Tlp } from "../../src/plugin.ts";
import { type Mapped, mapIndicator } from "./attributes.ts";
import { familyTags, type Tag } from "./tags.ts";

export interface Entry extends Mapped {
  readonly key: string;
  readonly comment: string;
  readonly familyTags: readonly Tag[];
  readonly tlp: Tlp;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
  /** Kept and valid: only these may raise alerts. */
  readonly isDetection: boolean;
  readonly isRevoked: boolean;
}

type Context = Pick<RenderContext, "templates" | "skip" | "signal">;

/** Every indicator becomes an entry or is skipped with a reason. */
export async function* toEntries(indicators: AsyncIterable<Indicator>, ctx: Context): AsyncGenerator<Entry> {
  let previous = "";
  for await (const batch of batches(indicators)) {
    ctx.signal.throwIfAborted();
    for (const indicator of batch) {
      const mapped = mapIndicator(indicator);
      const times = "misfit" in mapped ? undefined : timesOf(indicator);
      if ("misfit" in mapped) {
        ctx.skip(indicator, mapped.misfit);
      } else if (!times) {
        ctx.skip(indicator, "a date is not ISO 8601 in UTC with milliseconds");
      } else {
        const [{ type, value }] = mapped.attributes;
        const attribute = `${type} ${value}`;
        // The input is sorted, so equal ones are neighbours, such as one port over TCP and UDP.
        if (attribute === previous) {
          ctx.skip(
            indicator,
            "MISP keeps one of two equal attributes: the value before it, or its port over the other transport",
          );
          continue;
        }
        previous = attribute;
        yield { ...mapped, ...times, ...describe(indicator, ctx) };
      }
    }
  }
}

function describe(indicator: Indicator, { templates }: Context) {
  return {
    key: indicatorKey(indicator),
    comment: (templates["attribute-comment"]?.(commentFields(indicator)) ?? "").trim(),
    familyTags: familyTags(indicator.families),
    tlp: indicator.tlp,
    isDetection: isAlertable(indicator),
    isRevoked: indicator.status === "revoked",
  };
}

function commentFields(indicator: Indicator): Record<string, string | number> {
  const { type, value, verdict, families, sandboxes, sampleCount } = indicator;
  return {
    type: type.replaceAll("-", " "),
    transport: type === "endpoint" ? value.slice(value.lastIndexOf("/") + 1) : "",
    families: families.join(", "),
    confidence: verdict.confidence,
    reason: verdict.reasons[0]?.text ?? "",
    samples: sampleCount === 1 ? "1 sample" : `${sampleCount} samples`,
    sandboxes: sandboxes.join(", "),
  };
}

const ISO_MILLISECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function timesOf({ firstSeen, lastSeen, status }: Indicator) {
  if (!ISO_MILLISECONDS.test(firstSeen) || !ISO_MILLISECONDS.test(lastSeen)) return undefined;
  // The server refuses a last_seen before the first_seen.
  const latest = lastSeen > firstSeen ? lastSeen : firstSeen;
  const seconds = Math.floor(Date.parse(latest) / 1000);
  if (Number.isNaN(seconds) || Number.isNaN(Date.parse(firstSeen))) return undefined;
  return {
    // The server takes an edit only when it is newer, also the one that withdraws.
    timestamp: status === "revoked" ? seconds + 1 : seconds,
    firstSeen: withOffset(firstSeen),
    lastSeen: withOffset(latest),
  };
}

/** `…T08:00:00.000Z` → `…T08:00:00.000000+00:00`, as the server prints it. */
function withOffset(iso: string): string {
  return `${iso.slice(0, -1)}000+00:00`;
}
