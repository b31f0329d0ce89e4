/**
 * Sends a request until there is a value, the object is unknown, or asking again is pointless: in its endpoint's turn,
 * within the quota, in a free slot. The rules are retry.ts's, the words messages.ts's.
 *
 * It does not know what is sent or what a value is.
 */

import { retryAfterMs } from "../model/waiting.ts";
import { TransportBreak } from "../net/break.ts";
import type { Answer } from "./answer.ts";
import { createEndpointGate } from "./endpoint-gate.ts";
import type { VtError } from "./failure.ts";
import { finalError, givenUpError, wordsOf } from "./messages.ts";
import { type LongWindow, type QuotaLine, usedUpWindow, windowNamed } from "./overall-quotas.ts";
import { endOf, type QuotaGate, type QuotaKind } from "./quota.ts";
import { type Ceiling, pauseMs, type Ruling, ruleOnAnswer, ruleOnBreak } from "./retry.ts";
import { createSlots } from "./slots.ts";

export interface ExchangeDeps {
  readonly quota: QuotaGate;
  readonly concurrency: number;
  readonly ceiling: Ceiling;
  /** Of the API, for messages. */
  readonly host: string;
  readonly mask: (text: string) => string;
  readonly clock: () => Date;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random: () => number;
  readonly log: ClientLog;
  readonly signal: AbortSignal;
  /** What the account has left on the server; undefined when nobody can say. Must not throw. */
  readonly accountQuotas: () => Promise<readonly QuotaLine[] | undefined>;
}

export interface ClientLog {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
}

export interface Call {
  readonly endpoint: string;
  /** Absent: outside of the quota, as the question for the quotas itself is. */
  readonly kind?: QuotaKind;
}

/** What one attempt came to: a value, or an answer to rule on. Without a whole answer it throws TransportBreak. */
export type Sent<T> = { readonly value: T } | { readonly answer: Answer };

/** An answer that is here whole and still to be read: its slot is free for the next request meanwhile. */
export type Unread<T> = () => Promise<Sent<T>>;

export interface Exchange {
  /** Answers undefined for an unknown object. Throws VtError, or the signal's reason. */
  ask<T>(call: Call, send: () => Promise<Sent<T> | Unread<T>>): Promise<T | undefined>;
  stats(): { readonly requests: number; readonly repeated: number };
}

/** One attempt after the rules have spoken. */
type Ruled<T> = { readonly value: T } | { readonly ruling: Ruling; readonly words: string; readonly answer?: Answer };

/**
 * A minute's quota lets something through every minute. When nothing has come through for this long, a longer quota is
 * used up, whatever the message says.
 */
const QUOTA_PATIENCE_MS = 3 * 60_000;
/** Shorter waits are told at level debug. */
const NOTABLE_PAUSE_MS = 5_000;

