/**
 * What the store remembers of hunts: how far each has come, which samples it found, when each was fetched. A sample's
 * evidence and the mark that it is done are one transaction, so a run that is cut off neither loses nor repeats one.
 */
import { type Kysely, sql } from "kysely";
import type { Collected } from "../model/evidence.ts";
import type { Tlp } from "../model/indicator.ts";
import type { Schema } from "./schema.ts";
import { writeEvidence } from "./write-batch.ts";

/** A walk through the pages of one search; kept until its last page is done. */
export interface Walk {
  /** What is walked, without its dates: a hunt whose query was changed starts anew. */
  readonly base: string;
  /** The query as sent: a cursor is worth nothing with another. */
  readonly query: string;
  /** Absent before the first page. */
  readonly cursor?: string;
  /** Newest first submission seen in this walk, seconds. */
  readonly newest?: number;
  /** Samples seen in this walk: the hunt's limit holds across interruptions. */
  readonly seen: number;
}

export interface HuntState {
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

export interface HuntStore {
  state(hunt: string): Promise<HuntState>;
  /** Names and marks of a hunt, as the config has them now. */
  register(hunt: string, marks: HuntMarks): Promise<void>;
  saveWalk(hunt: string, walk: Walk): Promise<void>;
  /** The last page is done: the watermark moves and the walk is over. */
  finishWalk(hunt: string, watermark: number | undefined, ranAt: number): Promise<void>;
  /** When the samples were fetched; those never fetched are absent. */
  fetched(sampleIds: readonly string[]): Promise<ReadonlyMap<string, FetchedSample>>;
  /** Everything fetched of one sample, and that it belongs to the hunt, in one transaction. */
  addSample(hunt: string, sampleId: string, collected: readonly Collected[], fetched: FetchedSample): Promise<void>;
  /** A sample that need not be fetched again still belongs to the hunt. */
  linkSample(hunt: string, sampleId: string): Promise<void>;
}

export function createHuntStore(db: Kysely<Schema>): HuntStore {
  return {
    async state(hunt) {
      const { rows } = await sql<{ watermark: number | null; walk: string | null; last_run: number | null }>`
        select watermark, walk, last_run from hunt where name = ${hunt}`.execute(db);
      const row = rows[0];
      return {
        ...(typeof row?.watermark === "number" ? { watermark: row.watermark } : {}),
        ...(row?.walk ? { walk: JSON.parse(row.walk) as Walk } : {}),
        ...(typeof row?.last_run === "number" ? { lastRun: row.last_run } : {}),
      };
    },
    async register(hunt, { labels, tlp }) {
      await sql`
        insert into hunt (name, labels, tlp) values (${hunt}, ${JSON.stringify(labels)}, ${tlp ?? null})
        on conflict (name) do update set labels = excluded.labels, tlp = excluded.tlp`.execute(db);
    },
    async saveWalk(hunt, walk) {
      await sql`update hunt set walk = ${JSON.stringify(walk)} where name = ${hunt}`.execute(db);
    },
    async finishWalk(hunt, watermark, ranAt) {
      await sql`
        update hunt set walk = null, watermark = ${watermark ?? null}, last_run = ${ranAt} where name = ${hunt}`.execute(
        db,
      );
    },
    async fetched(sampleIds) {
      const { rows } = await sql<{ key: string; fetched_at: number; modified_at: number | null }>`
        select s.key, f.fetched_at, f.modified_at from fetched f join sample s on s.id = f.sample_id
        where s.key in (select value from json_each(${JSON.stringify(sampleIds)}))`.execute(db);
      return new Map(
        rows.map(({ key, fetched_at: fetchedAt, modified_at: modifiedAt }) => [
          key,
          { fetchedAt, ...(modifiedAt === null ? {} : { modifiedAt }) },
        ]),
      );
    },
    async addSample(hunt, sampleId, collected, { fetchedAt, modifiedAt }) {
      await db.transaction().execute(async (trx) => {
        await writeEvidence(trx, collected);
        await link(trx, hunt, sampleId);
        await sql`
          insert into fetched (sample_id, fetched_at, modified_at)
          select id, ${fetchedAt}, ${modifiedAt ?? null} from sample where key = ${sampleId}
          on conflict (sample_id) do update set fetched_at = excluded.fetched_at, modified_at = excluded.modified_at`.execute(
          trx,
        );
      });
    },
    async linkSample(hunt, sampleId) {
      await link(db, hunt, sampleId);
    },
  };
}

async function link(db: Kysely<Schema>, hunt: string, sampleId: string): Promise<void> {
  await sql`
    insert into hunt_sample (hunt, sample_id) select ${hunt}, id from sample where key = ${sampleId}
    on conflict (hunt, sample_id) do nothing`.execute(db);
}
