/** Numbered migrations, forward only. A released one is never edited. */
import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";
import { FEEDBACK_SCHEMA } from "./feedback.ts";

export const MIGRATIONS: Record<string, Migration> = {
  "0001_evidence": {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const statement of EVIDENCE_SCHEMA) await sql.raw(statement).execute(db);
    },
  },
  "0002_hunts": {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const statement of HUNT_SCHEMA) await sql.raw(statement).execute(db);
    },
  },
  "0003_clustered": {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const statement of CLUSTERED_SCHEMA) await sql.raw(statement).execute(db);
    },
  },
  "0004_jobs": {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const statement of JOB_SCHEMA) await sql.raw(statement).execute(db);
    },
  },
  "0005_reports": {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const statement of REPORT_SCHEMA) await sql.raw(statement).execute(db);
    },
  },
  "0006_feedback": {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const statement of FEEDBACK_SCHEMA) await sql.raw(statement).execute(db);
    },
  },
  "0007_arrival": {
    async up(db: Kysely<unknown>): Promise<void> {
      // Of what an older store holds, the arrival is not known: undated evidence counts as of the export.
      await sql.raw("alter table observable add column added_at integer").execute(db);
    },
  },
  "0008_detonations": {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const statement of DETONATION_SCHEMA) await sql.raw(statement).execute(db);
    },
  },
  "0009_settings": {
    async up(db: Kysely<unknown>): Promise<void> {
      await sql.raw("create table setting (name text primary key, value text not null)").execute(db);
    },
  },
  "0010_given": {
    async up(db: Kysely<unknown>): Promise<void> {
      await sql
        .raw(
          `create table given (
             place text not null,
             observable_id integer not null,
             primary key (place, observable_id)
           ) without rowid`,
        )
        .execute(db);
    },
  },
};

const EVIDENCE_SCHEMA = [
  `create table sample (
     id integer primary key,
     key text not null unique,
     md5 text, sha1 text, name text, size integer,
     malicious integer, engines integer, opinion integer,
     family text,
     submitted_at integer,
     seen_at integer
   )`,
  `create table sample_tag (
     sample_id integer not null,
     kind text not null,
     name text not null,
     priority integer not null,
     primary key (sample_id, kind, name)
   )`,
  `create table observable (
     id integer primary key,
     type text not null,
     value text not null,
     unique (type, value)
   )`,
  `create table evidence (
     observable_id integer not null,
     sample_id integer not null,
     sandbox text not null,
     role text not null,
     place text not null,
     note text,
     first_at integer,
     last_at integer,
     primary key (observable_id, sample_id, sandbox, role)
   )`,
  `create table link (
     from_id integer not null,
     kind text not null,
     to_id integer not null,
     primary key (from_id, kind, to_id)
   )`,
  "create index link_to on link (to_id, kind, from_id)",
  `create table enrichment (
     observable_id integer primary key,
     data text not null,
     seen_at integer not null
   )`,
  `create table verdict (
     observable_id integer primary key,
     decision text not null,
     confidence integer not null,
     reasons text not null,
     scope text,
     labels text not null,
     was_kept integer not null default 0
   )`,
  `create table rejection (
     reason text not null,
     value text not null,
     place text not null,
     primary key (reason, value)
   )`,
  `create table sid (
     key text primary key,
     sid integer not null unique,
     rev integer not null,
     fingerprint text not null
   )`,
];

const HUNT_SCHEMA = [
  `create table hunt (
     name text primary key,
     base text,
     floor integer,
     watermark integer,
     walk text,
     labels text not null default '[]',
     tlp text,
     last_run integer
   )`,
  `create table hunt_sample (
     hunt text not null,
     sample_id integer not null,
     primary key (hunt, sample_id)
   )`,
  "create index hunt_sample_by_sample on hunt_sample (sample_id, hunt)",
  `create table fetched (
     sample_id integer primary key,
     fetched_at integer not null,
     modified_at integer
   )`,
  `create table claim (
     sample text primary key,
     owner text not null,
     until integer not null
   )`,
  `create table ruling (
     type text not null,
     value text not null,
     action text not null,
     reason text not null,
     ruled_at integer not null,
     primary key (type, value)
   )`,
  `create table version (
     kind text not null,
     id text not null,
     hash text not null,
     created text not null,
     modified text not null,
     revoked integer not null,
     primary key (kind, id)
   )`,
  `create table delivery (
     sink text not null,
     id text not null,
     version text not null,
     delivered_at integer not null,
     primary key (sink, id)
   )`,
];

/**
 * Large tables in the order of their keys: a row is written once, not into a table and into an index, and what belongs
 * to one observable lies together.
 */
const CLUSTERED_SCHEMA = [
  ...clustered(
    "evidence",
    `observable_id integer not null,
     sample_id integer not null,
     sandbox text not null,
     role text not null,
     place text not null,
     note text,
     first_at integer,
     last_at integer,
     primary key (observable_id, sample_id, sandbox, role)`,
  ),
  ...clustered(
    "sample_tag",
    `sample_id integer not null,
     kind text not null,
     name text not null,
     priority integer not null,
     primary key (sample_id, kind, name)`,
  ),
  "drop index link_to",
  ...clustered(
    "link",
    `from_id integer not null,
     kind text not null,
     to_id integer not null,
     primary key (from_id, kind, to_id)`,
  ),
  "create index link_to on link (to_id, kind, from_id)",
  // With the row id behind it: observables of one type in the order in which they came.
  "create index observable_by_type on observable (type)",
];

/** Builds the table anew with its rows in key order. */
function clustered(table: string, columns: string): string[] {
  return [
    `alter table ${table} rename to ${table}_before`,
    `create table ${table} (${columns}) without rowid`,
    `insert into ${table} select * from ${table}_before order by 1, 2, 3`,
    `drop table ${table}_before`,
  ];
}

const JOB_SCHEMA = [
  `create table job (
     kind text not null,
     name text not null,
     anchor integer not null,
     runs integer not null default 0,
     slot integer,
     ended_at integer,
     inputs text,
     failures integer not null default 0,
     retry_at integer,
     owner text,
     until integer,
     primary key (kind, name)
   )`,
];

/** Which sandbox ran which sample, when, and what it said of it. What an older store knows of that is in its evidence. */
const REPORT_SCHEMA = [
  `create table report (
     sample_id integer not null,
     sandbox text not null,
     seen_at integer,
     opinion integer,
     primary key (sample_id, sandbox)
   ) without rowid`,
  `insert into report (sample_id, sandbox, seen_at)
     select sample_id, sandbox, max(last_at) from evidence where sandbox <> '' and sample_id <> 0 group by 1, 2`,
];

/** Bodies that show what a sample did, which shares are taken of: counting them in the evidence reads all of it. */
const DETONATION_SCHEMA = [
  `create table detonation (
     sample_id integer not null,
     sandbox text not null,
     primary key (sample_id, sandbox)
   ) without rowid`,
  `insert into detonation (sample_id, sandbox)
     select distinct sample_id, sandbox from evidence
     where sample_id <> 0 and role not in ('sample', 'memory', 'embedded') order by 1, 2`,
];
