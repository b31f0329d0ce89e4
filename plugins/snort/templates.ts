/** Rows, fields and helpers of the Snort templates: the table that filters, checks and documents them. */
import type { TemplateSet } from "../../src/plugin.ts";
import { bytes, content, escapeText } from "../shared/ids/rule-text.ts";
import { dottedBytes, labelBytes, labels, lengthBytes, pcre } from "./encodings.ts";

const COMMON = {
  family: "quillet",
  defanged: "quillet-morrow .top",
  reference: "www.virustotal.com/gui/domain/quillet-morrow.top",
  metadata: "attack_target Client_Endpoint, created_at 2026_10_01, updated_at 2026_10_20",
  external: "$EXTERNAL_NET",
  sid: 1_000_001,
  rev: 1,
};
const HOST = { ...COMMON, host: "quillet-morrow.top", subtree: true };
const ENDPOINT = { ...COMMON, address: "45.32.17.9", port: 8443 };

const ROWS: TemplateSet["rows"] = {
  dns: {
    description: "A DNS query for a domain, over UDP or TCP",
    sample: { ...HOST, transport: "udp", overTcp: false },
  },
  tls: { description: "A TLS client hello whose server name is a domain", sample: HOST },
  "tls-subdomain": { description: "A TLS client hello whose server name is below a domain", sample: HOST },
  "http-host": { description: "An HTTP request to a domain, or to the host of a URL without a path", sample: HOST },
  "http-uri": {
    description: "An HTTP request for a URL",
    sample: { ...HOST, hostField: "quillet-morrow.top:8080", target: "/gate.php?id=1", raw: false },
  },
  "https-host": { description: "A TLS client hello for the host of an https URL", sample: HOST },
  address: {
    description: "A TCP connection attempt or the first UDP datagram to an address",
    sample: { ...COMMON, address: "45.32.17.9", transport: "tcp", overTcp: true },
  },
  "endpoint-tcp": { description: "A TCP connection attempt to an address and port", sample: ENDPOINT },
  "endpoint-udp": { description: "The first UDP datagram to an address and port", sample: ENDPOINT },
  "user-agent": { description: "An HTTP user agent", sample: { ...COMMON, userAgent: "Quillet/1.4 (loader)" } },
};

export const snortTemplates: TemplateSet = {
  dir: new URL("../../templates/snort/", import.meta.url),
  escape: escapeText,
  helpers: { content, bytes, labels, labelBytes, lengthBytes, dottedBytes, pcre },
  rows: Object.fromEntries(
    (["snort3", "snort2"] as const).flatMap((format) =>
      Object.entries(ROWS).map(([row, { description, sample }]) => [
        `${format}-${row}`,
        { description: `${description} (${format})`, sample },
      ]),
    ),
  ),
  fields: {
    family: "First malware family, or malware",
    defanged: "The indicator, defanged with spaces",
    reference: "VirusTotal page without a scheme; empty when there is none",
    metadata: "Metadata entries, separated by commas",
    external: "$EXTERNAL_NET or any, from the option destination",
    sid: "Rule id",
    rev: "Rule revision",
    host: "Host to match; an IPv6 address in brackets",
    hostField: "Host header of a URL, with its port when it is not the default",
    subtree: "Whether names below the host match too",
    target: "Path and query, byte for byte",
    raw: "Whether the target is matched before normalisation (http_raw_uri; Snort 2.9 always does)",
    transport: "tcp or udp",
    overTcp: "Whether the rule is for TCP",
    address: "IPv4 address, or IPv6 address in brackets",
    port: "Port",
    userAgent: "User agent, exactly",
  },
};
