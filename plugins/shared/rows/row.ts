/**
 * The columns of a row, for every list with one value per line. This module does not quote cells (see cell.ts).
 */
import { type Indicator, isAlertable, parseEndpoint, type RowTemplate } from "../../../src/plugin.ts";
import { displayText, joinCell } from "./cell.ts";
import { isSha256 } from "./value.ts";

/** What a row template may print → its meaning. */
export const ROW_FIELDS = {
  type: "observable type, such as `domain`",
  value: "the canonical value; an endpoint is `198.51.100.7:8080/tcp`",
  port: "endpoint: port",
  protocol: "endpoint: `tcp` or `udp`",
  first_seen: "first time in a report, ISO 8601 UTC",
  last_seen: "last time in a report, ISO 8601 UTC",
  valid_until: "end of validity, ISO 8601 UTC",
  confidence: "0 to 100",
  detect: "`true` when a match is worth an alert by itself",
  tlp: "Traffic Light Protocol 2.0 level, lower case",
  malware_family: "families of the samples, joined by `;`",
  sandboxes: "sandboxes that showed it, joined by `;`",
  sample_count: "how many samples showed it",
  sample_sha256: "SHA-256 of up to 20 samples, joined by `;`",
  report_url: "VirusTotal page with the first sample's sandbox reports",
  attack_ids: "ATT&CK technique ids of the samples, joined by `;`",
  labels: "labels, joined by `;`",
  reasons: "why it was kept, joined by `;`",
  scope: "domain: `subtree` or `host`",
  status: "`active`, `expired` or `revoked`",
  hunts: "hunts that found it, joined by `;`",
} as const;

/** About 40 KB. Longer chunks are slower: their many template pieces outlive the collector's young generation. */
export const ROWS_PER_CHUNK = 100;

export type Row = Record<keyof typeof ROW_FIELDS, string | number | boolean>;

/**
 * An indicator's row. Null is the empty cell. `text` treats each piece of free text, before pieces are joined; the
 * value itself stays as it is.
 */
export function rowOf(indicator: Indicator, text: (piece: string) => string = displayText): Row {
  const list = (values: readonly string[]): string => joinCell(values, text);
  const { port, transport } =
    indicator.type === "endpoint" ? parseEndpoint(indicator.value) : { port: "", transport: "" };
  return {
    type: indicator.type,
    value: indicator.value,
    port,
    protocol: transport,
    first_seen: toSeconds(indicator.firstSeen),
    last_seen: toSeconds(indicator.lastSeen),
    valid_until: toSeconds(indicator.validUntil),
    confidence: indicator.verdict.confidence,
    detect: isAlertable(indicator),
    tlp: indicator.tlp,
    malware_family: list(indicator.families),
    sandboxes: list(indicator.sandboxes),
    sample_count: indicator.sampleCount,
    sample_sha256: list(indicator.samples),
    report_url: reportUrl(indicator.samples[0]),
    attack_ids: list(indicator.techniques),
    labels: list(indicator.labels),
    reasons: list(indicator.verdict.reasons.map((reason) => reason.text)),
    scope: indicator.scope ?? "",
    status: indicator.status,
    hunts: list(indicator.hunts),
  };
}

/** `2026-10-01T08:00:00.000Z` → `2026-10-01T08:00:00Z`, the form that every `strptime` in the field reads. */
function toSeconds(time: string): string {
  return time.length === 24 && time.endsWith("Z") ? `${time.slice(0, 19)}Z` : displayText(time);
}

/** The page that shows a sample's sandbox reports. */
function reportUrl(sample: string | undefined): string {
  return sample !== undefined && isSha256(sample) ? `https://www.virustotal.com/gui/file/${sample}/behavior` : "";
}

/**
 * The header that belongs to a row template: the same template with each field's name in place of its value, so the
 * two cannot drift apart. `names` renames fields.
 */
export function headerOf(
  template: RowTemplate,
  fields: Readonly<Record<string, string>>,
  names: Readonly<Record<string, string>> = {},
): string {
  return template(Object.fromEntries(Object.keys(fields).map((field) => [field, names[field] ?? field]))).trim();
}

/** A row for `templates check`. */
export const SAMPLE_ROW: Row = {
  type: "endpoint",
  value: "198.51.100.7:8080/tcp",
  port: 8080,
  protocol: "tcp",
  first_seen: "2026-10-01T08:00:00Z",
  last_seen: "2026-10-20T09:30:00Z",
  valid_until: "2027-01-18T09:30:00Z",
  confidence: 85,
  detect: true,
  tlp: "amber",
  malware_family: "quillet",
  sandboxes: "Zenbox",
  sample_count: 1,
  sample_sha256: "",
  report_url: "",
  attack_ids: "T1071.001",
  labels: "",
  reasons: "contacted by 1 sample",
  scope: "",
  status: "active",
  hunts: "",
};
