/**
 * Sends a request until it is answered for good. This is what every sink over HTTP sends with:
 *
 *     const send = createSender(ctx, { target: "the MISP at misp.example" });
 *     const answer = await send({ method: "POST", url, headers, body });
 *
 * It waits and sends again what is worth it: no connection, a cut one, 408, 425, 429, 500, 502 to 504 and 520 to 524,
 * with exponential backoff and jitter, never before a Retry-After. So send only what may arrive twice. It follows
 * redirects within the origin. What is left to the caller is an answer that will not change by waiting: 2xx, 404, 409,
 * 413, 415, 422 and the like.
 *
 * It does not know who is asked for what, and what an answer means; nor does it limit how often it is called.
 */
import {
  backoffMs,
  type HttpAnswer,
  type HttpRequest,
  retryAfterMs,
  type SinkContext,
  targetError,
} from "../../../src/plugin.ts";
import { redirected } from "./redirect.ts";
import { answerWords, urlWords } from "./words.ts";

/** Where a request gives up. */
export interface Patience {
  /** Times it is sent, the first included. */
  readonly attempts: number;
  /** Times it is sent when nobody answers at all. */
  readonly unreachableAttempts: number;
  /** Milliseconds of waiting altogether. A Retry-After beyond it gives up at once. */
  readonly waitMs: number;
}

export const PATIENCE: Patience = { attempts: 10, unreachableAttempts: 4, waitMs: 10 * 60_000 };

export interface SenderOptions {
  /** In words, for messages: `the TAXII server tip.example`. */
  readonly target: string;
  /** Statuses that mean the operator has to act; all others that are not worth a retry are answers. */
  readonly refusals?: readonly number[];
  /** What the operator should look at when refused; a sentence. */
  readonly cure?: string;
  readonly patience?: Partial<Patience>;
}

/**
 * One request, one final answer. Throws targetError `unavailable` when the target stays in trouble, `refused` for
 * 401, 403 and 407 (or `refusals`), a certificate, a proxy or a redirect elsewhere; and the signal's reason.
 */
export type Sender = (request: HttpRequest) => Promise<HttpAnswer>;

export type SenderContext = Pick<SinkContext, "http" | "sleep" | "random" | "signal" | "log" | "now">;

const DEFAULT_REFUSALS = [401, 403, 407];
const DEFAULT_CURE = "Check the credentials in the sink's options, and what they may do there.";
const MOST_REDIRECTS = 5;
/** Shorter waits are told at level debug. */
const NOTABLE_PAUSE_MS = 5_000;

export function createSender(ctx: SenderContext, options: SenderOptions): Sender {
  const { refusals = DEFAULT_REFUSALS, cure = DEFAULT_CURE, target } = options;
  const patience = { ...PATIENCE, ...options.patience };

  /** Redirects followed; every status is an answer. */
  async function sendOnce(request: HttpRequest): Promise<HttpAnswer> {
    let current = request;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
      const answer = await ctx.http.send(current);
      const next = redirected(current, answer);
      if (!next) return answer;
      current = next;
    }
    throw targetError("refused", `${urlWords(request.url)} redirects in circles. Check the sink's url.`);
  }

  return async (request) => {
    let waited = 0;
    for (let attempt = 1; ; attempt += 1) {
      ctx.signal.throwIfAborted();
      const outcome = await sendOnce(request).catch((error: unknown) => hitchOf(error, target));
      if ("status" in outcome) {
        if (refusals.includes(outcome.status)) {
          throw targetError("refused", `${target} refused the ${request.method}: ${answerWords(outcome)}. ${cure}`);
        }
        if (!isWorthARetry(outcome.status)) return outcome;
      }
      const words = "status" in outcome ? `answered ${answerWords(outcome)}` : outcome.words;
      const pause = pauseMs(outcome, attempt, ctx);
      const most = "status" in outcome || !outcome.isUnreachable ? patience.attempts : patience.unreachableAttempts;
      if (attempt >= most || waited + pause > patience.waitMs) {
        const when = pause > patience.waitMs ? ` and wants ${Math.ceil(pause / 60_000)} minutes` : "";
        throw targetError(
          "unavailable",
          `${target} ${words}, asked ${attempt === 1 ? "once" : `${attempt} times`}${when}. Nothing is lost: run rulewright push again.`,
          "status" in outcome ? undefined : { cause: outcome.cause },
        );
      }
      const say = pause >= NOTABLE_PAUSE_MS ? ctx.log.info : ctx.log.debug;
      say(`${target} ${words}; sent again in ${(pause / 1000).toFixed(1)} s`);
      waited += pause;
      await ctx.sleep(pause);
    }
  };
}

/** Whether a status may change by waiting. */
function isWorthARetry(status: number): boolean {
  return [408, 425, 429, 500, 502, 503, 504].includes(status) || (status >= 520 && status <= 524);
}

interface Hitch {
  readonly words: string;
  readonly isUnreachable: boolean;
  readonly cause: unknown;
}

/** A request without an answer that is worth another try; throws what is not. The kinds are HttpClient's. */
function hitchOf(error: unknown, target: string): Hitch {
  const { kind, message } = error as { kind?: string; message: string };
  switch (kind) {
    case "unreachable":
    case "reset":
    case "cut":
    case "timeout":
      return { words: `gave no answer (${message})`, isUnreachable: kind === "unreachable", cause: error };
    case "certificate":
      throw targetError("refused", `The certificate of ${target} is not trusted: ${message}. Check caFile.`, {
        cause: error,
      });
    case "proxy":
      throw targetError("refused", `The proxy does not let us through to ${target}: ${message}. Check HTTPS_PROXY.`, {
        cause: error,
      });
    case "too-large":
      throw targetError("refused", `${target} sent ${message}. Check the sink's url.`, { cause: error });
    default:
      throw error;
  }
}

/** What Retry-After says, spread over a second; else backoff. Its date counts from the server's own clock. */
function pauseMs(outcome: HttpAnswer | Hitch, attempt: number, { random, now }: SenderContext): number {
  const backoff = backoffMs(attempt, random);
  if (!("status" in outcome)) return backoff;
  const { date, "retry-after": retryAfter } = outcome.headers;
  const serverNow = Date.parse(date ?? "");
  const asked = retryAfterMs(retryAfter, Number.isNaN(serverNow) ? now : new Date(serverNow));
  return asked === undefined ? backoff : Math.max(backoff, asked + Math.round(random() * 1000));
}
