/** Pages of judged observables for people and exporters. */
import { type Kysely, sql } from "kysely";
import type { EvidenceNote, EvidenceRole } from "../model/evidence.ts";
import type { HostScope } from "../model/indicator.ts";
import type { Observable, ObservableType } from "../model/observable.ts";
import type { Decision, Reason } from "../model/verdict.ts";
import { grouped, LISTED, linksOf, type ObservableRow, PAGE, rulingsOf, withdrawnHostsOf } from "./aggregates.ts";
import { scanEvidence } from "./evidence-scan.ts";
import { findersOf } from "./finders.ts";
import type { Schema } from "./schema.ts";
import type { EvidenceRow, JudgedRow } from "./store.ts";

interface VerdictRow extends ObservableRow {
  readonly decision: Decision;
  readonly confidence: number;
  readonly reasons: string;
  readonly scope: HostScope | null;
  readonly labels: string;
  readonly was_kept: number;
  readonly added_at: number | null;
}

export async function* judgedPages(
  db: Kysely<Schema>,
  type: ObservableType,
  condition: ReturnType<typeof sql>,
): AsyncGenerator<readonly JudgedRow[]> {
  for (let after = ""; ; ) {
    const { rows } = await sql<VerdictRow>`
      select o.id, o.value, v.decision, v.confidence, v.reasons, v.scope, v.labels, v.was_kept, o.added_at
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
    select o.id, o.value, v.decision, v.confidence, v.reasons, v.scope, v.labels, v.was_kept, o.added_at
    from observable o join verdict v on v.observable_id = o.id where o.type = ${type} and o.value = ${value}`.execute(
    db,
  );
  return rows.length > 0 ? (await judgedRows(db, type, rows))[0] : undefined;
}

async function judgedRows(db: Kysely<Schema>, type: ObservableType, page: readonly VerdictRow[]): Promise<JudgedRow[]> {
  const own = page.map(({ id }) => id);
  const ids = JSON.stringify(own);
  const tallies = await scanEvidence(db, own, true);
  const evidence = await evidenceOf(db, ids);
  const links = await linksOf(db, own);
  const finders = await findersOf(db, own);
  const rulings = await rulingsOf(db, type, page);
  const withdrawnHosts = await withdrawnHostsOf(db, type, page);
  return page.map((row): JudgedRow => {
    const tally = tallies.get(row.id);
    const ruling = rulings.get(row.value);
    const withdrawnHost = ruling ? undefined : withdrawnHosts.get(row.value);
    return {
      observable: { type, value: row.value },
      verdict: { decision: row.decision, confidence: row.confidence, reasons: JSON.parse(row.reasons) as Reason[] },
      ...(row.scope ? { scope: row.scope } : {}),
      labels: JSON.parse(row.labels) as string[],
      wasKept: row.was_kept === 1,
      families: smallest(tally?.families.keys()),
      sampleLabels: smallest(tally?.told?.labels),
      techniques: smallest(tally?.told?.techniques),
      samples: smallest(tally?.told?.samples),
      sampleCount: tally?.samples ?? 0,
      sandboxes: smallest(tally?.sandboxes),
      ...(tally?.firstSeen === undefined ? {} : { firstSeen: tally.firstSeen }),
      ...(tally?.lastSeen === undefined ? {} : { lastSeen: tally.lastSeen }),
      ...(tally?.lastNew === undefined ? {} : { lastNew: tally.lastNew }),
      ...(row.added_at === null ? {} : { addedAt: row.added_at }),
      hunts: finders.get(row.id)?.marks ?? [],
      isFoundOtherwise: finders.get(row.id)?.isFoundOtherwise ?? false,
      ...(ruling ? { ruling } : {}),
      ...(withdrawnHost ? { withdrawnHost } : {}),
      evidence: evidence.get(row.id) ?? [],
      links: links.get(row.id) ?? [],
    };
  });
}

function smallest(names: Iterable<string> = []): string[] {
  return [...names].sort().slice(0, LISTED);
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
