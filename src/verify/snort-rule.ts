/**
 * What a Snort 3 rule says it looks for, read strictly in the forms that Rulewright writes: DNS names as labels, server
 * names behind their length, HTTP fields, addresses and ports in the header.
 */
import { addressTarget, type Reading } from "./reading.ts";
import { addressList, patternBytes, type Rule, unquoted } from "./rule-file.ts";
import type { Target } from "./target.ts";

/** Answers a reason in words when the rule is in no form that is read. */
export async function readSnortRule(rule: Rule): Promise<Reading | string> {
  const target = readTarget(rule);
  return typeof target === "string" ? target : { targets: Array.isArray(target) ? target : [target as Target] };
}

function readTarget(rule: Rule): Target | readonly Target[] | string {
  const contents = contentsOf(rule);
  if (typeof contents === "string") return contents;
  const [first, second] = contents;
  if (!first) return readHeader(rule);
  const { protocol } = rule.header;
  if (first.buffer === "" && (protocol === "udp" || protocol === "tcp")) return readDns(rule, first);
  if (first.buffer === "" && protocol === "ssl") return readServerName(first.bytes);
  if (first.buffer === "http_raw_uri" && second?.buffer === "host") return readRequest(first.bytes, second.bytes);
  if (second) return "it tests more than is read";
  if (first.buffer === "host") {
    const isSubtree = rule.options.some(({ name, value }) => name === "pcre" && value.includes("(?:^|\\.)"));
    return { view: "http-host", host: lower(first.bytes), scope: isSubtree ? "subtree" : "host" };
  }
  if (first.buffer === "user-agent") return { view: "user-agent", userAgent: first.bytes.toString("utf8") };
  return `it tests ${first.buffer || "the payload"}, which is not read`;
}

interface Content {
  /** Sticky buffer, or the header field of `http_header`; "" for the payload. */
  readonly buffer: string;
  readonly bytes: Buffer;
  readonly settings: readonly string[];
}

const SILENT_OPTIONS = new Set(
  "msg flow reference classtype sid rev gid metadata priority flags flowbits ssl_state bufferlen pcre service".split(
    " ",
  ),
);

function contentsOf({ options }: Rule): Content[] | string {
  const contents: Content[] = [];
  let buffer = "";
  for (const { name, value } of options) {
    if (name === "http_raw_uri" || name === "http_uri") buffer = "http_raw_uri";
    else if (name === "http_header") buffer = /field\s+([a-z-]+)/.exec(value)?.[1] ?? "http_header";
    else if (name === "content") {
      const [, pattern = "", rest = ""] = /^("[^"]*")\s*,?(.*)$/s.exec(value) ?? [];
      const bytes = patternBytes(unquoted(pattern));
      if (!bytes) return "its content is not plain";
      contents.push({ buffer, bytes, settings: rest.split(",").map((setting) => setting.trim()) });
    } else if (!SILENT_OPTIONS.has(name)) return `it uses ${name}, which is not read`;
  }
  return contents;
}

function lower(bytes: Buffer): string {
  return bytes.toString("utf8").toLowerCase();
}

/** `|04|evil|07|example|00|`; with a depth it is the name itself. */
function readDns({ header }: Rule, { bytes, settings }: Content): Target | string {
  const labels: string[] = [];
  for (let at = 0; at < bytes.length && bytes[at] !== 0; ) {
    const length = bytes[at] as number;
    labels.push(lower(bytes.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  const host = labels.join(".");
  if (host.length + 2 !== bytes.length) return "its content is no name in the form of DNS";
  const isExact = settings.some((setting) => setting.startsWith("depth"));
  return {
    view: "dns",
    host,
    scope: isExact ? "host" : "subtree",
    transport: header.protocol === "udp" ? "udp" : "tcp",
  };
}

/** `|00 00 0c|evil.example`, or below a name `.evil.example|00|`. */
function readServerName(bytes: Buffer): Target | string {
  if (bytes[0] === 0 && bytes.length > 3 && bytes.readUInt16BE(1) === bytes.length - 3)
    return { view: "tls", host: lower(bytes.subarray(3)), scope: "host" };
  if (bytes[0] === 0x2e && bytes.at(-1) === 0)
    return { view: "tls", host: lower(bytes.subarray(1, -1)), scope: "below" };
  return "its content is no server name in the form of TLS";
}

function readRequest(target: Buffer, field: Buffer): Target {
  const [, host = "", port] = /^(.*?)(?::(\d+))?$/s.exec(lower(field)) ?? [];
  return {
    view: "http-uri",
    host,
    target: target.toString("utf8"),
    proxied: false,
    ...(port === undefined ? {} : { port: Number(port) }),
  };
}

function readHeader(rule: Rule): Target[] | string {
  const { destination, destinationPort } = rule.header;
  const addresses = addressList(destination);
  if (!addresses) return "it tests nothing but its header, which names no address";
  const port = destinationPort === "any" ? undefined : Number(destinationPort);
  return addresses.map((address) => addressTarget(rule, address, port));
}
