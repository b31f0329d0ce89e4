/**
 * What an indicator looks for, in STIX terms: its pattern and, where the standard has an object for it that is complete
 * by itself, the observables. JA3, JA3S, JA4, user agents, file paths and command lines get a pattern only: their
 * observables would need a peer, a request, a directory or a random id that we do not have.
 *
 * This module does not judge; a value that does not fit the standard is refused with a reason.
 */
import { isIPv4, isIPv6 } from "node:net";
import { type Indicator, type ObservableType, parseEndpoint, parseUrl } from "../../src/plugin.ts";
import { isHex, parsed } from "../shared/values.ts";
import { observableId } from "./ids.ts";
import { equals, observation } from "./pattern.ts";
import type { CyberObservable, KillChainPhase, StixFile } from "./schema.ts";
import { isPlainText } from "./text.ts";
import { TLS_FINGERPRINT_EXTENSION_ID } from "./tls-fingerprint.ts";

export interface Expression {
  readonly pattern: string;
  /** In dependency order, possibly none. */
  readonly observables: readonly CyberObservable[];
}

/** Why a value cannot be said in STIX, in plain words. */
export interface Misfit {
  readonly misfit: string;
}

type PhaseName = KillChainPhase["phase_name"];

interface Mapping {
  readonly phase: PhaseName;
  express(indicator: Indicator): Expression | Misfit;
}

/** Elasticsearch, under most consumers, refuses a keyword longer than this many bytes. */
const MAX_PATTERN_BYTES = 32_766;

