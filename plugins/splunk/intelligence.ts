/**
 * The threat intelligence that Enterprise Security takes, and where an indicator belongs in it. Every row of a lookup
 * alerts, on each of its cells; so a cell holds only what is worth that. This module writes no files.
 * Source: Splunk Enterprise Security, "Supported types of threat intelligence".
 */
import { type Indicator, isAlertable } from "../../src/plugin.ts";
import { fileHashes } from "../shared/rows/value.ts";

/** Name → header, in the order that Enterprise Security ships. */
export const INTELLIGENCE = {
  ip: ["description", "ip", "weight"],
  domain: ["description", "domain", "weight"],
  http: ["description", "http_referrer", "http_user_agent", "url", "weight"],
  file: ["description", "file_hash", "file_name", "weight"],
  certificate: [
    "certificate_issuer",
    "certificate_subject",
    "certificate_issuer_organization",
    "certificate_subject_organization",
    "certificate_serial",
    "certificate_issuer_unit",
    "certificate_subject_unit",
    "description",
    "weight",
  ],
  process: ["description", "process", "process_file_name", "weight"],
  registry: ["description", "registry_path", "registry_value_name", "registry_value_text", "weight"],
  service: ["description", "service", "service_file_hash", "service_dll_file_hash", "weight"],
  user: ["description", "user", "weight"],
  email: ["description", "src_user", "subject", "weight"],
} as const;

export type Kind = keyof typeof INTELLIGENCE;
export const KINDS = Object.keys(INTELLIGENCE) as Kind[];

/** Column → what it says; the others are empty. */
export type Cells = Readonly<Record<string, string>>;

/** Where an indicator belongs and what its cells say, one record a row; or why it has no row. */
export type Placed = { readonly kind: Kind; readonly rows: readonly Cells[] } | string;

export function place({ type, value, details }: Indicator): Placed {
  const one = (kind: Kind, column: string): Placed => ({ kind, rows: [{ [column]: value }] });
  switch (type) {
    case "ipv4":
    case "ipv6":
      return one("ip", "ip");
    case "domain":
      return one("domain", "domain");
    case "url":
      return one("http", "url");
    case "registry-key":
      return one("registry", "registry_path");
    case "command-line":
      return one("process", "process");
    case "sha256":
      return { kind: "file", rows: fileHashes({ value, details }).map((hash) => ({ file_hash: hash })) };
    case "certificate": {
      // Issuer and subject would alert by themselves, and half the web shares an issuer.
      const serial = details.certificate?.serial ?? "";
      if (!/^[0-9a-f]{16,40}$/i.test(serial))
        return "Enterprise Security knows certificates by serial, and it has none of 8 bytes or more";
      return { kind: "certificate", rows: [{ certificate_serial: serial }] };
    }
    case "endpoint":
      return "Enterprise Security has no ports; the address has a row where it is kept by itself";
    case "user-agent":
      return "harmless programs share user agents, and every row of Enterprise Security alerts";
    default:
      return `Enterprise Security has no column for ${type}`;
  }
}

/** A multiplier of risk, not a confidence: 1 to 3, and 1 for what needs a second condition. */
export function weightOf(indicator: Indicator): number {
  if (!isAlertable(indicator)) return 1;
  const { confidence } = indicator.verdict;
  if (confidence >= 80) return 3;
  return confidence >= 60 ? 2 : 1;
}
