/**
 * What goes wrong between a client and the real service, at a given rate and by a seed. Whether a request fails depends
 * only on the seed, the request and how often it was tried: not on what else is under way. After `maxPerRequest`
 * failures the same request gets through.
 */
import { hashFraction } from "./random.ts";

/** Modes that spoil an answer; the same request again is answered. */
export const TRANSPORT_FAULTS = [
  /** 429 QuotaExceededError without Retry-After. */
  "quota",
  /** 429 TooManyRequestsError with Retry-After in seconds. */
  "retry-after-seconds",
  /** 429 TooManyRequestsError with Retry-After as an HTTP date. */
  "retry-after-date",
  /** 429 with the edge's HTML page and no header. */
  "quota-html",
  /** 503 TransientError. */
  "transient",
  /** 504 DeadlineExceededError. */
  "deadline",
  /** 502 with an HTML page. */
  "bad-gateway-html",
  /** The connection is reset before anything was sent. */
  "reset-before-headers",
  /** The connection is reset behind the headers. */
  "reset-after-headers",
  /** 200, and a body cut off whose Content-Length is right: it is not JSON. */
  "truncated",
  /** 200, and a connection that ends before Content-Length is reached. */
  "truncated-length",
  /** The answer is right and drips. */
  "slow",
] as const;

/** Modes that are part of a right answer and lose nothing; they come again with every try. */
export const CONTENT_FAULTS = [
  /** An object that VirusTotal no longer holds stands in a listing of objects, as `{type, id, error}`. */
  "error-items",
  /** An empty relationship that was asked for is missing instead of empty. */
  "missing-relationships",
  /** The last item of a page comes again as the first of the next. */
  "duplicate-items",
  /** A page is sent again under the next cursor. */
  "repeated-page",
] as const;

export type TransportFault = (typeof TRANSPORT_FAULTS)[number];
export type ContentFault = (typeof CONTENT_FAULTS)[number];
export type FaultMode = TransportFault | ContentFault;
export const FAULT_MODES: readonly FaultMode[] = [...TRANSPORT_FAULTS, ...CONTENT_FAULTS];

export interface FaultOptions {
  /** Share of requests (and of places in listings) that a fault hits, 0 to 1. */
  readonly rate: number;
  readonly modes: readonly FaultMode[];
  /** Default 1. */
  readonly seed?: string | number;
  /** Failures of one and the same request before it gets through. Default 2. */
  readonly maxPerRequest?: number;
  /** What `retry-after-seconds` and `retry-after-date` ask for. Default 1. */
  readonly retryAfterSeconds?: number;
  /** How long a `slow` answer takes. Default 200. */
  readonly slowMs?: number;
}

export interface Faults {
  readonly options: Required<FaultOptions>;
  /** What goes wrong with this try of a request, if anything. Counts the try. */
  transport(request: string): TransportFault | undefined;
  content(mode: ContentFault, place: string): boolean;
}

export function createFaults(given: FaultOptions | undefined): Faults {
  const options: Required<FaultOptions> = {
    seed: 1,
    maxPerRequest: 2,
    retryAfterSeconds: 1,
    slowMs: 200,
    ...(given ?? { rate: 0, modes: [] }),
  };
  const { rate, modes, seed, maxPerRequest } = options;
  const transports = TRANSPORT_FAULTS.filter((mode) => modes.includes(mode));
  const tries = new Map<string, { tried: number; failed: number }>();
  return {
    options,
    transport(request) {
      if (transports.length === 0 || rate <= 0) return undefined;
      const count = tries.get(request) ?? { tried: 0, failed: 0 };
      tries.set(request, count);
      count.tried += 1;
      if (count.failed >= maxPerRequest || hashFraction(seed, request, count.tried) >= rate) return undefined;
      count.failed += 1;
      return transports[Math.floor(hashFraction(seed, "mode", request, count.tried) * transports.length)];
    },
    content: (mode, place) => modes.includes(mode) && hashFraction(seed, mode, place) < rate,
  };
}