export function createExchange(deps: ExchangeDeps): Exchange {
  const { quota, host, mask, clock, sleep, random, log, signal, ceiling } = deps;
  const gate = createEndpointGate({ clock, sleep, signal });
  const slots = createSlots(deps.concurrency);
  const usedUp = createQuotaJudge(deps);
  let requests = 0;
  let repeated = 0;
  /** Set once the key was refused: nobody else needs to try it. */
  let keyRefused: VtError | undefined;

  /** Sends in the endpoint's turn and a free slot: who waited for a slot looks again whether the endpoint rests. */
  async function sendInTurn<T>({ endpoint, kind }: Call, send: () => Promise<Sent<T> | Unread<T>>): Promise<Sent<T>> {
    for (;;) {
      const pass = await gate.enter(endpoint);
      try {
        const sent = await slots(async () => {
          if (!pass.isValid()) return undefined;
          if (keyRefused) throw keyRefused;
          if (kind) await quota.take(1, kind, signal);
          signal.throwIfAborted();
          requests += 1;
          return send();
        });
        if (sent) return typeof sent === "function" ? await sent() : sent;
      } finally {
        pass.leave();
      }
    }
  }

  async function attempt<T>(call: Call, send: () => Promise<Sent<T> | Unread<T>>): Promise<Ruled<T>> {
    try {
      const sent = await sendInTurn(call, send);
      if ("value" in sent || sent.answer.status !== 429) {
        gate.passed(call.endpoint);
        if (call.kind) usedUp.passed();
      }
      if ("value" in sent) return sent;
      return { ruling: ruleOnAnswer(sent.answer), words: wordsOf(sent.answer, mask), answer: sent.answer };
    } catch (error) {
      if (!(error instanceof TransportBreak)) throw error;
      return { ruling: ruleOnBreak(error.kind), words: error.message };
    }
  }

  async function ask<T>(call: Call, send: () => Promise<Sent<T> | Unread<T>>): Promise<T | undefined> {
    let failedAt: number | undefined;
    let hitches = 0;
    for (let attempts = 1; ; attempts += 1) {
      const ruled = await attempt(call, send);
      if ("value" in ruled) return ruled.value;
      const { ruling, words, answer } = ruled;
      const failed = { endpoint: call.endpoint, words, host, ...(answer ? { answer } : {}) };
      if (ruling.verdict === "missing") return undefined;
      if (ruling.verdict !== "wait") {
        const error = finalError(ruling.verdict === "fail" ? ruling.problem : "unavailable", failed);
        if (error.problem === "key") keyRefused = error;
        throw error;
      }
      const { why } = ruling;
      if (why === "quota" && call.kind) await usedUp.refused(call.kind, answer);
      const isHitch = why === "transient" || why === "unreachable";
      if (isHitch) hitches += 1;
      const now = clock();
      failedAt ??= now.getTime();
      const pause = pauseMs({ why, hitches, retryAfter: answer?.retryAfter }, now, random);
      const next = now.getTime() + pause;
      const mostHitches = why === "unreachable" ? ceiling.unreachableAttempts : ceiling.attempts;
      if ((isHitch && hitches >= mostHitches) || next - failedAt > ceiling.totalMs)
        throw givenUpError(failed, { why, attempts, next: new Date(next) });
      repeated += 1;
      const say = pause >= NOTABLE_PAUSE_MS ? log.info : log.debug;
      say(`${call.endpoint}: ${words}; asked again in ${(pause / 1000).toFixed(1)} s`);
      // The rest is waited for in the endpoint's line, where others wait too.
      if (why === "rate" || why === "quota") gate.rest(call.endpoint, next);
      else await sleep(pause, signal);
    }
  }

  return { ask, stats: () => ({ requests, repeated }) };
}

interface QuotaJudge {
  passed(): void;
  /** Throws VtError `quota` when the refusal is not the minute's. */
  refused(kind: QuotaKind, answer: Answer | undefined): Promise<void>;
}

/** Tells a used-up day or month from a busy minute: by the account's own figures, by the words and the Retry-After, else by time. */
function createQuotaJudge({ quota, clock, ceiling, accountQuotas }: ExchangeDeps): QuotaJudge {
  let refusedSince: number | undefined;
  /** One question for all requests that were refused together. */
  let question: Promise<readonly QuotaLine[] | undefined> | undefined;
  const ask = (): Promise<readonly QuotaLine[] | undefined> => {
    question ??= accountQuotas().finally(() => {
      question = undefined;
    });
    return question;
  };
  return {
    passed: () => {
      refusedSince = undefined;
    },
    async refused(kind, answer) {
      const now = clock();
      refusedSince ??= now.getTime();
      const kinds = kind === "search" ? "search" : "all";
      const known = usedUpWindow((await ask()) ?? [], kind === "search");
      if (known) throw quota.exhaust(known.window, known.onlySearch ? "search" : "all");
      const asked = retryAfterMs(answer?.retryAfter, now) ?? 0;
      const told =
        windowNamed(answer?.error?.message ?? "") ?? (asked > ceiling.totalMs ? windowOver(asked, now) : undefined);
      if (told) throw quota.exhaust(told, kinds);
      if (now.getTime() - refusedSince >= QUOTA_PATIENCE_MS) throw quota.exhaust("day", kinds);
    },
  };
}

/** The shortest window that ends no sooner than a wait does. */
function windowOver(waitMs: number, now: Date): LongWindow {
  const until = now.getTime() + waitMs;
  return (["hour", "day"] as const).find((window) => endOf(window, now).getTime() >= until) ?? "month";
}
