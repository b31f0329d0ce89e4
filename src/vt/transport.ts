/**
 * One HTTP request over undici: connection limit, proxy, certificates, a time-out for each phase, decompression under
 * a size limit. The API key goes out here and nowhere else, and only to the base URL's own origin.
 *
 * It never retries, follows no redirect and does not read what it got (see client.ts and answer.ts).
 */
import type { Readable } from "node:stream";
import { request } from "undici";
import { RulewrightError } from "../errors.ts";
import { collect, decompress, withDeadline } from "../net/body.ts";
import { breakOf, TransportBreak } from "../net/break.ts";
import { createDispatcher, type Timeouts } from "../net/dispatcher.ts";
import { type ProxySettings, proxySecrets } from "../net/proxy.ts";
import { maskAll, type Secret } from "../net/secret.ts";
import { VtError } from "./failure.ts";

export interface TransportOptions {
  readonly baseUrl: URL;
  readonly apiKey: Secret;
  readonly userAgent: string;
  /** `x-tool`. */
  readonly tool: string;
  readonly concurrency: number;
  readonly timeouts: Timeouts;
  /** Largest body, before and after decompression. */
  readonly maxBodyBytes: number;
  readonly proxy: ProxySettings;
  /** PEM file with certificates to trust besides the built-in ones. */
  readonly caFile?: string;
}

export interface RawAnswer {
  readonly status: number;
  readonly retryAfter?: string;
  readonly location?: string;
}

/** Where a GET goes: to the API, below the base URL and with the key, or to a storage server, without. */
export interface Target {
  readonly url: URL;
  readonly isApi: boolean;
}

export interface OpenBody {
  readonly body: Readable;
  /** Of the body, in lower case; errors of the API come compressed on this way too. */
  readonly encoding: string;
}

export interface Transport {
  /** A GET read to its end; `unpack` decompresses its body. Both throw TransportBreak, `fetch` the signal's reason too. */
  fetch(target: Target, signal: AbortSignal): Promise<RawAnswer & { readonly unpack: () => Promise<Buffer> }>;
  /** A GET whose body is read by the caller, as it comes; it must be read or destroyed. Throws as `fetch`. */
  open(target: Target, signal: AbortSignal): Promise<RawAnswer & OpenBody>;
  /** Reads a body of `open` to its end, as `fetch` does. */
  drain(opened: OpenBody): Promise<Buffer>;
  /** The clock of whoever answered last, to the second; undefined before the first answer. */
  serverTime(): Date | undefined;
  /** A text without key and proxy passwords. */
  readonly mask: (text: string) => string;
  close(): Promise<void>;
}

/** Throws VtError `setup` for a proxy URL or a CA file that cannot be used. */
export function createTransport(options: TransportOptions): Transport {
  const { baseUrl, timeouts, maxBodyBytes } = options;
  const secrets = [options.apiKey, ...proxySecrets(options.proxy)];
  const mask = maskAll(secrets);
  const dispatcher = dispatcherOf(options);
  let serverTime: Date | undefined;

  const send = async ({ url, isApi }: Target, signal: AbortSignal) => {
    if (isApi && !isBelow(url, baseUrl)) throw new TransportBreak("other", "an API request beside the base URL");
    const headers = {
      "user-agent": options.userAgent,
      ...(isApi
        ? {
            "x-apikey": options.apiKey.reveal(),
            "x-tool": options.tool,
            accept: "application/json",
            "accept-encoding": "gzip",
          }
        : {}),
    };
    const { statusCode, headers: got, body } = await request(url, { dispatcher, method: "GET", headers, signal });
    const told = Date.parse(String(got.date));
    if (isApi && Number.isFinite(told)) serverTime = new Date(told);
    const raw: RawAnswer = {
      status: statusCode,
      ...(typeof got["retry-after"] === "string" ? { retryAfter: got["retry-after"] } : {}),
      ...(typeof got.location === "string" ? { location: got.location } : {}),
    };
    return { raw, body, encoding: String(got["content-encoding"] ?? "identity").toLowerCase() };
  };

  return {
    mask,
    serverTime: () => serverTime,
    async drain({ body, encoding }) {
      try {
        return await decompress(await collect(body, maxBodyBytes), encoding, maxBodyBytes);
      } catch (error) {
        throw breakOf(error, mask);
      }
    },
    async fetch(target, signal) {
      const limited = withDeadline(signal, timeouts.total);
      try {
        const { raw, body, encoding } = await send(target, limited.signal);
        const bytes = await collect(body, maxBodyBytes);
        return { ...raw, unpack: () => decompress(bytes, encoding, maxBodyBytes) };
      } catch (error) {
        signal.throwIfAborted();
        throw limited.signal.aborted
          ? new TransportBreak("timeout", `no whole answer within ${timeouts.total / 1000} s`)
          : breakOf(error, mask);
      } finally {
        limited.done();
      }
    },
    async open(target, signal) {
      try {
        const { raw, ...opened } = await send(target, signal);
        return { ...raw, ...opened };
      } catch (error) {
        signal.throwIfAborted();
        throw breakOf(error, mask);
      }
    },
    close: () => dispatcher.destroy(),
  };
}

/** Whether the API's base URL holds this one: only there the key may go. */
export function isBelow(url: URL, baseUrl: URL): boolean {
  return url.origin === baseUrl.origin && url.pathname.startsWith(`${baseUrl.pathname.replace(/\/$/, "")}/`);
}

function dispatcherOf(options: TransportOptions): ReturnType<typeof createDispatcher> {
  try {
    return createDispatcher(options);
  } catch (cause) {
    if (!(cause instanceof RulewrightError)) throw cause;
    throw new VtError("setup", cause.message, {}, { cause });
  }
}
