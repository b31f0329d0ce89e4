/** What facts and judged rows have in common: aggregates over the evidence of one page of observables, by id. */
import { type Kysely, sql } from "kysely";
import type { LinkKind } from "../model/evidence.ts";
import type { ObservableType } from "../model/observable.ts";
import type { Decision, Reason } from "../model/verdict.ts";
import type { Schema } from "./schema.ts";
import type { Linked, Ruling, RulingAction } from "./store.ts";

/** Observables of one page. */
export const PAGE = 1000;
/** Entries of a list that is for people and exporters. */
export const LISTED = 20;

/** Evidence that proves less than contact and counts for nothing but itself. */
export const STRINGS_ONLY = sql`('memory', 'embedded')`;
/** Engines from which on a sample counts as malicious; fewer are noise. Opinions are places in SANDBOX_OPINIONS. */
const IS_MALICIOUS = sql`(coalesce(s.malicious, 0) >= 5 or s.opinion = 2)`;
const IS_CLEAN = sql`(coalesce(s.malicious, 0) = 0 and (s.opinion = 1 or (coalesce(s.engines, 0) >= 20 and coalesce(s.opinion, 0) < 2)))`;
const IS_UNDECIDED = sql`(s.malicious is null and s.opinion = 0)`;

export interface ObservableRow {
  readonly id: number;
  readonly value: string;
}

export interface Totals {
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

export async function totalsOf(db: Kysely<Schema>, ids: string): Promise<Map<number, Totals>> {
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

/** Names of one kind on the samples of each observable, sorted; the family counts once per sample, by priority. */
export async function tagsOf(
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
export async function linksOf(db: Kysely<Schema>, ids: string): Promise<Map<number, Linked[]>> {
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

export function grouped<R extends { readonly id: number }, T>(
  rows: readonly R[],
  pick: (row: R) => T,
): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const row of rows) {
    const group = groups.get(row.id);
    if (group) group.push(pick(row));
    else groups.set(row.id, [pick(row)]);
  }
  return groups;
}

export async function rulingsOf(db: Kysely<Schema>, ids: string): Promise<Map<number, Ruling>> {
  const { rows } = await sql<{ id: number; action: RulingAction; reason: string; ruled_at: number }>`
    select o.id, r.action, r.reason, r.ruled_at from observable o join ruling r on r.type = o.type and r.value = o.value
    where o.id in (select value from json_each(${ids}))`.execute(db);
  return new Map(rows.map(({ id, action, reason, ruled_at: ruledAt }) => [id, { action, reason, ruledAt }]));
}
