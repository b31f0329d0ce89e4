/**
 * Where quotas are counted: a small SQLite file that all processes of a machine share, or memory for one process.
 * Keys and limits are the caller's (quota.ts).
 *
 * It wants a file of its own, not the store's: taking blocks until the file is free, and a long write of the store in
 * the same process could never end meanwhile.
 */
import Database from "better-sqlite3";
import { RulewrightError } from "../errors.ts";

export interface Bucket {
  readonly key: string;
  /** Largest count in the window. */
  readonly limit: number;
  /** When the window ends, in milliseconds since the epoch; the row may go then. */
  readonly endsAt: number;
}

export interface QuotaLedger {
  /** Adds `cost` to all buckets, or to none: the answer is the first one that is too full. */
  take(buckets: readonly Bucket[], cost: number): Bucket | undefined;
  /** The count, 0 when unknown. */
  used(key: string): number;
  /** Remembers `note` under the key until a time (milliseconds since the epoch); a later one replaces it. */
  shut(key: string, note: string, until: number): void;
  /** The note of the first of the keys that is shut. */
  shutNote(keys: readonly string[], now: Date): string | undefined;
  close(): void;
}

/**
 * How long another process may hold the file. A take lasts microseconds; only a stopped process gets near this.
 */
const BUSY_MS = 10_000;

/** `path` of a file, or `:memory:`. Throws STORE_UNAVAILABLE. */
export function openQuotaLedger(path: string, now: Date): QuotaLedger {
  const database = attempt(path, () => open(path, now));
  const add = database.prepare<[Record<string, string | number>], { used: number }>(
    `insert into quota (key, used, ends_at) select @key, @cost, @endsAt where @cost <= @limit
     on conflict (key) do update set used = used + excluded.used where used + excluded.used <= @limit
     returning used`,
  );
  const read = database.prepare<[string], { used: number }>("select used from quota where key = ?");
  const shut = database.prepare<[string, string, number]>(
    `insert into shut (key, note, until) values (?, ?, ?)
     on conflict (key) do update set note = excluded.note, until = excluded.until`,
  );
  const findShut = database.prepare<[string, number], { note: string }>(
    "select note from shut where key = ? and until > ?",
  );
  const takeAll = database.transaction((buckets: readonly Bucket[], cost: number): void => {
    for (const bucket of buckets) {
      const { key, limit, endsAt } = bucket;
      // Throwing rolls back what the buckets before have counted.
      if (add.get({ key, limit, endsAt, cost }) === undefined) throw new BucketFull(bucket);
    }
  });
  return {
    take(buckets, cost) {
      try {
        attempt(path, () => takeAll.immediate(buckets, cost));
        return undefined;
      } catch (error) {
        if (error instanceof BucketFull) return error.bucket;
        throw error;
      }
    },
    used: (key) => attempt(path, () => read.get(key)?.used ?? 0),
    shut: (key, note, until) => attempt(path, () => void shut.run(key, note, until)),
    shutNote: (keys, now) =>
      attempt(path, () => keys.map((key) => findShut.get(key, now.getTime())?.note).find((note) => note !== undefined)),
    close: () => database.close(),
  };
}

class BucketFull extends Error {
  readonly bucket: Bucket;
  constructor(bucket: Bucket) {
    super("full");
    this.bucket = bucket;
  }
}

function open(path: string, now: Date): Database.Database {
  const database = new Database(path, { timeout: BUSY_MS });
  // Write-ahead, not flushed on every take: a power cut may forget the last few requests, never the file.
  whileBusy(() => database.pragma("journal_mode = WAL"));
  database.pragma("synchronous = NORMAL");
  database.exec(
    `create table if not exists quota (key text primary key, used integer not null, ends_at integer not null);
     create table if not exists shut (key text primary key, note text not null, until integer not null);`,
  );
  database.prepare("delete from quota where ends_at < ?").run(now.getTime());
  return database;
}

/** Changing the journal mode does not wait for other processes by itself, whatever the time-out. */
function whileBusy(change: () => void): void {
  for (let left = BUSY_MS / 20; ; left -= 1) {
    try {
      change();
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== "SQLITE_BUSY" || left <= 0) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof BucketFull) throw cause;
    throw new RulewrightError(
      "STORE_UNAVAILABLE",
      `Cannot use the quota file ${path}: ${(cause as Error).message}. Its folder must exist and be writable.`,
      { cause },
    );
  }
}
