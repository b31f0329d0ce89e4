/** The envelope of a listing, whole answer or embedded relationship: items, cursor, next link. Follows nothing. */

export interface Listing {
  readonly items: readonly unknown[];
  /** Opaque: base64 of JSON, zlib data and a pickled integer have been seen. Never decoded. */
  readonly cursor?: string;
  readonly next?: string;
}

export function readListing(body: unknown): Listing {
  const { data, meta, links } = isObject(body) ? body : {};
  const cursor = isObject(meta) ? textOf(meta.cursor) : undefined;
  const next = isObject(links) ? textOf(links.next) : undefined;
  return {
    items: Array.isArray(data) ? data : [],
    ...(cursor === undefined ? {} : { cursor }),
    ...(next === undefined ? {} : { next }),
  };
}

/** The listing with these items and, where there is more behind them, this cursor. */
export function withItems(body: unknown, { items, cursor, next }: Listing): unknown {
  const { meta, links, ...rest } = isObject(body) ? body : {};
  const { cursor: _cursor, ...ownMeta } = isObject(meta) ? meta : {};
  const { next: _next, ...ownLinks } = isObject(links) ? links : {};
  return {
    ...rest,
    data: items,
    meta: { ...ownMeta, ...(cursor === undefined ? {} : { cursor }) },
    links: { ...ownLinks, ...(next === undefined ? {} : { next }) },
  };
}

/** Relationships that came embedded in an object, by name. */
export function embeddedListings(body: unknown): readonly (readonly [string, unknown])[] {
  const data = isObject(body) ? body.data : undefined;
  const relationships = isObject(data) ? data.relationships : undefined;
  return isObject(relationships) ? Object.entries(relationships) : [];
}

/** The body with other relationships embedded. */
export function withRelationships(body: unknown, relationships: readonly (readonly [string, unknown])[]): unknown {
  if (!isObject(body) || !isObject(body.data)) return body;
  return { ...body, data: { ...body.data, relationships: Object.fromEntries(relationships) } };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
