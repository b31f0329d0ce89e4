/**
 * Suricata's `eve.json` of versions 4 to 8: queries (dns, formats 1 to 3), tls, quic, http, flow, netflow, fileinfo,
 * and alerts by their sid (https://docs.suricata.io/en/latest/output/eve/eve-json-format.html).
 */
import { type LogEvent, type LogRequest, requestOf } from "./event.ts";
import { type JsonObject, list, object, present, text, wholeNumber } from "./json.ts";

/** Types whose records can hit; records of others are not even parsed. */
const READERS = new Map<string, (record: JsonObject) => Partial<LogEvent> | undefined>([
  ["dns", dns],
  ["tls", tls],
  ["quic", quic],
  ["http", http],
  ["flow", flow],
  ["netflow", () => ({})],
  ["fileinfo", file],
  ["alert", alert],
]);

/** As the versions write them. */
const TRANSPORTS = new Map<string, NonNullable<LogEvent["transport"]>>([
  ["TCP", "tcp"],
  ["tcp", "tcp"],
  ["UDP", "udp"],
  ["udp", "udp"],
]);

export function isEve(record: JsonObject): boolean {
  return typeof record.event_type === "string";
}

/** What a record shows, or undefined when it cannot hit. */
export function readEve(record: JsonObject): LogEvent | undefined {
  const own = READERS.get(record.event_type as string)?.(record);
  if (own === undefined) return undefined;
  // An alert repeats what the record of its own protocol says: only its rule counts.
  if (own.sid !== undefined) return { time: record.timestamp as string, sid: own.sid };
  const event: { -readonly [K in keyof LogEvent]: LogEvent[K] } = {
    time: record.timestamp as string,
    client: record.src_ip as string,
    clientPort: record.src_port as number,
    server: record.dest_ip as string,
    port: record.dest_port as number,
    ...own,
  };
  const transport = TRANSPORTS.get(record.proto as string);
  if (transport) event.transport = transport;
  return typeof event.client === "string" && typeof event.server === "string" ? event : withoutAddresses(event);
}

function withoutAddresses({ client, server, ...event }: LogEvent): LogEvent {
  return { ...event, ...present({ client: text(client), server: text(server) }) };
}

function dns({ dns: own }: JsonObject): Partial<LogEvent> | undefined {
  const { type, rrname, queries } = object(own);
  const names = Array.isArray(queries) ? queries.flatMap((query) => text(object(query).rrname) ?? []) : [];
  if (typeof rrname === "string") names.push(rrname);
  if (names.length === 0) return undefined;
  return type === "answer" || type === "response" ? { names, isAnswer: true } : { names };
}

function tls({ tls: own }: JsonObject): Partial<LogEvent> {
  const { sni, fingerprint } = object(own);
  return { ...present({ serverName: text(sni), certificate: text(fingerprint) }), ...hello(object(own)) };
}

function quic({ quic: own }: JsonObject): Partial<LogEvent> {
  return { ...present({ serverName: text(object(own).sni) }), ...hello(object(own)) };
}

function hello({ ja3, ja3s, ja4 }: JsonObject): Partial<LogEvent> {
  return present({ ja3: text(object(ja3).hash), ja3s: text(object(ja3s).hash), ja4: text(ja4) });
}

function http({ http: own }: JsonObject): Partial<LogEvent> {
  const { hostname, url, http_user_agent: agent, request_headers: headers } = object(own);
  const host = text(hostname) ?? header(headers, ":authority") ?? header(headers, "host");
  const request = requestOfHttp(text(url) ?? "", host);
  return present({ request, userAgent: text(agent) ?? header(headers, "user-agent") });
}

/** A request to a proxy names the whole URL, or for a tunnel `host:port`: the engine matches the Host header. */
function requestOfHttp(url: string, host: string | undefined): LogRequest | undefined {
  const request = requestOf(url, host);
  return request && { ...request, scheme: "http" };
}

function header(headers: unknown, wanted: string): string | undefined {
  for (const own of list(headers)) {
    const { name, value } = object(own);
    if (typeof name === "string" && name.toLowerCase() === wanted) return text(value);
  }
  return undefined;
}

function flow({ flow: own }: JsonObject): Partial<LogEvent> {
  const { pkts_toclient: packets, start } = object(own);
  const answers = wholeNumber(packets);
  // It is logged when it has ended, which can be hours after the contact.
  return {
    isFlow: true,
    ...present({ time: text(start), isAnswered: answers === undefined ? undefined : answers > 0 }),
  };
}

/** The packet that carried the file goes to who gets it. */
function file({ fileinfo: own, src_ip: from, dest_ip: to }: JsonObject): Partial<LogEvent> | undefined {
  const { md5, sha1, sha256 } = object(own);
  const hashes = [sha256, sha1, md5].flatMap((hash) => text(hash) ?? []);
  return hashes.length === 0 ? undefined : { hashes, ...present({ client: text(to), server: text(from) }), port: 0 };
}

function alert({ alert: own }: JsonObject): Partial<LogEvent> | undefined {
  const { gid, signature_id: sid } = object(own);
  return typeof sid === "number" && (gid === undefined || gid === 1) ? { sid } : undefined;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const SPACE = 0x20;
const OPEN = 0x7b;
const KEY = Buffer.from('"event_type"');

/**
 * Whether a line is, without parsing it, known to be of a type that cannot hit. It walks the top-level members from
 * the start while their values are strings without escapes, numbers or literals, and gives up (false) on anything
 * else, so it never mistakes a nested or quoted `event_type`; a line that has the key twice is left to the parser.
 */
export function isIrrelevantEve(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  if (bytes[at++] !== OPEN) return false;
  for (;;) {
    while (bytes[at] === SPACE) at += 1;
    if (bytes[at] !== QUOTE) return false;
    const keyEnd = endOfString(bytes, at + 1, end);
    if (keyEnd === -1) return false;
    const isType = keyEnd - at + 1 === KEY.length && KEY.compare(bytes, at, keyEnd + 1) === 0;
    at = keyEnd + 1;
    while (bytes[at] === SPACE) at += 1;
    if (bytes[at++] !== COLON) return false;
    while (bytes[at] === SPACE) at += 1;
    const isString = bytes[at] === QUOTE;
    const valueEnd = isString ? endOfString(bytes, at + 1, end) : endOfScalar(bytes, at, end);
    if (valueEnd === -1) return false;
    if (isType) {
      if (!isString || READERS.has(bytes.toString("latin1", at + 1, valueEnd))) return false;
      const again = bytes.indexOf(KEY, valueEnd);
      return again === -1 || again >= end;
    }
    at = isString ? valueEnd + 1 : valueEnd;
    while (bytes[at] === SPACE) at += 1;
    if (bytes[at++] !== COMMA || at >= end) return false;
  }
}

function endOfString(bytes: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) return -1;
  }
  return -1;
}

/** End of a number or literal; -1 for an object or array. */
function endOfScalar(bytes: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte === COMMA || byte === SPACE) return at;
    const isPlain = (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x2d || byte === 0x2e;
    if (!isPlain && byte !== 0x2b && byte !== 0x45) return -1;
  }
  return -1;
}
