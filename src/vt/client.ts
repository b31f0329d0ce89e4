/**
 * The client of VirusTotal API v3: one object, a listing page by page, a file with its relationships complete, or the
 * bytes behind a redirect. Bodies come back as parsed JSON that bodies.ts recognises. How a request is repeated, held
 * back or given up is exchange.ts's.
 *
 * It stores nothing, decodes no cursor and never sends the key anywhere but below the base URL.
 */
import type { Readable } from "node:stream";
import { TransportBreak } from "../net/break.ts";
import { TIMEOUTS, type Timeouts } from "../net/dispatcher.ts";
import type { ProxySettings } from "../net/proxy.ts";
import type { Secret } from "../net/secret.ts";
import { readAnswer } from "./answer.ts";
import { type ClientLog, createExchange, type Exchange, type Sent, type Unread } from "./exchange.ts";
import { VtError } from "./failure.ts";
import { embeddedListings, type Listing, readListing, withItems, withRelationships } from "./listing.ts";
import { type QuotaLine, readOverallQuotas } from "./overall-quotas.ts";
import { endpointOf, paths } from "./paths.ts";
import type { QuotaGate, QuotaKind } from "./quota.ts";
import { CEILING, type Ceiling } from "./retry.ts";
import { createTransport, isBelow, type Target, type Transport } from "./transport.ts";

export interface VtClientOptions {
  readonly apiKey: Secret;
  /** Of this program, for User-Agent and x-tool. */
  readonly version: string;
  /** Default: the public API. */
  readonly baseUrl?: string;
  readonly quota: QuotaGate;
  /** Requests at once. */
  readonly concurrency: number;
  /** The account's name, to ask for its quotas; never the key. */
  readonly user?: string;
  readonly timeouts?: Partial<Timeouts>;
  readonly ceiling?: Partial<Ceiling>;
  /** Largest body, before and after decompression. Default 256 MiB: a file object can have 1 MB, a page 300 of them. */
  readonly maxBodyBytes?: number;
  /** Default: none. See `proxyFromEnvironment`. */
  readonly proxy?: ProxySettings;
  /** PEM file with certificates to trust besides the built-in ones. */
  readonly caFile?: string;
  readonly clock: () => Date;
  /** Milliseconds; rejects with the signal's reason. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly log: ClientLog;
  readonly signal: AbortSignal;
}

export type Params = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Page {
  /** The whole answer. */
  readonly body: unknown;
  /** Its `data`; objects that VirusTotal no longer holds are among them, with an `error`. */
  readonly items: readonly unknown[];
  /** Asks for the rest, with the same path and parameters; opaque. Absent on the last page. */
  readonly cursor?: string;
  /** `links.next` as it came. */
  readonly next?: string;
}

export interface ClientStats {
  /** Requests sent, repeated ones included. */
  readonly requests: number;
  readonly repeated: number;
}

export interface EmbeddedOptions {
  /** A relationship stops after that many further requests and keeps its cursor, so that it shows; default no limit. */
  readonly mostPages?: number;
}

/**
 * Every method throws VtError (see failure.ts) or the signal's reason. An object that VirusTotal does not know is
 * undefined, and a listing of one has no pages.
 */
export interface VtClient {
  /** `path` comes from paths.ts; parameters are percent-encoded here, a query goes in verbatim. */
  get(path: string, params?: Params): Promise<unknown>;
  pages(path: string, params?: Params, from?: { readonly cursor?: string }): AsyncGenerator<Page>;
  /** `/files/{id}` with relationships embedded, as `completed` has them. */
  embedded(fileId: string, relationships: readonly string[], options?: EmbeddedOptions): Promise<unknown>;
  /** A file's body with its embedded relationships followed past their first 20. */
  completed(body: unknown, fileId: string, options?: EmbeddedOptions): Promise<unknown>;
  /**
   * The bytes behind a path that redirects to a storage server (the feeds), which is asked without the key; to be read
   * or destroyed.
   */
  download(path: string): Promise<Readable | undefined>;
  /** What the account has left; undefined without a user name. Is not counted in the local quota. */
  overallQuotas(): Promise<readonly QuotaLine[] | undefined>;
  /** VirusTotal's clock in the last answer, to the second. */
  serverTime(): Date | undefined;
  stats(): ClientStats;
  close(): Promise<void>;
}

const PUBLIC_API = "https://www.virustotal.com/api/v3";
const MAX_BODY_BYTES = 256 * 1024 * 1024;
/** Embedded relationships come by twenties, whatever is asked for; a cursor wants the same limit again. */
const EMBEDDED_LIMIT = 20;
const MOST_REDIRECTS = 3;

