/** `backtest --record`: hits of the operator's logs as feedback in the store. */
import { type FeedbackEntry, takeFeedback } from "../app/feedback.ts";
import { withStore } from "../app/stored.ts";
import type { App } from "../app.ts";
import type { BacktestResult } from "../backtest/backtest.ts";
import type { Hits } from "../backtest/tally.ts";
import type { Watched } from "../backtest/watched.ts";
import { plainText } from "../model/text.ts";
import type { Feedback, FeedbackKind } from "../store/feedback.ts";

export type RecordedKind = "sightings" | "false-positives";

export const RECORDED: Readonly<Record<RecordedKind, string>> = {
  sightings: "sightings",
  "false-positives": "false positives",
};

const KINDS: Readonly<Record<RecordedKind, FeedbackKind>> = {
  sightings: "sighting",
  "false-positives": "false-positive",
};

/** The hits of each log, named by its content: a log that is read again says the same again. */
export async function recordHits(
  app: App,
  location: string | undefined,
  indicators: readonly Watched[],
  { sources }: BacktestResult,
  as: RecordedKind,
): Promise<{ readonly given: number; readonly taken: number }> {
  const entries = sources.flatMap(({ name, sha256 = name, hits }) =>
    [...hits].flatMap(([index, own]): FeedbackEntry[] => {
      const watched = indicators[index];
      if (!watched || own.hits + own.alerts === 0) return [];
      return [
        {
          observable: { type: watched.type, value: watched.value },
          kind: KINDS[as],
          source: sha256,
          // An alert and the event it is about are one hit.
          hits: Math.max(own.hits, own.alerts),
          ...timesOf(own),
          note: plainText(name, 120),
        },
      ];
    }),
  );
  const keys = (own: readonly FeedbackEntry[]): number =>
    new Set(own.map(({ observable }) => `${observable.type}:${observable.value}`)).size;
  return withStore(app, location, async (store) => {
    const known: FeedbackEntry[] = [];
    for (const entry of entries) if (await store.find(entry.observable)) known.push(entry);
    await takeFeedback(app, store, known);
    return { given: keys(entries), taken: keys(known) };
  });
}

function timesOf({ days }: Hits): Pick<Feedback, "firstAt" | "lastAt"> {
  if (days.size === 0) return {};
  const counts = [...days.values()];
  return {
    firstAt: Math.floor(Math.min(...counts.map(({ first }) => first)) / 1000),
    lastAt: Math.floor(Math.max(...counts.map(({ last }) => last)) / 1000),
  };
}
