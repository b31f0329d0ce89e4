/** The version ledger: same content, same times, for ever; `modified` moves only with what an object says. */
import { type Kysely, sql } from "kysely";
import { sha256 } from "../model/ids.ts";
import { nextModified } from "../model/version-time.ts";
import type { Version, VersionedObject, VersionLedger } from "../plugin.ts";
import type { Schema } from "./schema.ts";

export interface VersionEntry {
  /** Whose ids these are: an export, or a target of pushes. */
  readonly kind: string;
  readonly id: string;
  /** Digest of the content. */
  readonly hash: string;
  readonly created: string;
  readonly modified: string;
  readonly revoked: 0 | 1;
}

/** The ledgers of all exports, and as they are carried from one database to the next. */
export interface VersionStore {
  /** Ids count within `kind`: an export, or a target of pushes. What is not kept is stamped as if, and forgotten. */
  of(kind: string, now: Date, isKept?: boolean): VersionLedger;
  /** Pages of everything ever stamped, in order of export and id. */
  entries(): AsyncIterable<readonly VersionEntry[]>;
  /** Takes entries over; those known already are replaced. */
  restore(entries: readonly VersionEntry[]): Promise<void>;
}

const PAGE = 5000;

export function createVersionStore(db: Kysely<Schema>): VersionStore {
  return {
    of: (kind, now, isKept = true) => ({
      stamp: (objects) =>
        db.transaction().execute(async (trx) => {
          // Takes the write lock before the read: of two processes, none versions by a state the other has changed.
          await sql`update version set revoked = revoked where false`.execute(trx);
          const known = await knownEntries(
            trx,
            kind,
            objects.map(({ id }) => id),
          );
          const changed: VersionEntry[] = [];
          const versions = objects.map((object): Version => {
            const entry = known.get(object.id);
            const next = versionOf(kind, object, entry, now);
            if (next === entry) return { created: entry.created, modified: entry.modified, isChanged: false };
            changed.push(next);
            return { created: next.created, modified: next.modified, isChanged: true };
          });
          if (isKept) await write(trx, changed);
          return versions;
        }),
    }),
    async *entries() {
      for (let [kind, id] = ["", ""]; ; ) {
        const { rows } = await sql<VersionEntry>`
          select kind, id, hash, created, modified, revoked from version where (kind, id) > (${kind}, ${id})
          order by kind, id limit ${PAGE}`.execute(db);
        const last = rows.at(-1);
        if (!last) return;
        yield rows;
        ({ kind, id } = last);
      }
    },
    restore: (entries) => write(db, entries),
  };
}

function versionOf(
  kind: string,
  { id, content, created, modified, isRevoked = false }: VersionedObject,
  entry: VersionEntry | undefined,
  now: Date,
): VersionEntry {
  const hash = sha256(content).slice(0, 32);
  const revoked = isRevoked ? 1 : 0;
  if (entry?.hash === hash && entry.revoked === revoked) return entry;
  if (!entry) return { kind, id, hash, created, modified: modified > created ? modified : created, revoked };
  return { kind, id, hash, created: entry.created, modified: nextModified(entry.modified, modified, now), revoked };
}

async function knownEntries(
  db: Kysely<Schema>,
  kind: string,
  ids: readonly string[],
): Promise<Map<string, VersionEntry>> {
  const { rows } = await sql<VersionEntry>`
    select kind, id, hash, created, modified, revoked from version
    where kind = ${kind} and id in (select value from json_each(${JSON.stringify(ids)}))`.execute(db);
  return new Map(rows.map((row) => [row.id, row]));
}

async function write(db: Kysely<Schema>, entries: readonly VersionEntry[]): Promise<void> {
  if (entries.length === 0) return;
  // Lists cost the database less to take apart than objects.
  const rows = entries.map(({ kind, id, hash, created, modified, revoked }) => [
    kind,
    id,
    hash,
    created,
    modified,
    revoked,
  ]);
  await sql`
    insert into version (kind, id, hash, created, modified, revoked)
    select j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5
    from json_each(${JSON.stringify(rows)}) j where true order by 1, 2
    on conflict (kind, id) do update set hash = excluded.hash, created = excluded.created, modified = excluded.modified,
      revoked = excluded.revoked`.execute(db);
}
