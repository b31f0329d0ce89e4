/**
 * The real sid ledger over a temporary store, with room for more sids than the million of the local range: a million
 * domains need three to five million rules.
 */
import Database from "better-sqlite3";
import { LOCAL_SIDS } from "../src/model/sid.ts";
import { openSqliteStore } from "../src/store/sqlite.ts";
import type { Store } from "../src/store/store.ts";

const LAST_SID = 99_999_999;

export async function openWideLedger(): Promise<Store> {
  return openSqliteStore(undefined, { first: LOCAL_SIDS.first, last: LAST_SID });
}

/** A database under the store's settings, without the store. */
export function openRaw(path: string): Database.Database {
  const database = new Database(path);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = NORMAL");
  database.pragma("cache_size = -65536");
  return database;
}
