/** Rows, fields and helpers of the Suricata templates: the table that filters, checks and documents them. */
import type { TemplateSet } from "../../src/plugin.ts";
import { bytes, content, escapeText } from "../shared/ids/rule-text.ts";

const COMMON = {
  family: "quillet",
  defanged: "quillet-morrow .top",
  reference: "www.virustotal.com/gui/domain/quillet-morrow.top",
  classtype: "domain-c2",
  metadata: "attack_target Client_Endpoint, created_at 2026_10_01, updated_at 2026_10_20",
  external: "$EXTERNAL_NET",
  seconds: 3600,
  sid: 1_000_001,
  rev: 1,
};
const HOST = { ...COMMON, host: "quillet-morrow.top" };

export const suricataTemplates: TemplateSet = {
  dir: new URL("../../templates/suricata/", import.meta.url),
  escape: escapeText,
  helpers: { content, bytes },
  rows: {
    dns: { description: "A DNS query for a domain", sample: { ...HOST, subtree: true } },
    tls: { description: "A TLS client hello whose server name is a domain", sample: { ...HOST, subtree: true } },
    quic: { description: "A QUIC Initial whose server name is a domain", sample: { ...HOST, subtree: true } },
    "http-host": {
      description: "An HTTP request to a domain, or to the host of a URL without a path",
      sample: { ...HOST, subtree: false },
    },
    "http-uri": {
      description: "An HTTP request for a URL",
      sample: { ...HOST, target: "/gate.php?id=1", raw: false },
    },
    "https-host": { description: "A TLS client hello for the host of an https URL", sample: HOST },
    "name-list": {
      description: "A name of a dataset, one rule for each protocol and dataset",
      sample: {
        ...COMMON,
        protocol: "tls",
        buffer: "tls.sni",
        label: "TLS server name",
        established: true,
        requires: ">= 8.0.7",
        subtree: true,
        set: "rulewright-domains",
        list: "rulewright-domains.ndjson",
        hashsize: 4096,
      },
    },
    address: { description: "Any packet to an address", sample: { ...COMMON, address: "45.32.17.9" } },
    "address-group": {
      description: "Any packet to one of up to 500 addresses",
      sample: { ...COMMON, addresses: "[45.32.17.9,91.92.1.7]", group: 1 },
    },
    "address-list": {
      description: "Any packet to an address of a dataset",
      sample: { ...COMMON, set: "rulewright-addresses", list: "rulewright-addresses.lst", hashsize: 4096 },
    },
    "address-reputation": {
      description: "Any packet to an address of an IP reputation list",
      sample: { ...COMMON, category: "RulewrightC2" },
    },
    endpoint: {
      description: "A packet to an address, port and transport",
      sample: { ...COMMON, address: "45.32.17.9", port: 8443, transport: "tcp" },
    },
    "endpoint-group": {
      description: "A packet to one of up to 500 addresses at one port",
      sample: { ...COMMON, addresses: "[45.32.17.9,91.92.1.7]", port: 8443, transport: "tcp", group: 1 },
    },
    ja3: {
      description: "A TLS client hello by its JA3 hash",
      sample: { ...COMMON, hash: "6734f37431670b3ab4292b8f60f29984" },
    },
    ja3s: {
      description: "A TLS server hello by its JA3S hash",
      sample: { ...COMMON, hash: "e35df3e00ca4ef31d42b34bebaa2f86e" },
    },
    ja4: {
      description: "A TLS or QUIC client hello by its JA4 fingerprint",
      sample: { ...COMMON, protocol: "tls", established: true, hash: "t13d1516h2_8daaf6152771_b186095e22b6" },
    },
    certificate: {
      description: "A server certificate by its SHA-1 thumbprint",
      sample: { ...COMMON, hash: "3f:1d:2c:4b:5a:69:78:87:96:a5:b4:c3:d2:e1:f0:01:12:23:34:45" },
    },
    "user-agent": { description: "An HTTP user agent", sample: { ...COMMON, userAgent: "Quillet/1.4 (loader)" } },
    "file-sha256": {
      description: "A file whose SHA-256 is in the list, one rule for each protocol",
      sample: { ...COMMON, protocol: "http", list: "rulewright-sha256.lst" },
    },
  },
  fields: {
    family: "First malware family, or malware",
    defanged: "The indicator, defanged with spaces",
    reference: "VirusTotal page without a scheme; empty when there is none",
    classtype: "Classtype, from the option classtypes or the default of the kind",
    metadata: "Metadata entries, separated by commas",
    external: "$EXTERNAL_NET or any, from the option destination",
    seconds: "The option thresholdSeconds",
    sid: "Rule id",
    rev: "Rule revision",
    host: "Host to match; an IPv6 address in brackets",
    subtree: "Whether names below match too",
    target: "Path and query, byte for byte",
    raw: "Whether the target is matched before normalisation (http.uri.raw)",
    address: "IPv4 or IPv6 address",
    port: "Port",
    transport: "tcp or udp",
    hash: "Fingerprint as the keyword wants it",
    userAgent: "User agent, exactly",
    protocol: "Protocol of the rule's header, where it varies",
    list: "File name of the list",
    set: "Name of the dataset",
    hashsize: "Size of the dataset's table, from the number of its entries",
    requires: "Versions of Suricata that load the rule; empty for all",
    buffer: "Buffer with the name",
    label: "What is looked at, in words",
    established: "Whether the session must be established",
    addresses: "Addresses in brackets",
    group: "Number of the group, from 1",
    category: "Category of the reputation list",
  },
};
