/**
 * What the store remembers of scheduled jobs: the turn that was run last, what its inputs were, how often it failed
 * since, and which process runs it right now. It decides nothing (worker/ does) and reads no clock; times are seconds
 * since the epoch.
 */
import { type Kysely, sql } from "kysely";
import type { Claimant } from "./hunt-store.ts";
import type { Schema } from "./schema.ts";

export interface JobKey {
  readonly kind: string;
  readonly name: string;
}

export interface JobRecord {
  /** When the job was first seen: its turns are counted from here. */
  readonly anchor: number;
  /** Goes up with every end; a claim holds only for what was read. */
  readonly runs: number;
  /** The turn that was run last. */
  readonly slot?: number;
  readonly endedAt?: number;
  /** What the inputs of the last run that went well were. */
  readonly inputs?: string;
  /** In a row. */
  readonly failures: number;
  /** Not before this after a failure. */
  readonly retryAt?: number;
  /** Whose it is right now, and until when. */
  readonly claim?: { readonly owner: string; readonly until: number };
}

export interface JobEnd {
  readonly slot: number;
  readonly endedAt: number;
  /** Absent leaves what is remembered. */
  readonly inputs?: string;
  readonly failures: number;
  readonly retryAt?: number;
}

export interface JobStore {
  /** What is known of a job; one that is not known yet begins at `now`. */
  read(key: JobKey, now: number): Promise<JobRecord>;
  /** Whether the job is the claimant's to run: nobody runs it, and nobody has since it was read. */
  claim(key: JobKey, runs: number, claimant: Claimant, now: number, until: number): Promise<boolean>;
  /** False when the claim was lost meanwhile. */
  renew(key: JobKey, owner: string, until: number): Promise<boolean>;
  /** The run is over and the claim with it; false when it was lost before, and nothing is remembered then. */
  finish(key: JobKey, owner: string, end: JobEnd): Promise<boolean>;
  /** Gives the claim back; the run does not count. */
  release(key: JobKey, owner: string): Promise<void>;
  /** A text that changes with all that verdicts come from: samples, reports, observables, rulings, feedback, lists. */
  inputMark(): Promise<string>;
}

export function createJobStore(db: Kysely<Schema>): JobStore {
  return {
    read: (key, now) => read(db, key, now),
    claim: (key, runs, claimant, now, until) => claim(db, key, runs, claimant, now, until),
    async renew({ kind, name }, owner, until) {
      const { rows } = await sql`
        update job set until = ${until} where kind = ${kind} and name = ${name} and owner = ${owner} returning name`.execute(
        db,
      );
      return rows.length > 0;
    },
    async finish({ kind, name }, owner, { slot, endedAt, inputs, failures, retryAt }) {
      const { rows } = await sql`
        update job set runs = runs + 1, slot = ${slot}, ended_at = ${endedAt}, inputs = coalesce(${inputs ?? null}, inputs),
          failures = ${failures}, retry_at = ${retryAt ?? null}, owner = null, until = null
        where kind = ${kind} and name = ${name} and owner = ${owner} returning name`.execute(db);
      return rows.length > 0;
    },
    async release({ kind, name }, owner) {
      await sql`
        update job set owner = null, until = null where kind = ${kind} and name = ${name} and owner = ${owner}`.execute(
        db,
      );
    },
    async inputMark() {
      const { rows } = await sql`
        select (select count(*) from sample) as samples, (select max(seen_at) from sample) as seen,
               (select sum(seen_at) from sample) as dates, (select count(*) from observable) as observables,
               (select count(*) from fetched) as fetched, (select max(fetched_at) from fetched) as fetched_at,
               (select count(*) from report) as reports, (select sum(seen_at) from report) as report_dates,
               (select count(*) from ruling) as rulings, (select sum(ruled_at) from ruling) as ruled,
               (select count(*) from ruling where action = 'allow') as allowed,
               (select count(*) from ruling where action = 'deny') as denied,
               (select count(*) from feedback) as feedback, (select sum(hits) from feedback) as hits,
               (select sum(recorded_at) from feedback) as recorded,
               (select value from setting where name = 'warning-lists') as lists`.execute(db);
      return JSON.stringify(rows[0]);
    },
  };
}

interface Row {
  readonly anchor: number;
  readonly runs: number;
  readonly slot: number | null;
  readonly ended_at: number | null;
  readonly inputs: string | null;
  readonly failures: number;
  readonly retry_at: number | null;
  readonly owner: string | null;
  readonly until: number | null;
}

async function read(db: Kysely<Schema>, { kind, name }: JobKey, now: number): Promise<JobRecord> {
  const select = sql<Row>`
    select anchor, runs, slot, ended_at, inputs, failures, retry_at, owner, until from job
    where kind = ${kind} and name = ${name}`;
  let [row] = (await select.execute(db)).rows;
  if (row === undefined) {
    await sql`
      insert into job (kind, name, anchor) values (${kind}, ${name}, ${now}) on conflict (kind, name) do nothing`.execute(
      db,
    );
    [row] = (await select.execute(db)).rows;
  }
  const { anchor, runs, failures, slot, ended_at: endedAt, inputs, retry_at: retryAt, owner, until } = row as Row;
  return {
    anchor,
    runs,
    failures,
    ...(slot === null ? {} : { slot }),
    ...(endedAt === null ? {} : { endedAt }),
    ...(inputs === null ? {} : { inputs }),
    ...(retryAt === null ? {} : { retryAt }),
    ...(owner === null || until === null ? {} : { claim: { owner, until } }),
  };
}

async function claim(
  db: Kysely<Schema>,
  { kind, name }: JobKey,
  runs: number,
  { owner, isGone }: Claimant,
  now: number,
  until: number,
): Promise<boolean> {
  for (;;) {
    const { rows } = await sql`
      update job set owner = ${owner}, until = ${until}
      where kind = ${kind} and name = ${name} and runs = ${runs}
        and (owner is null or owner = ${owner} or until < ${now}) returning name`.execute(db);
    if (rows.length > 0) return true;
    const { rows: held } = await sql<{ owner: string | null; runs: number }>`
      select owner, runs from job where kind = ${kind} and name = ${name}`.execute(db);
    const other = held[0];
    if (other === undefined || other.runs !== runs) return false;
    // Given back between the two statements, or left behind by a process that has ended: try again.
    if (other.owner !== null && !isGone(other.owner)) return false;
    await sql`
      update job set owner = null, until = null
      where kind = ${kind} and name = ${name} and owner = ${other.owner}`.execute(db);
  }
}
