/**
 * The store over SQL. Writes are batched upserts by one JSON parameter, sorted by key and without duplicates; reads
 * are keyset pages. Merging never depends on the order in which bodies arrive: minima, maxima and unions only.
 */
import { type Kysely, sql } from "kysely";
import type { Collected, Enrichment, EvidenceNote, EvidenceRole, LinkKind } from "../model/evidence.ts";
import type { HostScope, Tlp } from "../model/indicator.ts";
import type { Observable, ObservableType } from "../model/observable.ts";
import type { SidRange } from "../model/sid.ts";
import type { Decision, Reason } from "../model/verdict.ts";
import { createHuntStore } from "./hunt-store.ts";
import type { Schema } from "./schema.ts";
import { createSidLedger } from "./sid-ledger.ts";
import type {
  EvidenceRow,
  Facts,
  HuntMark,
  JudgedRow,
  Judgement,
  Linked,
  RejectionRow,
  Ruling,
  RulingAction,
  Store,
} from "./store.ts";
import { writeBatch } from "./write-batch.ts";

const PAGE = 1000;
const LISTED = 20;

/** Evidence that proves less than contact and counts for nothing but itself. */
const STRINGS_ONLY = sql`('memory', 'embedded')`;
/** Engines from which on a sample counts as malicious; fewer are noise. Opinions are places in SANDBOX_OPINIONS. */
const IS_MALICIOUS = sql`(coalesce(s.malicious, 0) >= 5 or s.opinion = 2)`;
const IS_CLEAN = sql`(coalesce(s.malicious, 0) = 0 and (s.opinion = 1 or (coalesce(s.engines, 0) >= 20 and coalesce(s.opinion, 0) < 2)))`;
const IS_UNDECIDED = sql`(s.malicious is null and s.opinion = 0)`;

