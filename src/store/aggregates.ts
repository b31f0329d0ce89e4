/** What facts and judged rows have in common: aggregates over the evidence of one page of observables, by id. */
import { type Kysely, sql } from "kysely";
import { type LinkKind, STRING_ROLES } from "../model/evidence.ts";
import { hostOf, type Observable, type ObservableType } from "../model/observable.ts";
import type { Decision, Reason } from "../model/verdict.ts";
import type { Schema } from "./schema.ts";
import type { HostRuling, Linked, Ruling, RulingAction } from "./store.ts";

/** Observables of one page. */
export const PAGE = 1000;
/** Entries of a list that is for people and exporters. */
export const LISTED = 20;

/** `STRING_ROLES` of the model, as SQL. */
export const STRINGS_ONLY = sql.raw(`(${[...STRING_ROLES].map((role) => `'${role}'`).join(", ")})`);
/** No sandbox suspects it, and one engine's word is noise: two where a sandbox calls it clean. */
export const IS_CLEAN = sql`(coalesce(s.opinion, 0) < 2 and ((s.opinion = 1 and coalesce(s.malicious, 0) <= 2) or (coalesce(s.engines, 0) >= 20 and coalesce(s.malicious, 0) <= 1)))`;

export interface ObservableRow {
  readonly id: number;
  readonly value: string;
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

/** Links of a page that are fetched as they are; of more, the database ranks: an address can have a million hosts. */
const FETCHED = 20_000;

/** Outgoing links, and the incoming ones of addresses (hosts that resolve to them, endpoints on them). */
export async function linksOf(db: Kysely<Schema>, ids: readonly number[]): Promise<Map<number, Linked[]>> {
  const plain = await plainLinks(db, ids);
  const rows = plain.length < FETCHED ? plain : await rankedLinks(db, ids);
  const verdictOf = createVerdictReader();
  const links = new Map<number, Linked[]>();
  for (const [id, own] of grouped(rows, (row) => row)) {
    const counts = new Map<string, number>();
    const listed: Linked[] = [];
    for (const { kind, type, value, decision, reasons, labels } of own.sort(byTarget)) {
      const group = `${kind} ${decision}`;
      const count = (counts.get(group) ?? 0) + 1;
      counts.set(group, count);
      if (count > LISTED) continue;
      listed.push({
        kind,
        observable: { type, value },
        ...(decision ? { decision } : {}),
        ...verdictOf(reasons, labels),
      });
    }
    links.set(id, listed);
  }
  return links;
}

/** Both ends of the links of some observables. */
function bothEnds(ids: readonly number[]) {
  const given = sql`(select value from json_each(${JSON.stringify(ids)}))`;
  return sql`(
    select from_id as own_id, kind, to_id as other_id from link where from_id in ${given}
    union all
    select to_id, kind, from_id from link where to_id in ${given} and kind in ('resolves-to', 'at-address', 'hosted-at')
  )`;
}

async function plainLinks(db: Kysely<Schema>, ids: readonly number[]): Promise<readonly LinkRow[]> {
  const { rows } = await sql<LinkRow>`
    select l.own_id as id, l.kind, o.type, o.value, v.decision, v.reasons, v.labels
    from ${bothEnds(ids)} l join observable o on o.id = l.other_id left join verdict v on v.observable_id = l.other_id
    limit ${FETCHED}`.execute(db);
  return rows;
}

async function rankedLinks(db: Kysely<Schema>, ids: readonly number[]): Promise<readonly LinkRow[]> {
  const { rows } = await sql<LinkRow>`
    select r.id, r.kind, r.type, r.value, r.decision, v.reasons, v.labels
    from (
      select l.own_id as id, l.kind, l.other_id, o.type, o.value, v.decision,
             row_number() over (partition by l.own_id, l.kind, v.decision order by o.type, o.value) as position
      from ${bothEnds(ids)} l join observable o on o.id = l.other_id left join verdict v on v.observable_id = l.other_id
    ) r left join verdict v on v.observable_id = r.other_id where r.position <= ${LISTED}`.execute(db);
  return rows;
}

function byTarget(a: LinkRow, b: LinkRow): number {
  return compare(a.kind, b.kind) || compare(a.type, b.type) || compare(a.value, b.value);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/**
 * The ids of the reasons, the one that weighs most against the value (alone it explains a drop), and the labels. Many
 * links lead to the same verdict, word by word: each text is read once.
 */
function createVerdictReader() {
  const known = new Map<string, Pick<Linked, "reasonIds" | "because">>();
  const read = (text: string): Pick<Linked, "reasonIds" | "because"> => {
    const reasons = JSON.parse(text) as Reason[];
    const weighty = reasons.filter(({ weight }) => weight !== 0 || reasons.length === 1);
    const because = weighty.toSorted((a, b) => a.weight - b.weight)[0]?.id;
    const verdict = { reasonIds: reasons.map(({ id }) => id), ...(because ? { because } : {}) };
    known.set(text, verdict);
    return verdict;
  };
  return (reasons: string | null, labels: string | null): Pick<Linked, "reasonIds" | "because" | "labels"> => ({
    ...(reasons === null ? { reasonIds: [] } : (known.get(reasons) ?? read(reasons))),
    labels: labels === null || labels === "[]" ? [] : (JSON.parse(labels) as string[]),
  });
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

/** The `revoke` of each one's host, by value. */
export async function withdrawnHostsOf(
  db: Kysely<Schema>,
  type: ObservableType,
  page: readonly ObservableRow[],
): Promise<Map<string, HostRuling>> {
  const hosts = new Map<string, Observable>();
  for (const { value } of page) {
    const host = hostOf({ type, value });
    if (host) hosts.set(value, host);
  }
  const revoked = new Map<string, Ruling>();
  for (const hostType of new Set([...hosts.values()].map((host) => host.type))) {
    const ofType = [...hosts.values()].filter((host) => host.type === hostType);
    for (const [value, ruling] of await rulingsOf(db, hostType, ofType))
      if (ruling.action === "revoke") revoked.set(value, ruling);
  }
  const found = new Map<string, HostRuling>();
  for (const [value, host] of hosts) {
    const ruling = revoked.get(host.value);
    if (ruling) found.set(value, { host, ruling });
  }
  return found;
}

/** Rulings by value, of a page of one type in any order. */
export async function rulingsOf(
  db: Kysely<Schema>,
  type: ObservableType,
  page: readonly Pick<ObservableRow, "value">[],
): Promise<Map<string, Ruling>> {
  const { rows } = await sql<{ value: string; action: RulingAction; reason: string; ruled_at: number }>`
    select value, action, reason, ruled_at from ruling
    where type = ${type} and value in (select value from json_each(${JSON.stringify(page.map(({ value }) => value))}))`.execute(
    db,
  );
  return new Map(rows.map(({ value, action, reason, ruled_at: ruledAt }) => [value, { action, reason, ruledAt }]));
}
