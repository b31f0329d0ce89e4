/**
 * One run of a hunt: walks the pages of its source, fetches what is new, and commits as it goes. Cut off at any instant
 * it goes on where it was: a sample is committed with its evidence or not at all, a page's cursor only when all its
 * samples are. It does not judge and does not export.
 */
import type { Logger } from "../plugin.ts";
import type { HuntMarks, HuntState, Walk } from "../store/hunt-store.ts";
import { createSampleFetcher, type FetchPlan, type HuntClient } from "./fetch-sample.ts";
import { CursorRefused, type SamplePage, type Source } from "./source.ts";
import { createPageTaker, type PageDeps, type PageTaker, type TallyChange } from "./take-page.ts";
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
  /** From 0 to below 1. */
  readonly random: () => number;
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
    hunt,
    taker: createPageTaker({ ...deps, fetchSample: createSampleFetcher(deps.client, log) }, hunt, (change) => {
      run.tally = { ...run.tally, ...added(run.tally, change) };
      run.onProgress(run.tally);
    }),
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

interface Run extends HuntDeps {
  readonly hunt: Hunt;
  readonly taker: PageTaker;
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

/**
 * Page after page: the next is asked for while the last samples of one are under way, so that no slot is ever idle.
 * Pages are saved in their order, each when all its samples are committed.
 */
async function walkThrough(run: Run, start: Walk): Promise<HuntTally> {
  const { hunt, store, signal, taker } = run;
  const pages = hunt.source.pages({ ...run, resolve: store.resolve }, start)[Symbol.asyncIterator]();
  let walk = start;
  /** Samples that pages which are not saved yet may still add. */
  let open = 0;
  let counted = 0;
  let saved: Promise<void> = Promise.resolve();
  /** Settles when nothing of the pages so far is under way. */
  let ended: Promise<unknown> = Promise.resolve();
  const hasRoomFor = (samples: number): boolean => samples <= hunt.limit - counted - open;
  try {
    for (;;) {
      const { value: page, done } = await pages.next();
      if (done) break;
      signal.throwIfAborted();
      const look = await taker.look(page.samples);
      // Those before may come to less than they promised.
      if (!hasRoomFor(look.due.length)) await saved;
      const due = look.due.slice(0, Math.max(0, hunt.limit - counted));
      const isCut = due.length < look.due.length;
      if (!isCut) walk = behind(walk, page);
      const [taking, own] = [taker.take(due), walk];
      ended = Promise.allSettled([ended, taking.done]).then(() => {});
      open += due.length;
      saved = Promise.all([taking.done, saved]).then(async ([{ known, fetched }]) => {
        open -= due.length;
        counted += fetched;
        await store.saveWalk(hunt.name, own, [...look.known, ...known]);
      });
      await Promise.race([taking.tail, saved]);
      if (isCut || page.cursor === undefined || !hasRoomFor(1)) await saved;
      if (isCut || (page.cursor !== undefined && counted >= hunt.limit)) return await cutShort(run);
    }
    await saved;
  } finally {
    // Nothing is under way when the failure is told, of the pages behind it neither.
    await Promise.allSettled([saved, ended]);
    await pages.return?.();
  }
  if (!hunt.source.isEndless) {
    const { watermark } = await store.state(hunt.name);
    await store.finishWalk(hunt.name, advance(watermark, walk), seconds(run.clock()));
  }
  run.tally = { ...run.tally, isComplete: true };
  run.onProgress(run.tally);
  return run.tally;
}

/** The limit ended the run: a steady walk goes on there next time, another begins again at the top and skips what is known. */
async function cutShort({ hunt, store, clock, tally }: Run): Promise<HuntTally> {
  if (!hunt.source.isSteady) await store.finishWalk(hunt.name, undefined, seconds(clock()));
  return tally;
}

function added(tally: HuntTally, change: TallyChange): Pick<HuntTally, "found" | "fetched" | "known"> {
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
