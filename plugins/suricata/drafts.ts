/**
 * Indicator → Suricata rules: which kinds an indicator needs, or why it can have none. The forms follow what was
 * measured on Suricata 7 and 8: names are matched in their own buffers, addresses without `flow`, which would cost an
 * alert and an inspection per packet.
 *
 * This module writes no rule text (see templates/suricata) and does not judge values.
 */
import { type Indicator, indicatorKey } from "../../src/plugin.ts";
import type { Draft, FinalDraft, RuleDraft } from "../shared/ids/rule-file.ts";
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
import type { Forms } from "./forms.ts";
import { openListed } from "./listed.ts";
import { DEFAULT_CLASSTYPES, type RuleKind, type SuricataOptions } from "./options.ts";

/** Hyperscan, which searches contents, takes 16,000 characters, and Suricata writes four for each byte. */
const MAX_PATTERN_BYTES = 4000;
const PATTERN_TOO_LONG = `the pattern is longer than the ${MAX_PATTERN_BYTES} bytes the engine's matcher takes`;

const PORTS_KNOWN = "its ports are known, and the rules of its endpoints are narrower (option addresses)";

/** Kinds that may match beside the indicator: a whole host for a path, a fingerprint shared with other software. */
const BROAD_KINDS: ReadonlySet<RuleKind> = new Set(["https-host", "ja3", "ja3s", "ja4", "user-agent"]);

export interface SuricataDrafter {
  readonly draft: (indicator: Indicator) => Draft;
  /** Rules of groups and lists, which are known when the last indicator is. */
  readonly finish: () => FinalDraft[];
}

/** A drafter for one export: it remembers which hosts have rules. `forms` is read as each indicator comes. */
export function suricataDrafter(options: SuricataOptions, forms: Readonly<Forms>): SuricataDrafter {
  const covered = new CoveredHosts();
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

  const listed = openListed(options, rule, external);

  const domain = (indicator: Indicator): Draft => {
    const { value: host } = indicator;
    if (!isDomainName(host)) return "not a canonical domain name";
    const subtree = indicator.scope === "subtree";
    if (indicator.status === "active") covered.addDomain(host, subtree);
    if (forms.names !== "rules") return listed.name(indicator);
    const fields = { ...fieldsOf(indicator, "Major"), host, subtree };
    const key = indicatorKey(indicator);
    const kinds: readonly RuleKind[] = ["dns", "tls", "http-host", ...(options.quic ? (["quic"] as const) : [])];
    return { rules: kinds.map((kind) => rule(kind, key, fields)) };
  };

  const address = (indicator: Indicator): Draft => {
    const { value, details } = indicator;
    if (!isAddress(value)) return "not a canonical address";
    if (options.addresses === "portless" && (details.ports ?? []).length > 0) return PORTS_KNOWN;
    return forms.addresses === "rules"
      ? one(indicator, "address", { address: value })
      : listed.address(indicator, forms.addresses);
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

  const endpoint = (indicator: Indicator): Draft => {
    const parts = readEndpoint(indicator.value);
    if (!parts) return "not a canonical endpoint";
    return forms.endpoints === "rules" ? one(indicator, "endpoint", { ...parts }) : listed.endpoint(indicator, parts);
  };

  const ja4 = (indicator: Indicator): Draft => {
    const { value } = indicator;
    const transport = /^([tqd])[0-9a-z]{9}_[0-9a-f]{12}_[0-9a-f]{12}$/.exec(value)?.[1];
    if (transport === undefined) return "not a JA4 fingerprint";
    if (transport === "d") return "Suricata computes no JA4 of DTLS";
    const isQuic = transport === "q";
    return one(indicator, "ja4", { hash: value, protocol: isQuic ? "quic" : "tls", established: !isQuic });
  };

  const draft = (indicator: Indicator): Draft => {
    const { type, value } = indicator;
    switch (type) {
      case "domain":
        return domain(indicator);
      case "url":
        return url(indicator);
      case "sha256":
        return listed.file(indicator);
      case "ipv4":
      case "ipv6":
        return address(indicator);
      case "endpoint":
        return endpoint(indicator);
      case "ja3":
      case "ja3s":
        return /^[0-9a-f]{32}$/.test(value) ? one(indicator, type, { hash: value }) : "not an MD5 in lower hex";
      case "ja4":
        return ja4(indicator);
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
  return { draft, finish: listed.finish };
}

/** Whether libhtp hands the target to `http.uri` byte for byte: nothing to decode, no separators or dots to fold. */
function isUnchangedByNormalisation(target: string): boolean {
  return !/%|\\|\/\/|\/\./.test(target);
}
