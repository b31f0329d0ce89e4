/**
 * One pass over the evidence of a page of observables: what it adds up to for each. Rows come in key order, so that
 * distinct samples are counted as they pass; an observable of a million rows is read in portions and never held.
 */
import { type Kysely, sql } from "kysely";
import { type EvidenceRole, STRING_ROLES } from "../model/evidence.ts";
import { IS_CLEAN, LISTED } from "./aggregates.ts";
import type { Schema } from "./schema.ts";

/** What the evidence of one observable adds up to. Strings in memory or in the file count for their role alone. */
export interface Tally {
  /** Role → distinct samples. */
  readonly roles: Map<EvidenceRole, number>;
  samples: number;
  malicious: number;
  clean: number;
  undecided: number;
  readonly sandboxes: Set<string>;
  /** Family → distinct samples that are not clean. */
  readonly families: Map<string, number>;
  /** Seconds since the epoch, as the other two. */
  firstSeen?: number;
  lastSeen?: number;
  lastNew?: number;
  /** What exporters say of the samples; only where it was asked for. */
  readonly told?: Told;
  /** The smallest of the notes of alerts. */
  alertNotes?: Set<string>;
  /** The smallest of the notes on a file itself: names and size. */
  fileNotes?: Set<string>;
  /** The smallest note with a certificate. */
  certificateNote?: string;
}

export interface Told {
  readonly labels: Set<string>;
  readonly techniques: Set<string>;
  /** The smallest of the hashes that are known, in no order. */
  samples: string[];
}

interface Row {
  readonly id: number;
  readonly sample: number;
  readonly sandbox: string;
  readonly role: EvidenceRole;
  readonly first_at: number | null;
  readonly last_at: number | null;
  readonly note: string | null;
}

interface SampleRow {
  readonly key: string;
  /** Of OPINION; 0 for none. */
  readonly opinion: number;
  readonly family: string | null;
  readonly submitted_at: number | null;
  readonly seen_at: number | null;
}

/** Of evidence that belongs to no sample. */
const NO_SAMPLE: SampleRow = { key: "", opinion: 0, family: null, submitted_at: null, seen_at: null };

/** What a sample is tagged with. */
interface Tags {
  readonly label: readonly string[];
  readonly technique: readonly string[];
}

const NO_TAGS: Tags = { label: [], technique: [] };

/** What is known of a sample; no two of them hold at once. */
const OPINION = { malicious: 1, clean: 2, undecided: 3 } as const;

/** Engines from which on a sample counts as malicious; fewer are noise. Opinions are places in SANDBOX_OPINIONS. */
const IS_MALICIOUS = sql`(coalesce(s.malicious, 0) >= 5 or s.opinion = 2)`;
const IS_UNDECIDED = sql`(s.malicious is null and s.opinion = 0)`;

/** Rows of one statement: what few observables have together, and no more than memory takes. */
const PORTION = 20_000;

/** Tallies by id; an observable without evidence has none. With `isTold`, what is told of the samples too. */
export async function scanEvidence(
  db: Kysely<Schema>,
  ids: readonly number[],
  isTold = false,
): Promise<Map<number, Tally>> {
  const tallies = new Map<number, Tally>();
  const count = createCounter(tallies, isTold);
  let rest = [...ids].sort((a, b) => a - b);
  while (rest.length > 0) {
    let part = await portion(
      db,
      isTold,
      sql`e.observable_id in (select value from json_each(${JSON.stringify(rest)}))`,
    );
    count(part);
    let last = part.rows.at(-1);
    if (last === undefined || part.rows.length < PORTION) break;
    const { id } = last;
    while (last !== undefined && part.rows.length === PORTION) {
      part = await portion(
        db,
        isTold,
        sql`e.observable_id = ${id} and (e.sample_id, e.sandbox, e.role) > (${last.sample}, ${last.sandbox}, ${last.role})`,
      );
      count(part);
      last = part.rows.at(-1);
    }
    rest = rest.filter((other) => other > id);
  }
  return tallies;
}

interface Portion {
  /** In key order. */
  readonly rows: readonly Row[];
  readonly samples: ReadonlyMap<number, SampleRow>;
  readonly tags: ReadonlyMap<number, Tags>;
}

async function portion(db: Kysely<Schema>, isTold: boolean, condition: ReturnType<typeof sql>): Promise<Portion> {
  const { rows } = await sql<Row>`
    select e.observable_id as id, e.sample_id as sample, e.sandbox, e.role, e.first_at, e.last_at,
           case when e.role in ('ids-alert', 'tls-session', 'sample', 'dropped-file') then e.note end as note
    from evidence e where ${condition}
    order by e.observable_id, e.sample_id, e.sandbox, e.role limit ${PORTION}`.execute(db);
  const ids = JSON.stringify([...new Set(rows.map(({ sample }) => sample))]);
  return { rows, samples: await samplesOf(db, ids), tags: isTold ? await tagsOf(db, ids) : new Map() };
}

