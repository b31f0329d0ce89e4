/**
 * What the store remembers of hunts: how far each has come, which samples it found, when each was fetched, and which
 * process is fetching one right now. A sample's evidence and the mark that it is done are one transaction, so a run
 * that is cut off neither loses nor repeats one.
 */
import { type Kysely, sql } from "kysely";
import type { Collected } from "../model/evidence.ts";
import type { Tlp } from "../model/indicator.ts";
import type { Schema } from "./schema.ts";
import { writeEvidence } from "./write-batch.ts";

/** A walk through the pages of one search; kept until its last page is done. Dates in seconds since the epoch. */
export interface Walk {
  /** What is walked, without its dates: a hunt whose query was changed starts anew. */
  readonly base: string;
  /** The query as sent: a cursor is worth nothing with another, nor with another page size. */
  readonly query: string;
  readonly pageSize: number;
  /** Lower bound of the hunt's first walk. */
  readonly floor: number;
  readonly startedAt: number;
  /** Absent before the first page. */
  readonly cursor?: string;
  /** Newest date seen in this walk. */
  readonly newest?: number;
}

export interface HuntState {
  /** What the rest is about. */
  readonly base?: string;
  readonly floor?: number;
  readonly watermark?: number;
  readonly walk?: Walk;
  /** Seconds since the epoch. */
  readonly lastRun?: number;
}

export interface FetchedSample {
  /** Seconds since the epoch. */
  readonly fetchedAt: number;
  /** `last_modification_date` when it was fetched. */
  readonly modifiedAt?: number;
}

export interface HuntMarks {
  readonly labels: readonly string[];
  readonly tlp?: Tlp;
}

/** Who wants to fetch a sample. */
export interface Claimant {
  /** Of this process. */
  readonly owner: string;
  /** Whether the owner of a claim is known to have ended without giving it back. */
  isGone(owner: string): boolean;
}