/** Throws VtError `setup` for a base URL, a proxy or a CA file that cannot be used. */
export function createVtClient(options: VtClientOptions): VtClient {
  const baseUrl = readBaseUrl(options.baseUrl ?? PUBLIC_API);
  const transport = createTransport({
    baseUrl,
    apiKey: options.apiKey,
    userAgent: `rulewright/${options.version}; gzip`,
    tool: `Rulewright.rulewright.${options.version.split(".").slice(0, 2).join(".")}`,
    concurrency: options.concurrency,
    timeouts: { ...TIMEOUTS, ...options.timeouts },
    maxBodyBytes: options.maxBodyBytes ?? MAX_BODY_BYTES,
    proxy: options.proxy ?? {},
    ...(options.caFile === undefined ? {} : { caFile: options.caFile }),
  });
  const log = maskedLog(options.log, transport.mask);
  if (baseUrl.protocol === "http:" && !/^(?:localhost|127\.[\d.]+|\[::1\])$/.test(baseUrl.hostname))
    log.warn(`${baseUrl.host} is asked without TLS: the API key can be read on the way.`);
  const exchange = createExchange({
    ...options,
    ceiling: { ...CEILING, ...options.ceiling },
    host: baseUrl.host,
    mask: transport.mask,
    log,
    accountQuotas: () =>
      overallQuotas(api, options.user).catch((error: unknown) => {
        options.signal.throwIfAborted();
        log.debug(`the account's quotas are not known: ${(error as Error).message}`);
        return undefined;
      }),
  });
  const api: Api = { baseUrl, transport, exchange, signal: options.signal };
  return {
    get: (path, params) => getJson(api, urlOf(api, path, params)),
    pages: (path, params = {}, { cursor } = {}) => walk(api, urlOf(api, path, { ...params, cursor })),
    embedded: async (fileId, relationships, limits) =>
      completed(api, await withEmbedded(api, fileId, relationships), fileId, limits),
    completed: (body, fileId, limits) => completed(api, body, fileId, limits),
    download: (path) => download(api, urlOf(api, path)),
    overallQuotas: () => overallQuotas(api, options.user),
    serverTime: transport.serverTime,
    stats: exchange.stats,
    close: transport.close,
  };
}

interface Api {
  readonly baseUrl: URL;
  readonly transport: Transport;
  readonly exchange: Exchange;
  readonly signal: AbortSignal;
}

function getJson(api: Api, url: URL, { isCounted = true } = {}): Promise<unknown> {
  const path = pathOf(api, url);
  const call = { endpoint: endpointOf(path), ...(isCounted ? { kind: kindOf(path) } : {}) };
  return api.exchange.ask(call, async (): Promise<Sent<unknown> | Unread<unknown>> => {
    const { unpack, ...raw } = await api.transport.fetch({ url, isApi: true }, api.signal);
    const read = async (): Promise<Sent<unknown>> => {
      const answer = readAnswer({ ...raw, bytes: await unpack() }, api.transport.mask);
      return answer.status === 200 && answer.body.kind === "json" ? { value: answer.body.value } : { answer };
    };
    // A refusal is read in its slot: what waits for the slot must not go out before its endpoint rests.
    return raw.status === 200 ? read : read();
  });
}

/** Page after page: by the cursor with the same parameters where there is one, else by the next link. */
async function* walk(api: Api, start: URL): AsyncGenerator<Page> {
  const seen = new Set<string>([start.href]);
  for (let url: URL | undefined = start; url !== undefined; ) {
    const body = await getJson(api, url);
    if (body === undefined) return;
    const listing = readListing(body);
    url = followed(api, start, listing);
    const cursor = listing.cursor ?? url?.searchParams.get("cursor") ?? undefined;
    yield { body, ...listing, ...(cursor === undefined ? {} : { cursor }) };
    if (url && seen.has(url.href)) throw unfollowable("its pages go round in a circle");
    if (url) seen.add(url.href);
  }
}

function followed(api: Api, start: URL, { cursor, next }: Listing): URL | undefined {
  if (cursor === undefined) return next === undefined ? undefined : ownLink(api, next);
  const url = new URL(start);
  url.searchParams.set("cursor", cursor);
  return url;
}

function withEmbedded(api: Api, fileId: string, relationships: readonly string[]): Promise<unknown> {
  return getJson(api, urlOf(api, paths.file(fileId), { relationships: relationships.join(",") }));
}

async function completed(
  api: Api,
  body: unknown,
  fileId: string,
  { mostPages = Number.POSITIVE_INFINITY }: EmbeddedOptions = {},
): Promise<unknown> {
  const listings = embeddedListings(body);
  if (listings.length === 0) return body;
  const whole = await Promise.all(
    listings.map(async ([name, first]) => {
      const { cursor, next } = readListing(first);
      if ((cursor === undefined && next === undefined) || mostPages < 1) return [name, first] as const;
      const start =
        cursor === undefined && next !== undefined
          ? ownLink(api, next)
          : urlOf(api, paths.fileDescriptors(fileId, name), { limit: EMBEDDED_LIMIT, cursor });
      return [name, await followedOn(first, walk(api, start), mostPages)] as const;
    }),
  );
  return withRelationships(body, whole);
}

