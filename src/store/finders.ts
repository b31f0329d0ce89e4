/** Which hunts found the observables of a page, and which were found beside them. */
import { type Kysely, sql } from "kysely";
import type { Tlp } from "../model/indicator.ts";
import { grouped, STRINGS_ONLY } from "./aggregates.ts";
import type { Schema } from "./schema.ts";
import type { Finders, HuntMark } from "./store.ts";

export interface MarkedFinders extends Finders {
  /** The hunts with their labels and TLP. */
  readonly marks: readonly HuntMark[];
}

interface Row {
  readonly id: number;
  readonly name: string | null;
  readonly labels: string | null;
  readonly tlp: Tlp | null;
}

/** By id; an observable of which nothing but strings is known is absent. */
export async function findersOf(db: Kysely<Schema>, ids: readonly number[]): Promise<Map<number, MarkedFinders>> {
  const { rows } = await sql<Row>`
    select distinct e.observable_id as id, h.name, h.labels, h.tlp
    from evidence e left join hunt_sample m on m.sample_id = e.sample_id left join hunt h on h.name = m.hunt
    where e.observable_id in (select value from json_each(${JSON.stringify(ids)})) and e.role not in ${STRINGS_ONLY}
    order by 1, 2`.execute(db);
  const found = [...grouped(rows, (row) => row)];
  return new Map(
    found.map(([id, own]) => {
      const marks = own.flatMap(({ name, labels, tlp }): HuntMark[] =>
        name === null || labels === null
          ? []
          : [{ name, labels: JSON.parse(labels) as string[], ...(tlp ? { tlp } : {}) }],
      );
      const hunts = marks.map(({ name }) => name);
      return [id, { marks, hunts, isFoundOtherwise: marks.length < own.length }];
    }),
  );
}
