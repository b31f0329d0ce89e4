/**
 * What can go wrong with VirusTotal, as one typed error. Callers switch on `problem`: `forbidden` ends a feature and
 * the run goes on, everything else ends the run. An unknown object is no error (the client answers undefined).
 */
import { type ErrorCode, RulewrightError } from "../errors.ts";

/**
 * - `key`: the API key was refused; nothing else will work.
 * - `forbidden`: the key has no right to this endpoint; others may work.
 * - `refused`: the request is wrong (a query, an argument, a cursor); the API's own words are in the message.
 * - `quota`: the hour's, day's or month's quota is used up; `resetsAt` says until when.
 * - `unavailable`: the service or the way to it; nothing is lost, run again.
 * - `setup`: proxy, certificates or base URL are not right.
 */
export type VtProblem = "key" | "forbidden" | "refused" | "quota" | "unavailable" | "setup";

/** Problem → code of errors.ts. */
const CODES: Readonly<Record<VtProblem, ErrorCode>> = {
  key: "VT_KEY_REFUSED",
  forbidden: "VT_FORBIDDEN",
  refused: "VT_REQUEST_REFUSED",
  quota: "VT_QUOTA_USED_UP",
  unavailable: "VT_UNAVAILABLE",
  setup: "VT_SETUP",
};

export interface VtErrorDetails {
  /** `GET /files/*` + `/behaviours`: never an id, a query or a token. */
  readonly endpoint?: string;
  /** HTTP status of the last answer. */
  readonly status?: number;
  /** The API's code, such as `InvalidArgumentError`. */
  readonly apiCode?: string;
  /** When a used-up quota is full again. */
  readonly resetsAt?: Date;
}

export class VtError extends RulewrightError {
  readonly problem: VtProblem;
  readonly details: VtErrorDetails;
  constructor(problem: VtProblem, message: string, details: VtErrorDetails = {}, options?: ErrorOptions) {
    super(CODES[problem], message, options);
    this.name = "VtError";
    this.problem = problem;
    this.details = details;
  }
}

/** The key lacks the right to an endpoint: stop this feature and go on. */
export function isForbidden(error: unknown): error is VtError {
  return error instanceof VtError && error.problem === "forbidden";
}

/** Only this one item was wrong, such as a value that is no hash: skip it and go on. */
export function isItemRefused(error: unknown): error is VtError {
  return error instanceof VtError && error.problem === "refused" && error.details.apiCode === "InvalidArgumentError";
}

export function isQuotaUsedUp(error: unknown): error is VtError {
  return error instanceof VtError && error.problem === "quota";
}
