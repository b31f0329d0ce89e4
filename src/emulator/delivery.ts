/** Puts an answer on the wire, whole or spoiled by a fault. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { Answer } from "./answer.ts";
import type { ApiErrorCode } from "./api-error.ts";
import type { Faults, TransportFault } from "./faults.ts";

/** Status that the log shows for a connection that was reset. */
export const RESET = 0;

/** What went over the wire. */
interface Wire {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const HTML = { "content-type": "text/html; charset=UTF-8" };

export function errorAnswer(
  status: number,
  code: ApiErrorCode | "MethodNotAllowed",
  message: string,
  headers: Record<string, string> = {},
): Answer {
  return { status, body: { error: { code, message } }, headers };
}

/**
 * Sends the answer through the fault, if any; `answer` is not asked for when the fault answers by itself. Answers the
 * status sent, 0 for a reset.
 */
export async function deliver(input: {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly fault: TransportFault | undefined;
  readonly faults: Faults;
  readonly now: Date;
  readonly answer: () => Promise<Answer>;
}): Promise<number> {
  const { request, response, fault, faults, now, answer } = input;
  if (fault === "reset-before-headers") return reset(response);
  const instead = fault && standIn(fault, faults, now);
  const wire = wireOf(instead ?? (await answer()), request);
  if (fault === "reset-after-headers") return resetBehindHeaders(wire, response);
  if (fault === "truncated") return send({ ...wire, body: half(wire) }, response);
  if (fault === "truncated-length") return cutOff(wire, response);
  if (fault === "slow") return drip(wire, faults.options.slowMs, response);
  return send(wire, response);
}

/** Answers that the service gives without having looked at the request. */
function standIn(fault: TransportFault, { options }: Faults, now: Date): Answer | undefined {
  const until = new Date(now.getTime() + options.retryAfterSeconds * 1000);
  switch (fault) {
    case "quota":
      return errorAnswer(429, "QuotaExceededError", "Quota exceeded");
    case "retry-after-seconds":
      return errorAnswer(429, "TooManyRequestsError", "Too many requests", {
        "retry-after": String(options.retryAfterSeconds),
      });
    case "retry-after-date":
      return errorAnswer(429, "TooManyRequestsError", "Too many requests", { "retry-after": until.toUTCString() });
    case "quota-html":
      return {
        status: 429,
        body: Buffer.from("<html><head><title>429</title></head><body>429 Too Many Requests</body></html>"),
        headers: HTML,
      };
    case "transient":
      return errorAnswer(503, "TransientError", "Transient error, please try again");
    case "deadline":
      return errorAnswer(504, "DeadlineExceededError", "Deadline exceeded");
    case "bad-gateway-html":
      return { status: 502, body: Buffer.from("<html><body><h1>502 Bad Gateway</h1></body></html>"), headers: HTML };
    default:
      return undefined;
  }
}

/** The front end compresses for clients whose User-Agent says gzip, and for no others. */
function wireOf({ status = 200, body, headers = {} }: Answer, request: IncomingMessage): Wire {
  const isJson = body !== undefined && !Buffer.isBuffer(body);
  const plain = body === undefined ? Buffer.alloc(0) : isJson ? Buffer.from(JSON.stringify(body)) : (body as Buffer);
  const typed = isJson ? { "content-type": "application/json; charset=utf-8", ...headers } : headers;
  const takesGzip =
    /\bgzip\b/.test(request.headers["accept-encoding"]?.toString() ?? "") &&
    /gzip/i.test(request.headers["user-agent"] ?? "");
  if (!isJson || !takesGzip) return { status, headers: typed, body: plain };
  return {
    status,
    headers: { ...typed, "content-encoding": "gzip", vary: "Accept-Encoding, User-Agent" },
    body: gzipSync(plain, { level: 1 }),
  };
}

function half({ body }: Wire): Buffer {
  return body.subarray(0, Math.floor(body.length / 2));
}

function begin({ status, headers }: Wire, length: number, response: ServerResponse): void {
  response.writeHead(status, { ...headers, "content-length": String(length) });
}

function send(wire: Wire, response: ServerResponse): number {
  begin(wire, wire.body.length, response);
  response.end(wire.body);
  return wire.status;
}

function reset(response: ServerResponse): number {
  response.socket?.resetAndDestroy();
  return RESET;
}

async function resetBehindHeaders(wire: Wire, response: ServerResponse): Promise<number> {
  begin(wire, wire.body.length, response);
  response.flushHeaders();
  // The headers have to leave before the reset overtakes them.
  await sleep(25);
  return reset(response);
}

async function cutOff(wire: Wire, response: ServerResponse): Promise<number> {
  begin(wire, wire.body.length, response);
  await new Promise<void>((resolve) => response.write(half(wire), () => resolve()));
  response.socket?.end();
  return wire.status;
}

const DRIPS = 8;

async function drip(wire: Wire, slowMs: number, response: ServerResponse): Promise<number> {
  begin(wire, wire.body.length, response);
  const size = Math.max(1, Math.ceil(wire.body.length / DRIPS));
  for (let at = 0; at < wire.body.length && !response.destroyed; at += size) {
    response.write(wire.body.subarray(at, at + size));
    await sleep(slowMs / DRIPS);
  }
  response.end();
  return wire.status;
}
