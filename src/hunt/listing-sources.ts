/**
 * Sources that are listings of VirusTotal's: VT Intelligence search, Livehunt notifications, the matches of a Retrohunt
 * job, the files of a collection.
 */
import { VtError } from "../vt/failure.ts";
import { paths } from "../vt/paths.ts";
import type { HuntClient } from "./fetch-sample.ts";
import { type FoundSample, foundSample, notifiedSample } from "./found-sample.ts";
import { CursorRefused, type SamplePage, type Source } from "./source.ts";
import { boundedQuery, type DateField, moment } from "./watermark.ts";

/** Largest page of /intelligence/search. */
const SEARCH_PAGE = 300;
/** A small limit must not mean small pages: what is known already fills them, and each costs a request. */
const SMALLEST_SEARCH_PAGE = 100;
/** Largest page of /ioc_stream and the hunting listings. */
const STREAM_PAGE = 40;

interface ListingInput {
  readonly path: string;
  /** Without limit and cursor. */
  readonly params: Readonly<Record<string, string>>;
  readonly pageSize: number;
  readonly cursor: string | undefined;
  /** The sample of an item; undefined for what is none. */
  readonly sampleOf: (entry: unknown) => FoundSample | undefined;
}

/** What the listings have in common. */
function listingSource(pageSize: number) {
  return {
    kind: "listing",
    isSteady: true,
    isEndless: false,
    gives: "objects",
    givesRelationships: false,
    pageSize,
    pageRequests: (samples: number) => Math.ceil(samples / pageSize),
  } as const;
}

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
    ...listingSource(pageSize),
    kind: "search",
    base: JSON.stringify({ search: query, order }),
    isSteady: /^(?:first|last)_submission_date\+?$/.test(order),
    query: (from) => boundedQuery(query, field, from),
    pages: ({ client }, { query: bounded, cursor }) =>
      listing(client, {
        path: paths.intelligenceSearch,
        params: { query: bounded, order },
        pageSize,
        cursor,
        sampleOf: (entry) => foundSample(entry, field),
      }),
  };
}

/** Where Livehunt's notifications are read: the IoC stream, or one of the two listings that it replaces. */
export type LivehuntListing = "stream" | "files" | "notifications";

/** Notifications of Livehunt rulesets. The filter is in the language of the listing and goes out verbatim. */
export function livehuntSource(filter = "", from: LivehuntListing = "stream"): Source {
  switch (from) {
    case "stream":
      return {
        ...listingSource(STREAM_PAGE),
        base: JSON.stringify({ livehunt: filter }),
        query: (since) => `entity_type:file source_type:hunting_ruleset date:${moment(since)}+ ${filter}`.trim(),
        pages: ({ client }, { query, cursor }) =>
          listing(client, {
            path: paths.iocStream,
            params: { filter: query, order: "date+" },
            pageSize: STREAM_PAGE,
            cursor,
            sampleOf: foundSample,
          }),
      };
    case "files":
      return {
        ...olderLivehunt(filter, from),
        // It has no parameter for an order.
        isSteady: false,
        pages: ({ client }, { query, cursor }) =>
          listing(client, {
            path: paths.huntingNotificationFiles,
            params: { filter: query },
            pageSize: STREAM_PAGE,
            cursor,
            sampleOf: foundSample,
          }),
      };
    case "notifications":
      return {
        ...olderLivehunt(filter, from),
        gives: "names",
        pages: ({ client }, { query, cursor }) =>
          listing(client, {
            path: paths.huntingNotifications,
            params: { filter: query, order: "date+" },
            pageSize: STREAM_PAGE,
            cursor,
            sampleOf: notifiedSample,
          }),
      };
  }
}

/** Their dates are seconds since the epoch or days. */
function olderLivehunt(filter: string, from: LivehuntListing) {
  return {
    ...listingSource(STREAM_PAGE),
    base: JSON.stringify({ livehunt: filter, from }),
    query: (since: number) => `date:${since}+ ${filter}`.trim(),
  };
}

/** Matches of a finished Retrohunt job; relationships that are named come embedded in them, at no request more. */
export function retrohuntSource(job: string, embedded: readonly string[] = []): Source {
  return fixedListing({ retrohunt: job }, paths.retrohuntMatches(job), embedded);
}

/** Files of a collection. */
export function collectionSource(collection: string): Source {
  return fixedListing({ collection }, paths.collectionRelated(collection, "files"));
}

function fixedListing(base: object, path: string, embedded: readonly string[] = []): Source {
  return {
    ...listingSource(STREAM_PAGE),
    base: JSON.stringify(base),
    givesRelationships: embedded.length > 0,
    query: () => path,
    pages: ({ client }, { cursor }) =>
      listing(client, {
        path,
        params: embedded.length === 0 ? {} : { relationships: embedded.join(",") },
        pageSize: STREAM_PAGE,
        cursor,
        sampleOf: foundSample,
      }),
  };
}

async function* listing(
  client: HuntClient,
  { path, params, pageSize, cursor, sampleOf }: ListingInput,
): AsyncGenerator<SamplePage> {
  let hasCursor = cursor !== undefined;
  try {
    for await (const page of client.pages(
      path,
      { ...params, limit: pageSize },
      cursor === undefined ? {} : { cursor },
    )) {
      const samples = page.items.flatMap((entry) => sampleOf(entry) ?? []);
      yield { samples, ...(page.cursor === undefined ? {} : { cursor: page.cursor }) };
      hasCursor = true;
    }
  } catch (error) {
    // What the consumer throws does not come by here: a generator is only resumed, or ended.
    if (hasCursor && error instanceof VtError && error.problem === "refused") throw new CursorRefused(error);
    throw error;
  }
}
