/**
 * The log sources a rule can be for, and what an indicator is in each: fields and modifiers, before any YAML.
 * Mutexes, TLS fingerprints and server certificates have no Sigma log source.
 * Source: Sigma taxonomy appendix (fields by log source), Sigma specification 2.0 (modifiers, wildcards).
 */
import { type Indicator, type ObservableType, parseEndpoint } from "../../src/plugin.ts";
import { hashesByAlgorithm } from "../shared/rows/value.ts";

/** One value of a field's list, or fields that must all match. */
export type Term =
  | { readonly selection: string; readonly field: string; readonly value: string }
  | { readonly selection: string; readonly fields: Readonly<Record<string, string | number>> };

export interface LogSource {
  /** Begins the file's name, as in SigmaHQ. */
  readonly name: string;
  readonly title: string;
  /** Ends the sentence "Detects …". */
  readonly detects: string;
  readonly falsePositives: string;
  readonly tags: readonly string[];
  readonly logsource: Readonly<Record<string, string>>;
  /** Fields that must match beside every term. */
  readonly always?: Readonly<Record<string, string>>;
  readonly terms: Partial<Record<ObservableType, (indicator: Indicator) => readonly Term[]>>;
}

const COMMAND_AND_CONTROL = ["attack.command-and-control"];
const CHANGED_HANDS = "Hosts and addresses that have changed hands since, and research on them";
const HARMLESS_FILES =
  "Harmless files that malware brings along, such as libraries and installers, and research on samples";

/** A backslash escapes `*`, `?` and itself; it is always doubled, so what follows it never matters. */
export function sigmaText(value: string): string {
  return value.replace(/[\\*?]/g, "\\$&");
}

/** The name, and with scope `subtree` what ends in `.name`: `contains` or a bare `endswith` would hit `notevil.example`. */
function hostTerms(field: string) {
  return ({ value, scope }: Indicator): Term[] => [
    { selection: "selection_host", field, value },
    ...(scope === "subtree"
      ? [{ selection: "selection_subdomain", field: `${field}|endswith`, value: `.${value}` }]
      : []),
  ];
}

function exactTerm(selection: string, field: string) {
  return ({ value }: Indicator): Term[] => [{ selection, field, value }];
}

function endpointTerm(addressField: string, portField: string) {
  return ({ value }: Indicator): Term[] => {
    const { address, port } = parseEndpoint(value);
    return [{ selection: "selection_endpoint", fields: { [addressField]: address, [portField]: port } }];
  };
}

/** Sysmon writes all hashes into one field, `MD5=…,SHA256=…`; which ones depends on its configuration. */
function hashTerms(field: string) {
  return (indicator: Indicator): Term[] =>
    Object.entries(hashesByAlgorithm(indicator)).map(([algorithm, hash]) => ({
      selection: "selection",
      field: `${field}|contains`,
      value: `${algorithm.toUpperCase()}=${hash}`,
    }));
}

export const LOG_SOURCES = [
  {
    name: "dns_query_win",
    title: "DNS Query For Domain Contacted By Malware In Sandbox",
    detects: "DNS queries of Windows hosts for domains that malware contacted in sandboxes",
    falsePositives: CHANGED_HANDS,
    tags: [...COMMAND_AND_CONTROL, "attack.t1071.004"],
    logsource: { category: "dns_query", product: "windows" },
    terms: { domain: hostTerms("QueryName") },
  },
  {
    name: "net_dns",
    title: "DNS Server Query For Domain Contacted By Malware In Sandbox",
    detects: "DNS queries at a resolver or sensor for domains that malware contacted in sandboxes",
    falsePositives: CHANGED_HANDS,
    tags: [...COMMAND_AND_CONTROL, "attack.t1071.004"],
    logsource: { category: "dns" },
    terms: { domain: hostTerms("query") },
  },
  {
    name: "proxy",
    title: "Web Request To Host Or URL Contacted By Malware In Sandbox",
    detects: "web requests to hosts, addresses and URLs that malware contacted in sandboxes",
    falsePositives: CHANGED_HANDS,
    tags: [...COMMAND_AND_CONTROL, "attack.t1071.001"],
    logsource: { category: "proxy" },
    terms: {
      domain: hostTerms("cs-host"),
      ipv4: exactTerm("selection_address", "dst_ip"),
      ipv6: exactTerm("selection_address", "dst_ip"),
      url: exactTerm("selection_url", "c-uri"),
    },
  },
  {
    name: "net_firewall",
    title: "Firewall Traffic To Address Contacted By Malware In Sandbox",
    detects: "traffic to addresses and endpoints that malware contacted in sandboxes",
    falsePositives: CHANGED_HANDS,
    tags: COMMAND_AND_CONTROL,
    logsource: { category: "firewall" },
    terms: {
      ipv4: exactTerm("selection_address", "dst_ip"),
      ipv6: exactTerm("selection_address", "dst_ip"),
      endpoint: endpointTerm("dst_ip", "dst_port"),
    },
  },
  {
    name: "net_connection_win",
    title: "Network Connection To Host Contacted By Malware In Sandbox",
    detects: "connections from Windows processes to hosts, addresses and endpoints that malware contacted in sandboxes",
    falsePositives: CHANGED_HANDS,
    tags: COMMAND_AND_CONTROL,
    logsource: { category: "network_connection", product: "windows" },
    always: { Initiated: "true" },
    terms: {
      domain: hostTerms("DestinationHostname"),
      ipv4: exactTerm("selection_address", "DestinationIp"),
      ipv6: exactTerm("selection_address", "DestinationIp"),
      endpoint: endpointTerm("DestinationIp", "DestinationPort"),
    },
  },
  {
    name: "proc_creation_win",
    title: "Execution Of File Known From Malware Sandbox By Hash",
    detects: "the execution of files, by hash, that are malware or were dropped by malware in sandboxes",
    falsePositives: HARMLESS_FILES,
    tags: ["attack.execution", "attack.t1204.002"],
    logsource: { category: "process_creation", product: "windows" },
    terms: { sha256: hashTerms("Hashes") },
  },
  {
    name: "image_load_win",
    title: "Loading Of Module Known From Malware Sandbox By Hash",
    detects: "the loading of modules, by hash, that are malware or were dropped by malware in sandboxes",
    falsePositives: HARMLESS_FILES,
    tags: ["attack.execution", "attack.t1129"],
    logsource: { category: "image_load", product: "windows" },
    terms: { sha256: hashTerms("Hashes") },
  },
  {
    name: "create_stream_hash_win",
    title: "Download Of File Known From Malware Sandbox By Hash",
    detects: "files with a mark of the web, by hash, that are malware or were dropped by malware in sandboxes",
    falsePositives: HARMLESS_FILES,
    tags: [...COMMAND_AND_CONTROL, "attack.t1105"],
    logsource: { category: "create_stream_hash", product: "windows" },
    terms: { sha256: hashTerms("Hash") },
  },
] as const satisfies readonly LogSource[];

export type LogSourceName = (typeof LOG_SOURCES)[number]["name"];
