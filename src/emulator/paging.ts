/**
 * Pages and cursors. A cursor is opaque (deflated JSON in plain base64, so that `+`, `/` and `=` have to be escaped) and
 * belongs to one listing: another query, order or path does not take it.
 */
import { createHash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { ApiError } from "./api-error.ts";

/** Sort value and id of the last item served. */
export type Key = readonly [value: number | string, id: string];

interface Position {
  /** Which listing. */
  readonly s: string;
  /** Offset; for a sorted listing only a hint. */
  readonly o: number;
  readonly k?: Key;
  /** This page was already answered with the one before it. */
  readonly r?: 1;
}

export interface PageInput<T> {
  readonly items: readonly T[];
  /** What the listing is: path, query and order. */
  readonly scope: string;
  readonly limit: number;
  readonly cursor: string | undefined;
  /** Sorted listings go on behind a key and not at an offset: items may come in between two pages. */
  readonly sorted?: { readonly keyOf: (item: T) => Key; readonly compare: (left: Key, right: Key) => number };
  readonly faults: PageFaults;
}

/** Oddities that real listings have; each leaves every item to be found. */
export interface PageFaults {
  /** The whole page before is sent again, with a cursor to this one. */
  repeatsPage(scope: string, at: number): boolean;
  /** The last item of the page before comes first on this one. */
  repeatsItem(scope: string, at: number): boolean;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly cursor?: string;
}

export function paginate<T>(input: PageInput<T>): Page<T> {
  const { items, limit, faults } = input;
  const scope = createHash("sha256").update(input.scope).digest("base64url").slice(0, 12);
  const position = input.cursor === undefined ? undefined : readCursor(input.cursor, scope);
  const start = startOf(position, input);
  if (start > 0 && position && !position.r && faults.repeatsPage(input.scope, start)) {
    return { items: items.slice(Math.max(0, start - limit), start), cursor: writeCursor({ ...position, r: 1 }) };
  }
  const page = items.slice(start, start + limit);
  const repeated = start > 0 && faults.repeatsItem(input.scope, start) ? items.slice(start - 1, start) : [];
  const last = page.at(-1);
  const next = start + page.length;
  if (last === undefined || next >= items.length) return { items: [...repeated, ...page] };
  const key = input.sorted?.keyOf(last);
  return { items: [...repeated, ...page], cursor: writeCursor({ s: scope, o: next, ...(key ? { k: key } : {}) }) };
}

function startOf<T>(position: Position | undefined, { items, sorted }: PageInput<T>): number {
  if (!position) return 0;
  const { k: key } = position;
  if (!sorted || !key) return position.o;
  const found = items.findIndex((item) => sorted.compare(sorted.keyOf(item), key) > 0);
  return found === -1 ? items.length : found;
}

function writeCursor(position: Position): string {
  return deflateRawSync(JSON.stringify(position)).toString("base64");
}

function readCursor(cursor: string, scope: string): Position {
  try {
    const position = JSON.parse(inflateRawSync(Buffer.from(cursor, "base64")).toString()) as Position;
    if (position.s === scope) return position;
  } catch {
    // Told below: whatever is wrong with it, the answer is the same.
  }
  throw new ApiError("BadRequestError", "Invalid cursor");
}

/** A `limit` parameter: the default when absent. Throws BadRequestError for no number or one above the maximum. */
export function limitOf(raw: string | null, standard: number, maximum: number): number {
  if (raw === null || raw === "") return standard;
  const limit = Number(raw);
  if (!/^[0-9]+$/.test(raw) || limit < 1 || limit > maximum)
    throw new ApiError("BadRequestError", `"limit" must be between 1 and ${maximum}`);
  return limit;
}
