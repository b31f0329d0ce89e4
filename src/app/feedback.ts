/** What the operator's own network said of indicators, taken into the store, and the verdicts that follow from it. */
import type { App } from "../app.ts";
import type { Observable } from "../model/observable.ts";
import type { Feedback } from "../store/feedback.ts";
import type { Store } from "../store/store.ts";
import { judgeStore } from "./stored.ts";

export type FeedbackEntry = Feedback & { readonly observable: Observable };

/** Takes entries into an open store and judges anew; answers of how many values it took any. */
export async function takeFeedback(app: App, store: Store, entries: readonly FeedbackEntry[]): Promise<number> {
  const taken = entries.length === 0 ? 0 : await store.feedback.record(entries, app.now);
  if (taken > 0) await judgeStore(app, store);
  return taken;
}
