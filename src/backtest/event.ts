/**
 * One line of a log, as far as indicators can be seen in it. Values are as logged: the matcher brings hosts and
 * addresses into canonical form, and a time is read only when something hits.
 */
import type { Transport } from "../model/observable.ts";

export interface LogEvent {
  /** As logged, see time.ts. */
  readonly time?: string | number;
  /** Who asked, connected or received the file. */
  readonly client?: string;
  readonly clientPort?: number;
  /** The far side. */
  readonly server?: string;
  readonly port?: number;
  readonly transport?: Transport;
  /** A record of a connection: addresses of other events count only where a log has none of these. */
  readonly isFlow?: boolean;
  /** flow: whether the far side sent anything; absent when the log does not say. */
  readonly isAnswered?: boolean;
  /** Names looked up. */
  readonly names?: readonly string[];
  /** The names come from an answer: they count only where a log has no queries. */
  readonly isAnswer?: boolean;
  readonly serverName?: string;
  readonly request?: LogRequest;
  readonly userAgent?: string;
  readonly ja3?: string;
  readonly ja3s?: string;
  readonly ja4?: string;
  /** SHA-1 of the server's certificate, with or without colons. */
  readonly certificate?: string;
  /** MD5, SHA-1 or SHA-256 of one file. */
  readonly hashes?: readonly string[];
  /** The sensor's own rule that fired. */
  readonly sid?: number;
}

export interface LogRequest {
  readonly scheme: "http" | "https";
  /** As in the Host header or the URL: it may have a port, IPv6 in brackets. */
  readonly host: string;
  /** Path and query, byte for byte; absent for a tunnel (CONNECT), of which only the host is known. */
  readonly target?: string;
}

/**
 * The request that a log's URL, and host where the URL is only a path, describe. Undefined for other schemes and when
 * there is no host.
 */
export function requestOf(url: string, host?: string): LogRequest | undefined {
  const absolute = url.startsWith("/") ? null : /^([a-z][a-z0-9+.-]*):\/\/(?:[^/?#@]*@)?([^/?#]*)([^#]*)/i.exec(url);
  if (absolute === null) return host ? { scheme: "http", host, target: url === "" ? "/" : url } : undefined;
  const scheme = (absolute[1] as string).toLowerCase();
  const authority = host ?? absolute[2] ?? "";
  if ((scheme !== "http" && scheme !== "https") || authority === "") return undefined;
  const target = absolute[3] as string;
  return { scheme, host: authority, target: target.startsWith("/") ? target : `/${target}` };
}

export function isTransport(text: unknown): text is Transport {
  return text === "tcp" || text === "udp";
}
