/**
 * Whether a value is fit for a line of a detection list. Canonical values are; plugins may be called with others.
 * This module does not repair values and does not judge them.
 */
import { isIPv4, isIPv6 } from "node:net";
import { type Indicator, type ObservableType, parseEndpoint, parseUrl, type UrlParts } from "../../../src/plugin.ts";
import { parsed } from "../values.ts";

const LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?";
const DOMAIN = new RegExp(`^(?:${LABEL}\\.)+${LABEL}$`);
const MD5 = /^[0-9a-f]{32}$/;
const SHA1 = /^[0-9a-f]{40}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const JA4 = /^[a-z0-9]{10}_[0-9a-f]{12}_[0-9a-f]{12}$/;
const VISIBLE_ASCII = /^[!-~]+$/;

const isIPv6Address = (value: string): boolean => isIPv6(value) && !value.includes("%");

/** Types with a grammar; the other types are free text. */
const GRAMMARS: Partial<Record<ObservableType, (value: string) => boolean>> = {
  domain: isDomain,
  ipv4: isIPv4,
  ipv6: isIPv6Address,
  endpoint: isEndpoint,
  url: (value) => VISIBLE_ASCII.test(value) && parsed(parseUrl, value) !== undefined,
  sha256: isSha256,
  ja3: isMd5,
  ja3s: isMd5,
  ja4: (value) => JA4.test(value),
  certificate: isSha1,
};

export function isMd5(value: string): boolean {
  return MD5.test(value);
}

export function isSha1(value: string): boolean {
  return SHA1.test(value);
}

export function isSha256(value: string): boolean {
  return SHA256.test(value);
}

function isDomain(value: string): boolean {
  return value.length <= 253 && DOMAIN.test(value);
}

/** The parts of a URL that a proxy or a sensor sees, an IPv6 host in its brackets, or why there are none. */
export function httpParts(value: string): UrlParts | string {
  const parts = parseUrl(value);
  if (parts.scheme !== "http" && parts.scheme !== "https") return "only http and https URLs can be listed";
  if (isIPv6Address(parts.host)) return { ...parts, host: `[${parts.host}]` };
  return isIPv4(parts.host) || isDomain(parts.host) ? parts : "the URL's host is not canonical";
}

/** The hashes of a file that are known, SHA-256 first. */
export function fileHashes(indicator: Pick<Indicator, "value" | "details">): string[] {
  return Object.values(hashesByAlgorithm(indicator));
}

/** The same by their algorithms. */
export function hashesByAlgorithm({ value, details: { md5, sha1 } }: Pick<Indicator, "value" | "details">): Hashes {
  return {
    sha256: value,
    ...(sha1 !== undefined && isSha1(sha1) ? { sha1 } : {}),
    ...(md5 !== undefined && isMd5(md5) ? { md5 } : {}),
  };
}

export interface Hashes {
  readonly sha256: string;
  readonly sha1?: string;
  readonly md5?: string;
}

function isEndpoint(value: string): boolean {
  const endpoint = parsed(parseEndpoint, value);
  if (endpoint === undefined) return false;
  const { address, port } = endpoint;
  return (isIPv4(address) || isIPv6Address(address)) && port >= 1 && port <= 65_535;
}

/** Why the value is not one of its type, or undefined. */
export function malformed({ type, value }: Pick<Indicator, "type" | "value">): string | undefined {
  const fits = GRAMMARS[type];
  return fits === undefined || fits(value) ? undefined : `not a canonical ${type}`;
}

/** Why one line of UTF-8 text cannot carry the exact value, or undefined. */
export function uncarriable(value: string): string | undefined {
  if (/[\0\r\n]/.test(value)) return "a line break or NUL in the value does not fit on one line";
  if (!value.isWellFormed()) return "a lone surrogate in the value has no UTF-8 form";
  return undefined;
}

/** `%USERPROFILE%\a.exe`, `C:\Users\<USER>\a.exe`; not the `%d0%b0` of a URL. */
const VARIABLE = /%(?![0-9a-f]{2}%)[a-z_][a-z0-9_()]*%|[\\/]<[a-z_ ]+>(?:[\\/"]|$)/i;

/**
 * Why a path or command line never stands so in what a host reports, or undefined: a sandbox wrote a variable in the
 * place of what its own host had there, so that no exact match can hit.
 */
export function unresolved({ type, value }: Pick<Indicator, "type" | "value">): string | undefined {
  return (type === "file-path" || type === "command-line") && VARIABLE.test(value)
    ? "a variable stands in it where a host has its own folder, so an exact match never hits"
    : undefined;
}
