/**
 * Indicator → Snort rules and list lines, for Snort 3 and for Snort 2.9. Generated from the indicator, never from
 * Suricata's text: Snort has no buffer for DNS names or TLS server names, so these are matched as they stand on the
 * wire.
 *
 * This module writes no rule text (see templates/snort) and does not judge values.
 */
import { type Indicator, indicatorKey, type ObservableType } from "../../src/plugin.ts";
import type { Draft, RuleDraft } from "../shared/ids/rule-file.ts";
import {
  defangForMessage,
  REV_SLOT,
  ruleText,
  type Severity,
  SID_SLOT,
  virusTotalReference,
} from "../shared/ids/rule-text.ts";
import {
  CoveredHosts,
  HOST_COVERED,
  isAddress,
  isDomainName,
  isHeaderValue,
  readEndpoint,
  visibleUrl,
  withdrawnUrl,
} from "../shared/ids/wire.ts";
import type { AddressChoice } from "./addresses.ts";
import { BLOCKLIST, HASHES } from "./files.ts";
import { snortMetadata } from "./metadata.ts";
import type { SnortEngine, SnortOptions } from "./options.ts";

/** Longest pattern in bytes: both parsers copy it into a buffer of 2048 (MAX_PATTERN_SIZE) with a NUL. */
const MAX_PATTERN_BYTES = 2047;
const PATTERN_TOO_LONG = `the pattern is longer than the ${MAX_PATTERN_BYTES} bytes Snort takes`;

const PORTS_KNOWN = "its ports are known, and the rules of its endpoints are narrower (option addresses)";

/** Types that no rule of Snort can match, each with what is in the way. */
const NOT_MATCHED: Readonly<Partial<Record<ObservableType, string>>> = {
  "email-address": "a mailbox may be a victim's: it is never written into a rule",
  ja3: "Snort has no rule option for JA3",
  ja3s: "Snort has no rule option for JA3S",
  ja4: "Snort has no rule option for JA4",
  certificate: "Snort has no rule option for certificates",
  mutex: "a mutex stays on its host: no sensor sees it",
  "registry-key": "a registry key stays on its host: no sensor sees it",
  "file-path": "a file path stays on its host: no sensor sees it",
  "command-line": "a command line stays on its host: no sensor sees it",
};

