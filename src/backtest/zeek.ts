/**
 * Zeek's conn, dns, http, ssl, quic, files and x509 logs, as tab-separated text with its `#` header or as JSON
 * (https://docs.zeek.org/en/master/log-formats.html). Which log a record is of shows in its fields, not in a name.
 */
import { isTransport, type LogEvent, requestOf } from "./event.ts";
import { type JsonObject, list, present, text, UnreadableLine, wholeNumber } from "./json.ts";

export function isZeek(record: JsonObject): boolean {
  const hasZeekName = "id.orig_h" in record || "fuid" in record || "certificate.serial" in record || "_path" in record;
  return hasZeekName && ("ts" in record || "_path" in record || "uid" in record);
}

/** What a record shows; an empty list field counts as absent. */
export function readZeek(record: JsonObject): LogEvent | undefined {
  const own = contents(record);
  if (own === undefined) return undefined;
  const proto = record.proto ?? record["id.proto"];
  return {
    ...present({
      time: record.ts as string | number | undefined,
      client: text(record["id.orig_h"]),
      clientPort: wholeNumber(record["id.orig_p"]),
      server: text(record["id.resp_h"]),
      port: wholeNumber(record["id.resp_p"]),
    }),
    ...(isTransport(proto) ? { transport: proto } : "cipher" in record || "uri" in record ? { transport: "tcp" } : {}),
    ...own,
  };
}

function contents(record: JsonObject): Partial<LogEvent> | undefined {
  if ("conn_state" in record || record._path === "conn" || isBareConnection(record)) return connection(record);
  if ("query" in record || record._path === "dns") {
    const name = text(record.query);
    return name === undefined ? {} : { names: [name] };
  }
  if ("fuid" in record) return file(record);
  if ("fingerprint" in record || "certificate.serial" in record) return certificate(record);
  if ("uri" in record || "status_code" in record || record._path === "http") return request(record);
  const hello = present({
    serverName: text(record.server_name),
    ja3: text(record.ja3),
    ja3s: text(record.ja3s),
    ja4: text(record.ja4),
  });
  return "server_name" in record || "cipher" in record || Object.keys(hello).length > 0 ? hello : undefined;
}

/** Fields of conn.log that are no proof of it; a pipeline may have dropped `conn_state`. Any other tells another log. */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  ...["ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "ip_proto", "service", "duration"],
  ...["orig_bytes", "resp_bytes", "missed_bytes", "history", "local_orig", "local_resp", "tunnel_parents"],
  ...["orig_pkts", "orig_ip_bytes", "resp_pkts", "resp_ip_bytes", "community_id"],
]);

/** Two ends and nothing that only another log has. */
function isBareConnection(record: JsonObject): boolean {
  return "id.resp_h" in record && Object.keys(record).every((name) => CONNECTION_FIELDS.has(name));
}

function connection(record: JsonObject): Partial<LogEvent> {
  const answers = wholeNumber(record.resp_pkts);
  return { isFlow: true, ...(answers === undefined ? {} : { isAnswered: answers > 0 }) };
}

function request(record: JsonObject): Partial<LogEvent> {
  const found = requestOf(text(record.uri) ?? "", text(record.host));
  // The sensor saw plain text, whatever the URL asked of a proxy says.
  return present({ request: found && { ...found, scheme: "http" as const }, userAgent: text(record.user_agent) });
}

/** A certificate is a file to Zeek: the digest of its bytes is its thumbprint. */
function file(record: JsonObject): Partial<LogEvent> | undefined {
  const hashes = [record.sha256, record.sha1, record.md5].flatMap((hash) => text(hash) ?? []);
  if (hashes.length === 0) return undefined;
  const isCertificate = record.mime_type === "application/x-x509-user-cert";
  const sender = text(list(record.tx_hosts)[0]);
  const receiver = text(list(record.rx_hosts)[0]);
  return {
    ...(isCertificate ? present({ certificate: text(record.sha1) }) : { hashes }),
    ...(receiver === undefined ? {} : { client: receiver }),
    ...(sender === undefined ? {} : { server: sender }),
  };
}

/** `fingerprint` is SHA-1 or SHA-256 by configuration; only the former is a thumbprint. */
function certificate({ fingerprint, host_cert: isHost }: JsonObject): Partial<LogEvent> | undefined {
  const value = text(fingerprint)?.replaceAll(":", "");
  return value?.length === 40 && isHost !== false && isHost !== "F" ? { certificate: value } : undefined;
}

const LIST_TYPE = /^(?:set|vector)\[/;

/** The header of a tab-separated log, and records by it. */
export class ZeekText {
  #separator = "\t";
  #listSeparator = ",";
  #unset = "-";
  #empty = "(empty)";
  #fields: readonly string[] = [];
  #types: readonly string[] = [];

  /** A record, or undefined for a line of the header. Throws UnreadableLine. */
  read(line: string): JsonObject | undefined {
    if (line.startsWith("#")) {
      this.#header(line);
      return undefined;
    }
    if (this.#fields.length === 0) throw new UnreadableLine("a record before #fields");
    const cells = line.split(this.#separator);
    if (cells.length !== this.#fields.length)
      throw new UnreadableLine(`${cells.length} fields where #fields names ${this.#fields.length}`);
    const record: Record<string, unknown> = {};
    for (const [at, cell] of cells.entries()) {
      if (cell === this.#unset) continue;
      const isList = LIST_TYPE.test(this.#types[at] ?? "");
      const values =
        cell === this.#empty ? [] : isList ? cell.split(this.#listSeparator).map(unescaped) : unescaped(cell);
      record[this.#fields[at] as string] = cell === this.#empty && !isList ? "" : values;
    }
    // Fields that are unset still tell which log this is.
    for (const name of TELLING) if (this.#fields.includes(name) && !(name in record)) record[name] = undefined;
    return record;
  }

  #header(line: string): void {
    const [, name, after = ""] = /^#(\w+)(.*)$/.exec(line) ?? [];
    const gap = name === "separator" || !after.startsWith(this.#separator) ? 1 : this.#separator.length;
    const rest = after.slice(gap);
    if (name === "separator") this.#separator = unescaped(rest);
    if (name === "set_separator") this.#listSeparator = unescaped(rest);
    if (name === "empty_field") this.#empty = rest;
    if (name === "unset_field") this.#unset = rest;
    if (name === "fields") this.#fields = rest.split(this.#separator);
    if (name === "types") this.#types = rest.split(this.#separator);
  }
}

const TELLING = [
  "conn_state",
  "query",
  "fuid",
  "fingerprint",
  "certificate.serial",
  "uri",
  "status_code",
  "server_name",
];

/** `\x09` → tab: Zeek writes separators and bytes that are not printable so. */
function unescaped(cell: string): string {
  if (!cell.includes("\\")) return cell;
  const bytes = Buffer.from(cell, "utf8").toString("latin1");
  const decoded = bytes.replace(/\\x([0-9a-fA-F]{2})|\\\\/g, (_, hex: string | undefined) =>
    hex === undefined ? "\\" : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return decoded === bytes ? cell : Buffer.from(decoded, "latin1").toString("utf8");
}
