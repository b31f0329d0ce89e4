/**
 * One run of a hunt: walks the pages of its source, fetches what is new, and commits as it goes. Cut off at any instant
 * it goes on where it was: a sample is committed with its evidence or not at all, a page's cursor only when all its
 * samples are. It does not judge and does not export.
 */
import type { Logger } from "../plugin.ts";
import type { HuntMarks, HuntState, Walk } from "../store/hunt-store.ts";
import { createSampleFetcher, type FetchPlan, type HuntClient } from "./fetch-sample.ts";
import { CursorRefused, type SamplePage, type Source } from "./source.ts";
import { type PageDeps, takePage } from "./take-page.ts";
import { advance, lowerBound } from "./watermark.ts";

export interface Hunt extends HuntMarks {
  readonly name: string;
  readonly source: Source;
  /** How far back the first run looks. */
  readonly sinceSeconds: number;
  /** Samples fetched per run at most; what is known already does not count. */
  readonly limit: number;
  readonly fetch: FetchPlan;
  /** A sample is not asked for again before this, and after it only when it has changed, seconds. */
  readonly ttlSeconds: number;
  /** Family of every sample, when the operator knows it. */
  readonly family?: string;
}

export interface HuntDeps extends Omit<PageDeps, "fetchSample"> {
  readonly client: HuntClient;
  readonly log: Logger;
  /** Called whenever the tally has changed, with what a run that is cut off has done too. */
  readonly onProgress: (tally: HuntTally) => void;
}

export interface HuntTally {
  readonly name: string;
  /** Samples the source named. */
  readonly found: number;
  readonly fetched: number;
  /** Known: not asked for again. */
  readonly known: number;
  /** Whether the source was walked to its end; not so when the limit or an error came before. */
  readonly isComplete: boolean;
}

/** Throws VtError, STORE_UNAVAILABLE or the signal's reason; what was committed until then stays. */
export async function runHunt(deps: HuntDeps, hunt: Hunt): Promise<HuntTally> {
  const { store, clock, log } = deps;
  await store.register(hunt.name, hunt);
  const state = stateOf(await store.state(hunt.name), hunt);
  const run: Run = {
    ...deps,
    fetchSample: createSampleFetcher(deps.client, log),
    hunt,
    tally: { name: hunt.name, found: 0, fetched: 0, known: 0, isComplete: false },
  };
  deps.onProgress(run.tally);
  let walk = state.walk ?? newWalk(hunt, state, seconds(clock()));
  for (let isAgain = false; ; isAgain = true) {
    await store.saveWalk(hunt.name, walk, []);
    try {
      return await walkThrough(run, walk);
    } catch (error) {
      if (isAgain || !(error instanceof CursorRefused)) throw error instanceof CursorRefused ? error.cause : error;
      log.info(`${hunt.name}: VirusTotal has forgotten where the search was; it begins again and skips what is known.`);
      walk = newWalk(hunt, state, seconds(clock()));
    }
  }
}

interface Run extends HuntDeps, PageDeps {
  readonly hunt: Hunt;
  tally: HuntTally;
}

/** What is remembered, as far as it is about what the hunt walks now. */
export function stateOf(state: HuntState, { source }: Hunt): HuntState {
  if (state.base !== source.base) return {};
  const { walk, ...rest } = state;
  return walk === undefined || walk.pageSize === source.pageSize ? state : rest;
}

/** A walk from its first page, as of `now`. */
export function newWalk({ source, sinceSeconds }: Hunt, state: HuntState, now: number): Walk {
  const from = lowerBound(state, sinceSeconds, now);
  return {
    base: source.base,
    query: source.query(from),
    pageSize: source.pageSize,
    floor: state.floor ?? from,
    startedAt: now,
  };
}

async function walkThrough(run: Run, start: Walk): Promise<HuntTally> {
  const { hunt, store, signal } = run;
  let walk = start;
  for await (const page of hunt.source.pages({ client: run.client, resolve: store.resolve }, walk)) {
    signal.throwIfAborted();
    const { known, isCut } = await takePage(run, hunt, page.samples, hunt.limit - run.tally.fetched, (change) => {
      run.tally = { ...run.tally, ...added(run.tally, change) };
      run.onProgress(run.tally);
    });
    if (!isCut) walk = behind(walk, page);
    await store.saveWalk(hunt.name, walk, known);
    if (isCut || (page.cursor !== undefined && run.tally.fetched >= hunt.limit)) return cutShort(run);
  }
  const { watermark } = await store.state(hunt.name);
  await store.finishWalk(hunt.name, advance(watermark, walk), seconds(run.clock()));
  run.tally = { ...run.tally, isComplete: true };
  run.onProgress(run.tally);
  return run.tally;
}

/** The limit ended the run: a steady walk goes on there next time, another begins again at the top and skips what is known. */
async function cutShort({ hunt, store, clock, tally }: Run): Promise<HuntTally> {
  if (!hunt.source.isSteady) await store.finishWalk(hunt.name, undefined, seconds(clock()));
  return tally;
}

function added(
  tally: HuntTally,
  change: Partial<Pick<HuntTally, "found" | "fetched" | "known">>,
): Pick<HuntTally, "found" | "fetched" | "known"> {
  return {
    found: tally.found + (change.found ?? 0),
    fetched: tally.fetched + (change.fetched ?? 0),
    known: tally.known + (change.known ?? 0),
  };
}

/** The walk when a page is done. The last page has no cursor: it is asked for again when the end was not written. */
function behind(walk: Walk, { samples, cursor }: SamplePage): Walk {
  const dates = [walk.newest, ...samples.map(({ datedAt }) => datedAt)].filter((date) => date !== undefined);
  return {
    ...walk,
    ...(cursor === undefined ? {} : { cursor }),
    ...(dates.length === 0 ? {} : { newest: Math.max(...dates) }),
  };
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
