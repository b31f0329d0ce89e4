/** Pages of judged observables for people and exporters. */
import { type Kysely, sql } from "kysely";
import type { EvidenceNote, EvidenceRole } from "../model/evidence.ts";
import type { HostScope, Tlp } from "../model/indicator.ts";
import type { Observable, ObservableType } from "../model/observable.ts";
import type { Decision, Reason } from "../model/verdict.ts";
import {
  grouped,
  LISTED,
  linksOf,
  type ObservableRow,
  PAGE,
  rulingsOf,
  STRINGS_ONLY,
  tagsOf,
  totalsOf,
} from "./aggregates.ts";
import type { Schema } from "./schema.ts";
import type { EvidenceRow, HuntMark, JudgedRow, Ruling } from "./store.ts";

interface VerdictRow extends ObservableRow {
  readonly decision: Decision;
  readonly confidence: number;
  readonly reasons: string;
  readonly scope: HostScope | null;
  readonly labels: string;
  readonly was_kept: number;
}

export async function* judgedPages(
  db: Kysely<Schema>,
  type: ObservableType,
  condition: ReturnType<typeof sql>,
): AsyncGenerator<readonly JudgedRow[]> {
  for (let after = ""; ; ) {
    const { rows } = await sql<VerdictRow>`
      select o.id, o.value, v.decision, v.confidence, v.reasons, v.scope, v.labels, v.was_kept
      from observable o join verdict v on v.observable_id = o.id
      where o.type = ${type} and o.value > ${after} and ${condition}
      order by o.value limit ${PAGE}`.execute(db);
    const last = rows.at(-1);
    if (!last) return;
    yield await judgedRows(db, type, rows);
    after = last.value;
  }
}

export async function findJudged(db: Kysely<Schema>, { type, value }: Observable): Promise<JudgedRow | undefined> {
  const { rows } = await sql<VerdictRow>`
    select o.id, o.value, v.decision, v.confidence, v.reasons, v.scope, v.labels, v.was_kept
    from observable o join verdict v on v.observable_id = o.id where o.type = ${type} and o.value = ${value}`.execute(
    db,
  );
  return rows.length > 0 ? (await judgedRows(db, type, rows))[0] : undefined;
}

async function judgedRows(db: Kysely<Schema>, type: ObservableType, page: readonly VerdictRow[]): Promise<JudgedRow[]> {
  const ids = JSON.stringify(page.map(({ id }) => id));
  const totals = await totalsOf(db, ids);
  const families = await tagsOf(db, ids, "family");
  const labels = await tagsOf(db, ids, "label");
  const techniques = await tagsOf(db, ids, "technique");
  const evidence = await evidenceOf(db, ids);
  const samples = await distinctOf(db, ids, sql`s.key`, sql`s.key not like 'unknown-%'`);
  const sandboxes = await distinctOf(db, ids, sql`e.sandbox`, sql`e.sandbox <> ''`);
  const links = await linksOf(db, ids);
  const hunts = await huntsOf(db, ids);
  const rulings = await rulingsOf(db, ids);
  return page.map((row): JudgedRow => {
    const total = totals.get(row.id);
    return {
      observable: { type, value: row.value },
      verdict: { decision: row.decision, confidence: row.confidence, reasons: JSON.parse(row.reasons) as Reason[] },
      ...(row.scope ? { scope: row.scope } : {}),
      labels: JSON.parse(row.labels) as string[],
      wasKept: row.was_kept === 1,
      families: (families.get(row.id) ?? []).slice(0, LISTED),
      sampleLabels: (labels.get(row.id) ?? []).slice(0, LISTED),
      techniques: (techniques.get(row.id) ?? []).slice(0, LISTED),
      samples: samples.get(row.id) ?? [],
      sampleCount: total?.samples ?? 0,
      sandboxes: sandboxes.get(row.id) ?? [],
      ...(typeof total?.first_seen === "number" ? { firstSeen: total.first_seen } : {}),
      ...(typeof total?.last_seen === "number" ? { lastSeen: total.last_seen } : {}),
      ...(typeof total?.last_new === "number" ? { lastNew: total.last_new } : {}),
      hunts: hunts.get(row.id) ?? [],
      ...(rulings.has(row.id) ? { ruling: rulings.get(row.id) as Ruling } : {}),
      evidence: evidence.get(row.id) ?? [],
      links: links.get(row.id) ?? [],
    };
  });
}

async function distinctOf(
  db: Kysely<Schema>,
  ids: string,
  column: ReturnType<typeof sql>,
  condition: ReturnType<typeof sql>,
): Promise<Map<number, string[]>> {
  const { rows } = await sql<{ id: number; name: string }>`
    select id, name from (
      select id, name, row_number() over (partition by id order by name) as position from (
        select distinct e.observable_id as id, ${column} as name
        from evidence e left join sample s on s.id = e.sample_id
        where e.observable_id in (select value from json_each(${ids})) and e.role not in ${STRINGS_ONLY} and ${condition}
      ) named
    ) ranked where position <= ${LISTED} order by 1, 2`.execute(db);
  return grouped(rows, ({ name }) => name);
}

interface PlaceRow {
  readonly id: number;
  readonly role: EvidenceRole;
  readonly key: string | null;
  readonly sandbox: string;
  readonly place: string;
  readonly note: string | null;
  readonly seen_at: number | null;
}

async function evidenceOf(db: Kysely<Schema>, ids: string): Promise<Map<number, EvidenceRow[]>> {
  const { rows } = await sql<PlaceRow>`
    select * from (
      select e.observable_id as id, e.role, s.key, e.sandbox, e.place, e.note, coalesce(e.last_at, s.seen_at) as seen_at,
             row_number() over (partition by e.observable_id order by e.role <> 'sample', e.role, s.key, e.sandbox) as position
      from evidence e left join sample s on s.id = e.sample_id
      where e.observable_id in (select value from json_each(${ids}))
    ) ranked where position <= ${LISTED} order by id, position`.execute(db);
  return grouped(
    rows,
    ({ role, key, sandbox, place, note, seen_at: seenAt }): EvidenceRow => ({
      role,
      ...(key && !key.startsWith("unknown-") ? { sample: key } : {}),
      ...(sandbox ? { sandbox } : {}),
      place,
      ...(seenAt === null ? {} : { seenAt }),
      ...(note ? { note: JSON.parse(note) as EvidenceNote } : {}),
    }),
  );
}

/** Hunts that found a sample showing it, with their marks. */
async function huntsOf(db: Kysely<Schema>, ids: string): Promise<Map<number, HuntMark[]>> {
  const { rows } = await sql<{ id: number; name: string; labels: string; tlp: Tlp | null }>`
    select distinct e.observable_id as id, h.name, h.labels, h.tlp
    from evidence e join hunt_sample m on m.sample_id = e.sample_id join hunt h on h.name = m.hunt
    where e.observable_id in (select value from json_each(${ids})) and e.role not in ${STRINGS_ONLY}
    order by 1, 2`.execute(db);
  return grouped(
    rows,
    ({ name, labels, tlp }): HuntMark => ({ name, labels: JSON.parse(labels) as string[], ...(tlp ? { tlp } : {}) }),
  );
}
