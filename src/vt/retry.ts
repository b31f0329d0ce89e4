/**
 * What an answer means for the request: keep it, give up, or wait and ask again. Pure rules over status, code and
 * shape of the body (HTTP status first, code second, unknown codes tolerated), and the arithmetic of waiting.
 * Sends nothing and sleeps nowhere (see client.ts).
 */

import { backoffMs, retryAfterMs } from "../model/waiting.ts";
import type { BreakKind } from "../net/break.ts";
import type { Answer } from "./answer.ts";
import type { VtProblem } from "./failure.ts";

/**
 * Why to ask again:
 * - `rate`: too many requests; this endpoint rests until its time is up.
 * - `quota`: a quota is used up; whether the minute's or a longer one is for the client to find out.
 * - `not-yet`: a feed batch that is not ready.
 * - `transient`: a hiccup of the service or of the connection.
 * - `unreachable`: no connection at all; worth a few tries, not many.
 */
export type WaitReason = "rate" | "quota" | "not-yet" | "transient" | "unreachable";

export type Ruling =
  | { readonly verdict: "keep" }
  /** VirusTotal does not know the object. */
  | { readonly verdict: "missing" }
  | { readonly verdict: "fail"; readonly problem: VtProblem }
  | { readonly verdict: "wait"; readonly why: WaitReason };

const wait = (why: WaitReason): Ruling => ({ verdict: "wait", why });
const fail = (problem: VtProblem): Ruling => ({ verdict: "fail", problem });

/** The rule for an answer. A 404 that is not the API's own means a wrong base URL, and must not read as "unknown". */
export function ruleOnAnswer({ status, body, error }: Answer): Ruling {
  const isJson = body.kind === "json";
  switch (status) {
    case 200:
      return isJson ? { verdict: "keep" } : wait("transient");
    case 400:
      return error?.code === "NotAvailableYet" ? wait("not-yet") : fail("refused");
    case 401:
      return fail("key");
    case 403:
      return fail("forbidden");
    case 404:
      return isJson ? { verdict: "missing" } : fail("setup");
    case 407:
      return fail("setup");
    case 409:
      return { verdict: "missing" };
    case 424:
    case 502:
    case 503:
    case 504:
      return wait("transient");
    case 429:
      return error?.code === "QuotaExceededError" ? wait("quota") : wait("rate");
    case 500:
      return error === undefined || error.code === "TransientError" ? wait("transient") : fail("unavailable");
    default:
      if (status >= 300 && status < 400) return fail("setup");
      return fail(status >= 400 && status < 500 ? "refused" : "unavailable");
  }
}

/** The rule for a request without a whole answer. */
export function ruleOnBreak(kind: BreakKind): Ruling {
  switch (kind) {
    case "reset":
    case "cut":
    case "timeout":
      return wait("transient");
    case "unreachable":
      return wait("unreachable");
    case "certificate":
    case "proxy":
      return fail("setup");
    case "too-large":
    case "other":
      return fail("unavailable");
  }
}

/** Without a Retry-After a 429, and a feed batch that is not ready, are asked again after this. */
const DEFAULT_WAIT_MS = 60_000;
/** Waiters for one moment come back spread over this. */
const SPREAD_MS = 1_000;

/** Where a request gives up. */
export interface Ceiling {
  /** Failures of service or connection. Refusals for rate or quota and waits for a feed do not count. */
  readonly attempts: number;
  /** As `attempts`, when there is no connection at all. */
  readonly unreachableAttempts: number;
  /** Longest time from the first failure on, in milliseconds. */
  readonly totalMs: number;
}

export const CEILING: Ceiling = { attempts: 10, unreachableAttempts: 4, totalMs: 15 * 60_000 };

export interface Pause {
  readonly why: WaitReason;
  /** Failures of service and connection so far, from 1. */
  readonly hitches: number;
  /** The header as it came. */
  readonly retryAfter?: string | undefined;
}

/**
 * Milliseconds until the next try: what Retry-After says, else a minute for `rate`, `quota` and `not-yet`, else
 * exponential backoff with full jitter. A Retry-After is never undercut.
 */
export function pauseMs({ why, hitches, retryAfter }: Pause, now: Date, random: () => number): number {
  const asked = retryAfterMs(retryAfter, now);
  if (why === "transient" || why === "unreachable") {
    const backoff = backoffMs(hitches, random);
    return asked === undefined ? backoff : Math.max(asked, backoff);
  }
  return (asked ?? DEFAULT_WAIT_MS) + Math.round(random() * SPREAD_MS);
}
