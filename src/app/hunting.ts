/**
 * Hunts, composed: the config's hunts with their sources, run one after the other, or only planned. How a hunt runs is
 * hunt/'s, how VirusTotal is asked virustotal.ts's.
 */
import type { App } from "../app.ts";
import type { FeedConfig } from "../config/feed.ts";
import type { HuntConfig } from "../config.ts";
import { RulewrightError } from "../errors.ts";
import { feedSource } from "../hunt/feed-source.ts";
import { hashSource } from "../hunt/hash-source.ts";
import { type Hunt, type HuntTally, runHunt } from "../hunt/hunt.ts";
import { collectionSource, livehuntSource, retrohuntSource, searchSource } from "../hunt/listing-sources.ts";
import { type HuntPlan, planHunt } from "../hunt/plan.ts";
import type { Source } from "../hunt/source.ts";
import { nearest } from "../model/nearest.ts";
import type { Store } from "../store/store.ts";
import type { ClientStats, VtClient } from "../vt/client.ts";
import { VtError } from "../vt/failure.ts";
import type { QuotaLine } from "../vt/overall-quotas.ts";
import type { QuotaGate } from "../vt/quota.ts";
import { createClaimant } from "./claimant.ts";
import { openVirusTotal, pause, runningClock, type VirusTotal } from "./virustotal.ts";

/** The hunts of these names, all without any. Throws HUNT_UNKNOWN, CONFIG_INVALID. */
export function huntsOf({ loaded }: App, names: readonly string[]): Hunt[] {
  const { hunts } = loaded.config;
  const known = hunts.map(({ name }) => name);
  const twice = known.find((name, index) => known.indexOf(name) !== index);
  if (twice !== undefined)
    throw new RulewrightError("CONFIG_INVALID", `${loaded.file}: two hunts are called ${twice}. Rename one of them.`);
  if (hunts.length === 0)
    throw new RulewrightError(
      "HUNT_UNKNOWN",
      `There is no hunt in ${loaded.file}. Add one under hunts:, at least "- name: …" and "query: …"; see docs/hunting.md.`,
    );
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new RulewrightError(
      "HUNT_UNKNOWN",
      `There is no hunt "${unknown}"${nearest(unknown, known)}; ${loaded.file} has: ${known.join(", ")}.`,
    );
  return hunts
    .filter(({ name }) => names.length === 0 || names.includes(name))
    .map((hunt) => huntOf(hunt, loaded.file));
}

/** A feed is all there is: a week of it is ten thousand downloads. Its newest hour is there after two. */
const FEED_SECONDS = 3 * 3600;
const WEEK_SECONDS = 7 * 86_400;

function huntOf(config: HuntConfig, file: string): Hunt {
  const { name, limit, relationships, relatedAs, maxRelated, ttl, family, labels, tlp } = config;
  const isFeed = config.feed !== undefined;
  const { since = isFeed ? FEED_SECONDS : WEEK_SECONDS, reports = isFeed ? "none" : "each" } = config;
  return {
    name,
    source: sourceOf(config, file),
    sinceSeconds: since,
    limit,
    fetch: { reports, relationships: [...new Set(relationships)], relatedAs, maxRelated },
    ttlSeconds: ttl,
    labels,
    ...(tlp === undefined ? {} : { tlp }),
    ...(family === undefined ? {} : { family }),
  };
}

function sourceOf(config: HuntConfig, file: string): Source {
  const { query, livehunt, livehuntFrom, retrohunt, collection, hashes, feed, order, limit } = config;
  const embedded = config.relatedAs === "embedded" ? [...new Set(config.relationships)] : [];
  const sources = [
    ...(query === undefined ? [] : [() => searchSource({ query, order, limit })]),
    ...(livehunt === undefined ? [] : [() => livehuntSource(livehunt, livehuntFrom)]),
    ...(retrohunt === undefined ? [] : [() => retrohuntSource(retrohunt, embedded)]),
    ...(collection === undefined ? [] : [() => collectionSource(collection)]),
    ...(hashes === undefined ? [] : [() => hashSource(hashes, limit)]),
    ...(feed === undefined ? [] : [() => feedSourceOf(feed)]),
  ];
  const [source] = sources;
  if (source === undefined || sources.length > 1)
    throw new RulewrightError(
      "CONFIG_INVALID",
      `${file}: the hunt ${config.name} has ${sources.length === 0 ? "no source" : "more than one source"}. ` +
        "Give it one of query, livehunt, retrohunt, collection, hashes and feed; see docs/hunting.md.",
    );
  return source();
}

