/** The sid ledger: same key, same sid, for ever; the revision moves only with what a rule matches. */
import { type Kysely, sql } from "kysely";
import { RulewrightError } from "../errors.ts";
import { sha256 } from "../model/ids.ts";
import { LOCAL_SIDS, type SidRange } from "../model/sid.ts";
import type { SidLedger } from "../plugin.ts";
import type { Schema } from "./schema.ts";

export interface SidEntry {
  readonly key: string;
  readonly sid: number;
  readonly rev: number;
  /** Digest of what the rule matches. */
  readonly fingerprint: string;
}

/** The ledger as exporters use it, and as it is carried from one database to the next. */
export interface SidStore extends SidLedger {
  /** Pages of everything ever assigned, in order of sid. */
  entries(): AsyncIterable<readonly SidEntry[]>;
  /** Takes entries over; those known already stay as they are. */
  restore(entries: readonly SidEntry[]): Promise<void>;
}

const PAGE = 5000;

/** `assign` throws SID_RANGE_FULL when a new rule finds no number. */
export function createSidLedger(db: Kysely<Schema>, { first, last }: SidRange = LOCAL_SIDS): SidStore {
  return {
    async assign(rules) {
      return db.transaction().execute(async (trx) => {
        // Takes the write lock before the read: of two processes, none numbers by a state the other has changed.
        await sql`update sid set rev = rev where false`.execute(trx);
        const known = await knownEntries(
          trx,
          rules.map(({ key }) => key),
        );
        const { rows: highest } = await sql<{ sid: number | null }>`
          select max(sid) as sid from sid where sid between ${first} and ${last}`.execute(trx);
        let next = (highest[0]?.sid ?? first - 1) + 1;
        const changed = new Map<string, SidEntry>();
        const assigned = rules.map(({ key, fingerprint: text }) => {
          const fingerprint = sha256(text).slice(0, 32);
          const entry = known.get(key);
          if (entry?.fingerprint === fingerprint) return entry;
          const row = entry ? { ...entry, rev: entry.rev + 1, fingerprint } : { key, sid: next++, rev: 1, fingerprint };
          if (next - 1 > last)
            throw new RulewrightError(
              "SID_RANGE_FULL",
              `No sid is left between ${first} and ${last}. Widen sids in the config, or export fewer indicators with --where.`,
            );
          known.set(key, row);
          changed.set(key, row);
          return row;
        });
        await write(trx, [...changed.values()]);
        return assigned.map(({ sid, rev }) => ({ sid, rev }));
      });
    },
    async *entries() {
      for (let after = -1; ; ) {
        const { rows } = await sql<SidEntry>`
          select key, sid, rev, fingerprint from sid where sid > ${after} order by sid limit ${PAGE}`.execute(db);
        const lastRow = rows.at(-1);
        if (!lastRow) return;
        yield rows;
        after = lastRow.sid;
      }
    },
    restore: (entries) => write(db, entries),
  };
}

async function knownEntries(db: Kysely<Schema>, keys: readonly string[]): Promise<Map<string, SidEntry>> {
  const { rows } = await sql<SidEntry>`
    select key, sid, rev, fingerprint from sid where key in (select value from json_each(${JSON.stringify(keys)}))`.execute(
    db,
  );
  return new Map(rows.map((row) => [row.key, row]));
}

async function write(db: Kysely<Schema>, entries: readonly SidEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await sql`
    insert into sid (key, sid, rev, fingerprint)
    select j.value ->> 'key', j.value ->> 'sid', j.value ->> 'rev', j.value ->> 'fingerprint'
    from json_each(${JSON.stringify(entries)}) j where true
    on conflict (key) do update set rev = excluded.rev, fingerprint = excluded.fingerprint`.execute(db);
}
