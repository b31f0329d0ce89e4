/**
 * Canonical form of every observable type, defined once. Reports spell one value in many ways; everything behind the
 * collectors compares canonical strings only.
 *
 * This module does not judge: a private address or a single-label name has a canonical form too.
 */
import { domainToASCII } from "node:url";
import ipaddr from "ipaddr.js";
import { type Endpoint, formatEndpoint, type Observable, type ObservableType, type Transport } from "./observable.ts";

/** The canonical observable, or why there is none. */
export type Canonical<T extends Observable = Observable> = T | { readonly rejected: string };

export function isRejected(result: Canonical): result is { readonly rejected: string } {
  return "rejected" in result;
}

const LONGEST_URL = 8192;
const LONGEST_TEXT = 4096;

/**
 * A host name: lower case, A-labels (UTS #46 by Node's `domainToASCII`), no trailing dot, at most 253 octets in
 * labels of 1–63 (RFC 1035 section 2.3.4). Underscores are kept: they are legal in the DNS and malware uses them.
 * An IP literal is rejected: see `canonicaliseHostOrAddress`.
 */
export function canonicaliseHost(raw: string): Canonical {
  let host = raw.trim();
  if (host.endsWith(".")) host = host.slice(0, -1);
  // domainToASCII silently takes out tabs and newlines.
  if (/[\x00-\x20\x7f]/.test(host)) return { rejected: "not a host name" };
  host = /^[\x21-\x7e]*$/.test(host) ? host.toLowerCase() : domainToASCII(host);
  if (host.length === 0) return { rejected: "not a host name" };
  if (host.length > 253) return { rejected: "host name longer than 253 characters" };
  if (!/^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/.test(host)) return { rejected: "not a host name" };
  if (/(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/.test(host)) return { rejected: "an address or number posing as a host name" };
  return { type: "domain", value: host };
}

/**
 * An address: IPv4 in four plain decimals (leading zeros refused: they are octal to some, decimal to others), IPv6
 * as RFC 5952 has it, IPv4-mapped IPv6 unwrapped. Zone ids are refused: they mean nothing elsewhere.
 */
export function canonicaliseAddress(raw: string): Canonical {
  const text = raw.trim();
  if (/^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text)) return { type: "ipv4", value: text };
  if (!text.includes(":") || !/^[0-9a-f:.]+$/i.test(text) || !ipaddr.IPv6.isValid(text))
    return { rejected: "not an IP address" };
  const address = ipaddr.IPv6.parse(text);
  if (address.isIPv4MappedAddress()) return { type: "ipv4", value: address.toIPv4Address().toString() };
  return { type: "ipv6", value: address.toRFC5952String() };
}

/** A host name or, when it is one, an address; brackets around IPv6 are taken off. */
export function canonicaliseHostOrAddress(raw: string): Canonical {
  const address = canonicaliseAddress(raw.startsWith("[") && raw.endsWith("]") ? raw.slice(1, -1) : raw);
  return isRejected(address) ? canonicaliseHost(raw) : address;
}

/** Address, port 1–65535 and transport as `ip:port/transport`. */
export function canonicaliseEndpoint(address: string, port: number, transport: Transport): Canonical {
  const canonical = canonicaliseAddress(address);
  if (isRejected(canonical)) return canonical;
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return { rejected: "not a port" };
  const endpoint: Endpoint = { address: canonical.value, port, transport };
  return { type: "endpoint", value: formatEndpoint(endpoint) };
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, ftp: 21, ws: 80, wss: 443 };

/**
 * A URL: scheme and host lower case, default port, userinfo and fragment dropped, empty path "/"; path and query stay
 * byte for byte. Characters outside ASCII and spaces become percent-encoded UTF-8, as clients send them (RFC 3987
 * section 3.1). Control characters are refused: no client sends them.
 */
