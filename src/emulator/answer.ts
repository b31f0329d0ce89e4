/** What endpoints get and give, and how objects and listings are dressed for the wire. */
import { ApiError } from "./api-error.ts";
import type { Faults } from "./faults.ts";
import type { Notification } from "./notifications.ts";
import type { VtBody, VtDescriptor } from "./objects.ts";
import { type Key, limitOf, paginate } from "./paging.ts";
import type { Quota } from "./quota.ts";
import type { View } from "./view.ts";

export const PRIVILEGES = [
  "intelligence",
  "hunting",
  "retrohunt",
  "ioc-stream",
  "collections",
  "feeds",
  /** itw_*, embedded_*, memory_pattern_* of files, urls and downloaded_files of hosts. */
  "enterprise-relationships",
  /** `gti_assessment`, to who sends `x-tool`. */
  "gti",
] as const;
export type Privilege = (typeof PRIVILEGES)[number];

export interface Request {
  /** Decoded parts of the path behind `/api/v3`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly now: Date;
  /** The client said which tool it is. */
  readonly hasTool: boolean;
}

export interface Deps {
  readonly view: View;
  readonly faults: Faults;
  readonly quota: Quota;
  readonly notifications: readonly Notification[];
  readonly privileges: ReadonlySet<Privilege>;
  /** `http://127.0.0.1:4321/api/v3` */
  readonly baseUrl: string;
  /** `meta.days_back`: how far the licence lets searches look back. */
  readonly daysBack: number;
}

export interface Answer {
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Endpoint = (request: Request, deps: Deps) => Answer;

export function epoch(now: Date): number {
  return Math.floor(now.getTime() / 1000);
}

export function demand(privilege: Privilege, { privileges }: Deps): void {
  if (!privileges.has(privilege))
    throw new ApiError("ForbiddenError", "You are not authorized to perform the requested operation");
}

const COLLECTIONS: Readonly<Record<string, string>> = {
  file: "files",
  domain: "domains",
  ip_address: "ip_addresses",
  url: "urls",
  file_behaviour: "file_behaviours",
  resolution: "resolutions",
  collection: "collections",
};

/** An object with its link, without what this key may not see, trimmed by `attributes` and `exclude_attributes`. */
export function dress(object: VtBody, request: Request, deps: Deps): VtBody & { links: { self: string } } {
  const { gti_assessment: assessment, ...open } = object.attributes;
  const seesAssessment = assessment !== undefined && request.hasTool && deps.privileges.has("gti");
  const attributes = trim(seesAssessment ? { ...open, gti_assessment: assessment } : open, request.query);
  const self = `${deps.baseUrl}/${COLLECTIONS[object.type] ?? object.type}/${encodeURIComponent(object.id)}`;
  return { ...object, attributes, links: { self } };
}

function trim(attributes: Record<string, unknown>, query: URLSearchParams): Record<string, unknown> {
  const only = query.get("attributes")?.split(",");
  const without = query.get("exclude_attributes")?.split(",") ?? [];
  if (!only && without.length === 0) return attributes;
  return Object.fromEntries(
    Object.entries(attributes).filter(([name]) => (!only || only.includes(name)) && !without.includes(name)),
  );
}

export interface ListingInput<T> {
  readonly items: readonly T[];
  /** What a cursor belongs to; default the path and the query without cursor and limit. */
  readonly scope?: string;
  readonly standard: number;
  readonly maximum: number;
  /** How one item goes on the wire. */
  readonly render: (item: T) => unknown;
  readonly sorted?: { readonly keyOf: (item: T) => Key; readonly compare: (left: Key, right: Key) => number };
  readonly meta?: Readonly<Record<string, unknown>>;
  /** Type of objects of which one may be gone. */
  readonly goneType?: string;
}

/** One page of a listing with `meta.cursor` and ready-made links. */
export function listing<T>(input: ListingInput<T>, request: Request, { faults, baseUrl }: Deps): Answer {
  const path = request.path.map(encodeURIComponent).join("/");
  const { query } = request;
  const scope = input.scope ?? `${path}?${without(query, "cursor", "limit")}`;
  const limit = limitOf(query.get("limit"), input.standard, input.maximum);
  const page = paginate({
    items: input.items,
    scope,
    limit,
    cursor: query.get("cursor") ?? undefined,
    ...(input.sorted ? { sorted: input.sorted } : {}),
    faults: {
      repeatsPage: (place, at) => faults.content("repeated-page", `${place} ${at}`),
      repeatsItem: (place, at) => faults.content("duplicate-items", `${place} ${at}`),
    },
  });
  const data = page.items.map(input.render);
  if (input.goneType && data.length > 0 && faults.content("error-items", `${scope} ${query.get("cursor")}`))
    data.splice(Math.floor(data.length / 2), 0, gone(input.goneType));
  const self = `${baseUrl}/${path}${query.size > 0 ? `?${query}` : ""}`;
  return {
    body: {
      data,
      meta: { ...input.meta, ...(page.cursor === undefined ? {} : { cursor: page.cursor }) },
      links: {
        self,
        ...(page.cursor === undefined ? {} : { next: `${baseUrl}/${path}?${withCursor(query, page.cursor)}` }),
      },
    },
  };
}

function gone(type: string): unknown {
  const id =
    type === "domain" ? "gone.example.com" : type === "ip_address" ? "203.0.113.77" : "0".repeat(63).concat("1");
  return missing({ type, id });
}

/** An object that VirusTotal does not hold, as it stands in listings. */
export function missing({ type, id }: VtDescriptor): unknown {
  return { type, id, error: { code: "NotFoundError", message: `${type} "${id}" not found` } };
}

function without(query: URLSearchParams, ...names: readonly string[]): URLSearchParams {
  return new URLSearchParams([...query].filter(([name]) => !names.includes(name)));
}

function withCursor(query: URLSearchParams, cursor: string): URLSearchParams {
  const next = without(query, "cursor");
  next.set("cursor", cursor);
  return next;
}
