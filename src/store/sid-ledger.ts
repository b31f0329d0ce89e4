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
  /**
   * Keeps sids of earlier rules for the first rules that match the same; a sid that the ledger has is left out. Answers
   * how many it took.
   */
  adopt(rules: readonly AdoptedSid[]): Promise<number>;
  /** Takes entries over; those known already stay as they are. */
  restore(entries: readonly SidEntry[]): Promise<void>;
}

/** A rule that was published before there was a ledger. */
export interface AdoptedSid {
  readonly sid: number;
  readonly rev: number;
  readonly fingerprint: string;
}

const PAGE = 5000;

const ADOPTED = "adopted:";

/** Key of a sid that waits for the rule it belongs to. */
const adoptedKey = (digest: string): string => ADOPTED + digest;

function digestOf(fingerprint: string): string {
  return sha256(fingerprint).slice(0, 32);
}

/** `assign` throws SID_RANGE_FULL when a new rule finds no number, and SID_TAKEN when others use one of ours. */
export function createSidLedger(db: Kysely<Schema>, range: SidRange = LOCAL_SIDS): SidStore {
  const { first, last, reserved = new Map<number, string>() } = range;
  return {
    async assign(rules) {
      return db.transaction().execute(async (trx) => {
        // Takes the write lock before the read: of two processes, none numbers by a state the other has changed.
        await sql`update sid set rev = rev where false`.execute(trx);
        const digests = rules.map(({ fingerprint }) => digestOf(fingerprint));
        const { highest, hasAdopted } = await ledgerState(trx, first, last);
        const keys = rules.map(({ key }) => key);
        const known = await knownEntries(trx, hasAdopted ? [...keys, ...digests.map(adoptedKey)] : keys);
        let next = (highest ?? first - 1) + 1;
        const changed = new Map<string, SidEntry>();
        const claimed: string[] = [];
        const assigned = rules.map(({ key }, index) => {
          const fingerprint = digests[index] as string;
          const entry = known.get(key);
          if (entry) refuseTaken(entry, reserved);
          if (entry?.fingerprint === fingerprint) return entry;
          const waiting = entry ? undefined : known.get(adoptedKey(fingerprint));
          if (waiting) {
            known.delete(waiting.key);
            claimed.push(waiting.key);
          }
          while (!entry && !waiting && reserved.has(next)) next += 1;
          const row = entry
            ? { ...entry, rev: entry.rev + 1, fingerprint }
            : { key, sid: waiting?.sid ?? next++, rev: waiting?.rev ?? 1, fingerprint };
          if (next - 1 > last)
            throw new RulewrightError(
              "SID_RANGE_FULL",
              `No sid is left between ${first} and ${last}. Widen sids in the config, or export fewer indicators with --where.`,
            );
          known.set(key, row);
          changed.set(key, row);
          return row;
        });
        await forget(trx, claimed);
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
    adopt: (rules) => adopt(db, rules),
    restore: (entries) => restore(db, entries),
  };
}

interface LedgerState {
  /** Highest sid within the range. */
  readonly highest: number | null;
  /** Whether any sid waits for its rule; most ledgers never had one. */
  readonly hasAdopted: 0 | 1;
}

async function ledgerState(db: Kysely<Schema>, first: number, last: number): Promise<LedgerState> {
  // What follows `adopted:` is hexadecimal.
  const { rows } = await sql<LedgerState>`
    select (select max(sid) from sid where sid between ${first} and ${last}) as highest,
      exists (select 1 from sid where key >= ${ADOPTED} and key < ${`${ADOPTED}g`}) as hasAdopted`.execute(db);
  return rows[0] as LedgerState;
}

async function knownEntries(db: Kysely<Schema>, keys: readonly string[]): Promise<Map<string, SidEntry>> {
  const { rows } = await sql<SidEntry>`
    select sid.key, sid.sid, sid.rev, sid.fingerprint
    from json_each(${JSON.stringify(keys)}) j cross join sid on sid.key = j.value`.execute(db);
  return new Map(rows.map((row) => [row.key, row]));
}

async function write(db: Kysely<Schema>, entries: readonly SidEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await sql`
    insert into sid (key, sid, rev, fingerprint) ${rowsOf(entries)}
    on conflict (key) do update set rev = excluded.rev, fingerprint = excluded.fingerprint`.execute(db);
}

async function restore(db: Kysely<Schema>, entries: readonly SidEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await sql`insert into sid (key, sid, rev, fingerprint) ${rowsOf(entries)} on conflict do nothing`.execute(db);
}

/** As a `select`; lists cost the database less to take apart than objects. */
function rowsOf(entries: readonly SidEntry[]) {
  const rows = entries.map(({ key, sid, rev, fingerprint }) => [key, sid, rev, fingerprint]);
  return sql`select j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3
    from json_each(${JSON.stringify(rows)}) j where true`;
}

function refuseTaken({ key, sid }: SidEntry, reserved: ReadonlyMap<number, string>): void {
  const file = reserved.get(sid);
  if (file === undefined) return;
  throw new RulewrightError(
    "SID_TAKEN",
    `The sid ${sid} of ${key} also stands in ${file}: an engine refuses one of the two. Give these rules another range under sids in the config, with a new ledger, or renumber the others.`,
  );
}

async function forget(db: Kysely<Schema>, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  await sql`delete from sid where key in (select value from json_each(${JSON.stringify(keys)}))`.execute(db);
}

/** Of rules that match the same the first is kept; a rule that the ledger has needs nothing. */
async function adopt(db: Kysely<Schema>, rules: readonly AdoptedSid[]): Promise<number> {
  const entries = rules.map(({ sid, rev, fingerprint }) => {
    const digest = digestOf(fingerprint);
    return { key: adoptedKey(digest), sid, rev, fingerprint: digest };
  });
  if (entries.length === 0) return 0;
  const { rows } = await sql<{ key: string }>`
    insert into sid (key, sid, rev, fingerprint) ${rowsOf(entries)}
    on conflict do nothing
    returning key`.execute(db);
  return rows.length;
}
