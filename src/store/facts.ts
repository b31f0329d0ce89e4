/** Pages of facts: everything known about the observables of one type, for the judge. */
import { type Kysely, sql } from "kysely";
import type { Enrichment, EvidenceNote } from "../model/evidence.ts";
import type { ObservableType } from "../model/observable.ts";
import { LISTED, linksOf, type ObservableRow, PAGE } from "./aggregates.ts";
import { scanEvidence } from "./evidence-scan.ts";
import { feedbackOf, hasFeedback } from "./feedback.ts";
import type { Schema } from "./schema.ts";
import type { Facts, RulingAction } from "./store.ts";

/** An observable with what there is at most one of. */
interface FactRow extends ObservableRow {
  readonly enrichment: string | null;
  readonly action: RulingAction | null;
  readonly reason: string;
  readonly ruled_at: number;
}

/** In order of arrival: what came together lies together, and a million observables are read once from end to end. */
export async function* factsOf(db: Kysely<Schema>, type: ObservableType): AsyncGenerator<readonly Facts[]> {
  const isRated = await hasFeedback(db, type);
  for (let after = 0; ; ) {
    const { rows: page } = await sql<FactRow>`
      select o.id, o.value, e.data as enrichment, r.action, r.reason, r.ruled_at
      from observable o left join enrichment e on e.observable_id = o.id
        left join ruling r on r.type = o.type and r.value = o.value
      where o.type = ${type} and o.id > ${after} order by o.id limit ${PAGE}`.execute(db);
    const last = page.at(-1);
    if (!last) return;
    yield await factsOfPage(db, type, page, isRated);
    after = last.id;
  }
}

async function factsOfPage(
  db: Kysely<Schema>,
  type: ObservableType,
  page: readonly FactRow[],
  isRated: boolean,
): Promise<Facts[]> {
  const ids = page.map(({ id }) => id);
  const tallies = await scanEvidence(db, ids);
  const links = await linksOf(db, ids);
  const feedback = isRated ? await feedbackOf(db, type, page) : new Map<string, never>();
  return page.map(({ id, value, enrichment, action, reason, ruled_at: ruledAt }) => {
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
    if (tally?.fileNotes) facts.file = fileOf(tally.fileNotes);
    if (enrichment !== null) facts.enrichment = JSON.parse(enrichment) as Omit<Enrichment, "observable" | "seenAt">;
    if (action !== null) facts.ruling = { action, reason, ruledAt };
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

function fileOf(texts: ReadonlySet<string>): NonNullable<Facts["file"]> {
  const notes = [...texts]
    .sort()
    .slice(0, LISTED)
    .map((text) => JSON.parse(text) as EvidenceNote);
  const size = notes.find((note) => note.size !== undefined)?.size;
  return {
    names: [...new Set(notes.flatMap(({ name }) => name ?? []))].sort(),
    ...(size === undefined ? {} : { size }),
  };
}
