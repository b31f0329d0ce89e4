/**
 * The columns of a row, for every list with one value per line. This module does not quote cells (see cell.ts).
 */
import { defang, type Indicator, isAlertable, type ObservableType, type RowTemplate } from "../../../src/plugin.ts";
import { displayText, joinCell } from "./cell.ts";
import { isSha256 } from "./value.ts";
import { reasonTexts } from "./words.ts";

/** What a row template may print → its meaning. */
export const ROW_FIELDS = {
  type: "observable type, such as `domain`",
  value: "the canonical value; an endpoint is `198.51.100.7:8080/tcp`",
  value_defanged: "the value for mail and reports, `hxxp://evil[.]example/`; other types than network ones as they are",
  port: "endpoint: port",
  protocol: "endpoint: `tcp` or `udp`",
  first_seen: "first time in a report, ISO 8601 UTC",
  last_seen: "last time in a report, ISO 8601 UTC",
  valid_until: "end of validity, ISO 8601 UTC",
  confidence: "0 to 100",
  detect: "`true` when a match is worth an alert by itself",
  tlp: "Traffic Light Protocol 2.0 level, lower case",
  malware_family: "families of the samples, joined by `;`",
  threat_type: "`malware_traffic`, `malware_file` or `malware_trace` (on the host), by the type",
  sandboxes: "sandboxes that showed it, joined by `;`",
  sample_count: "how many samples showed it",
  sample_sha256: "SHA-256 of up to 20 samples, joined by `;`",
  report_url: "VirusTotal page with the first sample's sandbox reports",
  attack_ids: "ATT&CK technique ids of the samples, joined by `;`",
  tags: "labels, joined by `;`",
  comment: "why it was kept, joined by `;`",
  scope: "domain: `subtree` or `host`",
  status: "`active`, `expired` or `revoked`",
  hunts: "hunts that found it, joined by `;`",
} as const;

export type RowField = keyof typeof ROW_FIELDS;
export type Row = Record<RowField, string | number | boolean>;

/** About 40 KB. Longer chunks are slower: their many template pieces outlive the collector's young generation. */
export const ROWS_PER_CHUNK = 100;

/** Treats each piece of free text before pieces are joined; the value itself stays as it is. */
type Text = (piece: string) => string;

const list = (values: readonly string[], text: Text): string => (values.length === 0 ? "" : joinCell(values, text));

/** What a field says of an indicator with a canonical value; the empty text when there is nothing to say. */
const READERS: Readonly<Record<RowField, (indicator: Indicator, text: Text) => string | number | boolean>> = {
  type: ({ type }) => type,
  value: ({ value }) => value,
  value_defanged: ({ type, value }) => (NETWORK.has(type) ? defanged(value) : value),
  port: ({ type, value }) =>
    type === "endpoint" ? value.slice(value.lastIndexOf(":") + 1, value.lastIndexOf("/")) : "",
  protocol: ({ type, value }) => (type === "endpoint" ? value.slice(value.lastIndexOf("/") + 1) : ""),
  first_seen: ({ firstSeen }) => toSeconds(firstSeen),
  last_seen: ({ lastSeen }) => toSeconds(lastSeen),
  valid_until: ({ validUntil }) => toSeconds(validUntil),
  confidence: ({ verdict }) => verdict.confidence,
  detect: (indicator) => isAlertable(indicator),
  tlp: ({ tlp }) => tlp,
  malware_family: ({ families }, text) => list(families, text),
  threat_type: ({ type }) => threatType(type),
  sandboxes: ({ sandboxes }, text) => list(sandboxes, text),
  sample_count: ({ sampleCount }) => sampleCount,
  sample_sha256: ({ samples }, text) => list(samples, text),
  report_url: ({ samples }) => reportUrl(samples[0]),
  attack_ids: ({ techniques }, text) => list(techniques, text),
  tags: ({ labels }, text) => list(labels, text),
  comment: ({ verdict }, text) => joinCell(reasonTexts(verdict), text),
  scope: ({ scope }) => scope ?? "",
  status: ({ status }) => status,
  hunts: ({ hunts }, text) => list(hunts, text),
};

/** What a row template reads, field by field, for `RowTemplate.over`. */
export function rowReaders(
  text: Text = displayText,
): Readonly<Record<RowField, (indicator: Indicator) => string | number | boolean>> {
  const fields = Object.keys(READERS) as RowField[];
  return Object.fromEntries(
    fields.map((field) => [field, (indicator: Indicator) => READERS[field](indicator, text)]),
  ) as ReturnType<typeof rowReaders>;
}

/** An IPv6 address has no dots to put into brackets. */
function defanged(value: string): string {
  const address = /^\[?([0-9a-f]*:[0-9a-f:.]*:[0-9a-f.]*)/.exec(value)?.[1];
  return address ? value.replace(address, address.replaceAll(":", "[:]")) : defang(value);
}

const NETWORK: ReadonlySet<ObservableType> = new Set(["domain", "ipv4", "ipv6", "endpoint", "url"]);
const TRACES: ReadonlySet<ObservableType> = new Set(["mutex", "registry-key", "file-path", "command-line"]);

function threatType(type: ObservableType): string {
  if (type === "sha256") return "malware_file";
  return TRACES.has(type) ? "malware_trace" : "malware_traffic";
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
  value_defanged: "198[.]51[.]100[.]7:8080/tcp",
  port: 8080,
  protocol: "tcp",
  first_seen: "2026-10-01T08:00:00Z",
  last_seen: "2026-10-20T09:30:00Z",
  valid_until: "2027-01-18T09:30:00Z",
  confidence: 85,
  detect: true,
  tlp: "amber",
  malware_family: "quillet",
  threat_type: "malware_traffic",
  sandboxes: "Zenbox",
  sample_count: 1,
  sample_sha256: "",
  report_url: "",
  attack_ids: "T1071.001",
  tags: "",
  comment: "contacted by 1 sample",
  scope: "",
  status: "active",
  hunts: "",
};
