/** What each sink has acknowledged, in which version. A push reads it to send only what changed. */
import { type Kysely, sql } from "kysely";
import type { Delivery, DeliveryLedger } from "../plugin.ts";
import type { Schema } from "./schema.ts";

const PAGE = 5000;

/** `target` names the sink of the config and the export it gets; `now` is when things are delivered. */
export function createDeliveryLedger(db: Kysely<Schema>, target: string, now: () => Date): DeliveryLedger {
  return {
    async versions(ids) {
      const { rows } = await sql<Delivery>`
        select id, version from delivery
        where sink = ${target} and id in (select value from json_each(${JSON.stringify(ids)}))`.execute(db);
      return new Map(rows.map(({ id, version }) => [id, version]));
    },
    async record(deliveries) {
      if (deliveries.length === 0) return;
      const rows = JSON.stringify([...new Map(deliveries.map(({ id, version }) => [id, [id, version]])).values()]);
      await sql`
        insert into delivery (sink, id, version, delivered_at)
        select ${target}, j.value ->> 0, j.value ->> 1, ${Math.floor(now().getTime() / 1000)}
        from json_each(${rows}) j where true order by 2
        on conflict (sink, id) do update set version = excluded.version, delivered_at = excluded.delivered_at`.execute(
        db,
      );
    },
    async forget(ids) {
      await sql`
        delete from delivery where sink = ${target} and id in (select value from json_each(${JSON.stringify(ids)}))`.execute(
        db,
      );
    },
    async *all() {
      for (let after = ""; ; ) {
        const { rows } = await sql<Delivery>`
          select id, version from delivery where sink = ${target} and id > ${after} order by id limit ${PAGE}`.execute(
          db,
        );
        const last = rows.at(-1);
        if (!last) return;
        yield rows;
        after = last.id;
      }
    },
  };
}
