/** Rows, fields and helpers of the Snort templates: the table that filters, checks and documents them. */
import type { TemplateSet } from "../../src/plugin.ts";
import { bytes, content, escapeText } from "../shared/ids/rule-text.ts";

/** A name as DNS sends it (RFC 1035 section 3.1), as a content pattern: `|04|evil|07|example|00|`. */
export function labels(name: unknown): string {
  return `${String(name)
    .split(".")
    .map((label) => `|${hexByte(label.length)}|${content(label)}`)
    .join("")}|00|`;
}

/** Length of that encoding: a length byte for each label, and the root's. */
export function labelBytes(name: unknown): string {
  return String(String(name).length + 2);
}

/** Length of a TLS server name in the two bytes before it (RFC 6066 section 3): `00 0c`. */
export function lengthBytes(name: unknown): string {
  const { length } = String(name);
  return `${hexByte(length >> 8)} ${hexByte(length & 0xff)}`;
}

/** A host inside a regular expression, without the characters that a rule gives a meaning. */
export function pcre(host: unknown): string {
  return String(host)
    .replace(/[.[\]]/g, "\\$&")
    .replaceAll(":", "\\x3a");
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}

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
    sample: { ...HOST, hostField: "quillet-morrow.top:8080", target: "/gate.php?id=1" },
  },
  "https-host": { description: "A TLS client hello for the host of an https URL", sample: HOST },
  "endpoint-tcp": { description: "A TCP connection attempt to an address and port", sample: ENDPOINT },
  "endpoint-udp": { description: "The first UDP datagram to an address and port", sample: ENDPOINT },
  "user-agent": { description: "An HTTP user agent", sample: { ...COMMON, userAgent: "Quillet/1.4 (loader)" } },
};

export const snortTemplates: TemplateSet = {
  dir: new URL("../../templates/snort/", import.meta.url),
  escape: escapeText,
  helpers: { content, bytes, labels, labelBytes, lengthBytes, pcre },
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
    transport: "tcp or udp",
    overTcp: "Whether the DNS query goes over TCP",
    address: "IPv4 address, or IPv6 address in brackets",
    port: "Port",
    userAgent: "User agent, exactly",
  },
};