function feedSourceOf({ by, ...filter }: FeedConfig): Source {
  return feedSource({ cadence: by === "minute" ? "minute" : "hourly", filter });
}

export interface HuntsOutcome {
  readonly tallies: readonly HuntTally[];
  /** Of hunts that could not go on; the others did. */
  readonly failures: readonly { readonly name: string; readonly error: VtError }[];
  /** What ended the run before its last hunt was done: quota, key, connection. */
  readonly stoppedBy?: VtError;
  readonly stats: ClientStats;
}

/** Opens the way to VirusTotal for the length of the hunts. Throws as `openVirusTotal` and `runHunts` do. */
export async function huntInto(
  app: App,
  store: Store,
  storeFlag: string | undefined,
  hunts: readonly Hunt[],
  onProgress: (tally: HuntTally) => void,
): Promise<HuntsOutcome> {
  const virusTotal = openVirusTotal(app, storeFlag);
  try {
    return await runHunts(app, store, virusTotal, hunts, onProgress);
  } finally {
    await virusTotal.close();
  }
}

/**
 * Runs the hunts one after the other. What concerns one alone, such as a query that VirusTotal does not take, does not
 * stop the rest; a used-up quota, a refused key or a service that is down does. Throws whatever is not VirusTotal's.
 */
export async function runHunts(
  app: App,
  store: Store,
  { client, clock }: VirusTotal,
  hunts: readonly Hunt[],
  onProgress: (tally: HuntTally) => void,
): Promise<HuntsOutcome> {
  const tallies = new Map<string, HuntTally>();
  const failures: { name: string; error: VtError }[] = [];
  let stoppedBy: VtError | undefined;
  const claimant = createClaimant();
  for (const hunt of hunts) {
    try {
      await runHunt(
        {
          client,
          store: store.hunts,
          log: app.log,
          clock,
          sleep: pause,
          random: Math.random,
          signal: app.signal,
          concurrency: app.loaded.config.virustotal.concurrency,
          claimant,
          onProgress(tally) {
            tallies.set(hunt.name, tally);
            onProgress(tally);
          },
        },
        hunt,
      );
    } catch (error) {
      app.signal.throwIfAborted();
      if (!(error instanceof VtError)) throw error;
      if (error.problem === "forbidden" || error.problem === "refused") failures.push({ name: hunt.name, error });
      else {
        stoppedBy = error;
        break;
      }
    }
  }
  return { tallies: [...tallies.values()], failures, stats: client.stats(), ...(stoppedBy ? { stoppedBy } : {}) };
}

export interface Plans {
  readonly hunts: readonly HuntPlan[];
  /** What this machine's own limits leave; undefined without a key. */
  readonly left?: ReturnType<QuotaGate["remaining"]>;
  /** What VirusTotal says the account has left; undefined without a user name or when it does not say. */
  readonly account?: readonly QuotaLine[];
}

/** What the hunts would ask and cost. Asks for nothing but the account's quotas, which costs none. */
export async function planHunts(app: App, store: Store, hunts: readonly Hunt[], storeFlag?: string): Promise<Plans> {
  const clock = runningClock(app.now);
  const plans: HuntPlan[] = [];
  for (const hunt of hunts) plans.push(await planHunt({ store: store.hunts, clock }, hunt));
  let virusTotal: VirusTotal;
  try {
    virusTotal = openVirusTotal(app, storeFlag);
  } catch (error) {
    if (!(error instanceof RulewrightError) || error.code !== "VT_KEY_MISSING") throw error;
    app.log.warn(`${error.message} What is left is not known.`);
    return { hunts: plans };
  }
  try {
    const account = await accountQuotas(app, virusTotal.client);
    return { hunts: plans, left: virusTotal.quota.remaining(clock()), ...(account ? { account } : {}) };
  } finally {
    await virusTotal.close();
  }
}

async function accountQuotas(app: App, client: VtClient): Promise<readonly QuotaLine[] | undefined> {
  try {
    return await client.overallQuotas();
  } catch (error) {
    app.signal.throwIfAborted();
    if (!(error instanceof VtError)) throw error;
    app.log.warn(`What the account has left is not known: ${error.message}`);
    return undefined;
  }
}
