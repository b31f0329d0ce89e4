/** Opens the store on SQLite: a file, or a temporary database that spills to disk and vanishes when closed. */
import Database from "better-sqlite3";
import { Kysely, SqliteDialect } from "kysely";
import { Migrator } from "kysely/migration";
import { RulewrightError } from "../errors.ts";
import { MIGRATIONS } from "./migrations.ts";
import type { Schema } from "./schema.ts";
import { createSqlStore } from "./sql-store.ts";
import type { Store } from "./store.ts";

/**
 * SQLite's private temporary database: kept in the page cache and written to the temporary folder only when it grows
 * past it, so that a folder of ten thousand reports does not have to fit in memory. https://sqlite.org/inmemorydb.html
 */
const TEMPORARY = "";

/** Throws STORE_UNAVAILABLE when the database cannot be opened or brought up to date. */
export async function openSqliteStore(path: string = TEMPORARY): Promise<Store> {
  try {
    const database = new Database(path);
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = NORMAL");
    database.pragma("cache_size = -65536");
    const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database }) });
    const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
    const { error } = await migrator.migrateToLatest();
    if (error) throw error;
    return createSqlStore(db);
  } catch (cause) {
    const name = path === TEMPORARY ? "the temporary store" : path;
    throw new RulewrightError("STORE_UNAVAILABLE", `Cannot open ${name}: ${(cause as Error).message}.`, { cause });
  }
}