export function createSqlStore(db: Kysely<Schema>, sidRange?: SidRange): Store {
  return {
    add: (batch: readonly Collected[]) => writeBatch(db, batch),
    facts: (type) => factsOf(db, type),
    saveJudgements: (judgements) => saveJudgements(db, judgements),
    judged: (type, decisions) =>
      judgedPages(db, type, sql`v.decision in (select value from json_each(${JSON.stringify(decisions)}))`),
    indicators: (type) => judgedPages(db, type, sql`v.was_kept = 1`),
    decisions: () => countDecisions(db),
    find: (observable) => findJudged(db, observable),
    rejections: (value) => findRejections(db, value),
    async rule({ type, value }, { action, reason, ruledAt }) {
      // A value that no report has shown yet can be denied: it is judged and exported like any other.
      await sql`insert into observable (type, value) values (${type}, ${value}) on conflict (type, value) do nothing`.execute(
        db,
      );
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
    hunts: createHuntStore(db),
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
    async sampleCount() {
      const { rows } = await sql<{
        n: number;
      }>`select count(distinct sample_id) as n from evidence where sample_id > 0`.execute(db);
      return rows[0]?.n ?? 0;
    },
    sids: createSidLedger(db, sidRange),
    close: () => db.destroy(),
  };
}

interface ObservableRow {
  readonly id: number;
  readonly value: string;
}

async function* observablePages(db: Kysely<Schema>, type: ObservableType): AsyncGenerator<readonly ObservableRow[]> {
  for (let after = ""; ; ) {
    const { rows } = await sql<ObservableRow>`
      select id, value from observable where type = ${type} and value > ${after} order by value limit ${PAGE}`.execute(
      db,
    );
    const last = rows.at(-1);
    if (!last) return;
    yield rows;
    after = last.value;
  }
}

async function* factsOf(db: Kysely<Schema>, type: ObservableType): AsyncGenerator<readonly Facts[]> {
  for await (const page of observablePages(db, type)) {
    const ids = JSON.stringify(page.map(({ id }) => id));
    const totals = await totalsOf(db, ids);
    const roles = await rolesOf(db, ids);
    const families = await tagsOf(db, ids, "family");
    const notes = await notesOf(db, ids);
    const enrichments = await enrichmentsOf(db, ids);
    const links = await linksOf(db, ids);
    const rulings = await rulingsOf(db, ids);
    yield page.map(({ id, value }): Facts => {
      const total = totals.get(id);
      const names = families.get(id) ?? [];
      const note = notes.get(id);
      const enrichment = enrichments.get(id);
      return {
        observable: { type, value },
        roles: roles.get(id) ?? new Map(),
        samples: total?.samples ?? 0,
        maliciousSamples: total?.malicious ?? 0,
        cleanSamples: total?.clean ?? 0,
        undecidedSamples: total?.undecided ?? 0,
        sandboxes: total?.sandboxes ?? 0,
        families: names.slice(0, LISTED),
        familyCount: names.length,
        alerts: note?.alerts ?? [],
        ...(enrichment ? { enrichment } : {}),
        ...(note?.certificate ? { certificate: note.certificate } : {}),
        links: links.get(id) ?? [],
        ...(typeof total?.last_new === "number" ? { lastNew: total.last_new } : {}),
        ...(rulings.has(id) ? { ruling: rulings.get(id) as Ruling } : {}),
      };
    });
  }
}

interface Totals {
  readonly id: number;
  readonly samples: number;
  readonly malicious: number;
  readonly clean: number;
  readonly undecided: number;
  readonly sandboxes: number;
  readonly first_seen: number | null;
  readonly last_seen: number | null;
  readonly last_new: number | null;
}

async function totalsOf(db: Kysely<Schema>, ids: string): Promise<Map<number, Totals>> {
  const { rows } = await sql<Totals>`
    select e.observable_id as id,
           count(distinct nullif(e.sample_id, 0)) as samples,
           count(distinct case when ${IS_MALICIOUS} then e.sample_id end) as malicious,
           count(distinct case when ${IS_CLEAN} then e.sample_id end) as clean,
           count(distinct case when ${IS_UNDECIDED} then e.sample_id end) as undecided,
           count(distinct nullif(e.sandbox, '')) as sandboxes,
           min(coalesce(s.submitted_at, e.first_at, s.seen_at)) as first_seen,
           max(coalesce(e.last_at, s.seen_at, s.submitted_at)) as last_seen,
           max(coalesce(s.submitted_at, e.first_at, s.seen_at)) as last_new
    from evidence e left join sample s on s.id = e.sample_id
    where e.observable_id in (select value from json_each(${ids})) and e.role not in ${STRINGS_ONLY}
    group by e.observable_id`.execute(db);
  return new Map(rows.map((row) => [row.id, row]));
}

async function rolesOf(db: Kysely<Schema>, ids: string): Promise<Map<number, Map<EvidenceRole, number>>> {
  const { rows } = await sql<{ id: number; role: EvidenceRole; samples: number }>`
    select observable_id as id, role, count(distinct sample_id) as samples
    from evidence where observable_id in (select value from json_each(${ids}))
    group by observable_id, role`.execute(db);
  const roles = new Map<number, Map<EvidenceRole, number>>();
  for (const { id, role, samples } of rows) {
    const own = roles.get(id) ?? new Map<EvidenceRole, number>();
    own.set(role, samples);
    roles.set(id, own);
  }
  return roles;
}

/** Names of one kind on the samples of each observable, sorted; the family counts once per sample, by priority. */
async function tagsOf(
  db: Kysely<Schema>,
  ids: string,
  kind: "family" | "label" | "technique",
): Promise<Map<number, string[]>> {
  const tags =
    kind === "family"
      ? sql`select id as sample_id, family as name from sample where family is not null`
      : sql`select sample_id, name from sample_tag where kind = ${kind}`;
  const { rows } = await sql<{ id: number; name: string }>`
    select distinct e.observable_id as id, t.name as name
    from evidence e join (${tags}) t on t.sample_id = e.sample_id
    where e.observable_id in (select value from json_each(${ids})) and e.role not in ${STRINGS_ONLY}
    order by 1, 2`.execute(db);
  return grouped(rows, ({ name }) => name);
}

interface Notes {
  readonly alerts: { severity: string; message: string }[];
  certificate?: NonNullable<EvidenceNote["certificate"]>;
}

async function notesOf(db: Kysely<Schema>, ids: string): Promise<Map<number, Notes>> {
  const { rows } = await sql<{ id: number; note: string }>`
    select distinct observable_id as id, note from evidence
    where observable_id in (select value from json_each(${ids})) and note is not null
      and (role = 'ids-alert' or role = 'tls-session')
    order by 1, 2`.execute(db);
  const notes = new Map<number, Notes>();
  for (const { id, note: text } of rows) {
    const note = JSON.parse(text) as EvidenceNote;
    const own: Notes = notes.get(id) ?? { alerts: [] };
    if (note.certificate) own.certificate ??= note.certificate;
    if (note.message !== undefined && own.alerts.length < LISTED)
      own.alerts.push({ severity: note.severity ?? "info", message: note.message });
    notes.set(id, own);
  }
  return notes;
}

async function enrichmentsOf(
  db: Kysely<Schema>,
  ids: string,
): Promise<Map<number, Omit<Enrichment, "observable" | "seenAt">>> {
  const { rows } = await sql<{ id: number; data: string }>`
    select observable_id as id, data from enrichment where observable_id in (select value from json_each(${ids}))`.execute(
    db,
  );
  return new Map(rows.map(({ id, data }) => [id, JSON.parse(data) as Omit<Enrichment, "observable" | "seenAt">]));
}

interface LinkRow {
  readonly id: number;
  readonly kind: LinkKind;
  readonly type: ObservableType;
  readonly value: string;
  readonly decision: Decision | null;
  readonly reasons: string | null;
  readonly labels: string | null;
}

/** Outgoing links, and the incoming ones of addresses (hosts that resolve to them, endpoints on them). */
async function linksOf(db: Kysely<Schema>, ids: string): Promise<Map<number, Linked[]>> {
  const { rows } = await sql<LinkRow>`
    select * from (
      select l.own_id as id, l.kind, o.type, o.value, v.decision, v.reasons, v.labels,
             row_number() over (partition by l.own_id, l.kind, v.decision order by o.type, o.value) as position
      from (
        select from_id as own_id, kind, to_id as other_id from link where from_id in (select value from json_each(${ids}))
        union all
        select to_id, kind, from_id from link where to_id in (select value from json_each(${ids})) and kind in ('resolves-to', 'at-address', 'hosted-at')
      ) l
      join observable o on o.id = l.other_id left join verdict v on v.observable_id = l.other_id
    ) ranked where position <= ${LISTED} order by id, kind, type, value`.execute(db);
  return grouped(
    rows,
    ({ kind, type, value, decision, reasons, labels }): Linked => ({
      kind,
      observable: { type, value },
      ...(decision ? { decision } : {}),
      ...reasonsOf(reasons),
      labels: labels ? (JSON.parse(labels) as string[]) : [],
    }),
  );
}

/** The ids of the reasons, and the one that weighs most against the value: alone it explains a drop. */
function reasonsOf(text: string | null): Pick<Linked, "reasonIds" | "because"> {
  const reasons = text ? (JSON.parse(text) as Reason[]) : [];
  const because = reasons.toSorted((a, b) => a.weight - b.weight)[0]?.id;
  return { reasonIds: reasons.map(({ id }) => id), ...(because ? { because } : {}) };
}

function grouped<R extends { readonly id: number }, T>(rows: readonly R[], pick: (row: R) => T): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const row of rows) {
    const group = groups.get(row.id);
    if (group) group.push(pick(row));
    else groups.set(row.id, [pick(row)]);
  }
  return groups;
}

