/** Opens the store on SQLite: a file, or a temporary database that spills to disk and vanishes when closed. */
import Database from "better-sqlite3";
import { Kysely, type SqliteDatabase, SqliteDialect } from "kysely";
import { Migrator } from "kysely/migration";
import { RulewrightError } from "../errors.ts";
import type { SidRange } from "../model/sid.ts";
import { MIGRATIONS } from "./migrations.ts";
import type { Schema } from "./schema.ts";
import { createSqlStore } from "./sql-store.ts";
import type { Store } from "./store.ts";

/**
 * SQLite's private temporary database: kept in the page cache and written to the temporary folder only when it grows
 * past it, so that a folder of ten thousand reports does not have to fit in memory. https://sqlite.org/inmemorydb.html
 */
const TEMPORARY = "";

/** How long another process may hold the file. */
const BUSY_MS = 30_000;

/** A page that several batches changed is copied from the log into the file once: 16 MiB of log instead of 4. */
const CHECKPOINT_PAGES = 2000;

/**
 * `clock` says when what is new comes in; without one the store does not remember that. Throws STORE_UNAVAILABLE when
 * the database cannot be opened or brought up to date.
 */
export async function openSqliteStore(
  path: string = TEMPORARY,
  sidRange?: SidRange,
  clock?: () => Date,
): Promise<Store> {
  let opened: Database.Database | undefined;
  try {
    const database = new Database(path);
    opened = database;
    // A temporary database has no WAL, and nobody recovers it after a crash.
    database.pragma(`busy_timeout = ${BUSY_MS}`);
    // Of a new file only; must come before the journal's mode.
    database.pragma("page_size = 8192");
    setJournal(database, path === TEMPORARY ? "MEMORY" : "WAL");
    database.pragma("synchronous = NORMAL");
    database.pragma("cache_size = -16384");
    database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: preparingOnce(database) }) });
    refuseNewer(database, path);
    const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
    // One transaction around all of it: two processes that open a new file take turns, and one that is killed leaves nothing half made.
    database.exec("begin immediate");
    const { error } = await migrator.migrateToLatest();
    if (error) throw error;
    database.exec("commit");
    return { ...createSqlStore(db, sidRange, clock), damage: async () => damageOf(database) };
  } catch (cause) {
    // With it goes the lock: the same process may try again.
    opened?.close();
    if (cause instanceof RulewrightError) throw cause;
    const name = path === TEMPORARY ? "the temporary store" : path;
    throw new RulewrightError("STORE_UNAVAILABLE", `Cannot open ${name}: ${(cause as Error).message}.`, { cause });
  }
}

function damageOf(database: Database.Database): string | undefined {
  const found = String(database.pragma("quick_check(1)", { simple: true }));
  return found === "ok" ? undefined : found;
}

/** Throws STORE_UNAVAILABLE for a file that has been brought further than this program knows. */
function refuseNewer(database: Database.Database, path: string): void {
  const hasHistory = database.prepare("select 1 from sqlite_master where name = 'kysely_migration'").get();
  if (!hasHistory) return;
  const names = database.prepare<[], string>("select name from kysely_migration order by name").pluck().all();
  const unknown = names.find((name) => !Object.hasOwn(MIGRATIONS, name));
  if (unknown !== undefined)
    throw new RulewrightError(
      "STORE_UNAVAILABLE",
      `The store ${path} was written by a newer version of Rulewright (${unknown}). Use that version, or restore a backup that is older.`,
    );
}

/** Kysely prepares every statement anew. Ours are some dozens of constant texts with parameters. */
function preparingOnce(database: Database.Database): SqliteDatabase {
  const statements = new Map<string, Database.Statement>();
  return {
    close: () => database.close(),
    prepare(text) {
      const known = statements.get(text);
      if (known) return known;
      const statement = database.prepare(text);
      statements.set(text, statement);
      return statement;
    },
  };
}

/** Changing the journal mode does not wait for other processes by itself, whatever the time-out. */
function setJournal(database: Database.Database, mode: string): void {
  for (let left = BUSY_MS / 20; ; left -= 1) {
    try {
      database.pragma(`journal_mode = ${mode}`);
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== "SQLITE_BUSY" || left <= 0) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

/** What the database itself refuses (no room, no rights, locked, damaged) is nobody's bug; other errors stay as they are. */
export function storeFailure(error: unknown): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  return new RulewrightError(
    "STORE_UNAVAILABLE",
    `The store refused: ${error.message} (${error.code}). What was acknowledged before is kept; run again.`,
    { cause: error },
  );
}
