/** Verdicts as the judge writes them. */
import { type Kysely, sql } from "kysely";
import type { ObservableType } from "../model/observable.ts";
import type { Decision } from "../model/verdict.ts";
import type { Schema } from "./schema.ts";
import type { StoredJudgement } from "./store.ts";

/** A verdict that says what it said before is not written again: after most runs nearly all of them do. */
export async function saveJudgements(db: Kysely<Schema>, judgements: readonly StoredJudgement[]): Promise<void> {
  const rows = judgements.map(({ id, judgement: { verdict, scope, labels } }) => [
    id,
    verdict.decision,
    verdict.confidence,
    verdict.reasons,
    scope ?? null,
    labels,
  ]);
  await sql`
    insert into verdict (observable_id, decision, confidence, reasons, scope, labels, was_kept)
    select j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value -> 3, j.value ->> 4, j.value -> 5, j.value ->> 1 = 'keep'
    from jsonb_each(${JSON.stringify(rows)}) j where true
    on conflict (observable_id) do update set decision = excluded.decision, confidence = excluded.confidence,
      reasons = excluded.reasons, scope = excluded.scope, labels = excluded.labels,
      was_kept = max(verdict.was_kept, excluded.was_kept)
    where verdict.reasons <> excluded.reasons or verdict.decision <> excluded.decision
      or verdict.confidence <> excluded.confidence or verdict.labels <> excluded.labels
      or verdict.scope is distinct from excluded.scope`.execute(db);
}

export async function countDecisions(
  db: Kysely<Schema>,
): Promise<Partial<Record<ObservableType, Record<Decision, number>>>> {
  const { rows } = await sql<{ type: ObservableType; decision: Decision; n: number }>`
    select o.type, v.decision, count(*) as n from verdict v join observable o on o.id = v.observable_id group by 1, 2 order by 1, 2`.execute(
    db,
  );
  const counted: Partial<Record<ObservableType, Record<Decision, number>>> = {};
  for (const { type, decision, n } of rows)
    counted[type] = { keep: 0, review: 0, drop: 0, ...counted[type], [decision]: n };
  return counted;
}
