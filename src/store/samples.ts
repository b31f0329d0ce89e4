/** Samples with the sandboxes that ran them, for exporters that tell a sample's whole story. */
import { type Kysely, sql } from "kysely";
import { SANDBOX_OPINIONS, type SandboxOpinion } from "../model/evidence.ts";
import type { Analysis, SampleDetails } from "../model/sample-details.ts";
import { grouped } from "./aggregates.ts";
import type { Schema } from "./schema.ts";

interface SampleRow {
  readonly id: number;
  readonly key: string;
  readonly md5: string | null;
  readonly sha1: string | null;
  readonly name: string | null;
  readonly size: number | null;
  readonly malicious: number | null;
  readonly engines: number | null;
  readonly opinion: number | null;
  readonly submitted_at: number | null;
}

interface TagRow {
  readonly id: number;
  readonly kind: "family" | "label" | "technique";
  readonly name: string;
}

interface ReportRow {
  readonly id: number;
  readonly sandbox: string;
  readonly seen_at: number | null;
  readonly opinion: number | null;
}

/** By sha256; hashes that no body showed are absent. */
export async function findSamples(
  db: Kysely<Schema>,
  sha256s: readonly string[],
): Promise<ReadonlyMap<string, SampleDetails>> {
  const { rows } = await sql<SampleRow>`
    select id, key, md5, sha1, name, size, malicious, engines, opinion, submitted_at from sample
    where key in (select value from json_each(${JSON.stringify(sha256s)})) order by key`.execute(db);
  const ids = JSON.stringify(rows.map(({ id }) => id));
  const tags = await sql<TagRow>`
    select sample_id as id, kind, name from sample_tag where sample_id in (select value from json_each(${ids}))
    order by sample_id, kind, case when kind = 'family' then priority else 0 end, name`.execute(db);
  const reports = await sql<ReportRow>`
    select sample_id as id, sandbox, seen_at, opinion from report where sample_id in (select value from json_each(${ids}))
    order by sample_id, sandbox`.execute(db);
  const tagsOf = grouped(tags.rows, (tag) => tag);
  const analysesOf = grouped(reports.rows, analysisOf);
  return new Map(rows.map((row) => [row.key, detailsOf(row, tagsOf.get(row.id) ?? [], analysesOf.get(row.id) ?? [])]));
}

function detailsOf(row: SampleRow, tags: readonly TagRow[], analyses: readonly Analysis[]): SampleDetails {
  const named = (wanted: TagRow["kind"]): string[] =>
    tags.filter(({ kind }) => kind === wanted).map(({ name }) => name);
  const opinion = opinionOf(row.opinion);
  return {
    sha256: row.key,
    ...(row.md5 === null ? {} : { md5: row.md5 }),
    ...(row.sha1 === null ? {} : { sha1: row.sha1 }),
    ...(row.name === null ? {} : { name: row.name }),
    ...(row.size === null ? {} : { size: row.size }),
    ...(row.submitted_at === null ? {} : { submittedAt: isoOf(row.submitted_at) }),
    ...(row.malicious === null ? {} : { malicious: row.malicious }),
    ...(row.engines === null ? {} : { engines: row.engines }),
    ...(opinion === undefined ? {} : { opinion }),
    families: named("family"),
    labels: named("label"),
    techniques: named("technique"),
    analyses,
  };
}

function analysisOf({ sandbox, seen_at: seenAt, opinion: rank }: ReportRow): Analysis {
  const opinion = opinionOf(rank);
  return {
    sandbox,
    ...(seenAt === null ? {} : { analysedAt: isoOf(seenAt) }),
    ...(opinion === undefined ? {} : { opinion }),
  };
}

function opinionOf(rank: number | null): SandboxOpinion | undefined {
  return rank === null ? undefined : SANDBOX_OPINIONS[rank];
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
