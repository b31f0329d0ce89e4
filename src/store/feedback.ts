/**
 * What the operator's own network said of values: sightings, false positives, alerts on traffic that is known to be
 * harmless. It is kept apart from evidence, which is what sandboxes saw, and from rulings, which are somebody's word.
 */
import { type Kysely, sql } from "kysely";
import type { Observable, ObservableType } from "../model/observable.ts";
import type { ObservableRow } from "./aggregates.ts";
import type { Schema } from "./schema.ts";

/** `benign`: a rule for it fired on harmless traffic, before it was published. */
export const FEEDBACK_KINDS = ["sighting", "false-positive", "benign"] as const;
export type FeedbackKind = (typeof FEEDBACK_KINDS)[number];

export interface Feedback {
  readonly kind: FeedbackKind;
  /** What said so, by its content: the same log read again replaces what it said and adds nothing. */
  readonly source: string;
  readonly hits: number;
  /** Seconds since the epoch; absent when the log bears no time. */
  readonly firstAt?: number;
  readonly lastAt?: number;
  /** In words: name of the log, what was seen. */
  readonly note: string;
}

export interface FeedbackStore {
  /** Values that the store does not know are left out; answers of how many values it took any. */
  record(entries: readonly (Feedback & { readonly observable: Observable })[], now: Date): Promise<number>;
}

export const FEEDBACK_SCHEMA = [
  `create table feedback (
     type text not null,
     value text not null,
     kind text not null,
     source text not null,
     hits integer not null,
     first_at integer,
     last_at integer,
     note text not null,
     recorded_at integer not null,
     primary key (type, value, kind, source)
   ) without rowid`,
];

export function createFeedbackStore(db: Kysely<Schema>): FeedbackStore {
  return {
    async record(entries, now) {
      const distinct = new Map(
        entries.map((entry) => [
          JSON.stringify([entry.observable.type, entry.observable.value, entry.kind, entry.source]),
          { ...entry, ...entry.observable },
        ]),
      );
      const rows = JSON.stringify([...distinct].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row));
      const { rows: taken } = await sql<{ type: string; value: string }>`
        insert into feedback (type, value, kind, source, hits, first_at, last_at, note, recorded_at)
        select j.value ->> 'type', j.value ->> 'value', j.value ->> 'kind', j.value ->> 'source', j.value ->> 'hits',
               j.value ->> 'firstAt', j.value ->> 'lastAt', j.value ->> 'note', ${Math.floor(now.getTime() / 1000)}
        from json_each(${rows}) j
        where exists (select 1 from observable o where o.type = j.value ->> 'type' and o.value = j.value ->> 'value')
        on conflict (type, value, kind, source) do update
        set hits = excluded.hits, first_at = excluded.first_at, last_at = excluded.last_at, note = excluded.note,
            recorded_at = excluded.recorded_at
        returning type, value`.execute(db);
      return new Set(taken.map(({ type, value }) => `${type}:${value}`)).size;
    },
  };
}

interface FeedbackRow {
  readonly value: string;
  readonly kind: FeedbackKind;
  readonly source: string;
  readonly hits: number;
  readonly first_at: number | null;
  readonly last_at: number | null;
  readonly note: string;
}

/** Whether there is any on values of the type: most stores have none, and a million look-ups of nothing cost too. */
export async function hasFeedback(db: Kysely<Schema>, type: ObservableType): Promise<boolean> {
  const { rows } = await sql`select 1 from feedback where type = ${type} limit 1`.execute(db);
  return rows.length > 0;
}

/** Feedback by value, of a page of one type, in order of kind and source. */
export async function feedbackOf(
  db: Kysely<Schema>,
  type: ObservableType,
  page: readonly ObservableRow[],
): Promise<Map<string, Feedback[]>> {
  const { rows } = await sql<FeedbackRow>`
    select value, kind, source, hits, first_at, last_at, note from feedback
    where type = ${type} and value in (select value from json_each(${JSON.stringify(page.map(({ value }) => value))}))
    order by value, kind, source`.execute(db);
  const found = new Map<string, Feedback[]>();
  for (const { value, first_at, last_at, ...row } of rows) {
    const own = {
      ...row,
      ...(first_at === null ? {} : { firstAt: first_at }),
      ...(last_at === null ? {} : { lastAt: last_at }),
    };
    const known = found.get(value);
    if (known) known.push(own);
    else found.set(value, [own]);
  }
  return found;
}
