/**
 * Indicator → Snort rules and list lines, for Snort 3 and for Snort 2.9. Generated from the indicator, never from
 * Suricata's text: Snort has no buffer for DNS names or TLS server names, so these are matched as they stand on the
 * wire. Addresses go to the reputation list: a rule for each would cost an inspection per packet.
 *
 * This module writes no rule text (see templates/snort) and does not judge values.
 */
import { type Indicator, indicatorKey } from "../../src/plugin.ts";
import type { Draft, RuleDraft } from "../shared/ids/rule-file.ts";
import {
  defangForMessage,
  metadata,
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
import type { SnortFormat, SnortOptions } from "./options.ts";

export const BLOCKLIST = "rulewright.blocklist";

/** A drafter for one export: it remembers which hosts have rules. */
export function snortDrafter(format: SnortFormat, options: SnortOptions): (indicator: Indicator) => Draft {
  const covered = new CoveredHosts();

  const fieldsOf = (indicator: Indicator, severity: Severity) => ({
    family: ruleText(indicator.families[0] ?? "", 64) || "malware",
    defanged: defangForMessage(indicator.value),
    reference: virusTotalReference(indicator),
    metadata: metadata(indicator, severity),
    external: options.destination === "any" ? "any" : "$EXTERNAL_NET",
    sid: SID_SLOT,
    rev: REV_SLOT,
  });

  const rule = (row: string, kind: string, of: string, fields: Record<string, unknown>): RuleDraft => ({
    row: `${format}-${row}`,
    key: `${format}:${kind}:${of}`,
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
      const hostField = port === undefined ? host : `${host}:${port}`;
      const fields = { ...fieldsOf(indicator, "Major"), host, hostField, target };
      return { rules: [rule("http-uri", "http-uri", indicatorKey(indicator), fields)] };
    }
    if (indicator.status !== "active") return withdrawnUrl(indicator.status);
    if (!covered.addUrlHost(visible)) return HOST_COVERED;
    const row = visible.shows === "server-name" ? "https-host" : "http-host";
    const fields = { ...fieldsOf(indicator, row === "https-host" ? "Minor" : "Major"), host, subtree: false };
    return { rules: [rule(row, row, `url-host:${host}`, fields)] };
  };

  const address = ({ value, status }: Indicator): Draft => {
    if (!isAddress(value)) return "not a canonical address";
    if (status !== "active") return `the address is ${status}, and a list cannot say so`;
    return { rules: [], lines: [{ path: BLOCKLIST, line: value }] };
  };

  const endpoint = (indicator: Indicator): Draft => {
    const parts = readEndpoint(indicator.value);
    if (!parts) return "not a canonical endpoint";
    const { port, transport } = parts;
    const literal = parts.address.includes(":") ? `[${parts.address}]` : parts.address;
    const fields = { ...fieldsOf(indicator, "Major"), address: literal, port };
    return { rules: [rule(`endpoint-${transport}`, "endpoint", indicatorKey(indicator), fields)] };
  };

  const userAgent = (indicator: Indicator): Draft => {
    if (!isHeaderValue(indicator.value)) return "not a value that fits an HTTP header";
    const fields = { ...fieldsOf(indicator, "Minor"), userAgent: indicator.value };
    return { rules: [rule("user-agent", "user-agent", indicatorKey(indicator), fields)] };
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
      default:
        return `Snort rules cannot match the type ${indicator.type}`;
    }
  };
}
