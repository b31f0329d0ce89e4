/**
 * Which samples a run of a hunt asks for. VirusTotal indexes late and in any order, so a run looks back behind what it
 * has handled; what it has already is told apart by hash, never by date. It does not talk to anybody.
 *
 * Query syntax: "VT Intelligence search modifiers", `fs:2026-11-24T00:00:00+` is at or after, in UTC.
 */

/** How far behind the watermark a run looks: late indexing beyond this is missed, and everything within is not. */
export const OVERLAP_SECONDS = 3 * 86_400;

/** How far a hunt has come; all in seconds since the epoch. */
export interface Progress {
  /** Lower bound of the hunt's first walk: nothing older was ever asked for. Absent before it. */
  readonly floor?: number;
  /** Newest date that a finished walk has handled. */
  readonly watermark?: number;
}

/** From when on a new walk looks: `sinceSeconds` back for the first, then behind the watermark, never below the floor. */
export function lowerBound({ floor, watermark }: Progress, sinceSeconds: number, now: number): number {
  if (floor === undefined) return Math.max(0, now - sinceSeconds);
  if (watermark === undefined) return floor;
  return Math.max(floor, Math.min(watermark, now) - OVERLAP_SECONDS);
}

export interface FinishedWalk {
  /** Newest date seen, when any sample had one. */
  readonly newest?: number;
  /** When the walk began. */
  readonly startedAt: number;
}

/**
 * The watermark after a walk to its end: never backwards, and never beyond the walk's beginning. What was indexed while
 * it lasted, and it can last for days, may stand on pages that it had passed.
 */
export function advance(watermark: number | undefined, { newest, startedAt }: FinishedWalk): number | undefined {
  if (newest === undefined) return watermark;
  return Math.max(watermark ?? 0, Math.min(newest, startedAt));
}

/** The modifier that bounds a search: first or last submission. */
export type DateField = "fs" | "ls";

/** The query with its lower bound. A query that bounds `fs:` or `ls:` itself is left alone: its author knows. */
export function boundedQuery(query: string, field: DateField, from: number): string {
  if (hasDateBound(query)) return query;
  return `${needsParentheses(query) ? `(${query})` : query} ${field}:${moment(from)}+`;
}

/** `2026-11-24T00:00:00`, UTC. */
export function moment(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19);
}

/** Outside quotes: a phrase may hold anything. */
function unquoted(query: string): string {
  return query.replace(/"(?:[^"\\]|\\.)*"/g, '""');
}

function hasDateBound(query: string): boolean {
  return /(?:^|[\s(-])(?:fs|ls):/i.test(unquoted(query));
}

/** `a or b fs:…` would bound b alone. */
function needsParentheses(query: string): boolean {
  return /\bor\b/i.test(unquoted(query));
}
