/** What a run of a hunt would ask, counted before anything is spent. It asks nobody. */
import type { HuntStore } from "../store/hunt-store.ts";
import { requestsPerSample } from "./fetch-sample.ts";
import { type Hunt, newWalk, stateOf } from "./hunt.ts";

/** Numbers are the most the run needs, but for relationships and reports that fill more than one page. */
export interface HuntPlan {
  readonly name: string;
  /** The query or filter as it would be sent, date bound included. */
  readonly query: string;
  /** Whether a walk that was cut off goes on. */
  readonly isResumed: boolean;
  readonly searches: number;
  /** Requests for pages, of the search or of another listing, or for batches of a feed. */
  readonly pages: number;
  readonly samples: number;
  /** Requests for samples. */
  readonly lookups: number;
  /** Pages and look-ups. */
  readonly requests: number;
}

export async function planHunt(
  { store, clock }: { readonly store: HuntStore; readonly clock: () => Date },
  hunt: Hunt,
): Promise<HuntPlan> {
  const { source } = hunt;
  const state = stateOf(await store.state(hunt.name), hunt);
  const now = Math.floor(clock().getTime() / 1000);
  const walk = state.walk ?? newWalk(hunt, state, now);
  const isResumed = state.walk?.cursor !== undefined;
  const samples = Math.min(hunt.limit, source.size ?? hunt.limit);
  const pages = source.pageRequests(samples, walk, now);
  const lookups = samples * requestsPerSample(hunt.fetch, source);
  return {
    name: hunt.name,
    query: walk.query,
    isResumed,
    searches: source.kind === "search" ? 1 : 0,
    pages,
    samples,
    lookups,
    requests: pages + lookups,
  };
}
