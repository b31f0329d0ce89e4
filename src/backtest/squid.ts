/**
 * Squid's native access.log (https://wiki.squid-cache.org/Features/LogFormat): time, elapsed, client, result, bytes,
 * method, URL, user, hierarchy/peer, type. Squid leaves query strings out unless `strip_query_terms off`.
 */
import { isIP } from "node:net";
import { type LogEvent, requestOf } from "./event.ts";
import { UnreadableLine } from "./json.ts";

const LINE =
  /^\s*(\d{8,}\.\d{3})\s+-?\d+ (\S+) [A-Z_]+[A-Z_/0-9]*\/\d{3} -?\d+ (\S+) (\S+) \S+ [A-Z_]+\/(\S+)(?: \S.*)?$/;

export function isSquid(line: string): boolean {
  return LINE.test(line);
}

/** Throws UnreadableLine. */
export function readSquid(line: string): LogEvent | undefined {
  const match = LINE.exec(line);
  if (!match) throw new UnreadableLine("no line of Squid's native access.log");
  const [, time = "", client = "", method, url = "", peer = ""] = match;
  const request = method === "CONNECT" ? { scheme: "https" as const, host: url } : requestOf(url);
  if (request === undefined) return undefined;
  const port = Number(/:([0-9]{1,5})$/.exec(request.host)?.[1] ?? (request.scheme === "https" ? 443 : 80));
  return {
    time,
    client,
    request,
    ...(isIP(peer) === 0 ? {} : { server: peer, port, transport: "tcp" as const }),
  };
}