// RFC 1034 section 3.5; a mere underscore makes validators refuse the whole bundle.
const HOST_NAME = /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/;
// RFC 3986; what parseUrl accepts is wider.
const URI_TAIL = /^(?:[A-Za-z0-9\-._~:/?@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*$/;
const JA4 = /^[a-z][0-9a-z]{2}[di]\d{4}[0-9A-Za-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$/;
const HIVE = /^HKEY_(?:CLASSES_ROOT|CURRENT_CONFIG|CURRENT_USER|LOCAL_MACHINE|USERS)(?:\\|$)/;
// The official JSON Schema refuses these letters anywhere in a key, not only as a hive.
const SHORT_HIVE = /^HKLM|HKCC|HKCR|HKCU|HKU|hklm|hkcc|hkcr|hkcu|hku/;

const MAPPINGS: Readonly<Partial<Record<ObservableType, Mapping>>> = {
  domain: network(({ value }) =>
    HOST_NAME.test(value)
      ? single("domain-name:value", { type: "domain-name", value })
      : { misfit: "not a host name by RFC 1034" },
  ),
  ipv4: network(({ value }) =>
    isIPv4(value) ? single("ipv4-addr:value", { type: "ipv4-addr", value }) : { misfit: "not an IPv4 address" },
  ),
  ipv6: network(({ value }) =>
    isCanonicalIpv6(value)
      ? single("ipv6-addr:value", { type: "ipv6-addr", value })
      : { misfit: "not a canonical IPv6 address" },
  ),
  endpoint: network(expressEndpoint),
  url: network(expressUrl),
  sha256: { phase: "delivery", express: expressFile },
  ja3: network(({ value }) => expressFingerprint("ja3", value, /^[0-9a-f]{32}$/)),
  ja3s: network(({ value }) => expressFingerprint("ja3s", value, /^[0-9a-f]{32}$/)),
  ja4: network(({ value }) => expressFingerprint("ja4", value, JA4)),
  certificate: network(expressCertificate),
  "user-agent": network(({ value }) =>
    expressText("network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'[*]", value),
  ),
  mutex: host(({ value }) => (isMatchable(value) ? single("mutex:name", { type: "mutex", name: value }) : UNMATCHABLE)),
  "registry-key": host(expressRegistryKey),
  "file-path": host(expressFilePath),
  "command-line": host(({ value }) => expressText("process:command_line", value)),
};

/** The observable types that have a STIX pattern. Mail addresses are personal data and never leave. */
export const EXPRESSIBLE_TYPES = Object.keys(MAPPINGS) as ObservableType[];

/** The pattern and observables of an indicator, or why there are none. */
export function express(indicator: Indicator): Expression | Misfit {
  const mapping = MAPPINGS[indicator.type];
  if (!mapping) return { misfit: `STIX has no pattern for ${indicator.type}` };
  const expression = mapping.express(indicator);
  if ("pattern" in expression && Buffer.byteLength(expression.pattern) > MAX_PATTERN_BYTES) {
    return { misfit: `its pattern is longer than ${MAX_PATTERN_BYTES} bytes` };
  }
  return expression;
}

/** The step of the Lockheed Martin Cyber Kill Chain at which a hit on this type shows. */
export function killChainPhase(type: ObservableType): KillChainPhase {
  return {
    kill_chain_name: "lockheed-martin-cyber-kill-chain",
    phase_name: MAPPINGS[type]?.phase ?? "installation",
  };
}

function network(express: Mapping["express"]): Mapping {
  return { phase: "command-and-control", express };
}

function host(express: Mapping["express"]): Mapping {
  return { phase: "installation", express };
}

type ValueObservable =
  | { readonly type: "domain-name" | "ipv4-addr" | "ipv6-addr" | "url"; readonly value: string }
  | { readonly type: "mutex"; readonly name: string }
  | { readonly type: "windows-registry-key"; readonly key: string };

/** One comparison and one observable that hold the same value. */
function single(path: string, properties: ValueObservable): Expression {
  const { type, ...named } = properties;
  const value = Object.values(named)[0] as string;
  return { pattern: observation(equals(path, value)), observables: [observe(properties)] };
}

function observe(properties: Readonly<Record<string, unknown>> & { readonly type: CyberObservable["type"] }) {
  const { type, ...rest } = properties;
  return { type, spec_version: "2.1", id: observableId(type, rest), ...rest } as CyberObservable;
}

function isCanonicalIpv6(value: string): boolean {
  return isIPv6(value) && /^[0-9a-f:]+$/.test(value);
}

function expressEndpoint({ value }: Indicator): Expression | Misfit {
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

function expressUrl({ value }: Indicator): Expression | Misfit {
  const parts = /^[!-~]+$/.test(value) ? parsed(parseUrl, value) : undefined;
  if (!parts) return { misfit: "not a canonical URL" };
  const isHost = parts.isAddress ? isIPv4(parts.host) || isCanonicalIpv6(parts.host) : HOST_NAME.test(parts.host);
  if (!isHost) return { misfit: "the host of the URL is neither a host name nor an address" };
  const expression = single("url:value", { type: "url", value });
  // Malware asks for what RFC 3986 forbids, such as `|`; the pattern can say so, a url object cannot.
  return URI_TAIL.test(parts.target) ? expression : { pattern: expression.pattern, observables: [] };
}

function expressFile({ value, details }: Indicator): Expression | Misfit {
  if (!isHex(value, 64)) return { misfit: "not a SHA-256" };
  return {
    pattern: observation(equals("file:hashes.'SHA-256'", value)),
    observables: [fileObservable(value, details)],
  };
}

/** The object of a file. No name: it would be part of the id, and one content has many names. */
export function fileObservable(
  sha256: string,
  {
    md5,
    sha1,
    size,
  }: { readonly md5?: string | undefined; readonly sha1?: string | undefined; readonly size?: number | undefined },
): StixFile {
  return observe({
    type: "file",
    hashes: {
      ...(md5 && isHex(md5, 32) ? { MD5: md5 } : {}),
      ...(sha1 && isHex(sha1, 40) ? { "SHA-1": sha1 } : {}),
      "SHA-256": sha256,
    },
    ...(Number.isSafeInteger(size) && (size as number) >= 0 ? { size } : {}),
  }) as StixFile;
}

function expressCertificate({ value, details: { certificate } }: Indicator): Expression | Misfit {
  if (!isHex(value, 40)) return { misfit: "not a SHA-1 fingerprint" };
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

function expressFingerprint(property: "ja3" | "ja3s" | "ja4", value: string, form: RegExp): Expression | Misfit {
  if (!form.test(value)) return { misfit: `not a ${property.toUpperCase()} fingerprint` };
  const path = `network-traffic:extensions.'${TLS_FINGERPRINT_EXTENSION_ID}'.${property}`;
  return { pattern: observation(equals(path, value)), observables: [] };
}

function expressRegistryKey({ value }: Indicator): Expression | Misfit {
  if (!isMatchable(value)) return UNMATCHABLE;
  if (!HIVE.test(value)) return { misfit: "the registry key does not begin with a full hive name" };
  const expression = single("windows-registry-key:key", { type: "windows-registry-key", key: value });
  return SHORT_HIVE.test(value) ? { pattern: expression.pattern, observables: [] } : expression;
}

function expressFilePath({ value }: Indicator): Expression | Misfit {
  if (!isMatchable(value)) return UNMATCHABLE;
  const cut = Math.max(value.lastIndexOf("\\"), value.lastIndexOf("/"));
  const name = value.slice(cut + 1);
  // The root keeps its slash: `C:\` and `/` are directories, `C:` and the empty string are not.
  const directory = cut === value.search(/[\\/]/) ? value.slice(0, cut + 1) : value.slice(0, cut);
  if (cut < 0 || name === "") return { misfit: "not the full path of a file" };
  return {
    pattern: observation(equals("file:name", name), equals("file:parent_directory_ref.path", directory)),
    observables: [],
  };
}

function expressText(path: string, value: string): Expression | Misfit {
  return isMatchable(value) ? { pattern: observation(equals(path, value)), observables: [] } : UNMATCHABLE;
}

const UNMATCHABLE: Misfit = {
  misfit: "empty, not valid Unicode or with a control character, which consumers cut or refuse",
};

function isMatchable(value: string): boolean {
  return value !== "" && value.isWellFormed() && !/\p{Cc}/u.test(value);
}
