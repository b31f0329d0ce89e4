/**
 * Names in datasets: one rule a protocol for any number of names. Suricata 8.0.7 and later match names below too and
 * say in the alert which indicator it was; before, a name matches exactly. `requires` lets one file serve both.
 * https://docs.suricata.io/en/latest/rules/datasets.html
 */
import { type Indicator, indicatorKey } from "../../src/plugin.ts";
import type { ListLine } from "../shared/ids/rule-file.ts";
import { confidenceLevel, metadataValue, ruleText, virusTotalReference } from "../shared/ids/rule-text.ts";

/** Since when a set of names may match what is below them. */
const SUBDOMAINS_SINCE = "8.0.7";

/** A dataset with its file, and the sensors that load it. */
interface NameSet {
  readonly id: "domains" | "domains-exact" | "hosts";
  readonly requires: string;
  readonly subtree: boolean;
  readonly list: string;
}

/** What a rule over a list needs to know; see templates/suricata/name-list.hbs. */
export interface NameListRow {
  readonly id: string;
  readonly protocol: "dns" | "tls" | "http" | "quic";
  readonly buffer: string;
  readonly label: string;
  readonly established: boolean;
  readonly requires: string;
  readonly subtree: boolean;
  readonly set: string;
  readonly list: string;
  readonly hashsize: number;
}

const PROTOCOLS = [
  { protocol: "dns", buffer: "dns.query", label: "DNS query", established: false },
  { protocol: "tls", buffer: "tls.sni", label: "TLS server name", established: true },
  { protocol: "http", buffer: "http.host", label: "HTTP host", established: true },
  { protocol: "quic", buffer: "quic.sni", label: "QUIC server name", established: false },
] as const;

export interface NameLists {
  /** The lines of a name, in each list it belongs to. */
  add(indicator: Indicator): ListLine[];
  rows(): NameListRow[];
}

/** `hasQuic`: whether QUIC is looked at too. */
export function openNameLists(prefix: string, hasQuic: boolean): NameLists {
  const counts = { subtree: 0, host: 0 };
  const sets: readonly NameSet[] = [
    { id: "domains", requires: `>= ${SUBDOMAINS_SINCE}`, subtree: true, list: `${prefix}-domains.ndjson` },
    { id: "domains-exact", requires: `< ${SUBDOMAINS_SINCE}`, subtree: false, list: `${prefix}-domains.lst` },
    { id: "hosts", requires: "", subtree: false, list: `${prefix}-hosts.lst` },
  ];
  const [below, exact, hosts] = sets as [NameSet, NameSet, NameSet];
  return {
    add(indicator) {
      const line = Buffer.from(indicator.value).toString("base64");
      if (indicator.scope === "subtree") {
        counts.subtree += 1;
        return [
          { path: below.list, line: contextLine(indicator) },
          { path: exact.list, line },
        ];
      }
      counts.host += 1;
      return [{ path: hosts.list, line }];
    },
    rows() {
      return sets.flatMap(({ id, requires, subtree, list }) => {
        const size = id === "hosts" ? counts.host : counts.subtree;
        if (size === 0) return [];
        return PROTOCOLS.filter(({ protocol }) => hasQuic || protocol !== "quic").map((row) => ({
          id: `${id}:${row.protocol}`,
          ...row,
          requires,
          subtree,
          list,
          set: `${prefix}-${id}`,
          hashsize: hashSize(size),
        }));
      });
    },
  };
}

/**
 * An entry with what the alert shows beside it. Without dates: the line changes only with what an analyst acts on.
 * Suricata takes 1024 bytes of context.
 */
function contextLine(indicator: Indicator): string {
  const family = metadataValue(indicator.families[0] ?? "");
  const reference = virusTotalReference(indicator);
  return JSON.stringify({
    // With the dot, as `dotprefix` makes the name that is looked up.
    domain: `.${indicator.value}`,
    ioc_id: ruleText(indicatorKey(indicator), 270),
    ...(family === "" ? {} : { family }),
    confidence: confidenceLevel(indicator),
    tlp: indicator.tlp,
    ...(reference === "" ? {} : { reference: `https://${reference}` }),
  });
}

/** A table that is too small makes loading quadratic; Suricata 8 refuses a rule that asks for more than the most. */
const [LEAST_HASHSIZE, MOST_HASHSIZE] = [4096, 65_536];

export function hashSize(entries: number): number {
  let size = LEAST_HASHSIZE;
  while (size < entries && size < MOST_HASHSIZE) size *= 2;
  return size;
}
