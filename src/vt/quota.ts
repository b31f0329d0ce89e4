/**
 * Keeps requests within the quota: a bucket per minute, UTC day and UTC month, shared by every process on the machine
 * that uses the same key. The minute is waited for; a used-up day or month stops the run with the time of its reset.
 *
 * It does not know what the account has left on the server (overall-quotas.ts) and sends nothing.
 */
import { VtError } from "./failure.ts";
import type { LongWindow } from "./overall-quotas.ts";
import type { Bucket, QuotaLedger } from "./quota-ledger.ts";

/** What a request is, for the account: a look-up, a page of an Intelligence search, a feed batch. All count together. */
export type QuotaKind = "lookup" | "search" | "feed";

/** Requests; absent is unlimited. */
export interface QuotaLimits {
  readonly perMinute?: number;
  readonly perDay?: number;
  readonly perMonth?: number;
}

type Window = "minute" | "day" | "month";
/** Longest first: who must wait till tomorrow shall not wait for the minute before. */
const WINDOWS: readonly Window[] = ["month", "day", "minute"];
const LIMIT_KEYS = { minute: "perMinute", day: "perDay", month: "perMonth" } as const;

export interface WindowUse {
  /** Absent: unlimited. */
  readonly limit?: number;
  readonly used: number;
  /** Absent: unlimited. */
  readonly left?: number;
  readonly resetsAt: Date;
}

export interface QuotaGate {
  /**
   * Counts `cost` requests of a kind in all windows, after waiting for the next minute if need be. Throws VtError
   * `quota` when the day or the month is used up, the signal's reason when it is aborted.
   */
  take(cost: number, kind: QuotaKind, signal: AbortSignal): Promise<void>;
  /**
   * The server says that a quota is used up: for a quarter of an hour, or until its reset if that is sooner, nobody on
   * this machine asks again (a raised quota should not be waited for until midnight). Answers the error to throw.
   */
  exhaust(window: LongWindow, kind: QuotaKind | "all"): VtError;
  /** What this machine has counted, and what its limits leave. */
  remaining(now: Date): Readonly<Record<Window, WindowUse>>;
}

export interface QuotaGateDeps {
  readonly ledger: QuotaLedger;
  /** Names the key without being it: Secret's `fingerprint()`. */
  readonly account: string;
  readonly limits: QuotaLimits;
  readonly clock: () => Date;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random: () => number;
}

/** Waiters for a minute come back spread over this, in milliseconds. */
const SPREAD_MS = 250;
const SHUT_MS = 15 * 60_000;
const UNLIMITED = Number.MAX_SAFE_INTEGER;

export function createQuotaGate({ ledger, account, limits, clock, sleep, random }: QuotaGateDeps): QuotaGate {
  const bucket = (window: Window, now: Date): Bucket => {
    const endsAt = endOf(window, now).getTime();
    return { key: `${account} ${window} ${endsAt}`, limit: limits[LIMIT_KEYS[window]] ?? UNLIMITED, endsAt };
  };
  const shutKey = (kind: QuotaKind | "all"): string => `${account} ${kind}`;
  return {
    async take(cost, kind, signal) {
      for (;;) {
        signal.throwIfAborted();
        const now = clock();
        const shut = ledger.shutNote([shutKey("all"), shutKey(kind)], now);
        if (shut !== undefined) throw usedUpAtVirusTotal(shut as LongWindow, endOf(shut as LongWindow, now));
        const buckets = WINDOWS.map((window) => bucket(window, now));
        const full = ledger.take(buckets, cost);
        if (full === undefined) return;
        const window = WINDOWS[buckets.indexOf(full)] as Window;
        if (window !== "minute" || cost > full.limit) throw usedUpHere(window, full);
        await sleep(full.endsAt - now.getTime() + Math.round(random() * SPREAD_MS), signal);
      }
    },
    exhaust(window, kind) {
      const now = clock();
      const resetsAt = endOf(window, now);
      ledger.shut(shutKey(kind), window, Math.min(resetsAt.getTime(), now.getTime() + SHUT_MS));
      return usedUpAtVirusTotal(window, resetsAt);
    },
    remaining(now) {
      const use = (window: Window): WindowUse => {
        const { key, limit, endsAt } = bucket(window, now);
        const used = ledger.used(key);
        const resetsAt = new Date(endsAt);
        return limit === UNLIMITED ? { used, resetsAt } : { limit, used, left: Math.max(0, limit - used), resetsAt };
      };
      return { minute: use("minute"), day: use("day"), month: use("month") };
    },
  };
}

/** Where the window of a moment ends: VirusTotal's day and month change at 00:00 UTC. */
export function endOf(window: Window | LongWindow, now: Date): Date {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  switch (window) {
    case "minute":
      return new Date((Math.floor(now.getTime() / 60_000) + 1) * 60_000);
    case "hour":
      return new Date(Date.UTC(year, month, day, now.getUTCHours() + 1));
    case "day":
      return new Date(Date.UTC(year, month, day + 1));
    case "month":
      return new Date(Date.UTC(year, month + 1, 1));
  }
}

/** `2026-11-25 00:00 UTC`. */
export function momentText(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

function usedUpHere(window: Window, { limit, endsAt }: Bucket): VtError {
  const resetsAt = new Date(endsAt);
  return new VtError(
    "quota",
    `This ${window}'s ${limit} requests (virustotal.${LIMIT_KEYS[window]}) are used up on this machine until ` +
      `${momentText(resetsAt)}. Nothing is lost: run the same command then, or raise the limit.`,
    { resetsAt },
  );
}

function usedUpAtVirusTotal(window: LongWindow, resetsAt: Date): VtError {
  const name = { hour: "hourly", day: "daily", month: "monthly" }[window];
  return new VtError(
    "quota",
    `VirusTotal's ${name} quota of this key is used up; it resets at ${momentText(resetsAt)}. ` +
      "Nothing is lost: run the same command then.",
    { resetsAt },
  );
}
