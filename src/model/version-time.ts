/**
 * `modified` of an object that says something else than at `last`: now, or later. The time of the newest sample would do
 * for most, but not for a receiver where somebody has touched the object since: it would take a withdrawal of today for
 * older than that. Times are ISO 8601 in UTC.
 */
export function nextModified(last: string, proposed: string, now: Date): string {
  return new Date(Math.max(now.getTime(), Date.parse(proposed), Date.parse(last) + 1)).toISOString();
}
