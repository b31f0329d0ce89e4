/**
 * The observable: a typed, canonical value seen in a report. A fact; judgement lives in the verdict.
 * This module does not canonicalise (see canonical.ts).
 */

/**
 * Every observable type, in the order exports sort by and the judge works: hosts before their addresses, these before
 * endpoints and URLs, peers before the fingerprints of sessions with them.
 */
export const OBSERVABLE_TYPES = [
  "domain",
  "ipv4",
  "ipv6",
  "endpoint",
  "url",
  "email-address",
  "sha256",
  "ja3",
  "ja3s",
  "ja4",
  "certificate",
  "user-agent",
  "mutex",
  "registry-key",
  "file-path",
  "command-line",
] as const;

export type ObservableType = (typeof OBSERVABLE_TYPES)[number];

export interface Observable {
  readonly type: ObservableType;
  /** Canonical form, see canonical.ts. */
  readonly value: string;
}

export type Transport = "tcp" | "udp";

export interface Endpoint {
  /** Canonical address without brackets. */
  readonly address: string;
  readonly port: number;
  readonly transport: Transport;
}

/** `198.51.100.7:8080/tcp`, `[2001:db8::7]:443/tcp`. */
export function formatEndpoint({ address, port, transport }: Endpoint): string {
  return address.includes(":") ? `[${address}]:${port}/${transport}` : `${address}:${port}/${transport}`;
}

/** The parts of a canonical endpoint. Throws a TypeError on anything else. */
export function parseEndpoint(value: string): Endpoint {
  const match = /^(?:\[([0-9a-f:]+)\]|([0-9.]+)):([0-9]{1,5})\/(tcp|udp)$/.exec(value);
  const address = match?.[1] ?? match?.[2];
  if (!match || !address) throw new TypeError(`not a canonical endpoint: ${value}`);
  return { address, port: Number(match[3]), transport: match[4] as Transport };
}

/** The host of a URL and the address of an endpoint: who withdraws it withdraws what stands on it. */
export function hostOf({ type, value }: Observable): Observable | undefined {
  if (type === "endpoint") return addressOf(parseEndpoint(value).address);
  if (type !== "url") return undefined;
  const { host, isAddress } = parseUrl(value);
  return isAddress ? addressOf(host) : { type: "domain", value: host };
}

function addressOf(value: string): Observable {
  return { type: value.includes(":") ? "ipv6" : "ipv4", value };
}

export interface UrlParts {
  readonly scheme: string;
  /** Host as in the URL, an IPv6 literal without brackets. */
  readonly host: string;
  readonly isAddress: boolean;
  /** Explicit port, absent when it is the scheme's default. */
  readonly port?: number;
  /** Path and query, byte for byte as observed; always begins with "/". */
  readonly target: string;
}

/** The parts of a canonical URL. Throws a TypeError on anything else. */
export function parseUrl(value: string): UrlParts {
  const match = /^([a-z][a-z0-9+.-]*):\/\/(?:\[([0-9a-f:]+)\]|([^/:?#[\]]+))(?::([0-9]+))?(\/[^#]*)$/.exec(value);
  const host = match?.[2] ?? match?.[3];
  if (!match || !host) throw new TypeError(`not a canonical URL: ${value}`);
  return {
    scheme: match[1] as string,
    host,
    isAddress: match[2] !== undefined || /^[0-9.]+$/.test(host),
    ...(match[4] === undefined ? {} : { port: Number(match[4]) }),
    target: match[5] as string,
  };
}
