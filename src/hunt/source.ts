/**
 * Where a hunt's samples come from: VT Intelligence search, Livehunt notifications, a Retrohunt job, a list of hashes, a
 * collection. Each is a walk through pages that can be resumed at a cursor. It fetches nothing of a sample itself.
 */
import { z } from "zod";
import type { Walk } from "../store/hunt-store.ts";
import { VtError } from "../vt/failure.ts";
import { paths } from "../vt/paths.ts";
import type { HuntClient } from "./fetch-sample.ts";
import { boundedQuery, type DateField, moment } from "./watermark.ts";

export interface FoundSample {
  /** sha256. */
  readonly id: string;
  /** The file object, when the listing gave it. */
  readonly body?: unknown;
  /** The date that the walk goes by, seconds. */
  readonly datedAt?: number;
  /** `last_modification_date`, seconds. */
  readonly modifiedAt?: number;
}

export interface SamplePage {
  readonly samples: readonly FoundSample[];
  /** To go on behind this page; absent on the last. */
  readonly cursor?: string;
}

export interface SourceDeps {
  readonly client: HuntClient;
  /** sha256 of the hashes (md5, sha1) that are known already. */
  resolve(hashes: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

export interface Source {
  /** What the walk costs besides the samples: pages of a search, pages of a listing, or nothing. */
  readonly kind: "search" | "listing" | "hashes";
  /** Identity of what is walked, without dates. */
  readonly base: string;
  /** Whether what comes in later stands behind what was passed, so that a walk cut short by the limit can go on there. */
  readonly isSteady: boolean;
  /** Samples a page gives at most. */
  readonly pageSize: number;
  /** Number of samples, when it is known without asking. */
  readonly size?: number;
  /** The query of a new walk that looks back to `from` (seconds). */
  query(from: number): string;
  /** Throws CursorRefused when the walk cannot go on where it was. */
  pages(deps: SourceDeps, walk: Walk): AsyncIterable<SamplePage>;
}

/** VirusTotal does not take the cursor of a walk any more: it has to begin again. */
export class CursorRefused extends Error {
  constructor(cause: unknown) {
    super("the cursor was refused", { cause });
    this.name = "CursorRefused";
  }
}

/** Largest page of /intelligence/search. */
const SEARCH_PAGE = 300;
/** A small limit must not mean small pages: what is known already fills them, and each costs a request. */
const SMALLEST_SEARCH_PAGE = 100;
/** Largest page of /ioc_stream and the hunting listings. */
const STREAM_PAGE = 40;

export interface SearchInput {
  readonly query: string;
  readonly order: string;
  readonly limit: number;
}

/** VT Intelligence search; the query goes out verbatim with its date bound behind it. */
export function searchSource({ query, order, limit }: SearchInput): Source {
  const pageSize = Math.min(SEARCH_PAGE, Math.max(SMALLEST_SEARCH_PAGE, limit));
  const field: DateField = order.startsWith("last_submission_date") ? "ls" : "fs";
  return {
    kind: "search",
    base: JSON.stringify({ search: query, order }),
    isSteady: /^(?:first|last)_submission_date\+?$/.test(order),
    pageSize,
    query: (from) => boundedQuery(query, field, from),
    pages: ({ client }, walk) =>
      listing(client, paths.intelligenceSearch, { query: walk.query, order, limit: pageSize }, walk.cursor, field),
  };
}

/** Notifications of Livehunt rulesets, through the IoC stream. */
export function livehuntSource(filter = ""): Source {
  return {
    kind: "listing",
    base: JSON.stringify({ livehunt: filter }),
    isSteady: true,
    pageSize: STREAM_PAGE,
    query: (from) => `entity_type:file source_type:hunting_ruleset date:${moment(from)}+ ${filter}`.trim(),
    pages: ({ client }, walk) =>
      listing(client, paths.iocStream, { filter: walk.query, order: "date+", limit: STREAM_PAGE }, walk.cursor),
  };
}

/** Matches of a finished Retrohunt job. */
export function retrohuntSource(job: string): Source {
  return fixedListing({ retrohunt: job }, paths.retrohuntMatches(job));
}

/** Files of a collection. */
export function collectionSource(collection: string): Source {
  return fixedListing({ collection }, paths.collectionRelated(collection, "files"));
}

function fixedListing(base: object, path: string): Source {
  return {
    kind: "listing",
    base: JSON.stringify(base),
    isSteady: true,
    pageSize: STREAM_PAGE,
    query: () => path,
    pages: ({ client }, walk) => listing(client, path, { limit: STREAM_PAGE }, walk.cursor),
  };
}

/** Known hashes; the cursor is the number of those done. */
export function hashSource(given: readonly string[], limit: number): Source {
  const hashes = [...new Set(given.map((hash) => hash.toLowerCase()))];
  // A page is never larger than the limit: hashes that VirusTotal does not hold must not keep a run from its end.
  const pageSize = Math.min(STREAM_PAGE, limit);
  return {
    kind: "hashes",
    base: JSON.stringify({ hashes }),
    isSteady: true,
    pageSize,
    size: hashes.length,
    query: () => "hashes",
    async *pages(deps, walk) {
      for (let at = Number(walk.cursor ?? 0); at < hashes.length; at += pageSize) {
        const samples = await samplesOf(deps, hashes.slice(at, at + pageSize));
        const next = at + pageSize;
        yield { samples, ...(next < hashes.length ? { cursor: String(next) } : {}) };
      }
    },
  };
}

/** A sha256 is asked for with its sample, a shorter hash only to learn the sha256. */
async function samplesOf({ client, resolve }: SourceDeps, hashes: readonly string[]): Promise<FoundSample[]> {
  const known = await resolve(hashes.filter((hash) => hash.length < 64));
  const samples: FoundSample[] = [];
  for (const hash of hashes) {
    const id = hash.length === 64 ? hash : known.get(hash);
    const sample = id === undefined ? await lookUp(client, hash) : { id };
    if (sample) samples.push(sample);
  }
  return samples;
}

async function lookUp(client: HuntClient, hash: string): Promise<FoundSample | undefined> {
  return sampleOfBody(await client.get(paths.file(hash)));
}

/** The sample of a file object's own answer. */
export function sampleOfBody(body: unknown): FoundSample | undefined {
  return foundSample((body as { data?: unknown } | undefined)?.data, "fs");
}

async function* listing(
  client: HuntClient,
  path: string,
  params: Record<string, string | number>,
  cursor: string | undefined,
  field: DateField = "fs",
): AsyncGenerator<SamplePage> {
  let hasCursor = cursor !== undefined;
  try {
    for await (const page of client.pages(path, params, cursor === undefined ? {} : { cursor })) {
      const samples = page.items.flatMap((entry) => foundSample(entry, field) ?? []);
      yield { samples, ...(page.cursor === undefined ? {} : { cursor: page.cursor }) };
      hasCursor = true;
    }
  } catch (error) {
    // What the consumer throws does not come by here: a generator is only resumed, or ended.
    if (hasCursor && error instanceof VtError && error.problem === "refused") throw new CursorRefused(error);
    throw error;
  }
}

const number = z.number().optional().catch(undefined);
const FoundFile = z.object({
  type: z.literal("file"),
  id: z.string().regex(/^[0-9a-f]{64}$/i),
  /** An object that VirusTotal no longer holds has this instead of attributes. */
  error: z.undefined().optional(),
  attributes: z
    .object({ first_submission_date: number, last_submission_date: number, last_modification_date: number })
    .optional()
    .catch(undefined),
  context_attributes: z.object({ notification_date: number }).optional().catch(undefined),
});

/** A listing's file, or undefined for other types and for objects that VirusTotal does not hold. */
function foundSample(entry: unknown, field: DateField): FoundSample | undefined {
  const parsed = FoundFile.safeParse(entry);
  if (!parsed.success) return undefined;
  const { id, attributes, context_attributes: context } = parsed.data;
  const submittedAt = field === "ls" ? attributes?.last_submission_date : attributes?.first_submission_date;
  const datedAt = context?.notification_date ?? submittedAt;
  return {
    id: id.toLowerCase(),
    ...(attributes === undefined ? {} : { body: entry }),
    ...(datedAt === undefined ? {} : { datedAt }),
    ...(attributes?.last_modification_date === undefined ? {} : { modifiedAt: attributes.last_modification_date }),
  };
}
