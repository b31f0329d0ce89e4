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

/** A sample with everything that was fetched of it. */
export interface TakenSample {
  /** sha256. */
  readonly id: string;
  readonly collected: readonly Collected[];
  /** Absent when nothing was asked of VirusTotal: another hunt may still. */
  readonly fetched?: FetchedSample;
}

/** A sample that needs no fetching, with what the page that named it showed of it. */
export interface KnownSample {
  /** sha256. */
  readonly id: string;
  readonly collected: readonly Collected[];
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
  saveWalk(hunt: string, walk: Walk, known: readonly KnownSample[]): Promise<void>;
  /** The walk is over. The watermark never goes back; without one it stays where it is. */
  finishWalk(hunt: string, watermark: number | undefined, ranAt: number): Promise<void>;
  /** Which of the samples belong to the hunt. */
  members(hunt: string, sampleIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** When the samples were fetched; those never fetched are absent. */
  fetched(sampleIds: readonly string[]): Promise<ReadonlyMap<string, FetchedSample>>;
  /** sha256 of the md5 and sha1 hashes that the store knows. */
  resolve(hashes: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Which of the samples are the claimant's to fetch. A claim ends with `addSamples`, `release` or at `until` (seconds). */
  claim(sampleIds: readonly string[], claimant: Claimant, now: number, until: number): Promise<ReadonlySet<string>>;
  release(sampleIds: readonly string[], owner: string): Promise<void>;
  /** Everything fetched of samples, that they belong to the hunt, and the end of their claims, in one transaction. */
  addSamples(hunt: string, samples: readonly TakenSample[]): Promise<void>;
}

/** `arrival`: when what is new comes in, seconds; null where that is not remembered. */
export function createHuntStore(db: Kysely<Schema>, arrival: () => number | null): HuntStore {
  return {
    state: (hunt) => readState(db, hunt),
    async register(hunt, { labels, tlp }) {
      await sql`
        insert into hunt (name, labels, tlp) values (${hunt}, ${JSON.stringify(labels)}, ${tlp ?? null})
        on conflict (name) do update set labels = excluded.labels, tlp = excluded.tlp`.execute(db);
    },
    async saveWalk(hunt, walk, known) {
      await db.transaction().execute(async (trx) => {
        await sql`
          update hunt set watermark = case when base = ${walk.base} then watermark end, base = ${walk.base},
                          floor = ${walk.floor}, walk = ${JSON.stringify(walk)}
          where name = ${hunt}`.execute(trx);
        await writeEvidence(
          trx,
          known.flatMap(({ collected }) => collected),
          arrival(),
        );
        await link(
          trx,
          hunt,
          known.map(({ id }) => id),
        );
      });
    },
    async finishWalk(hunt, watermark, ranAt) {
      await sql`
        update hunt set walk = null, last_run = ${ranAt},
          watermark = case when watermark > ${watermark ?? null} then watermark else coalesce(${watermark ?? null}, watermark) end
        where name = ${hunt}`.execute(db);
    },
    async members(hunt, sampleIds) {
      const { rows } = await sql<{ key: string }>`
        select s.key from sample s join hunt_sample m on m.sample_id = s.id and m.hunt = ${hunt}
        where s.key in (select value from json_each(${JSON.stringify(sampleIds)}))`.execute(db);
      return new Set(rows.map(({ key }) => key));
    },
    fetched: (sampleIds) => readFetched(db, sampleIds),
    resolve: (hashes) => resolveHashes(db, hashes),
    claim: (sampleIds, claimant, now, until) => claim(db, sampleIds, claimant, now, until),
    async release(sampleIds, owner) {
      await sql`
        delete from claim where owner = ${owner} and sample in (select value from json_each(${JSON.stringify(sampleIds)}))`.execute(
        db,
      );
    },
    addSamples: (hunt, samples) => addSamples(db, hunt, samples, arrival()),
  };
}

async function addSamples(
  db: Kysely<Schema>,
  hunt: string,
  samples: readonly TakenSample[],
  addedAt: number | null,
): Promise<void> {
  const ids = samples.map(({ id }) => id);
  const given = JSON.stringify(ids);
  const rows = samples.flatMap(({ id, fetched }) => (fetched ? [{ id, ...fetched }] : []));
  await db.transaction().execute(async (trx) => {
    // First a write: a transaction that begins by reading cannot wait for another process later.
    await sql`
      insert into sample (key) select value from json_each(${given}) where true on conflict (key) do nothing`.execute(
      trx,
    );
    await writeEvidence(
      trx,
      samples.flatMap(({ collected }) => collected),
      addedAt,
    );
    await link(trx, hunt, ids);
    await sql`
      insert into fetched (sample_id, fetched_at, modified_at)
      select s.id, j.value ->> 'fetchedAt', j.value ->> 'modifiedAt' from json_each(${JSON.stringify(rows)}) j
        join sample s on s.key = j.value ->> 'id' where true
      on conflict (sample_id) do update set fetched_at = excluded.fetched_at, modified_at = excluded.modified_at`.execute(
      trx,
    );
    await sql`delete from claim where sample in (select value from json_each(${given}))`.execute(trx);
  });
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
  sampleIds: readonly string[],
  { owner, isGone }: Claimant,
  now: number,
  until: number,
): Promise<ReadonlySet<string>> {
  const given = JSON.stringify(sampleIds);
  for (;;) {
    const { rows } = await sql<{ sample: string }>`
      insert into claim (sample, owner, until) select value, ${owner}, ${until} from json_each(${given}) where true order by 1
      on conflict (sample) do update set owner = excluded.owner, until = excluded.until
      where claim.until < ${now} or claim.owner = ${owner} returning sample`.execute(db);
    const claimed = new Set(rows.map(({ sample }) => sample));
    if (claimed.size === sampleIds.length) return claimed;
    const { rows: owners } = await sql<{ owner: string }>`
      select distinct owner from claim where sample in (select value from json_each(${given})) and owner <> ${owner}`.execute(
      db,
    );
    const gone = owners.map((row) => row.owner).filter(isGone);
    if (gone.length === 0) return claimed;
    // Left behind: try again.
    await sql`delete from claim where owner in (select value from json_each(${JSON.stringify(gone)}))`.execute(db);
  }
}

async function link(db: Kysely<Schema>, hunt: string, sampleIds: readonly string[]): Promise<void> {
  if (sampleIds.length === 0) return;
  await sql`
    insert into hunt_sample (hunt, sample_id)
    select ${hunt}, id from sample where key in (select value from json_each(${JSON.stringify(sampleIds)}))
    on conflict (hunt, sample_id) do nothing`.execute(db);
}
