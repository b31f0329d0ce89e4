/** The arithmetic of waiting before a request is sent again. It looks at no clock and sleeps nowhere. */

const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 30_000;

/** Exponential backoff with full jitter: anything from 0 to 500 ms × 2^(hitches − 1), at most 30 s. */
export function backoffMs(hitches: number, random: () => number): number {
  return Math.round(random() * Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (hitches - 1)));
}

/** Retry-After in both forms of RFC 9110 section 10.2.3; undefined when absent or neither. A past date is 0. */
export function retryAfterMs(header: string | undefined, now: Date): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // Date.parse takes almost anything for a date; HTTP's begin with the day's name.
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}