export function canonicaliseUrl(raw: string): Canonical {
  const text = raw.trim();
  if (text.length > LONGEST_URL) return { rejected: `URL longer than ${LONGEST_URL} characters` };
  if (/\p{Cc}/u.test(text)) return { rejected: "control character in a URL" };
  const match =
    /^([a-z][a-z0-9+.-]*):\/\/(?:[^/?#@]*@)?(\[[^\]/?#]*\]|[^:/?#[\]@]*)(?::([0-9]*))?([/?][^#]*)?(?:#.*)?$/i.exec(
      text,
    );
  if (!match) return { rejected: "not a URL" };
  const scheme = (match[1] as string).toLowerCase();
  if (!Object.hasOwn(DEFAULT_PORTS, scheme)) return { rejected: `not a network URL (${scheme})` };
  const host = canonicaliseHostOrAddress(match[2] as string);
  if (isRejected(host)) return host;
  const port = match[3] ? Number(match[3]) : undefined;
  if (port !== undefined && (port < 1 || port > 65_535)) return { rejected: "not a port" };
  const target = encodeTarget(match[4] ?? "/");
  if (target === undefined) return { rejected: "not well-formed Unicode" };
  if (target.length > LONGEST_URL) return { rejected: `URL longer than ${LONGEST_URL} characters` };
  const authority = host.type === "ipv6" ? `[${host.value}]` : host.value;
  const suffix = port === undefined || port === DEFAULT_PORTS[scheme] ? "" : `:${port}`;
  return { type: "url", value: `${scheme}://${authority}${suffix}${target.startsWith("/") ? "" : "/"}${target}` };
}

function encodeTarget(target: string): string | undefined {
  if (/^[\x21-\x7e]*$/.test(target)) return target;
  if (!target.isWellFormed()) return undefined;
  return target.replace(/[^\x21-\x7e]+/gu, encodeURIComponent);
}

const HEX_LENGTHS = { sha256: 64, ja3: 32, ja3s: 32, certificate: 40 } as const;

/** sha256, ja3, ja3s (MD5) and certificate (SHA-1 thumbprint): lower hex without colons or spaces. */
export function canonicaliseHex(type: keyof typeof HEX_LENGTHS, raw: string): Canonical {
  const value = raw.replaceAll(/[:\s]/g, "").toLowerCase();
  if (value.length !== HEX_LENGTHS[type] || !/^[0-9a-f]+$/.test(value)) {
    return { rejected: `not ${HEX_LENGTHS[type]} hexadecimal digits` };
  }
  return { type, value };
}

/** JA4 as FoxIO writes it: `t13d1516h2_8daaf6152771_b186095e22b6`. */
export function canonicaliseJa4(raw: string): Canonical {
  const value = raw.trim().toLowerCase();
  return /^[tqd][0-9s]{2}[di][0-9]{4}[0-9a-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$/.test(value)
    ? { type: "ja4", value }
    : { rejected: "not a JA4 fingerprint" };
}

/** A mailbox: angle brackets off, host part canonical, local part as written. */
export function canonicaliseEmail(raw: string): Canonical {
  const match = /^<?([^\s@<>"]{1,64})@([^\s@<>]+?)>?$/.exec(raw.trim());
  if (!match) return { rejected: "not a mailbox" };
  const host = canonicaliseHost(match[2] as string);
  return isRejected(host) ? host : { type: "email-address", value: `${match[1]}@${host.value}` };
}

const HIVES: readonly (readonly [RegExp, string])[] = [
  [/^(?:\\registry\\machine|hklm|hkey_local_machine)(?=\\|$)/i, "HKEY_LOCAL_MACHINE"],
  [/^(?:\\registry\\user\\(?:s-1-5-21-[0-9-]+|<[^>]*>)|hkcu|hkey_current_user)(?=\\|$)/i, "HKEY_CURRENT_USER"],
  [/^(?:\\registry\\user|hku|hkey_users)(?=\\|$)/i, "HKEY_USERS"],
  [/^(?:hkcr|hkey_classes_root)(?=\\|$)/i, "HKEY_CLASSES_ROOT"],
  [/^(?:hkcc|hkey_current_config)(?=\\|$)/i, "HKEY_CURRENT_CONFIG"],
];

/** A registry key: full hive name, a single backslash between parts, no trailing one; case kept. */
export function canonicaliseRegistryKey(raw: string): Canonical {
  const text = canonicaliseText("registry-key", raw);
  if (isRejected(text)) return text;
  const hive = HIVES.find(([pattern]) => pattern.test(text.value));
  if (!hive) return { rejected: "no registry hive" };
  const value = text.value.replace(hive[0], hive[1]).replaceAll(/\\+/g, "\\").replace(/\\$/, "");
  return { type: "registry-key", value };
}

/** A mutex: the session's object directory off (`\\Sessions\\1\\BaseNamedObjects\\`), the rest as observed. */
export function canonicaliseMutex(raw: string): Canonical {
  return canonicaliseText("mutex", raw.trim().replace(/^\\(?:Sessions\\\d+\\)?BaseNamedObjects\\/i, ""));
}

/** Free text (user-agent, mutex, file-path, command-line): trimmed, otherwise as observed; no control characters. */
export function canonicaliseText(
  type: "user-agent" | "mutex" | "registry-key" | "file-path" | "command-line",
  raw: string,
): Canonical {
  const value = raw.trim();
  if (value.length === 0) return { rejected: "empty" };
  if (value.length > LONGEST_TEXT) return { rejected: `longer than ${LONGEST_TEXT} characters` };
  if (/[\p{Cc}\u2028\u2029]/u.test(value) || !value.isWellFormed()) return { rejected: "control character" };
  return { type, value };
}

/** A URL that is scheme and host and nothing else is how a host is pasted. */
const HOST_AS_URL = /^[a-z][a-z0-9+.-]*:\/\/([^/?#@:[\]]+|\[[0-9a-f:.]+\])$/i;

/**
 * The canonical form of any written value, of the type it looks like: what people type behind `explain`. A URL without
 * path, query and port is its host. What several types look like is one of them: see `typesOfHex`.
 */
export function recognise(raw: string): Canonical {
  const text = raw.trim();
  const endpoint = /^(.*):([0-9]{1,5})(?:\/(tcp|udp))?$/i.exec(text);
  const host = HOST_AS_URL.exec(text)?.[1];
  if (host !== undefined && !isRejected(canonicaliseUrl(text))) return canonicaliseHostOrAddress(host);
  if (text.includes("://")) return canonicaliseUrl(text);
  const address = canonicaliseAddress(text.replace(/^\[(.*)\]$/, "$1"));
  if (!isRejected(address)) return address;
  if (endpoint) {
    const host = (endpoint[1] as string).replace(/^\[(.*)\]$/, "$1");
    const result = canonicaliseEndpoint(host, Number(endpoint[2]), (endpoint[3]?.toLowerCase() as Transport) ?? "tcp");
    if (!isRejected(result)) return result;
  }
  if (/^[0-9a-f]{64}$/i.test(text)) return canonicaliseHex("sha256", text);
  if (/^(?:[0-9a-f]{40}|(?:[0-9a-f]{2}:){19}[0-9a-f]{2})$/i.test(text)) return canonicaliseHex("certificate", text);
  if (/^[0-9a-f]{32}$/i.test(text)) return canonicaliseHex("ja3", text);
  const ja4 = canonicaliseJa4(text);
  if (!isRejected(ja4)) return ja4;
  if (/^<?[^\s@]+@[^\s@]+>?$/.test(text)) return canonicaliseEmail(text);
  if (/^(?:HK|\\registry\\)/i.test(text)) return canonicaliseRegistryKey(text);
  return canonicaliseHost(text);
}

/** The types that so many bare hexadecimal digits may be of, when they are several or the digits may be no observable. */
export function typesOfHex(
  raw: string,
): { readonly of: string; readonly types: readonly ObservableType[] } | undefined {
  if (/^[0-9a-f]{32}$/i.test(raw.trim())) return { of: "the MD5 of a file, a JA3 or a JA3S", types: ["ja3", "ja3s"] };
  if (/^[0-9a-f]{40}$/i.test(raw.trim()))
    return { of: "the SHA-1 of a file or of a certificate", types: ["certificate"] };
  return undefined;
}

/** The canonical form of a value whose type is known; a value of another type is refused. */
export function canonicalise(type: ObservableType, raw: string): Canonical {
  const result = canonicaliseAs(type, raw);
  return isRejected(result) || result.type === type ? result : { rejected: `not of type ${type}` };
}

function canonicaliseAs(type: ObservableType, raw: string): Canonical {
  switch (type) {
    case "domain":
      return canonicaliseHost(raw);
    case "ipv4":
    case "ipv6":
      return canonicaliseAddress(raw);
    case "endpoint":
      return recognise(raw);
    case "url":
      return canonicaliseUrl(raw);
    case "email-address":
      return canonicaliseEmail(raw);
    case "sha256":
    case "ja3":
    case "ja3s":
    case "certificate":
      return canonicaliseHex(type, raw);
    case "ja4":
      return canonicaliseJa4(raw);
    case "registry-key":
      return canonicaliseRegistryKey(raw);
    case "mutex":
      return canonicaliseMutex(raw);
    default:
      return canonicaliseText(type, raw);
  }
}
