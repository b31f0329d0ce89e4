/** A small HTTP server that does what a test says, time that passes when a test says, and a client between the two. */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { createSecret } from "../../src/net/secret.ts";
import { createVtClient, type VtClient, type VtClientOptions } from "../../src/vt/client.ts";
import { createQuotaGate, type QuotaGate, type QuotaLimits } from "../../src/vt/quota.ts";
import { openQuotaLedger } from "../../src/vt/quota-ledger.ts";

/** Looks like a key and is none. */
export const KEY = "5eedfacade0123456789abcdef5eedfacade0123456789abcdef5eedfacade01";

export interface Seen {
  readonly path: string;
  readonly query: URLSearchParams;
  /** Path and query as they came over the wire. */
  readonly raw: string;
  readonly headers: IncomingMessage["headers"];
  /** 1 for the first request to this path. */
  readonly time: number;
}

export type Script = (seen: Seen, response: ServerResponse) => void;

export interface Scripted {
  /** Of the API, `http://127.0.0.1:…/api/v3`. */
  readonly baseUrl: string;
  readonly origin: string;
  readonly requests: readonly Seen[];
  close(): Promise<void>;
}

export async function serve(
  script: Script,
  create: (listener: RequestListener) => Server = (listener) => createServer(listener),
): Promise<Scripted> {
  const requests: Seen[] = [];
  const server = create((request, response) => {
    const url = new URL(request.url ?? "/", "http://server");
    const time = requests.filter(({ path }) => path === url.pathname).length + 1;
    const seen = {
      path: url.pathname,
      query: url.searchParams,
      raw: request.url ?? "",
      headers: request.headers,
      time,
    };
    requests.push(seen);
    script(seen, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const scheme = "setSecureContext" in server ? "https" : "http";
  const origin = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    baseUrl: `${origin}/api/v3`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

export function apiError(response: ServerResponse, status: number, code: string, message = "", headers = {}): void {
  json(response, status, { error: { code, message } }, headers);
}

export function page(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/html" }).end(text);
}

/** Time that jumps when somebody sleeps. */
export interface Time {
  readonly clock: () => Date;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly slept: readonly number[];
  at(): string;
}

export function jumpingTime(start = "2026-11-24T12:00:30.000Z"): Time {
  let now = Date.parse(start);
  const slept: number[] = [];
  return {
    clock: () => new Date(now),
    async sleep(ms, signal) {
      signal.throwIfAborted();
      slept.push(ms);
      const end = now + ms;
      await new Promise((resolve) => setImmediate(resolve));
      now = Math.max(now, end);
    },
    slept,
    at: () => new Date(now).toISOString(),
  };
}

/** Time that passes by `pass` alone. */
export interface HeldTime extends Time {
  pass(ms: number): void;
  sleepers(): number;
}

export function heldTime(start = "2026-11-24T12:00:30.000Z"): HeldTime {
  let now = Date.parse(start);
  const slept: number[] = [];
  let sleepers: { end: number; wake: () => void }[] = [];
  return {
    clock: () => new Date(now),
    sleep(ms, signal) {
      slept.push(ms);
      return new Promise((resolve, reject) => {
        sleepers.push({ end: now + ms, wake: resolve });
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    },
    slept,
    at: () => new Date(now).toISOString(),
    pass(ms) {
      now += ms;
      const due = sleepers.filter(({ end }) => end <= now);
      sleepers = sleepers.filter(({ end }) => end > now);
      for (const { wake } of due) wake();
    },
    sleepers: () => sleepers.length,
  };
}

export interface Harness {
  readonly client: VtClient;
  readonly quota: QuotaGate;
  /** Everything logged, with its level. */
  readonly lines: readonly string[];
  readonly abort: AbortController;
}

export function harness(
  baseUrl: string,
  time: Time,
  {
    limits = {},
    ...options
  }: Partial<Omit<VtClientOptions, "quota" | "baseUrl">> & { readonly limits?: QuotaLimits } = {},
): Harness {
  const lines: string[] = [];
  const abort = new AbortController();
  const apiKey = createSecret(KEY, "virustotal.apiKey");
  const { clock, sleep } = time;
  const random = (): number => 0.5;
  const quota = createQuotaGate({
    ledger: openQuotaLedger(":memory:", clock()),
    account: apiKey.fingerprint(),
    limits,
    clock,
    sleep,
    random: () => 0,
  });
  const client = createVtClient({
    apiKey,
    version: "1.2.3",
    baseUrl,
    quota,
    concurrency: 4,
    clock,
    sleep,
    random,
    log: {
      debug: (line) => lines.push(`debug ${line}`),
      info: (line) => lines.push(`info ${line}`),
      warn: (line) => lines.push(`warn ${line}`),
    },
    signal: abort.signal,
    ...options,
  });
  return { client, quota, lines, abort };
}

/** What a rejected promise was rejected with. */
export async function errorOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not fail");
}

/** Everything a log, a report or a debugger could print of an error. */
export function printed(error: unknown): string {
  const { message, stack, cause } = error as Error;
  return [message, stack, String(cause), inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error)].join(
    "\n",
  );
}

/** Lets sockets and promises move without time passing. */
export async function settled(condition: () => boolean): Promise<void> {
  for (let turns = 0; turns < 2_000 && !condition(); turns += 1) await new Promise((resolve) => setTimeout(resolve, 1));
  if (!condition()) throw new Error("it did not come to that");
}
