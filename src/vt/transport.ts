/**
 * One HTTP request over undici: connection limit, proxy, certificates, a time-out for each phase, decompression under
 * a size limit. The API key goes out here and nowhere else, and only to the base URL's own origin.
 *
 * It never retries, follows no redirect and does not read what it got (see client.ts and answer.ts).
 */
import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { getCACertificates } from "node:tls";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { EnvHttpProxyAgent, request } from "undici";
import { plainText } from "../model/text.ts";
import { VtError } from "./failure.ts";
import { createSecret, maskAll, type Secret } from "./secret.ts";

/** Milliseconds for each phase of a request. */
export interface Timeouts {
  /** To a TCP and TLS connection. */
  readonly connect: number;
  /** From the request to the last header; a search can think for tens of seconds. */
  readonly headers: number;
  /** Between two pieces of a body. */
  readonly body: number;
  /** All of it; not for streams, which may last. */
  readonly total: number;
}

export const TIMEOUTS: Timeouts = { connect: 10_000, headers: 120_000, body: 30_000, total: 300_000 };

/** As the environment has them, credentials and all. */
export interface ProxySettings {
  readonly http?: string;
  readonly https?: string;
  /** Hosts that are asked directly, comma separated. */
  readonly no?: string;
}

/** The proxies of an environment; lower case wins, as in curl. */
export function proxyFromEnvironment(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  const read = (name: string): string | undefined => env[name.toLowerCase()] || env[name] || undefined;
  const [http, https, no] = [read("HTTP_PROXY"), read("HTTPS_PROXY"), read("NO_PROXY")];
  return { ...(http ? { http } : {}), ...(https ? { https } : {}), ...(no ? { no } : {}) };
}

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

/**
 * Why there is no whole answer. `cut`: the body ended early; `unreachable`: no connection; `certificate`, `proxy`:
 * for the operator; `other`: a bug, ours or undici's.
 */
export type BreakKind = "reset" | "cut" | "timeout" | "unreachable" | "certificate" | "proxy" | "too-large" | "other";

/** A request without a whole answer. The message is masked and holds no URL. */
export class TransportBreak extends Error {
  readonly kind: BreakKind;
  constructor(kind: BreakKind, message: string) {
    super(message);
    this.name = "TransportBreak";
    this.kind = kind;
  }
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

export interface Transport {
  /** A GET read to its end. Throws TransportBreak, or the signal's reason. */
  fetch(target: Target, signal: AbortSignal): Promise<RawAnswer & { readonly bytes: Buffer }>;
  /** A GET whose body is read by the caller; it must be read or destroyed. Throws as `fetch`. */
  open(target: Target, signal: AbortSignal): Promise<RawAnswer & { readonly body: Readable }>;
  /** Reads a body of `open` to its end, as `fetch` does. */
  drain(body: Readable): Promise<Buffer>;
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
  const dispatcher = createDispatcher(options);
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
  const drain = (body: Readable): Promise<Buffer> => collect(body, maxBodyBytes);

