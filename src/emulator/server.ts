/**
 * VirusTotal API v3 over a synthetic world, on a loopback port: for tests, and for trying Rulewright without a key.
 * It scans nothing, contacts nothing and stores nothing; every answer follows from the world, the clock and the options.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, type Deps, PRIVILEGES, type Privilege, type Request } from "./answer.ts";
import { ApiError } from "./api-error.ts";
import { deliver, errorAnswer, RESET } from "./delivery.ts";
import { createFaults, type FaultOptions } from "./faults.ts";
import { storedBatch } from "./feeds.ts";
import { notificationsOf } from "./notifications.ts";
import { createQuota, type QuotaOptions } from "./quota.ts";
import { routeOf } from "./routes.ts";
import { openView } from "./view.ts";
import type { World } from "./world.ts";

export interface EmulatorInput {
  readonly world: World;
  /** 0, the default, takes any free port of 127.0.0.1. */
  readonly port?: number;
  /** What time it is in the world: decides what was submitted, indexed and analysed, and counts quotas. */
  readonly clock: () => Date;
  /** Added to every answer. Default 0. */
  readonly latencyMs?: number;
  /** Default `emulator-key`. */
  readonly apiKey?: string;
  /** Default: no limits. */
  readonly quotas?: QuotaOptions;
  readonly faults?: FaultOptions;
  /** Default: all. */
  readonly privileges?: readonly Privilege[];
  /** How far searches look back, 90 (standard) or 365. Default 365. */
  readonly daysBack?: number;
  /** One line per request, without the key. */
  readonly log?: (line: string) => void;
}

export interface LoggedRequest {
  readonly method: string;
  /** Behind `/api/v3`, as sent; `/storage/…` for feed batches. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** 0 when the connection was reset. */
  readonly status: number;
  readonly at: Date;
}

export interface Emulator {
  /** `http://127.0.0.1:4321/api/v3` */
  readonly baseUrl: string;
  /** Every request answered so far, in the order of their answers. */
  readonly requests: readonly LoggedRequest[];
  setFaults(faults: FaultOptions | undefined): void;
  setClock(clock: () => Date): void;
  /** Most requests that were under way at the same time. */
  readonly peakConcurrency: number;
  close(): Promise<void>;
}

const PREFIX = "/api/v3";

/** Listens on 127.0.0.1 only. Rejects with the system's error when the port is taken. */
export async function startEmulator(input: EmulatorInput): Promise<Emulator> {
  const { world, port = 0, latencyMs = 0, apiKey = "emulator-key", log } = input;
  let { clock } = input;
  let faults = createFaults(input.faults);
  const requests: LoggedRequest[] = [];
  let underWay = 0;
  let peakConcurrency = 0;
  const fixed = {
    view: openView(world),
    quota: createQuota(input.quotas ?? {}),
    notifications: notificationsOf(world),
    privileges: new Set(input.privileges ?? PRIVILEGES),
    daysBack: input.daysBack ?? 365,
  };

  const server = createServer((request, response) => {
    underWay += 1;
    peakConcurrency = Math.max(peakConcurrency, underWay);
    const at = clock();
    respond(request, response, at)
      .catch((error: Error) => {
        log?.(`the emulator itself failed: ${error.stack}`);
        response.socket?.destroy();
        return RESET;
      })
      .then((status) => {
        underWay -= 1;
        const url = urlOf(request);
        requests.push({
          method: request.method ?? "GET",
          path: url.pathname.replace(PREFIX, ""),
          query: Object.fromEntries(url.searchParams),
          status,
          at,
        });
        log?.(`${request.method} ${url.pathname}${url.search} ${status}`);
      })
      .catch(() => undefined);
  });

  async function respond(request: IncomingMessage, response: ServerResponse, now: Date): Promise<number> {
    request.resume();
    if (latencyMs > 0) await sleep(latencyMs);
    const url = urlOf(request);
    const deps: Deps = { ...fixed, faults, baseUrl };
    const refused = url.pathname.startsWith(`${PREFIX}/`) ? refusal(request, apiKey) : undefined;
    return deliver({
      request,
      response,
      faults,
      now,
      // Who is not let in meets no fault.
      fault: refused ? undefined : faults.transport(`${request.method} ${url.pathname}${url.search}`),
      answer: async () => refused ?? (await answer(request, url, now, deps)),
    });
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}${PREFIX}`;

  return {
    baseUrl,
    requests,
    get peakConcurrency() {
      return peakConcurrency;
    },
    setFaults(next) {
      faults = createFaults(next);
    },
    setClock(next) {
      clock = next;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function urlOf(request: IncomingMessage): URL {
  return new URL(request.url ?? "/", "http://127.0.0.1");
}

/** Keys are compared before anything is looked at. */
function refusal(request: IncomingMessage, apiKey: string): Answer | undefined {
  const key = request.headers["x-apikey"];
  if (key === undefined || key === "")
    return errorAnswer(401, "AuthenticationRequiredError", "X-Apikey header is missing");
  return key === apiKey ? undefined : errorAnswer(401, "WrongCredentialsError", "Wrong API key");
}

async function answer(request: IncomingMessage, url: URL, now: Date, deps: Deps): Promise<Answer> {
  try {
    if (url.pathname.startsWith("/storage/file-behaviours/")) return await fromStorage(request, url, deps);
    if (request.method !== "GET") return errorAnswer(405, "MethodNotAllowed", "Method not allowed");
    return fromApi(request, url, now, deps);
  } catch (error) {
    if (error instanceof ApiError) return errorAnswer(error.status, error.code, error.message);
    throw error;
  }
}

/** The storage belongs to somebody else, who must not see the key. */
async function fromStorage(request: IncomingMessage, url: URL, deps: Deps): Promise<Answer> {
  if (request.headers["x-apikey"] !== undefined)
    return errorAnswer(400, "BadRequestError", "An API key was sent to the storage");
  return storedBatch(url.pathname.split("/").at(-1) as string, deps);
}

function fromApi(request: IncomingMessage, url: URL, now: Date, deps: Deps): Answer {
  const path = partsOf(url.pathname);
  const route = routeOf(path);
  const refused = route?.isFree ? undefined : deps.quota.take(now);
  if (refused) return quotaAnswer(refused.until, now, deps.quota.options);
  if (!route) throw new ApiError("NotFoundError", "Resource not found");
  const asked: Request = { path, query: url.searchParams, now, hasTool: Boolean(request.headers["x-tool"]) };
  return route.endpoint(asked, deps);
}

function partsOf(pathname: string): string[] {
  try {
    return pathname
      .slice(PREFIX.length + 1)
      .split("/")
      .map(decodeURIComponent);
  } catch {
    throw new ApiError("BadRequestError", "The path is not percent-encoded UTF-8");
  }
}

function quotaAnswer(until: Date, now: Date, { retryAfter = "none" }: QuotaOptions): Answer {
  const seconds = Math.max(1, Math.ceil((until.getTime() - now.getTime()) / 1000));
  const headers =
    retryAfter === "seconds"
      ? { "retry-after": String(seconds) }
      : retryAfter === "date"
        ? { "retry-after": until.toUTCString() }
        : {};
  return errorAnswer(429, "QuotaExceededError", "Quota exceeded", headers);
}
