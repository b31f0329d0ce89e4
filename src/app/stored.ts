/** Commands over the store that remembers: open it, judge it, read it out. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { App } from "../app.ts";
import { huntPoliciesOf } from "../config.ts";
import { loadBackground } from "../enrich/background.ts";
import { RulewrightError } from "../errors.ts";
import type { IndicatorContext } from "../policy/indicators.ts";
import { type JudgeAllContext, type JudgingTally, judgeAll } from "../policy/judge-all.ts";
import { openSqliteStore, storeFailure } from "../store/sqlite.ts";
import type { Store } from "../store/store.ts";
import { sidRange } from "./sids.ts";
import { type ListsChoice, listsOfStore, rememberLists } from "./warning-lists.ts";

/** Throws USAGE, STORE_UNAVAILABLE. */
export async function openStore(app: App, flag?: string): Promise<Store> {
  return openSqliteStore(storePath(app, flag), await sidRange(app), () => app.now);
}

/** Flag, then RULEWRIGHT_STORE, then the config; a relative path counts from the config file. Throws USAGE. */
export function storePath(app: App, flag?: string): string {
  const location = flag ?? app.env.RULEWRIGHT_STORE ?? app.loaded.config.store;
  const path = /^sqlite:(.+)$/.exec(location)?.[1];
  if (path === undefined)
    throw new RulewrightError("USAGE", `The store "${location}" is none that this version opens. Give sqlite:PATH.`);
  const base = flag === undefined && app.env.RULEWRIGHT_STORE === undefined ? dirname(app.loaded.file) : app.folder;
  return resolve(base, path);
}

/**
 * Runs `work` over a store that is there and closes it, whatever happens. Throws STORE_MISSING, and INTERRUPTED with
 * what that leaves behind.
 */
export async function withStore<T>(app: App, flag: string | undefined, work: (store: Store) => Promise<T>): Promise<T> {
  const path = storePath(app, flag);
  if (!existsSync(path))
    throw new RulewrightError(
      "STORE_MISSING",
      `There is no store ${path}. Name the one you have with --store or RULEWRIGHT_STORE, or make one: rulewright ingest <reports>, or rulewright hunt.`,
    );
  return withNewStore(app, flag, work);
}

/** The same for what only asks what would be done: an empty store that vanishes stands for one that is not there. */
export async function withStoreIfAny<T>(
  app: App,
  flag: string | undefined,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  return existsSync(storePath(app, flag))
    ? withNewStore(app, flag, work)
    : withOpen(app, await openSqliteStore(), work);
}

/** The same for what brings something in: a store that is not there is made. */
export async function withNewStore<T>(
  app: App,
  flag: string | undefined,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  return withOpen(app, await openStore(app, flag), work);
}

async function withOpen<T>(app: App, store: Store, work: (store: Store) => Promise<T>): Promise<T> {
  try {
    return await work(store);
  } catch (error) {
    if (error instanceof RulewrightError && error.code === "INTERRUPTED") throw error;
    throw app.signal.aborted
      ? new RulewrightError("INTERRUPTED", "Interrupted: what was finished is kept.", { cause: error })
      : storeFailure(error);
  } finally {
    await store.close();
  }
}

/** Throws INPUT_EMPTY for a store that knows nothing: published, it would put nothing in the place of a good output. */
export async function requireContent(app: App, store: Store, flag: string | undefined): Promise<void> {
  if (!(await store.isEmpty())) return;
  throw new RulewrightError(
    "INPUT_EMPTY",
    `The store ${storePath(app, flag)} is empty: nothing was written or sent, the previous output stands. Fill it: rulewright ingest <reports>, or rulewright hunt.`,
  );
}

/** Judges everything in the store as of now; asks nobody. */
export async function judgeStore(app: App, store: Store, warningLists?: ListsChoice): Promise<JudgingTally> {
  return (await openJudging(app, store, warningLists)).run();
}

/** A judgement that is ready to run: what can be wrong with it is known before anything is fetched or written. */
export interface Judging {
  readonly context: JudgeAllContext;
  /** Over everything in the store, as it is by then. */
  run(): Promise<JudgingTally>;
}

/** Throws WARNING_LISTS_UNREADABLE. */
export async function openJudging(app: App, store: Store, warningLists?: ListsChoice): Promise<Judging> {
  const lists = await listsOfStore(app, store, warningLists);
  const context: JudgeAllContext = {
    background: loadBackground(),
    policy: app.loaded.config.policy,
    huntPolicies: huntPoliciesOf(app.loaded.config),
    now: app.now,
    ...(lists ? { warningLists: lists } : {}),
  };
  return {
    context,
    async run() {
      const tally = await judgeAll(store, context, app.signal);
      await rememberLists(app, store, warningLists);
      return tally;
    },
  };
}

/** How indicators of the store are made: validity is checked against now. */
export function storedContext(app: App): IndicatorContext {
  const { tlp, policy } = app.loaded.config;
  return { tlp, policy, huntPolicies: huntPoliciesOf(app.loaded.config), asOf: app.now, expiresAt: app.now };
}
