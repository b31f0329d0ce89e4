/**
 * Counts requests per minute, day and month of the given clock, as UTC calendar windows, and searches per month.
 * It does not meter bandwidth, and nobody waits here.
 */

export interface QuotaOptions {
  readonly perMinute?: number;
  readonly perDay?: number;
  readonly perMonth?: number;
  /** Whether a 429 says when to come back; the service mostly does not. Default `none`. */
  readonly retryAfter?: "none" | "seconds" | "date";
}

export type QuotaWindow = "minute" | "hour" | "day" | "month";

export interface Refusal {
  readonly window: QuotaWindow;
  /** When the window ends. */
  readonly until: Date;
}

export interface Quota {
  /** Counts one request, or says why it is refused; a refused one is not counted. */
  take(now: Date): Refusal | undefined;
  used(window: QuotaWindow, now: Date): number;
  readonly options: QuotaOptions;
}

const LENGTH: Readonly<Record<QuotaWindow, number>> = { minute: 16, hour: 13, day: 10, month: 7 };
const WINDOWS: readonly QuotaWindow[] = ["minute", "hour", "day", "month"];

export function createQuota(options: QuotaOptions): Quota {
  const counts = new Map<string, number>();
  // `2026-11-24T05:10` is the minute, `2026-11` the month.
  const keyOf = (window: QuotaWindow, now: Date) => `${window} ${now.toISOString().slice(0, LENGTH[window])}`;
  const used = (window: QuotaWindow, now: Date) => counts.get(keyOf(window, now)) ?? 0;
  const allowed: Readonly<Record<QuotaWindow, number | undefined>> = {
    minute: options.perMinute,
    hour: undefined,
    day: options.perDay,
    month: options.perMonth,
  };
  return {
    options,
    used,
    take(now) {
      // The longest first: waiting for a minute does not help when the month is spent.
      const spent = WINDOWS.toReversed().find(
        (window) => used(window, now) >= (allowed[window] ?? Number.POSITIVE_INFINITY),
      );
      if (spent) return { window: spent, until: endOf(spent, now) };
      for (const window of WINDOWS) counts.set(keyOf(window, now), used(window, now) + 1);
      return undefined;
    },
  };
}

function endOf(window: QuotaWindow, now: Date): Date {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  if (window === "month") return new Date(Date.UTC(year, month + 1, 1));
  if (window === "day") return new Date(Date.UTC(year, month, day + 1));
  return new Date((Math.floor(now.getTime() / 60_000) + 1) * 60_000);
}