export interface HuntStore {
  state(hunt: string): Promise<HuntState>;
  /** Names and marks of a hunt, as the config has them now. */
  register(hunt: string, marks: HuntMarks): Promise<void>;
  /** A page is done, or none yet: how far the walk is, and known samples that belong to the hunt too; one transaction. */
  saveWalk(hunt: string, walk: Walk, knownIds: readonly string[]): Promise<void>;
  /** The walk is over. The watermark never goes back; without one it stays where it is. */
  finishWalk(hunt: string, watermark: number | undefined, ranAt: number): Promise<void>;
  /** When the samples were fetched; those never fetched are absent. */
  fetched(sampleIds: readonly string[]): Promise<ReadonlyMap<string, FetchedSample>>;
  /** sha256 of the md5 and sha1 hashes that the store knows. */
  resolve(hashes: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Whether the sample is the claimant's to fetch. A claim ends with `addSample`, `release` or at `until` (seconds). */
  claim(sampleId: string, claimant: Claimant, now: number, until: number): Promise<boolean>;
  release(sampleId: string, owner: string): Promise<void>;
  /** Everything fetched of one sample, that it belongs to the hunt, and the end of its claim, in one transaction. */
  addSample(hunt: string, sampleId: string, collected: readonly Collected[], fetched: FetchedSample): Promise<void>;
}

export function createHuntStore(db: Kysely<Schema>): HuntStore {
  return {
    state: (hunt) => readState(db, hunt),
    async register(hunt, { labels, tlp }) {
      await sql`
        insert into hunt (name, labels, tlp) values (${hunt}, ${JSON.stringify(labels)}, ${tlp ?? null})
        on conflict (name) do update set labels = excluded.labels, tlp = excluded.tlp`.execute(db);
    },
    async saveWalk(hunt, walk, knownIds) {
      await db.transaction().execute(async (trx) => {
        await sql`
          update hunt set watermark = case when base = ${walk.base} then watermark end, base = ${walk.base},
                          floor = ${walk.floor}, walk = ${JSON.stringify(walk)}
          where name = ${hunt}`.execute(trx);
        await link(trx, hunt, knownIds);
      });
    },
    async finishWalk(hunt, watermark, ranAt) {
      await sql`
        update hunt set walk = null, last_run = ${ranAt},
          watermark = case when watermark > ${watermark ?? null} then watermark else coalesce(${watermark ?? null}, watermark) end
        where name = ${hunt}`.execute(db);
    },
    fetched: (sampleIds) => readFetched(db, sampleIds),
    resolve: (hashes) => resolveHashes(db, hashes),
    claim: (sampleId, claimant, now, until) => claim(db, sampleId, claimant, now, until),
    async release(sampleId, owner) {
      await sql`delete from claim where sample = ${sampleId} and owner = ${owner}`.execute(db);
    },
    async addSample(hunt, sampleId, collected, { fetchedAt, modifiedAt }) {
      await db.transaction().execute(async (trx) => {
        // First a write: a transaction that begins by reading cannot wait for another process later.
        await sql`insert into sample (key) values (${sampleId}) on conflict (key) do nothing`.execute(trx);
        await writeEvidence(trx, collected);
        await link(trx, hunt, [sampleId]);
        await sql`
          insert into fetched (sample_id, fetched_at, modified_at)
          select id, ${fetchedAt}, ${modifiedAt ?? null} from sample where key = ${sampleId}
          on conflict (sample_id) do update set fetched_at = excluded.fetched_at, modified_at = excluded.modified_at`.execute(
          trx,
        );
        await sql`delete from claim where sample = ${sampleId}`.execute(trx);
      });
    },
  };
}

async function readState(db: Kysely<Schema>, hunt: string): Promise<HuntState> {
  const { rows } = await sql<{
    base: string | null;
    floor: number | null;
    watermark: number | null;
    walk: string | null;
    last_run: number | null;
  }>`select base, floor, watermark, walk, last_run from hunt where name = ${hunt}`.execute(db);
  const row = rows[0];
  return {
    ...(row?.base ? { base: row.base } : {}),
    ...(typeof row?.floor === "number" ? { floor: row.floor } : {}),
    ...(typeof row?.watermark === "number" ? { watermark: row.watermark } : {}),
    ...(row?.walk ? { walk: JSON.parse(row.walk) as Walk } : {}),
    ...(typeof row?.last_run === "number" ? { lastRun: row.last_run } : {}),
  };
}

async function readFetched(
  db: Kysely<Schema>,
  sampleIds: readonly string[],
): Promise<ReadonlyMap<string, FetchedSample>> {
  const { rows } = await sql<{ key: string; fetched_at: number; modified_at: number | null }>`
    select s.key, f.fetched_at, f.modified_at from fetched f join sample s on s.id = f.sample_id
    where s.key in (select value from json_each(${JSON.stringify(sampleIds)}))`.execute(db);
  return new Map(
    rows.map(({ key, fetched_at: fetchedAt, modified_at: modifiedAt }) => [
      key,
      { fetchedAt, ...(modifiedAt === null ? {} : { modifiedAt }) },
    ]),
  );
}

async function resolveHashes(db: Kysely<Schema>, hashes: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (hashes.length === 0) return new Map();
  const given = JSON.stringify(hashes);
  const { rows } = await sql<{ hash: string; key: string }>`
    select j.value as hash, s.key as key from json_each(${given}) j join sample s on s.md5 = j.value or s.sha1 = j.value
    where length(s.key) = 64`.execute(db);
  return new Map(rows.map(({ hash, key }) => [hash, key]));
}

async function claim(
  db: Kysely<Schema>,
  sampleId: string,
  { owner, isGone }: Claimant,
  now: number,
  until: number,
): Promise<boolean> {
  for (;;) {
    const { rows } = await sql`
      insert into claim (sample, owner, until) values (${sampleId}, ${owner}, ${until})
      on conflict (sample) do update set owner = excluded.owner, until = excluded.until
      where claim.until < ${now} or claim.owner = ${owner} returning owner`.execute(db);
    if (rows.length > 0) return true;
    const { rows: held } = await sql<{ owner: string }>`
      select owner from claim where sample = ${sampleId}`.execute(db);
    const other = held[0]?.owner;
    // Given back between the two statements, or left behind: try again.
    if (other !== undefined && !isGone(other)) return false;
    if (other !== undefined) await sql`delete from claim where sample = ${sampleId} and owner = ${other}`.execute(db);
  }
}

async function link(db: Kysely<Schema>, hunt: string, sampleIds: readonly string[]): Promise<void> {
  if (sampleIds.length === 0) return;
  await sql`
    insert into hunt_sample (hunt, sample_id)
    select ${hunt}, id from sample where key in (select value from json_each(${JSON.stringify(sampleIds)}))
    on conflict (hunt, sample_id) do nothing`.execute(db);
}
