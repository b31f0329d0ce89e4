/** Pages of facts: everything known about the observables of one type, for the judge. */
import { type Kysely, sql } from "kysely";
import type { Enrichment, EvidenceNote } from "../model/evidence.ts";
import type { ObservableType } from "../model/observable.ts";
import { LISTED, linksOf, type ObservableRow, PAGE, rulingsOf } from "./aggregates.ts";
import { scanEvidence } from "./evidence-scan.ts";
import { feedbackOf } from "./feedback.ts";
import type { Schema } from "./schema.ts";
import type { Facts } from "./store.ts";

/** In order of arrival: what came together lies together, and a million observables are read once from end to end. */
export async function* factsOf(db: Kysely<Schema>, type: ObservableType): AsyncGenerator<readonly Facts[]> {
  for (let after = 0; ; ) {
    const { rows: page } = await sql<ObservableRow>`
      select id, value from observable where type = ${type} and id > ${after} order by id limit ${PAGE}`.execute(db);
    const last = page.at(-1);
    if (!last) return;
    yield await factsOfPage(db, type, page);
    after = last.id;
  }
}

async function factsOfPage(db: Kysely<Schema>, type: ObservableType, page: readonly ObservableRow[]): Promise<Facts[]> {
  const ids = page.map(({ id }) => id);
  const tallies = await scanEvidence(db, ids);
  const enrichments = await enrichmentsOf(db, ids);
  const links = await linksOf(db, ids);
  const rulings = await rulingsOf(db, type, page);
  const feedback = await feedbackOf(db, type, page);
  return page.map(({ id, value }) => {
    const tally = tallies.get(id);
    // Assigned where there is something: a million objects put together by spreading cost more than the judge.
    const facts: Writable<Facts> = {
      id,
      observable: { type, value },
      roles: tally?.roles ?? new Map(),
      samples: tally?.samples ?? 0,
      maliciousSamples: tally?.malicious ?? 0,
      cleanSamples: tally?.clean ?? 0,
      undecidedSamples: tally?.undecided ?? 0,
      sandboxes: tally?.sandboxes.size ?? 0,
      families: tally ? byName(tally.families) : NO_FAMILIES,
      alerts: tally?.alertNotes ? alertsOf(tally.alertNotes) : NONE,
      links: links.get(id) ?? NONE,
    };
    const certificate = tally?.certificateNote && (JSON.parse(tally.certificateNote) as EvidenceNote).certificate;
    if (certificate) facts.certificate = certificate;
    const enrichment = enrichments.get(id);
    if (enrichment) facts.enrichment = enrichment;
    const ruling = rulings.get(value);
    if (ruling) facts.ruling = ruling;
    const said = feedback.get(value);
    if (said) facts.feedback = said;
    if (tally?.lastNew !== undefined) facts.lastNew = tally.lastNew;
    return facts;
  });
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const NONE: readonly never[] = [];
const NO_FAMILIES: ReadonlyMap<string, number> = new Map();

function byName(families: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  return families.size < 2 ? families : new Map([...families].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function alertsOf(notes: ReadonlySet<string>): Facts["alerts"] {
  return [...notes]
    .sort()
    .slice(0, LISTED)
    .flatMap((text) => {
      const { severity = "info", message } = JSON.parse(text) as EvidenceNote;
      return message === undefined ? [] : [{ severity, message }];
    });
}

async function enrichmentsOf(
  db: Kysely<Schema>,
  ids: readonly number[],
): Promise<Map<number, Omit<Enrichment, "observable" | "seenAt">>> {
  const { rows } = await sql<{ id: number; data: string }>`
    select observable_id as id, data from enrichment where observable_id in (select value from json_each(${JSON.stringify(ids)}))`.execute(
    db,
  );
  return new Map(rows.map(({ id, data }) => [id, JSON.parse(data) as Omit<Enrichment, "observable" | "seenAt">]));
}
