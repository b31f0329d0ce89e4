/**
 * The text inside intrusion detection rules, for Suricata and Snort: content patterns, messages, metadata, references.
 * Everything it returns is printable ASCII.
 *
 * This module knows no rule syntax beyond these parts (see the templates) and does not decide what is matched.
 */
import { type Indicator, indicatorKey, virusTotalPage } from "../../../src/plugin.ts";

/** Characters that no version of Suricata or Snort gives a meaning inside a content pattern. */
const PLAIN_CONTENT = /^[A-Za-z0-9._/=?&%~-]*$/;

/**
 * A content pattern: plain characters as they are, every other byte of the UTF-8 text as `|hh|`. Never a backslash:
 * Snort 3 drops it silently, and Suricata refuses `;` and `"` without one.
 */
export function content(text: unknown): string {
  const value = String(text);
  if (PLAIN_CONTENT.test(value)) return value;
  let pattern = "";
  let hex: string[] = [];
  const flush = () => {
    if (hex.length > 0) pattern += `|${hex.join(" ")}|`;
    hex = [];
  };
  for (const byte of Buffer.from(value, "utf8")) {
    const character = String.fromCharCode(byte);
    if (PLAIN_CONTENT.test(character)) {
      flush();
      pattern += character;
    } else {
      hex.push(byte.toString(16).padStart(2, "0"));
    }
  }
  flush();
  return pattern;
}

/** Length in bytes of what `content` matches: `bsize` and `bufferlen` count bytes of the wire, not of the rule. */
export function bytes(text: unknown): string {
  return String(Buffer.byteLength(String(text), "utf8"));
}

/** Anything but printable ASCII without `; " \ | ( )`. */
const UNSAFE_TEXT = /[^ !#-'*-:<-[\]-{}~]|(?:sid|gid|rev):/;

/** Free text in a rule: printable ASCII without `; " \ | ( )`, white space folded, at most `limit` characters. */
export function ruleText(text: unknown, limit = 160): string {
  const value = String(text);
  if (value.length <= limit && !UNSAFE_TEXT.test(value)) return value;
  const plain = value
    .slice(0, 4 * limit)
    .replace(/[^\x21-\x7e]+/g, " ")
    .replace(/[;"\\|()]+/g, "_")
    // Scripts that look for `sid:` in a line must find the rule's own.
    .replace(/(sid|gid|rev):/g, "$1_")
    .trim();
  return plain.length > limit ? `${plain.slice(0, limit - 3)}...` : plain;
}

/** Text that is known to be plain: a template prints it without another look. */
export class RuleText {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  toString(): string {
    return this.#text;
  }
}

/** What `{{x}}` does in a rule template. A slot for sid and rev passes untouched. */
export function escapeText(value: unknown): string {
  if (value instanceof RuleText) return value.toString();
  return value === SID_SLOT || value === REV_SLOT ? value : ruleText(value, 4096);
}

/** Stand for sid and rev while a rule's fingerprint is taken; `ruleText` and `content` can never yield them. */
export const SID_SLOT = "\u0001";
export const REV_SLOT = "\u0002";

/** Defanged as Emerging Threats does in messages: `evil .top`, `hxxp://evil .top/a.php`. */
export function defangForMessage(value: string): string {
  const url = value.includes("://") ? /^(https?)(:\/\/[^/?#]*)(.*)$/s.exec(value) : null;
  const defanged = url
    ? `${(url[1] as string).replace("http", "hxxp")}${(url[2] as string).replaceAll(".", " .")}${url[3]}`
    : value.replaceAll(".", " .");
  return ruleText(defanged);
}

/** A metadata value: metadata is separated by `,` and keys end at a space. */
export function metadataValue(text: string, limit = 64): string {
  const plain = ruleText(text, limit);
  return plain.includes(" ") || plain.includes(",") ? plain.replace(/[ ,]+/g, "_") : plain;
}

export type Severity = "Major" | "Minor";

/**
 * The metadata analysts filter on, keys in alphabetical order, named as in Emerging Threats' rules
 * (https://docs.suricata.io/en/latest/rules/meta.html#metadata). `ioc_id` joins an alert with the other exports.
 */
export function metadata(indicator: Indicator, severity: Severity): RuleText {
  const family = metadataValue(indicator.families[0] ?? "");
  return new RuleText(
    `attack_target Client_Endpoint, confidence ${confidenceLevel(indicator)}${dateEntry("created_at", indicator.firstSeen)}` +
      `, deployment Perimeter, ioc_id ${metadataValue(indicatorKey(indicator), 256)}` +
      (family === "" ? "" : `, malware_family ${family}`) +
      techniqueEntries(indicator.techniques) +
      `, performance_impact Low, signature_severity ${severity}, tlp ${metadataValue(indicator.tlp)}` +
      dateEntry("updated_at", indicator.lastSeen),
  );
}

/** As Emerging Threats' rules say it. */
export function confidenceLevel({ verdict: { confidence } }: Indicator): "High" | "Medium" | "Low" {
  return confidence >= 75 ? "High" : confidence >= 50 ? "Medium" : "Low";
}

const MAX_TECHNIQUES = 5;

/**
 * Command and control (TA0011) and exfiltration (TA0010) of ATT&CK: what a network rule can see. What else a sample
 * does on its host would be said of the alert and be wrong.
 */
const NETWORK_TECHNIQUES: ReadonlySet<string> = new Set(
  (
    "T1001 T1008 T1071 T1090 T1092 T1095 T1102 T1104 T1105 T1132 T1205 T1219 T1568 T1571 T1572 T1573 T1659 " +
    "T1011 T1020 T1029 T1030 T1041 T1048 T1052 T1537 T1567"
  ).split(" "),
);

function techniqueEntries(techniques: readonly string[]): string {
  return techniques
    .filter((technique) => /^T\d{4}(?:\.\d{3})?$/.test(technique) && NETWORK_TECHNIQUES.has(technique.slice(0, 5)))
    .slice(0, MAX_TECHNIQUES)
    .map((technique) => `, mitre_technique_id ${technique}`)
    .join("");
}

/** `, updated_at 2026_10_20` */
function dateEntry(key: string, iso: string): string {
  return /^\d{4}-\d\d-\d\dT/.test(iso) ? `, ${key} ${iso.slice(0, 4)}_${iso.slice(5, 7)}_${iso.slice(8, 10)}` : "";
}

/** VirusTotal's page without a scheme, as `reference:url,` wants it. */
export function virusTotalReference(indicator: Indicator): string {
  return virusTotalPage(indicator)?.slice("https://".length) ?? "";
}
