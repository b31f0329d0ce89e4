/** Verdicts as the judge writes them. */
import { type Kysely, sql } from "kysely";
import type { ObservableType } from "../model/observable.ts";
import type { Decision } from "../model/verdict.ts";
import type { Schema } from "./schema.ts";
import type { Judgement } from "./store.ts";

export async function saveJudgements(db: Kysely<Schema>, judgements: readonly Judgement[]): Promise<void> {
  const rows = judgements.map(({ observable, verdict, scope, labels }) => ({
    type: observable.type,
    value: observable.value,
    decision: verdict.decision,
    confidence: verdict.confidence,
    reasons: JSON.stringify(verdict.reasons),
    scope: scope ?? null,
    labels: JSON.stringify(labels),
  }));
  await sql`
    insert into verdict (observable_id, decision, confidence, reasons, scope, labels, was_kept)
    select o.id, j.value ->> 'decision', j.value ->> 'confidence', j.value ->> 'reasons', j.value ->> 'scope', j.value ->> 'labels',
           j.value ->> 'decision' = 'keep'
    from json_each(${JSON.stringify(rows)}) j join observable o on o.type = j.value ->> 'type' and o.value = j.value ->> 'value'
    where true
    on conflict (observable_id) do update set decision = excluded.decision, confidence = excluded.confidence,
      reasons = excluded.reasons, scope = excluded.scope, labels = excluded.labels,
      was_kept = max(verdict.was_kept, excluded.was_kept)`.execute(db);
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