/** A relationship with what is behind its cursor; an item that comes again with the next page stays where it was. */
async function followedOn(first: unknown, rest: AsyncGenerator<Page>, mostPages: number): Promise<unknown> {
  const items = new Map<unknown, unknown>();
  const add = (page: readonly unknown[]): void => {
    for (const item of page) {
      const { type, id } = (item ?? {}) as { readonly type?: unknown; readonly id?: unknown };
      const key = `${type} ${id}`;
      if (!items.has(key)) items.set(key, item);
    }
  };
  add(readListing(first).items);
  let pages = 0;
  for await (const page of rest) {
    add(page.items);
    pages += 1;
    if (pages < mostPages) continue;
    return withItems(first, { ...page, items: [...items.values()] });
  }
  return withItems(first, { items: [...items.values()] });
}

function download(api: Api, url: URL): Promise<Readable | undefined> {
  const { transport, signal } = api;
  const path = pathOf(api, url);
  return api.exchange.ask({ endpoint: endpointOf(path), kind: kindOf(path) }, async (): Promise<Sent<Readable>> => {
    let target: Target = { url, isApi: true };
    for (let hops = 0; ; hops += 1) {
      const { body, encoding, ...raw } = await transport.open(target, signal);
      if (raw.status === 200) {
        // Who reads it hears of an error too; who leaves it unread must not end the process by that.
        body.on("error", () => {});
        return { value: body };
      }
      const bytes = await transport.drain({ body, encoding });
      const location = raw.status >= 300 && raw.status < 400 ? raw.location : undefined;
      if (location !== undefined && hops < MOST_REDIRECTS) {
        target = { url: redirectTarget(target.url, location), isApi: false };
      } else {
        if (target.isApi) return { answer: readAnswer({ ...raw, bytes }, transport.mask) };
        // Its links live for minutes: the next try gets a fresh one.
        throw new TransportBreak("reset", `the storage server answered ${raw.status}`);
      }
    }
  });
}

/** Where a redirect leads; never from TLS to plain text. The address is a secret: it lets anybody read the batch. */
function redirectTarget(from: URL, location: string): URL {
  const url = URL.parse(location, from.href);
  const isFit = url?.protocol === "https:" || (url?.protocol === "http:" && from.protocol === "http:");
  if (url && isFit) return url;
  throw new TransportBreak("other", "a redirect to an address that is not https");
}

async function overallQuotas(api: Api, user: string | undefined): Promise<readonly QuotaLine[] | undefined> {
  if (user === undefined) return undefined;
  if (api.transport.mask(user) !== user)
    throw new VtError("setup", "virustotal.user is the API key. Give the account's name: a key has no place in a URL.");
  const body = await getJson(api, urlOf(api, paths.overallQuotas(user)), { isCounted: false });
  return body === undefined ? undefined : readOverallQuotas(body);
}

function urlOf({ baseUrl }: Api, path: string, params: Params = {}): URL {
  const url = new URL(`${baseUrl.href}${path}`);
  for (const [name, value] of Object.entries(params)) if (value !== undefined) url.searchParams.set(name, `${value}`);
  return url;
}

function pathOf({ baseUrl }: Api, url: URL): string {
  return url.pathname.slice(baseUrl.pathname.replace(/\/$/, "").length);
}

/** A link out of a body. It may only lead below the base URL: the key goes with it. */
function ownLink({ baseUrl }: Api, link: string): URL {
  const url = URL.parse(link, baseUrl.href);
  if (url && isBelow(url, baseUrl) && url.username === "" && url.password === "") return url;
  throw unfollowable("its next page is at another address than the API");
}

function unfollowable(what: string): VtError {
  return new VtError("unavailable", `A listing of VirusTotal cannot be followed: ${what}. Check virustotal.baseUrl.`);
}

/** Search pages are counted apart: some accounts have a quota of their own for them. */
function kindOf(path: string): QuotaKind {
  if (path.startsWith("/intelligence/search")) return "search";
  return path.startsWith("/feeds/") ? "feed" : "lookup";
}

function readBaseUrl(text: string): URL {
  const url = URL.parse(text.replace(/\/+$/, ""));
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash) return url;
  // The text is left out: somebody may have written a password into it.
  throw new VtError("setup", "virustotal.baseUrl is not an address such as https://www.virustotal.com/api/v3.");
}

function maskedLog(log: ClientLog, mask: (text: string) => string): ClientLog {
  return {
    debug: (message) => log.debug(mask(message)),
    info: (message) => log.info(mask(message)),
    warn: (message) => log.warn(mask(message)),
  };
}
