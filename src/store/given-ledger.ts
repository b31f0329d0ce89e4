/** Which indicators a place was given: a target of pushes, or an output folder. It hears of their end by this. */
import { type Kysely, sql } from "kysely";
import { sha256 } from "../model/ids.ts";
import { indicatorKey } from "../model/indicator.ts";
import type { Observable } from "../model/observable.ts";
import type { Schema } from "./schema.ts";

export interface GivenLedger {
  /** Remembers them; what the store does not know is left out. */
  add(observables: readonly Observable[]): Promise<void>;
  /** The keys of those that the place was given. */
  among(observables: readonly Observable[]): Promise<ReadonlySet<string>>;
}

/** `place` is any text that names it for good. */
export function createGivenLedger(db: Kysely<Schema>, place: string): GivenLedger {
  // Short, as it stands in every row.
  const id = sha256(place).slice(0, 16);
  const pairs = (observables: readonly Observable[]) =>
    JSON.stringify(observables.map(({ type, value }) => [type, value]));
  return {
    async add(observables) {
      if (observables.length === 0) return;
      await sql`
        insert into given (place, observable_id)
        select ${id}, o.id from json_each(${pairs(observables)}) j
          join observable o on o.type = j.value ->> 0 and o.value = j.value ->> 1
        where true order by 2 on conflict do nothing`.execute(db);
    },
    async among(observables) {
      if (observables.length === 0) return new Set();
      const { rows } = await sql<Observable>`
        select o.type, o.value from json_each(${pairs(observables)}) j
          join observable o on o.type = j.value ->> 0 and o.value = j.value ->> 1
          join given g on g.place = ${id} and g.observable_id = o.id`.execute(db);
      return new Set(rows.map(indicatorKey));
    },
  };
}
