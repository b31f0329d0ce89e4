/** Hunts against the emulator: in this process with a quick clock, or through the command line with the real one. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import Database from "better-sqlite3";
import { createWorld, type Emulator, type World } from "../../src/emulator/index.ts";
import { type Hunt, type HuntDeps, type HuntTally, runHunt } from "../../src/hunt/hunt.ts";
import { searchSource } from "../../src/hunt/listing-sources.ts";
import type { Source } from "../../src/hunt/source.ts";
import { createSecret } from "../../src/net/secret.ts";
import type { HuntStore } from "../../src/store/hunt-store.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Store } from "../../src/store/store.ts";
import { createVtClient, type VtClient } from "../../src/vt/client.ts";
import { createQuotaGate } from "../../src/vt/quota.ts";
import { openQuotaLedger } from "../../src/vt/quota-ledger.ts";
import { type Ran, rulewright, temporaryFolder } from "../support/cli.ts";

export const START = new Date("2026-10-01T00:00:00Z");
export const END = new Date("2026-11-01T00:00:00Z");
/** Two days behind the end: everything has happened. */
export const LATER = new Date("2026-11-03T12:00:00Z");
export const KEY = "emulator-key-0123456789abcdef";
export const DAY = 86_400;

export function smallWorld(samples = 50): World {
  return createWorld({ seed: 11, samples, families: 4, start: START, end: END });
}

/** What of each list in a report is kept. */
const FEW = 3;

/** As many samples as a real hunt has, with reports so short that the requests are what counts. */
export function wideWorld(): World {
  const world = smallWorld(500);
  const fewOf = (lists: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(
      Object.entries(lists).map(([name, value]) => [name, Array.isArray(value) ? value.slice(0, FEW) : value]),
    );
  return {
    ...world,
    samples: world.samples.map((sample) => ({
      ...sample,
      reports: sample.reports.map((report) => ({ ...report, attributes: fewOf(report.attributes) })),
      relationships: fewOf(sample.relationships) as typeof sample.relationships,
    })),
  };
}

/** Time that goes two hundred times as fast as the machine's: a minute's rest takes 0.3 s. */
const SPEED = 200;

export function quickClock(start: Date = LATER): () => Date {
  const began = Date.now();
  return () => new Date(start.getTime() + (Date.now() - began) * SPEED);
}

async function quickSleep(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms / SPEED, undefined, { signal });
}

export interface Lab {
  readonly store: Store;
  readonly hunts: HuntStore;
  readonly client: VtClient;
  readonly warnings: string[];
  run(hunt: Hunt, deps?: Partial<HuntDeps>): Promise<HuntTally>;
  dump(): string[];
}

/** A store in a file and the real client, for the length of a test. */
export async function withLab<T>(
  emulator: Emulator,
  test: (lab: Lab) => Promise<T>,
  { clock = quickClock(), path = join(temporaryFolder(), "rulewright.db"), owner = "here/1/a" } = {},
): Promise<T> {
  const store = await openSqliteStore(path);
  const ledger = openQuotaLedger(":memory:", clock());
  const { signal } = new AbortController();
  const warnings: string[] = [];
  const log = { debug: () => {}, info: () => {}, warn: (message: string) => void warnings.push(message) };
  const apiKey = createSecret("emulator-key", "test");
  const time = { clock, sleep: quickSleep, random: Math.random };
  const client = createVtClient({
    ...time,
    apiKey,
    version: "0.0.0",
    baseUrl: emulator.baseUrl,
    quota: createQuotaGate({ ...time, ledger, account: apiKey.fingerprint(), limits: {} }),
    concurrency: 8,
    log,
    signal,
    // A connection that hangs must not use up what the quick clock has.
    timeouts: { headers: 5_000 },
    // Its clock runs on while the machine is busy with something else.
    ceiling: { totalMs: 3_600_000 },
  });
  const deps: HuntDeps = {
    client,
    store: store.hunts,
    log,
    clock,
    sleep: quickSleep,
    random: Math.random,
    signal,
    concurrency: 8,
    claimant: { owner, isGone: () => false },
    onProgress: () => {},
  };
  try {
    return await test({
      store,
      hunts: store.hunts,
      client,
      warnings,
      run: (hunt, changed = {}) => runHunt({ ...deps, ...changed }, hunt),
      dump: () => dump(path),
    });
  } finally {
    await client.close();
    await store.close();
    ledger.close();
  }
}

export const ORDER = "first_submission_date+";

