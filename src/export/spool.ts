/**
 * The spool of an exporter that groups: texts in, the same texts in order of their keys out, with memory that does not
 * grow. SQLite's private temporary database does it: in its page cache while it fits, on disk beyond, gone when closed.
 * https://sqlite.org/inmemorydb.html
 */
import Database from "better-sqlite3";
import type { Spool, SpoolRecord } from "../plugin.ts";

const CACHE_KIB = 4096;
const PAGE = 200;

/** The spools of one render; `close` takes them all away. */
export function createSpools(): { open(): Spool; close(): void } {
  const databases: Database.Database[] = [];
  return {
    open() {
      const database = new Database("");
      databases.push(database);
      return spoolIn(database);
    },
    close() {
      for (const database of databases.splice(0)) database.close();
    },
  };
}

function spoolIn(database: Database.Database): Spool {
  database.pragma("journal_mode = OFF");
  database.pragma("synchronous = OFF");
  database.pragma(`cache_size = -${CACHE_KIB}`);
  database.exec("create table record (key text not null, data text not null)");
  const insert = database.prepare("insert into record (key, data) values (?, ?)");
  const insertAll = database.transaction((records: readonly SpoolRecord[]) => {
    for (const { key, data } of records) insert.run(key, data);
  });
  return {
    async put(records) {
      insertAll(records);
    },
    async *read() {
      // Made when everything is there: one sort instead of an insertion a record.
      database.exec("create index if not exists by_key on record (key)");
      const next = database.prepare(`select key, rowid as id, data from record where (key, rowid) > (?, ?)
        order by key, rowid limit ${PAGE}`);
      for (let [key, id] = ["", 0]; ; ) {
        const page = next.all(key, id) as (SpoolRecord & { id: number })[];
        const last = page.at(-1);
        if (!last) return;
        for (const { key: own, data } of page) yield { key: own, data };
        ({ key, id } = last);
      }
    },
  };
}
