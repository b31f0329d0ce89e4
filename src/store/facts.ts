/** Pages of facts: everything known about the observables of one type, for the judge. */
import { type Kysely, sql } from "kysely";
import type { Enrichment, EvidenceNote, EvidenceRole } from "../model/evidence.ts";
import type { ObservableType } from "../model/observable.ts";
import { LISTED, linksOf, type ObservableRow, PAGE, rulingsOf, tagsOf, totalsOf } from "./aggregates.ts";
import type { Schema } from "./schema.ts";
import type { Facts, Ruling } from "./store.ts";

export async function* factsOf(db: Kysely<Schema>, type: ObservableType): AsyncGenerator<readonly Facts[]> {
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
