/**
 * Indicator → Suricata rules: which kinds an indicator needs, or why it can have none. The forms follow what was
 * measured on Suricata 7 and 8: names are matched in their own buffers, addresses without `flow`, which would cost an
 * alert and an inspection per packet.
 *
 * This module writes no rule text (see templates/suricata) and does not judge values.
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
import { DEFAULT_CLASSTYPES, type RuleKind, type SuricataOptions } from "./options.ts";

export const SHA256_LIST = "rulewright-sha256.lst";

/** Apart from the others: they do not load without the list, and they make the sensor hash every file. */
export const FILE_RULES = "rulewright-files.rules";

/**
 * Protocols that carry malware and whose files Suricata hashes; `filesha256` needs one rule each. `http` is HTTP/2
 * too. Mail and shares also spread inside, so their far side is any.
 */
const FILE_PROTOCOLS = [
  { protocol: "http", spreadsInside: false },
  { protocol: "smtp", spreadsInside: true },
  { protocol: "smb", spreadsInside: true },
  { protocol: "ftp-data", spreadsInside: false },
] as const;

/** Hyperscan, which searches contents, takes 16,000 characters, and Suricata writes four for each byte. */
const MAX_PATTERN_BYTES = 4000;
const PATTERN_TOO_LONG = `the pattern is longer than the ${MAX_PATTERN_BYTES} bytes the engine's matcher takes`;

const PORTS_KNOWN = "its ports are known, and the rules of its endpoints are narrower (option addresses)";

/** Kinds that may match beside the indicator: a whole host for a path, a fingerprint shared with other software. */
const BROAD_KINDS: ReadonlySet<RuleKind> = new Set(["https-host", "ja3", "ja3s", "ja4", "user-agent"]);

/** A drafter for one export: it remembers which hosts have rules. */
export function suricataDrafter(options: SuricataOptions): (indicator: Indicator) => Draft {
  const covered = new CoveredHosts();
  let hasFileRules = false;

  const external = options.destination === "any" ? "any" : "$EXTERNAL_NET";

  const fieldsOf = (indicator: Indicator, severity: Severity) => ({
    family: ruleText(indicator.families[0] ?? "", 64) || "malware",
    defanged: defangForMessage(indicator.value),
    reference: virusTotalReference(indicator),
    metadata: metadata(indicator, severity),
    external,
    seconds: options.thresholdSeconds,
    sid: SID_SLOT,
    rev: REV_SLOT,
  });

  const rule = (kind: RuleKind, of: string, fields: Record<string, unknown>): RuleDraft => ({
    row: kind,
    key: `suricata:${kind}:${of}`,
    fields: { ...fields, classtype: options.classtypes[kind] ?? DEFAULT_CLASSTYPES[kind] },
  });

  const one = (
    indicator: Indicator,
    kind: RuleKind,
    matched: Record<string, unknown>,
    of = indicatorKey(indicator),
  ): Draft => {
    const fields = fieldsOf(indicator, BROAD_KINDS.has(kind) ? "Minor" : "Major");
    return { rules: [rule(kind, of, { ...fields, ...matched })] };
  };

  const domain = (indicator: Indicator): Draft => {
    const { value: host } = indicator;
    if (!isDomainName(host)) return "not a canonical domain name";
    const subtree = indicator.scope === "subtree";
    if (indicator.status === "active") covered.addDomain(host, subtree);
    const fields = { ...fieldsOf(indicator, "Major"), host, subtree };
    const key = indicatorKey(indicator);
    return { rules: [rule("dns", key, fields), rule("tls", key, fields), rule("http-host", key, fields)] };
  };

  const address = (indicator: Indicator): Draft => {
    const { value, details } = indicator;
    if (!isAddress(value)) return "not a canonical address";
    if (options.addresses === "portless" && (details.ports ?? []).length > 0) return PORTS_KNOWN;
    return one(indicator, "address", { address: value });
  };

  const url = (indicator: Indicator): Draft => {
    const visible = visibleUrl(indicator);
    if (typeof visible === "string") return visible;
    const { host } = visible;
    if (visible.shows === "request") {
      const { target } = visible;
      if (target.length > MAX_PATTERN_BYTES) return PATTERN_TOO_LONG;
      return one(indicator, "http-uri", { host, target, raw: !isUnchangedByNormalisation(target) });
    }
    if (indicator.status !== "active") return withdrawnUrl(indicator.status);
    if (!covered.addUrlHost(visible)) return HOST_COVERED;
    const kind = visible.shows === "server-name" ? "https-host" : "http-host";
    return one(indicator, kind, { host, subtree: false }, `url-host:${host}`);
  };

  const file = ({ value, status }: Indicator): Draft => {
    if (!/^[0-9a-f]{64}$/.test(value)) return "not a SHA-256 in lower hex";
    if (status !== "active") return `the file is ${status}, and a list cannot say so`;
    const lines = [{ path: SHA256_LIST, line: value }];
    if (hasFileRules) return { rules: [], lines };
    hasFileRules = true;
    // The rules say nothing of one file: their text is the same for any list.
    const fields = { list: SHA256_LIST, sid: SID_SLOT, rev: REV_SLOT };
    const rules = FILE_PROTOCOLS.map(({ protocol, spreadsInside }) => ({
      ...rule("file-sha256", protocol, { ...fields, protocol, external: spreadsInside ? "any" : external }),
      path: FILE_RULES,
    }));
    return { rules, lines };
  };

  return (indicator) => {
    const { type, value } = indicator;
    switch (type) {
      case "domain":
        return domain(indicator);
      case "url":
        return url(indicator);
      case "sha256":
        return file(indicator);
      case "ipv4":
      case "ipv6":
        return address(indicator);
      case "endpoint": {
        const endpoint = readEndpoint(value);
        return endpoint ? one(indicator, "endpoint", { ...endpoint }) : "not a canonical endpoint";
      }
      case "ja3":
      case "ja3s":
        return /^[0-9a-f]{32}$/.test(value) ? one(indicator, type, { hash: value }) : "not an MD5 in lower hex";
      case "ja4":
        return /^[tqd][0-9a-z]{9}_[0-9a-f]{12}_[0-9a-f]{12}$/.test(value)
          ? one(indicator, "ja4", { hash: value })
          : "not a JA4 fingerprint";
      case "certificate":
        return /^[0-9a-f]{40}$/.test(value)
          ? one(indicator, "certificate", { hash: value.match(/../g)?.join(":") })
          : "only certificates with a SHA-1 thumbprint can be matched";
      case "user-agent":
        if (!isHeaderValue(value)) return "not a value that fits an HTTP header";
        if (Buffer.byteLength(value) > MAX_PATTERN_BYTES) return PATTERN_TOO_LONG;
        return one(indicator, "user-agent", { userAgent: value });
      default:
        return `Suricata rules cannot match the type ${type}`;
    }
  };
}

/** Whether libhtp hands the target to `http.uri` byte for byte: nothing to decode, no separators or dots to fold. */
function isUnchangedByNormalisation(target: string): boolean {
  return !/%|\\|\/\/|\/\./.test(target);
}
