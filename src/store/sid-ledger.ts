/** The sid ledger: same key, same sid, for ever; the revision moves only with what a rule matches. */
import { type Kysely, sql } from "kysely";
import type { SidLedger } from "../plugin.ts";
import type { Schema } from "./schema.ts";

/** First sid of the range that sidallocation.org leaves to local rules (1000000–1999999). */
export const FIRST_SID = 1_000_000;
export const LAST_SID = 1_999_999;

export function createSidLedger(
  db: Kysely<Schema>,
  firstSid: number = FIRST_SID,
  lastSid: number = LAST_SID,
): SidLedger {
  return {
    async assign(rules) {
      return db.transaction().execute(async (trx) => {
        const asked = JSON.stringify(rules);
        const { rows } = await sql<{ key: string; sid: number; rev: number; fingerprint: string }>`
          select key, sid, rev, fingerprint from sid where key in (select j.value ->> 'key' from json_each(${asked}) j)`.execute(
          trx,
        );
        const { rows: highest } = await sql<{ sid: number | null }>`select max(sid) as sid from sid`.execute(trx);
        let next = Math.max(firstSid, (highest[0]?.sid ?? 0) + 1);
        const known = new Map(rows.map((row) => [row.key, row]));
        const changed = new Map<string, { key: string; sid: number; rev: number; fingerprint: string }>();
        const assigned = rules.map(({ key, fingerprint }) => {
          const entry = known.get(key);
          if (entry?.fingerprint === fingerprint) return { sid: entry.sid, rev: entry.rev };
          const row = entry ? { ...entry, rev: entry.rev + 1, fingerprint } : { key, sid: next++, rev: 1, fingerprint };
          if (row.sid > lastSid) throw new RangeError(`no sid left between ${firstSid} and ${lastSid}`);
          known.set(key, row);
          changed.set(key, row);
          return { sid: row.sid, rev: row.rev };
        });
        await sql`
          insert into sid (key, sid, rev, fingerprint)
          select j.value ->> 'key', j.value ->> 'sid', j.value ->> 'rev', j.value ->> 'fingerprint'
          from json_each(${JSON.stringify([...changed.values()])}) j where true
          on conflict (key) do update set rev = excluded.rev, fingerprint = excluded.fingerprint`.execute(trx);
        return assigned;
      });
    },
  };
}
