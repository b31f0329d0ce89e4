/**
 * The file-behaviour feed as a source: batch after batch from where the last run ended, each line that fits the filter
 * as evidence of its sample. VirusTotal keeps batches for seven days; what is older is gone, which is told.
 */
import { type FeedCadence, type FeedCursor, feedCursor, feedReadyAt, feedTime, readFeed } from "../vt/feed.ts";
import { type FeedFilter, feedMatcher } from "./feed-filter.ts";
import type { FoundSample } from "./found-sample.ts";
import type { Source } from "./source.ts";

export interface FeedInput {
  readonly cadence: FeedCadence;
  readonly filter: FeedFilter;
}

const KEPT_MS = 7 * 86_400_000;
/** The oldest batch may go while it is asked for. */
const MARGIN_MS = 10 * 60_000;
const BATCH_SECONDS = { minute: 60, hourly: 3600 } as const;

export function feedSource({ cadence, filter }: FeedInput): Source {
  const matcher = feedMatcher(filter);
  return {
    kind: "feed",
    base: JSON.stringify({ feed: cadence, filter }),
    isSteady: true,
    isEndless: true,
    gives: "reports",
    givesRelationships: false,
    pageSize: 100,
    query: () => `the file-behaviour feed by ${cadence === "minute" ? "minute" : "hour"}, ${filterText(filter)}`,
    pageRequests: (_, { cursor, floor }, now) => {
      const { from } = startOf(cadence, cursor, floor, new Date(now * 1000));
      const seconds = (feedReadyAt(new Date(now * 1000), cadence).getTime() - feedTime(from, cadence).getTime()) / 1000;
      return Math.max(0, Math.ceil(seconds / BATCH_SECONDS[cadence]));
    },
    async *pages({ client, clock, sleep, random, log, signal }, { cursor, floor }) {
      const now = clock();
      const { from, lost } = startOf(cadence, cursor, floor, now);
      if (lost !== undefined)
        log.warn(`The feed's batches from ${nameOf(lost)} to before ${nameOf(from)} are gone: it keeps seven days.`);
      const deps = { client, sleep, random, log, signal };
      for await (const page of readFeed(deps, { cadence, from, until: feedReadyAt(now, cadence) })) {
        const samples = samplesOf(page.bodies, matcher);
        // Nothing to remember in the middle of a batch: its lines are passed over again if need be.
        if (samples.length > 0 || nameOf(page.cursor) !== page.batch) yield { samples, cursor: page.cursor };
      }
    },
  };
}

/** Where a walk goes on, and where it would have if that were still there. */
function startOf(
  cadence: FeedCadence,
  cursor: FeedCursor | undefined,
  floor: number,
  now: Date,
): { readonly from: FeedCursor; readonly lost?: FeedCursor } {
  const wanted = cursor ?? feedCursor(new Date(floor * 1000), cadence);
  const oldest = new Date(now.getTime() - KEPT_MS + MARGIN_MS);
  if (feedTime(wanted, cadence) >= oldest) return { from: wanted };
  const from = feedCursor(new Date(oldest.getTime() + BATCH_SECONDS[cadence] * 1000), cadence);
  // A first run that asks for more than there is has lost nothing.
  return cursor === undefined ? { from } : { from, lost: cursor };
}

/** Lines of one sample are one sample. */
function samplesOf(lines: readonly unknown[], matcher: (line: unknown) => string | undefined): FoundSample[] {
  const found = Map.groupBy(lines, matcher);
  return [...found].flatMap(([id, about]) => (id === undefined ? [] : [{ id, about }]));
}

function nameOf(cursor: FeedCursor): string {
  return cursor.split("-")[0] as string;
}

function filterText(filter: FeedFilter): string {
  return Object.entries(filter)
    .map(([key, words = []]) => `${key} ${words.length > 5 ? `(${words.length})` : words.join("|")}`)
    .join(", ");
}