async function saveJudgements(db: Kysely<Schema>, judgements: readonly Judgement[]): Promise<void> {
  const rows = judgements.map(({ observable, verdict, scope, labels }) => ({
    type: observable.type,
    value: observable.value,
    decision: verdict.decision,
    confidence: verdict.confidence,
    reasons: JSON.stringify(verdict.reasons),
    scope: scope ?? null,
    labels: JSON.stringify(labels),
  }));
  await sql`
    insert into verdict (observable_id, decision, confidence, reasons, scope, labels, was_kept)
    select o.id, j.value ->> 'decision', j.value ->> 'confidence', j.value ->> 'reasons', j.value ->> 'scope', j.value ->> 'labels',
           j.value ->> 'decision' = 'keep'
    from json_each(${JSON.stringify(rows)}) j join observable o on o.type = j.value ->> 'type' and o.value = j.value ->> 'value'
    where true
    on conflict (observable_id) do update set decision = excluded.decision, confidence = excluded.confidence,
      reasons = excluded.reasons, scope = excluded.scope, labels = excluded.labels,
      was_kept = max(verdict.was_kept, excluded.was_kept)`.execute(db);
}

interface VerdictRow extends ObservableRow {
  readonly decision: Decision;
  readonly confidence: number;
  readonly reasons: string;
  readonly scope: HostScope | null;
  readonly labels: string;
  readonly was_kept: number;
}

async function* judgedPages(
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

async function countDecisions(db: Kysely<Schema>): Promise<Partial<Record<ObservableType, Record<Decision, number>>>> {
  const { rows } = await sql<{ type: ObservableType; decision: Decision; n: number }>`
    select o.type, v.decision, count(*) as n from verdict v join observable o on o.id = v.observable_id group by 1, 2 order by 1, 2`.execute(
    db,
  );
  const counted: Partial<Record<ObservableType, Record<Decision, number>>> = {};
  for (const { type, decision, n } of rows)
    counted[type] = { keep: 0, review: 0, drop: 0, ...counted[type], [decision]: n };
  return counted;
}

async function findJudged(db: Kysely<Schema>, { type, value }: Observable): Promise<JudgedRow | undefined> {
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

async function rulingsOf(db: Kysely<Schema>, ids: string): Promise<Map<number, Ruling>> {
  const { rows } = await sql<{ id: number; action: RulingAction; reason: string; ruled_at: number }>`
    select o.id, r.action, r.reason, r.ruled_at from observable o join ruling r on r.type = o.type and r.value = o.value
    where o.id in (select value from json_each(${ids}))`.execute(db);
  return new Map(rows.map(({ id, action, reason, ruled_at: ruledAt }) => [id, { action, reason, ruledAt }]));
}

async function findRejections(db: Kysely<Schema>, value: string): Promise<readonly RejectionRow[]> {
  const { rows } = await sql<RejectionRow>`
    select value, reason, place from rejection where instr(lower(value), lower(${value})) > 0 order by value, reason limit ${LISTED}`.execute(
    db,
  );
  return rows;
}
