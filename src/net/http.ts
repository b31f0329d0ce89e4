/**
 * HTTP for sinks: one request, one whole answer, over the operator's proxy and certificates. It never retries, follows
 * no redirect and reads no status: what an answer means is the sink's.
 */
import { request } from "undici";
import type { HttpAnswer, HttpClient, HttpRequest } from "../plugin.ts";
import { collect, decompress, withDeadline } from "./body.ts";
import { breakOf, TransportBreak } from "./break.ts";
import { createDispatcher, TIMEOUTS, type Timeouts, type TlsFiles } from "./dispatcher.ts";
import { type ProxySettings, proxySecrets } from "./proxy.ts";
import { maskAll } from "./secret.ts";

export interface HttpOptions extends TlsFiles {
  readonly userAgent: string;
  readonly proxy: ProxySettings;
  readonly timeouts?: Partial<Timeouts>;
  /** A text without the sink's secrets. */
  readonly mask: (text: string) => string;
  readonly signal: AbortSignal;
}

/** Requests of one sink at once. */
const CONCURRENCY = 4;
/** Answers of receivers are reports on what they took, not data. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** Throws NETWORK_SETUP for a proxy URL or a certificate file that cannot be used. */
export function createHttpClient(options: HttpOptions): HttpClient & { close(): Promise<void> } {
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const maskProxy = maskAll(proxySecrets(options.proxy));
  const mask = (text: string): string => maskProxy(options.mask(text));
  const dispatcher = createDispatcher({ ...options, concurrency: CONCURRENCY, timeouts });
  return {
    async send({ method, url, headers = {}, body }: HttpRequest): Promise<HttpAnswer> {
      const limited = withDeadline(options.signal, timeouts.total);
      try {
        const answer = await request(url, {
          dispatcher,
          method,
          headers: { "user-agent": options.userAgent, "accept-encoding": "gzip", ...headers },
          // A whole body, never a stream: several receivers refuse a chunked one.
          ...(body === undefined ? {} : { body: typeof body === "string" ? Buffer.from(body) : body }),
          signal: limited.signal,
        });
        const flat = Object.fromEntries(
          Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), [value ?? ""].flat().join(", ")]),
        );
        const encoding = (flat["content-encoding"] ?? "identity").toLowerCase();
        const bytes = await decompress(await collect(answer.body, MAX_ANSWER_BYTES), encoding, MAX_ANSWER_BYTES);
        return { status: answer.statusCode, headers: flat, text: bytes.toString("utf8") };
      } catch (error) {
        options.signal.throwIfAborted();
        throw limited.signal.aborted
          ? new TransportBreak("timeout", `no whole answer within ${timeouts.total / 1000} s`)
          : breakOf(error, mask);
      } finally {
        limited.done();
      }
    },
    close: () => dispatcher.destroy(),
  };
}
