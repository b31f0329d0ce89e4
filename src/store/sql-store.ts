/**
 * The store over SQL. Writes are batched upserts by one JSON parameter, sorted by key and without duplicates; reads
 * are keyset pages. Merging never depends on the order in which bodies arrive: minima, maxima and unions only.
 */
import { type Kysely, sql } from "kysely";
import type { Collected } from "../model/evidence.ts";
import type { Observable } from "../model/observable.ts";
import type { SidRange } from "../model/sid.ts";
import { LISTED } from "./aggregates.ts";
import { createDeliveryLedger } from "./delivery-ledger.ts";
import { factsOf } from "./facts.ts";
import { createFeedbackStore } from "./feedback.ts";
import { findersOf } from "./finders.ts";
import { createGivenLedger } from "./given-ledger.ts";
import { createHuntStore } from "./hunt-store.ts";
import { createJobStore } from "./job-store.ts";
import { findJudged, judgedPages } from "./judged-rows.ts";
import { populationOf, sandboxSharesOf } from "./population.ts";
import { findSamples } from "./samples.ts";
import type { Schema } from "./schema.ts";
import { createSidLedger } from "./sid-ledger.ts";
import type { RejectionRow, Ruling, Settings, Store } from "./store.ts";
import { countDecisions, saveJudgements } from "./verdicts.ts";
import { createVersionStore } from "./version-ledger.ts";
import { writeBatch } from "./write-batch.ts";

/** Everything but what the engine alone knows of its files. */
export function createSqlStore(db: Kysely<Schema>, sidRange?: SidRange, clock?: () => Date): Omit<Store, "damage"> {
  const arrival = (): number | null => (clock ? Math.floor(clock().getTime() / 1000) : null);
  return {
    add: (batch: readonly Collected[]) => writeBatch(db, batch, arrival()),
    facts: (type) => factsOf(db, type),
    finders: (ids) => findersOf(db, ids),
    saveJudgements: (judgements) => saveJudgements(db, judgements),
    judged: (type, decisions) =>
      judgedPages(db, type, sql`v.decision in (select value from json_each(${JSON.stringify(decisions)}))`),
    indicators: (type) => judgedPages(db, type, sql`v.was_kept = 1`),
    decisions: () => countDecisions(db),
    find: (observable) => findJudged(db, observable),
    rejections: (value) => findRejections(db, value),
    async rule({ type, value }, { action, reason, ruledAt }) {
      // A value that no report has shown yet can be denied: it is judged and exported like any other.
      await sql`
        insert into observable (type, value, added_at) values (${type}, ${value}, ${arrival()})
        on conflict (type, value) do nothing`.execute(db);
      await sql`
        insert into ruling (type, value, action, reason, ruled_at) values (${type}, ${value}, ${action}, ${reason}, ${ruledAt})
        on conflict (type, value) do update set action = excluded.action, reason = excluded.reason, ruled_at = excluded.ruled_at`.execute(
        db,
      );
    },
    async unrule({ type, value }) {
      const { rows } = await sql`delete from ruling where type = ${type} and value = ${value} returning value`.execute(
        db,
      );
      return rows.length > 0;
    },
    async rulings() {
      const { rows } = await sql<Observable & Omit<Ruling, "ruledAt"> & { ruled_at: number }>`
        select type, value, action, reason, ruled_at from ruling order by type, value`.execute(db);
      return rows.map(({ type, value, action, reason, ruled_at: ruledAt }) => ({
        observable: { type, value },
        ruling: { action, reason, ruledAt },
      }));
    },
    hunts: createHuntStore(db, arrival),
    jobs: createJobStore(db),
    async isEmpty() {
      const { rows } = await sql`
        select 1 where exists (select 1 from evidence) or exists (select 1 from verdict where was_kept = 1)`.execute(
        db,
      );
      return rows.length === 0;
    },
    async counts() {
      const { rows } = await sql<{ samples: number; observables: number; evidence: number; rejections: number }>`
        select (select count(*) from sample) as samples, (select count(*) from observable) as observables,
               (select count(*) from evidence) as evidence, (select count(*) from rejection) as rejections`.execute(db);
      return rows[0] as { samples: number; observables: number; evidence: number; rejections: number };
    },
    async newestDate() {
      const { rows } = await sql<{ newest: number | null }>`
        select max(at) as newest from (
          select max(last_at) as at from evidence union all select max(coalesce(seen_at, submitted_at)) from sample
        ) dates`.execute(db);
      return rows[0]?.newest ?? undefined;
    },
    population: () => populationOf(db),
    sandboxShares: (floor) => sandboxSharesOf(db, floor),
    sids: createSidLedger(db, sidRange),
    feedback: createFeedbackStore(db),
    versions: createVersionStore(db),
    deliveries: (target, now) => createDeliveryLedger(db, target, now),
    given: (place) => createGivenLedger(db, place),
    settings: createSettings(db),
    samples: (sha256s) => findSamples(db, sha256s),
    close: () => db.destroy(),
  };
}

function createSettings(db: Kysely<Schema>): Settings {
  return {
    async get(name) {
      const { rows } = await sql<{ value: string }>`select value from setting where name = ${name}`.execute(db);
      return rows[0]?.value;
    },
    async set(name, value) {
      if (value === undefined) await sql`delete from setting where name = ${name}`.execute(db);
      else
        await sql`
          insert into setting (name, value) values (${name}, ${value})
          on conflict (name) do update set value = excluded.value`.execute(db);
    },
  };
}

async function findRejections(db: Kysely<Schema>, value: string): Promise<readonly RejectionRow[]> {
  const { rows } = await sql<RejectionRow>`
    select value, reason, place from rejection where instr(lower(value), lower(${value})) > 0 order by value, reason limit ${LISTED}`.execute(
    db,
  );
  return rows;
}
