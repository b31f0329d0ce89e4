/**
 * undici's dispatcher with this project's settings: connection limit, proxy, certificates, a time-out for each phase.
 * It sends nothing by itself.
 */
import { readFileSync } from "node:fs";
import { getCACertificates } from "node:tls";
import { EnvHttpProxyAgent } from "undici";
import { RulewrightError } from "../errors.ts";
import type { ProxySettings } from "./proxy.ts";

/** Milliseconds for each phase of a request. */
export interface Timeouts {
  /** To a TCP and TLS connection. */
  readonly connect: number;
  /** From the request to the last header; some servers think for tens of seconds. */
  readonly headers: number;
  /** Between two pieces of a body. */
  readonly body: number;
  /** All of it; not for streams, which may last. */
  readonly total: number;
}

export const TIMEOUTS: Timeouts = { connect: 10_000, headers: 120_000, body: 30_000, total: 300_000 };

/** Files in PEM form. */
export interface TlsFiles {
  /** Certificates to trust besides the built-in ones. */
  readonly caFile?: string;
  /** Certificate to show to the server, and its key, which may stand in the same file. */
  readonly certFile?: string;
  readonly keyFile?: string;
}

export interface DispatcherOptions extends TlsFiles {
  readonly concurrency: number;
  readonly timeouts: Timeouts;
  readonly proxy: ProxySettings;
}

/** Throws NETWORK_SETUP for a proxy URL or a certificate file that cannot be used. */
export function createDispatcher(options: DispatcherOptions): EnvHttpProxyAgent {
  const { concurrency, timeouts, proxy } = options;
  const connect = { timeout: timeouts.connect, ...certificatesOf(options) };
  try {
    return new EnvHttpProxyAgent({
      connections: concurrency,
      // HTTP/1.1: one request a connection, so that the limits and time-outs mean what they say.
      allowH2: false,
      pipelining: 1,
      headersTimeout: timeouts.headers,
      bodyTimeout: timeouts.body,
      connect,
      requestTls: connect,
      proxyTls: connect,
      // An empty text keeps undici from reading the process's environment by itself.
      httpProxy: proxy.http ?? "",
      httpsProxy: proxy.https ?? "",
      noProxy: proxy.no ?? "",
    });
  } catch {
    // The cause is left out: it quotes the URL with its password.
    throw new RulewrightError(
      "NETWORK_SETUP",
      "A proxy URL cannot be read. Check HTTP_PROXY and HTTPS_PROXY: http://host:port",
    );
  }
}

function certificatesOf({ caFile, certFile, keyFile }: TlsFiles): { ca?: string[]; cert?: string; key?: string } {
  return {
    ...(caFile === undefined
      ? {}
      : { ca: [...getCACertificates("default"), readPem(caFile, "CERTIFICATE", "the CA file")] }),
    ...(certFile === undefined
      ? {}
      : {
          cert: readPem(certFile, "CERTIFICATE", "the certificate file"),
          key: readPem(keyFile ?? certFile, "PRIVATE KEY", "the key file"),
        }),
  };
}

function readPem(file: string, what: "CERTIFICATE" | "PRIVATE KEY", name: string): string {
  const help = "Give a file in PEM form";
  let pem: string;
  try {
    pem = readFileSync(file, "utf8");
  } catch (cause) {
    throw new RulewrightError("NETWORK_SETUP", `Cannot read ${name} ${file}: ${(cause as Error).message}. ${help}.`, {
      cause,
    });
  }
  if (new RegExp(`-----BEGIN (?:[A-Z]+ )?${what}-----`).test(pem)) return pem;
  throw new RulewrightError("NETWORK_SETUP", `There is no ${what.toLowerCase()} in ${name} ${file}. ${help}.`);
}