/** Apart from the evidence: what came together is of few samples, and each is read once. */
async function samplesOf(db: Kysely<Schema>, ids: string): Promise<Map<number, SampleRow>> {
  const { rows } = await sql<SampleRow & { readonly id: number }>`
    select s.id, s.key, case when ${IS_MALICIOUS} then ${OPINION.malicious}
                      when ${IS_CLEAN} then ${OPINION.clean}
                      when ${IS_UNDECIDED} then ${OPINION.undecided} else 0 end as opinion,
           s.family, s.submitted_at, s.seen_at
    from sample s where s.id in (select value from json_each(${ids}))`.execute(db);
  return new Map(rows.map((row) => [row.id, row]));
}

async function tagsOf(db: Kysely<Schema>, ids: string): Promise<Map<number, Tags>> {
  const { rows } = await sql<{ id: number; kind: keyof Tags; name: string }>`
    select sample_id as id, kind, name from sample_tag
    where sample_id in (select value from json_each(${ids})) and kind in ('label', 'technique')`.execute(db);
  const tags = new Map<number, { label: string[]; technique: string[] }>();
  for (const { id, kind, name } of rows) {
    const own = tags.get(id) ?? { label: [], technique: [] };
    own[kind].push(name);
    tags.set(id, own);
  }
  return tags;
}

/** A function that counts portions in key order into tallies. */
function createCounter(tallies: Map<number, Tally>, isTold: boolean): (portion: Portion) => void {
  let tally: Tally | undefined;
  let id = Number.NaN;
  let sample = Number.NaN;
  let own = NO_SAMPLE;
  /** Whether the sample shows it by more than a string. */
  let isCounted = false;
  const rolesOfSample = new Set<EvidenceRole>();
  return ({ rows, samples, tags }) => {
    for (const row of rows) {
      if (tally === undefined || row.id !== id) {
        tally = emptyTally(isTold);
        tallies.set(row.id, tally);
        id = row.id;
        sample = Number.NaN;
      }
      if (row.sample !== sample) {
        sample = row.sample;
        own = samples.get(sample) ?? NO_SAMPLE;
        isCounted = false;
        rolesOfSample.clear();
      }
      const { role } = row;
      if (!rolesOfSample.has(role)) {
        rolesOfSample.add(role);
        tally.roles.set(role, (tally.roles.get(role) ?? 0) + 1);
      }
      if (row.note !== null) keepNote(tally, row.note, role);
      if (STRING_ROLES.has(role)) continue;
      if (!isCounted && sample !== 0) {
        countSample(tally, own);
        if (tally.told) tell(tally.told, own.key, tags.get(sample) ?? NO_TAGS);
      }
      isCounted = true;
      if (row.sandbox !== "") tally.sandboxes.add(row.sandbox);
      const newAt = own.submitted_at ?? row.first_at ?? own.seen_at;
      if (newAt !== null) {
        tally.firstSeen = Math.min(tally.firstSeen ?? newAt, newAt);
        tally.lastNew = Math.max(tally.lastNew ?? newAt, newAt);
      }
      const seenAt = row.last_at ?? own.seen_at ?? own.submitted_at;
      if (seenAt !== null) tally.lastSeen = Math.max(tally.lastSeen ?? seenAt, seenAt);
    }
  };
}

function emptyTally(isTold: boolean): Tally {
  return {
    ...(isTold ? { told: { labels: new Set(), techniques: new Set(), samples: [] } } : {}),
    roles: new Map(),
    samples: 0,
    malicious: 0,
    clean: 0,
    undecided: 0,
    sandboxes: new Set(),
    families: new Map(),
  };
}

function countSample(tally: Tally, { opinion, family }: SampleRow): void {
  tally.samples += 1;
  if (opinion === OPINION.malicious) tally.malicious += 1;
  if (opinion === OPINION.clean) tally.clean += 1;
  if (opinion === OPINION.undecided) tally.undecided += 1;
  if (family !== null && opinion !== OPINION.clean) tally.families.set(family, (tally.families.get(family) ?? 0) + 1);
}

function tell(told: Told, key: string, { label, technique }: Tags): void {
  for (const name of label) told.labels.add(name);
  for (const name of technique) told.techniques.add(name);
  // One of which a report has not said the hash.
  if (key.startsWith("unknown-")) return;
  told.samples.push(key);
  if (told.samples.length > 4 * LISTED) told.samples = told.samples.sort().slice(0, LISTED);
}

/** Which of many notes are kept does not depend on the order in which they came. */
function keepNote(tally: Tally, note: string, role: EvidenceRole): void {
  if (role === "tls-session") {
    if (tally.certificateNote === undefined || note < tally.certificateNote) {
      if (note.includes('"certificate":')) tally.certificateNote = note;
    }
    return;
  }
  if (role === "ids-alert") tally.alertNotes = withNote(tally.alertNotes, note);
  else tally.fileNotes = withNote(tally.fileNotes, note);
}

function withNote(notes: Set<string> = new Set(), note: string): Set<string> {
  notes.add(note);
  return notes.size > 4 * LISTED ? new Set([...notes].sort().slice(0, LISTED)) : notes;
}