  return {
    mask,
    serverTime: () => serverTime,
    drain: (body) => drain(body).catch((error: unknown) => Promise.reject(breakOf(error, mask))),
    async fetch(target, signal) {
      const limited = withDeadline(signal, timeouts.total);
      try {
        const { raw, body, encoding } = await send(target, limited.signal);
        return { ...raw, bytes: await decompress(await drain(body), encoding, maxBodyBytes) };
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
        const { raw, body } = await send(target, signal);
        return { ...raw, body };
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

function createDispatcher({ concurrency, timeouts, proxy, caFile }: TransportOptions): EnvHttpProxyAgent {
  const ca = caFile === undefined ? undefined : [...getCACertificates("default"), readCertificates(caFile)];
  const tls = { timeout: timeouts.connect, ...(ca ? { ca } : {}) };
  try {
    return new EnvHttpProxyAgent({
      connections: concurrency,
      // HTTP/1.1: one request a connection, so that the limits and time-outs mean what they say.
      allowH2: false,
      pipelining: 1,
      headersTimeout: timeouts.headers,
      bodyTimeout: timeouts.body,
      connect: tls,
      requestTls: tls,
      proxyTls: tls,
      // An empty text keeps undici from reading the process's environment by itself.
      httpProxy: proxy.http ?? "",
      httpsProxy: proxy.https ?? "",
      noProxy: proxy.no ?? "",
    });
  } catch {
    // The cause is left out: it quotes the URL with its password.
    throw new VtError("setup", "A proxy URL cannot be read. Check HTTP_PROXY and HTTPS_PROXY: http://host:port");
  }
}

function readCertificates(file: string): string {
  const help = "Give a file of certificates in PEM form";
  try {
    const pem = readFileSync(file, "utf8");
    if (pem.includes("-----BEGIN CERTIFICATE-----")) return pem;
  } catch (cause) {
    throw new VtError("setup", `Cannot read the CA file ${file}: ${(cause as Error).message}. ${help}.`, {}, { cause });
  }
  throw new VtError("setup", `There is no certificate in the CA file ${file}. ${help}.`);
}

/** Passwords in proxy URLs, as written and as meant, with the header they become. */
function proxySecrets({ http, https }: ProxySettings): Secret[] {
  const texts = [http, https].flatMap((proxy) => {
    const [, user = "", password] = /^[a-z0-9]+:\/\/([^:/@]*):([^@]+)@/i.exec(proxy ?? "") ?? [];
    if (password === undefined) return [];
    const [plainUser, plain] = [user, password].map(decoded) as [string, string];
    return [password, plain, Buffer.from(`${plainUser}:${plain}`).toString("base64")];
  });
  return texts.filter((text) => /^[\x21-\x7e]+$/.test(text)).map((text) => createSecret(text, "The proxy's password"));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

interface Deadline {
  readonly signal: AbortSignal;
  done(): void;
}

/** `signal` or the time-out, whichever comes first. */
function withDeadline(signal: AbortSignal, ms: number): Deadline {
  signal.throwIfAborted();
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  const timer = setTimeout(() => controller.abort(new Error("deadline")), ms);
  signal.addEventListener("abort", abort, { once: true });
  return {
    signal: controller.signal,
    done: () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    },
  };
}

async function collect(body: Readable, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

const gunzipped = promisify(gunzip);

/** A compressed body stops at the limit too, however small it came: zlib itself refuses to make more. */
async function decompress(bytes: Buffer, encoding: string, limit: number): Promise<Buffer> {
  if (encoding === "identity" || encoding === "") return bytes;
  if (encoding !== "gzip" && encoding !== "x-gzip")
    throw new TransportBreak("other", `a body compressed with ${plainText(encoding, 20)}, which was not asked for`);
  try {
    return await gunzipped(bytes, { maxOutputLength: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(limit);
    throw new TransportBreak("cut", "a gzip body that is not whole");
  }
}

function tooLarge(limit: number): TransportBreak {
  return new TransportBreak("too-large", `an answer larger than ${Math.floor(limit / 1024 / 1024)} MiB`);
}

const KINDS: Readonly<Record<string, BreakKind>> = {
  ECONNRESET: "reset",
  EPIPE: "reset",
  UND_ERR_SOCKET: "reset",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "cut",
  UND_ERR_HEADERS_TIMEOUT: "timeout",
  UND_ERR_BODY_TIMEOUT: "timeout",
  ETIMEDOUT: "unreachable",
  UND_ERR_CONNECT_TIMEOUT: "unreachable",
  ECONNREFUSED: "unreachable",
  ENOTFOUND: "unreachable",
  EAI_AGAIN: "unreachable",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  UND_ERR_PRX_TLS: "proxy",
  UND_ERR_PRX_CONN: "proxy",
  DEPTH_ZERO_SELF_SIGNED_CERT: "certificate",
  SELF_SIGNED_CERT_IN_CHAIN: "certificate",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "certificate",
  UNABLE_TO_GET_ISSUER_CERT: "certificate",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "certificate",
  CERT_HAS_EXPIRED: "certificate",
  CERT_NOT_YET_VALID: "certificate",
  ERR_TLS_CERT_ALTNAME_INVALID: "certificate",
};

/** An error of a request or of its body's stream, as a TransportBreak: masked, and without what undici hangs on it. */
export function breakOf(error: unknown, mask: (text: string) => string): TransportBreak {
  if (error instanceof TransportBreak) return error;
  const { code = "", message } = error as NodeJS.ErrnoException;
  const words = plainText(mask(message || code), 200);
  // undici has no code of its own for a proxy's refusal.
  const proxyStatus = /Proxy response \((\d+)\)|Proxy Authentication Required \((407)\)/.exec(message);
  if (proxyStatus) return new TransportBreak(/^5/.test(proxyStatus[1] ?? "") ? "unreachable" : "proxy", words);
  if ((error as Error).name === "HTTPParserError") return new TransportBreak("reset", `not HTTP: ${words}`);
  return new TransportBreak(KINDS[code] ?? "other", words);
}
