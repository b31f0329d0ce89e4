/** Figures over the whole store, against which the judge holds those of one observable. */
import { type Kysely, sql } from "kysely";
import type { ObservableType } from "../model/observable.ts";
import { IS_CLEAN, STRINGS_ONLY } from "./aggregates.ts";
import type { Schema } from "./schema.ts";
import type { Population, SandboxShare } from "./store.ts";

/** As `showsBehaviour` of the model, of evidence that belongs to a sample. */
const SHOWS = sql`e.sample_id > 0 and e.role <> 'sample' and e.role not in ${STRINGS_ONLY}`;

interface Group {
  readonly family: string | null;
  readonly clean: number;
  readonly samples: number;
}

export async function populationOf(db: Kysely<Schema>): Promise<Population> {
  const { rows } = await sql<Group>`
    select s.family, ${IS_CLEAN} as clean, count(*) as samples
    from (select distinct sample_id from detonation) shown join sample s on s.id = shown.sample_id
    group by 1, 2 order by 1, 2`.execute(db);
  return { samples: rows.reduce((sum, { samples }) => sum + samples, 0), ...byFamily(rows) };
}

function byFamily(groups: readonly Group[]): Pick<Population, "cleanSamples" | "families"> {
  const families = new Map<string, number>();
  let cleanSamples = 0;
  for (const { family, clean, samples } of groups) {
    if (clean) cleanSamples += samples;
    else if (family !== null) families.set(family, samples);
  }
  return { cleanSamples, families };
}

interface ShareRow {
  readonly id: number;
  readonly type: ObservableType;
  readonly value: string;
  readonly sandbox: string;
  readonly shown: number;
  readonly all_shown: number;
}

/** See Store.sandboxShares. Merged reports, which name no sandbox, count for none. */
export async function sandboxSharesOf(
  db: Kysely<Schema>,
  floor: { readonly reports: number; readonly share: number },
): Promise<readonly SandboxShare[]> {
  const reports = await reportsOf(db);
  const all = [...reports.values()].reduce((sum, count) => sum + count, 0);
  const enough = [...reports].filter(([, count]) => count >= floor.reports);
  if (enough.length === 0) return [];
  const least = enough.map(([sandbox, count]) => ({ sandbox, shown: Math.ceil(count * floor.share) }));
  const { rows } = await sql<ShareRow>`
    with frequent as (
      select e.observable_id from evidence e where e.sandbox <> '' and ${SHOWS}
      group by e.observable_id having count(*) >= ${Math.min(...least.map(({ shown }) => shown))}
    ), counted as (
      select e.observable_id, e.sandbox, count(distinct e.sample_id) as shown from evidence e
      where e.observable_id in (select observable_id from frequent) and e.sandbox <> '' and ${SHOWS} group by 1, 2
    ), summed as (
      select *, sum(shown) over (partition by observable_id) as all_shown from counted
    )
    select o.id, o.type, o.value, c.sandbox, c.shown, c.all_shown
    from summed c join observable o on o.id = c.observable_id
      join (select value ->> 'sandbox' as sandbox, value ->> 'shown' as shown from json_each(${JSON.stringify(least)})) l
        on l.sandbox = c.sandbox and c.shown >= l.shown
    order by c.sandbox, o.type, o.value`.execute(db);
  const groups = await groupsOf(db, rows);
  return rows.map(({ id, type, value, sandbox, shown, all_shown }): SandboxShare => {
    const own = reports.get(sandbox) as number;
    return {
      observable: { type, value },
      sandbox,
      shown,
      reports: own,
      shownElsewhere: all_shown - shown,
      reportsElsewhere: all - own,
      ...byFamily(groups.get(`${id} ${sandbox}`) ?? []),
    };
  });
}

/** Sandbox → reports that show anything; a tool that runs nothing has none. */
async function reportsOf(db: Kysely<Schema>): Promise<Map<string, number>> {
  const { rows } = await sql<{ sandbox: string; reports: number }>`
    select sandbox, count(*) as reports from detonation where sandbox <> '' group by 1 order by 1`.execute(db);
  return new Map(rows.map(({ sandbox, reports }) => [sandbox, reports]));
}

async function groupsOf(
  db: Kysely<Schema>,
  shares: readonly { readonly id: number; readonly sandbox: string }[],
): Promise<Map<string, Group[]>> {
  const pairs = JSON.stringify(shares.map(({ id, sandbox }) => ({ id, sandbox })));
  const { rows } = await sql<Group & { readonly key: string }>`
    select e.observable_id || ' ' || e.sandbox as key, s.family, ${IS_CLEAN} as clean, count(distinct s.id) as samples
    from json_each(${pairs}) j
      join evidence e on e.observable_id = j.value ->> 'id' and e.sandbox = j.value ->> 'sandbox' and ${SHOWS}
      join sample s on s.id = e.sample_id
    group by 1, 2, 3 order by 1, 2, 3`.execute(db);
  return Map.groupBy(rows, ({ key }) => key);
}
