/** The store's tables written as one would without it: prepared statements, one row each, a transaction a batch. */
import type { Collected } from "../src/model/evidence.ts";
import type { Observable } from "../src/model/observable.ts";
import { openSqliteStore } from "../src/store/sqlite.ts";
import { openRaw } from "./sid-ledger.ts";

export interface FloorStore {
  add(batch: readonly Collected[]): void;
  /** One made-up verdict for each observable; answers how many there are. */
  saveVerdicts(): number;
  countEvidence(): number;
  close(): void;
}

export async function openFloorStore(path: string): Promise<FloorStore> {
  await (await openSqliteStore(path)).close();
  const database = openRaw(path);
  const sample = database
    .prepare<[string, number | null], number>(
      "insert into sample (key, seen_at) values (?, ?) on conflict (key) do update set seen_at = excluded.seen_at returning id",
    )
    .pluck();
  const observable = database
    .prepare<[string, string], number>(
      "insert into observable (type, value) values (?, ?) on conflict (type, value) do update set type = excluded.type returning id",
    )
    .pluck();
  const evidence = database.prepare(
    "insert or ignore into evidence (observable_id, sample_id, sandbox, role, place, note, first_at, last_at) values (?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const link = database.prepare("insert or ignore into link (from_id, kind, to_id) values (?, ?, ?)");
  const verdict = database.prepare(
    "insert into verdict (observable_id, decision, confidence, reasons, labels) values (?, 'keep', 85, ?, '[]')",
  );
  const idOf = ({ type, value }: Observable): number => observable.get(type, value) as number;
  const reasons = JSON.stringify([{ id: "contacted", weight: 60, text: "contacted by 1 sample" }]);

  return {
    add: database.transaction((batch: readonly Collected[]) => {
      for (const { sample: own, sandbox, seenAt, evidence: rows, links } of batch) {
        const sampleId = own ? sample.get(own.id, seenAt ?? null) : 0;
        for (const { observable: seen, role, place, note } of rows) {
          const text = note ? JSON.stringify(note) : null;
          evidence.run(idOf(seen), sampleId, sandbox ?? "", role, place, text, seenAt ?? null, seenAt ?? null);
        }
        for (const { from, kind, to } of links) link.run(idOf(from), kind, idOf(to));
      }
    }),
    saveVerdicts: database.transaction(() => {
      const ids = database.prepare<[], number>("select id from observable order by id").pluck().all();
      for (const id of ids) verdict.run(id, reasons);
      return ids.length;
    }),
    countEvidence: () => database.prepare<[], number>("select count(*) from evidence").pluck().get() ?? 0,
    close: () => database.close(),
  };
}
