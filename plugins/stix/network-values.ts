/** Values on the network as STIX expressions. What is not canonical, or not what the standard means, is a misfit. */
import { isIPv4, isIPv6 } from "node:net";
import { type Indicator, parseEndpoint, parseUrl } from "../../src/plugin.ts";
import { isSha1 } from "../shared/rows/value.ts";
import { parsed } from "../shared/values.ts";
import { type Expression, type Misfit, observe, single } from "./expression.ts";
import { equals, observation } from "./pattern.ts";
import { isPlainText } from "./text.ts";
import { TLS_FINGERPRINT_EXTENSION_ID } from "./tls-fingerprint.ts";

// RFC 1034 section 3.5; a mere underscore makes validators refuse the whole bundle.
const HOST_NAME = /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/;
// RFC 3986; what parseUrl accepts is wider.
const URI_TAIL = /^(?:[A-Za-z0-9\-._~:/?@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*$/;
const JA3 = /^[0-9a-f]{32}$/;
const JA4 = /^[a-z][0-9a-z]{2}[di]\d{4}[0-9A-Za-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$/;

export function expressDomain({ value }: Indicator): Expression | Misfit {
  return HOST_NAME.test(value)
    ? single("domain-name:value", { type: "domain-name", value })
    : { misfit: "not a host name by RFC 1034" };
}

export function expressIpv4({ value }: Indicator): Expression | Misfit {
  return isIPv4(value) ? single("ipv4-addr:value", { type: "ipv4-addr", value }) : { misfit: "not an IPv4 address" };
}

export function expressIpv6({ value }: Indicator): Expression | Misfit {
  return isCanonicalIpv6(value)
    ? single("ipv6-addr:value", { type: "ipv6-addr", value })
    : { misfit: "not a canonical IPv6 address" };
}

export function expressEndpoint({ value }: Indicator): Expression | Misfit {
  const endpoint = parsed(parseEndpoint, value);
  if (!endpoint || endpoint.port > 65_535) return { misfit: "not a canonical endpoint" };
  const { address, port, transport } = endpoint;
  const isV6 = isCanonicalIpv6(address);
  if (!isV6 && !isIPv4(address)) return { misfit: "not a canonical endpoint" };
  const destination = observe({ type: isV6 ? "ipv6-addr" : "ipv4-addr", value: address });
  return {
    pattern: observation(
      equals("network-traffic:dst_ref.value", address),
      equals("network-traffic:dst_port", port),
      // Without it the same port over TCP and over UDP would be one indicator.
      equals("network-traffic:protocols[*]", transport),
    ),
    observables: [
      destination,
      observe({
        type: "network-traffic",
        dst_ref: destination.id,
        dst_port: port,
        protocols: [isV6 ? "ipv6" : "ipv4", transport],
      }),
    ],
  };
}

export function expressUrl({ value }: Indicator): Expression | Misfit {
  const parts = /^[!-~]+$/.test(value) ? parsed(parseUrl, value) : undefined;
  if (!parts) return { misfit: "not a canonical URL" };
  const isHost = parts.isAddress ? isIPv4(parts.host) || isCanonicalIpv6(parts.host) : HOST_NAME.test(parts.host);
  if (!isHost) return { misfit: "the host of the URL is neither a host name nor an address" };
  const expression = single("url:value", { type: "url", value });
  // Malware asks for what RFC 3986 forbids, such as `|`; the pattern can say so, a url object cannot.
  return URI_TAIL.test(parts.target) ? expression : { pattern: expression.pattern, observables: [] };
}

export function expressCertificate({ value, details: { certificate } }: Indicator): Expression | Misfit {
  if (!isSha1(value)) return { misfit: "not a SHA-1 fingerprint" };
  const issuer = certificate?.issuer;
  const subject = certificate?.subject;
  return {
    pattern: observation(equals("x509-certificate:hashes.'SHA-1'", value)),
    observables: [
      // No serial number: it would be part of the id, and not every report has it.
      observe({
        type: "x509-certificate",
        hashes: { "SHA-1": value },
        ...(issuer && isPlainText(issuer) ? { issuer } : {}),
        ...(subject && isPlainText(subject) ? { subject } : {}),
      }),
    ],
  };
}

export function expressFingerprint(property: "ja3" | "ja3s" | "ja4") {
  return ({ value }: Indicator): Expression | Misfit => {
    const form = property === "ja4" ? JA4 : JA3;
    if (!form.test(value)) return { misfit: `not a ${property.toUpperCase()} fingerprint` };
    const path = `network-traffic:extensions.'${TLS_FINGERPRINT_EXTENSION_ID}'.${property}`;
    return { pattern: observation(equals(path, value)), observables: [] };
  };
}

function isCanonicalIpv6(value: string): boolean {
  return isIPv6(value) && /^[0-9a-f:]+$/.test(value);
}