export function huntOf(changes: Partial<Hunt> & { readonly source?: Source } = {}): Hunt {
  const limit = changes.limit ?? 1000;
  return {
    name: "all",
    source: searchSource({ query: "entity:file p:0+", order: ORDER, limit }),
    sinceSeconds: 60 * DAY,
    limit,
    fetch: {
      reports: "each",
      relationships: ["contacted_domains", "contacted_ips"],
      relatedAs: "objects",
      maxRelated: 200,
    },
    ttlSeconds: 30 * DAY,
    labels: [],
    ...changes,
  };
}

/** Everything a hunt leaves in a store but row ids and the times of fetching, sorted. */
export function dump(path: string): string[] {
  const database = new Database(path, { readonly: true });
  try {
    const name = (id: string) => `(select type || ' ' || value from observable where id = ${id})`;
    const key = (id: string) => `coalesce((select key from sample where id = ${id}), '-')`;
    return [
      `select 'sample', key, md5, sha1, name, size, malicious, engines, opinion, family, submitted_at, seen_at from sample`,
      `select 'tag', ${key("sample_id")}, kind, name, priority from sample_tag`,
      `select 'evidence', ${name("observable_id")}, ${key("sample_id")}, sandbox, role, place, note, first_at, last_at from evidence`,
      `select 'link', ${name("from_id")}, kind, ${name("to_id")} from link`,
      `select 'enrichment', ${name("observable_id")}, data, seen_at from enrichment`,
      "select 'rejection', reason, value, place from rejection",
      `select 'hunt', hunt, ${key("sample_id")} from hunt_sample`,
      `select 'fetched', ${key("sample_id")}, modified_at from fetched`,
      "select 'claim', sample, owner from claim",
    ]
      .flatMap((statement) => database.prepare(statement).raw().all())
      .map((row) => JSON.stringify(row))
      .sort();
  } finally {
    database.close();
  }
}

/** Samples that a store has whole. */
export function fetchedIn(path: string): Set<string> {
  if (!existsSync(path)) return new Set();
  const database = new Database(path, { readonly: true });
  try {
    const rows = database.prepare("select key from fetched f join sample s on s.id = f.sample_id").pluck().all();
    return new Set(rows as string[]);
  } catch {
    // Killed before there were tables.
    return new Set();
  } finally {
    database.close();
  }
}

const SAMPLE_PATH = /^\/files\/([0-9a-f]{64})\/(\w+)$/;

/** `sha256 relationship` → number of first pages that were asked for and answered, from a request on. */
export function askedFor({ requests }: Emulator, from = 0): Map<string, number> {
  const asked = new Map<string, number>();
  for (const { path, query, status } of requests.slice(from)) {
    const [, sample, part] = SAMPLE_PATH.exec(path) ?? [];
    if (sample === undefined || query.cursor !== undefined || status !== 200) continue;
    asked.set(`${sample} ${part}`, (asked.get(`${sample} ${part}`) ?? 0) + 1);
  }
  return asked;
}

export function samplesAsked(emulator: Emulator, from = 0): Set<string> {
  return new Set([...askedFor(emulator, from).keys()].map((key) => key.slice(0, 64)));
}

export function searchesOf({ requests }: Emulator, from = 0): string[] {
  return requests
    .slice(from)
    .filter(({ path }) => path === "/intelligence/search")
    .map(({ query }) => query.query ?? "");
}

export const CONFIG = `virustotal:
  concurrency: 4
hunts:
  - name: all
    query: entity:file p:0+
    since: 60d
    limit: 1000
    relationships: [contacted_domains, contacted_ips]
`;

/** A folder with a config, and the command line in it. */
export function cliLab(config = CONFIG) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "rulewright.yaml"), config);
  const envOf = (emulator: Emulator, now: Date) => ({
    VT_BASE_URL: emulator.baseUrl,
    VT_API_KEY: KEY,
    RULEWRIGHT_STORE: "",
    SOURCE_DATE_EPOCH: String(now.getTime() / 1000),
  });
  return {
    folder,
    store: join(folder, "rulewright.db"),
    envOf,
    run: (emulator: Emulator, args: readonly string[], env: Record<string, string> = {}, now = LATER): Promise<Ran> => {
      const { RULEWRIGHT_STORE: _none, ...own } = envOf(emulator, now);
      return rulewright(args, { cwd: folder, env: { ...own, ...env } });
    },
    /** Every file of the folder, as text. */
    files: () =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1")),
  };
}
