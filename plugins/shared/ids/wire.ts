/**
 * What of an indicator a network sensor can see, for Suricata and Snort: the strict forms of names, addresses and
 * header values, and the part of a URL that is visible on the wire.
 *
 * This module does not judge values: private addresses and popular hosts are the policy's business.
 */

import { isIPv4, isIPv6 } from "node:net";
import { type Endpoint, type Indicator, parseEndpoint, parseUrl, type UrlParts } from "../../../src/plugin.ts";
import { NameSet } from "./name-set.ts";

/** An ASCII domain name of two or more labels whose last is no number: what DNS, SNI and Host can carry. */
export function isDomainName(name: string): boolean {
  return name.length <= 253 && /^(?:[a-z0-9_-]{1,63}\.)+(?=[a-z])[a-z0-9-]{2,63}$/.test(name);
}

/** A canonical address without brackets, prefix length or zone. */
export function isAddress(text: string): boolean {
  return isIPv4(text) || (isIPv6(text) && /^[0-9a-f:]+$/.test(text));
}

/** A header value that reaches a sensor unchanged: no control character, no lone surrogate, no outer space. */
export function isHeaderValue(text: string): boolean {
  return text.length > 0 && text.isWellFormed() && !/^\s|\s$|[\u0000-\u001f\u007f]/.test(text);
}

/** A URL path and query as clients send it: printable ASCII without space. */
function isRequestTarget(target: string): boolean {
  return /^\/[\x21-\x7e]*$/.test(target);
}

/** An endpoint that a rule header can carry. */
export function readEndpoint(value: string): Endpoint | undefined {
  try {
    const endpoint = parseEndpoint(value);
    return isAddress(endpoint.address) && endpoint.port >= 1 && endpoint.port <= 65_535 ? endpoint : undefined;
  } catch {
    return undefined;
  }
}

/** The visible part of a URL: a request, only the host of one, or only the server name of a TLS session. */
export type VisibleUrl =
  | { readonly shows: "request"; readonly host: string; readonly port?: number; readonly target: string }
  | { readonly shows: "host" | "server-name"; readonly host: string };

/** What a sensor can match of a URL indicator, or the plain reason why nothing. IPv6 hosts come in brackets. */
export function visibleUrl(indicator: Indicator): VisibleUrl | string {
  let parts: UrlParts;
  try {
    parts = parseUrl(indicator.value);
  } catch {
    return "not a canonical URL";
  }
  const { scheme, isAddress: isLiteral, port, target } = parts;
  if (scheme !== "http" && scheme !== "https") return "only http and https URLs can be matched";
  if (!(isLiteral ? isAddress(parts.host) : isDomainName(parts.host))) return "the URL's host is not canonical";
  if (!isRequestTarget(target)) return "the URL holds characters that no client sends as they are";
  const host = parts.host.includes(":") ? `[${parts.host}]` : parts.host;
  if (scheme === "http" && target !== "/") {
    return { shows: "request", host, target, ...(port === undefined ? {} : { port }) };
  }
  if (scheme === "https" && isLiteral) return "https to an address shows neither path nor server name on the wire";
  if (indicator.labels.includes("shared-host")) return "only the host is visible, and it is shared with others";
  if (indicator.labels.includes("host-not-kept")) return "only the host is visible, and it is no indicator itself";
  return { shows: scheme === "https" ? "server-name" : "host", host };
}

/** Hosts that rules of one file already match by name, so that a URL does not alert on them a second time. */
export class CoveredHosts {
  readonly #exact = new NameSet();
  readonly #subtrees = new NameSet();

  addDomain(host: string, isSubtree: boolean): void {
    (isSubtree ? this.#subtrees : this.#exact).add(host);
  }

  /** False when the host was covered before. */
  addUrlHost({ shows, host }: VisibleUrl): boolean {
    const key = `${shows} ${host}`;
    if (this.#exact.has(host) || this.#exact.has(key) || this.#isBelow(host)) return false;
    this.#exact.add(key);
    return true;
  }

  #isBelow(host: string): boolean {
    for (let name = host; name !== ""; name = name.slice(name.indexOf(".") + 1 || name.length)) {
      if (this.#subtrees.has(name)) return true;
    }
    return false;
  }
}

export const HOST_COVERED = "its host is already matched by another rule of this file";

/** A rule for a host serves all its URLs, so one withdrawn URL can neither own nor disable it. */
export function withdrawnUrl(status: string): string {
  return `the URL is ${status}, and the rule of its host would stand for other URLs too`;
}