/** A drafter for one export: it remembers which hosts have rules. */
export function snortDrafter(
  engine: SnortEngine,
  options: SnortOptions,
  addresses: AddressChoice,
): (indicator: Indicator) => Draft {
  const covered = new CoveredHosts();

  const fieldsOf = (indicator: Indicator, severity: Severity) => ({
    family: ruleText(indicator.families[0] ?? "", 64) || "malware",
    defanged: defangForMessage(indicator.value),
    reference: virusTotalReference(indicator),
    metadata: snortMetadata(indicator, severity),
    external: options.destination === "any" ? "any" : "$EXTERNAL_NET",
    sid: SID_SLOT,
    rev: REV_SLOT,
  });

  const rule = (row: string, kind: string, of: string, fields: Record<string, unknown>): RuleDraft => ({
    row: `${engine}-${row}`,
    key: `${engine}:${kind}:${of}`,
    fields,
  });

  const domain = (indicator: Indicator): Draft => {
    const { value: host } = indicator;
    if (!isDomainName(host)) return "not a canonical domain name";
    const subtree = indicator.scope === "subtree";
    if (indicator.status === "active") covered.addDomain(host, subtree);
    const fields = { ...fieldsOf(indicator, "Major"), host, subtree };
    const key = indicatorKey(indicator);
    return {
      rules: [
        rule("dns", "dns-udp", key, { ...fields, transport: "udp", overTcp: false }),
        rule("dns", "dns-tcp", key, { ...fields, transport: "tcp", overTcp: true }),
        rule("tls", "tls", key, fields),
        ...(subtree ? [rule("tls-subdomain", "tls-subdomain", key, fields)] : []),
        rule("http-host", "http-host", key, fields),
      ],
    };
  };

  const url = (indicator: Indicator): Draft => {
    const visible = visibleUrl(indicator);
    if (typeof visible === "string") return visible;
    const { host } = visible;
    if (visible.shows === "request") {
      const { target, port } = visible;
      if (target.length > MAX_PATTERN_BYTES) return PATTERN_TOO_LONG;
      const hostField = port === undefined ? host : `${host}:${port}`;
      const raw = !isUnchangedByNormalisation(target);
      const fields = { ...fieldsOf(indicator, "Major"), host, hostField, target, raw };
      return { rules: [rule("http-uri", "http-uri", indicatorKey(indicator), fields)] };
    }
    if (indicator.status !== "active") return withdrawnUrl(indicator.status);
    if (!covered.addUrlHost(visible)) return HOST_COVERED;
    const row = visible.shows === "server-name" ? "https-host" : "http-host";
    const fields = { ...fieldsOf(indicator, row === "https-host" ? "Minor" : "Major"), host, subtree: false };
    return { rules: [rule(row, row, `url-host:${host}`, fields)] };
  };

  const address = (indicator: Indicator): Draft => {
    const { value, status } = indicator;
    if (!isAddress(value)) return "not a canonical address";
    if (addresses.form === "rules") {
      if (options.addresses === "portless" && (indicator.details.ports ?? []).length > 0) return PORTS_KNOWN;
      const fields = { ...fieldsOf(indicator, "Major"), address: bracketed(value) };
      const key = indicatorKey(indicator);
      return {
        rules: [
          rule("address", "address-tcp", key, { ...fields, transport: "tcp", overTcp: true }),
          rule("address", "address-udp", key, { ...fields, transport: "udp", overTcp: false }),
        ],
      };
    }
    if (status !== "active") return `the address is ${status}, and a list cannot say so`;
    return { rules: [], lines: [{ path: BLOCKLIST, line: value }] };
  };

  const endpoint = (indicator: Indicator): Draft => {
    const parts = readEndpoint(indicator.value);
    if (!parts) return "not a canonical endpoint";
    const { port, transport } = parts;
    const fields = { ...fieldsOf(indicator, "Major"), address: bracketed(parts.address), port };
    return { rules: [rule(`endpoint-${transport}`, "endpoint", indicatorKey(indicator), fields)] };
  };

  const userAgent = (indicator: Indicator): Draft => {
    const { value } = indicator;
    if (!isHeaderValue(value)) return "not a value that fits an HTTP header";
    if (Buffer.byteLength(value) > MAX_PATTERN_BYTES - USER_AGENT_FRAME) return PATTERN_TOO_LONG;
    const fields = { ...fieldsOf(indicator, "Minor"), userAgent: value };
    return { rules: [rule("user-agent", "user-agent", indicatorKey(indicator), fields)] };
  };

  const file = ({ value, status }: Indicator): Draft => {
    if (engine === "snort2") return "Snort 2.9 matches no file hashes in a stock build";
    if (!/^[0-9a-f]{64}$/.test(value)) return "not a SHA-256 in lower hex";
    if (status !== "active") return `the file is ${status}, and a list cannot say so`;
    return { rules: [], lines: [{ path: HASHES, line: value }] };
  };

  return (indicator) => {
    switch (indicator.type) {
      case "domain":
        return domain(indicator);
      case "url":
        return url(indicator);
      case "ipv4":
      case "ipv6":
        return address(indicator);
      case "endpoint":
        return endpoint(indicator);
      case "user-agent":
        return userAgent(indicator);
      case "sha256":
        return file(indicator);
      default:
        return NOT_MATCHED[indicator.type] ?? `Snort rules cannot match the type ${indicator.type}`;
    }
  };
}

/** `User-Agent: ` and the line end, which stand in Snort 2.9's pattern. */
const USER_AGENT_FRAME = "User-Agent: \r\n".length;

/** IPv6 in rule headers stands in brackets: both parsers take the last colon for a port otherwise. */
function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

/**
 * Whether Snort 3 hands the target to `http_uri` byte for byte with its default options: nothing to decode, `+` is no
 * space, no separators or dots to fold.
 */
function isUnchangedByNormalisation(target: string): boolean {
  return !/[%+\\]|\/\/|\/\./.test(target);
}
