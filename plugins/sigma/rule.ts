/**
 * One rule as YAML, four spaces deep, every text single-quoted: inside these quotes YAML knows no escape but `''`.
 * This module does not choose what is in a rule.
 */
import { type Indicator, plainText } from "../../src/plugin.ts";
import { isSha256 } from "../shared/rows/value.ts";
import { strictestTlp } from "../shared/tlp.ts";
import { type LogSource, sigmaText, type Term } from "./log-sources.ts";

/** An indicator with what it adds to a rule. */
export interface Entry {
  readonly indicator: Indicator;
  readonly terms: readonly Term[];
  /** Rules that still have to be written with it. */
  readonly open: { rules: number };
}

export interface RuleSettings {
  readonly author: string;
  readonly level: string;
}

const MAX_REFERENCES = 10;
const MAX_FAMILIES = 5;

/** Everything of the rule but its dates: what stands before them, and behind. */
export function ruleText(
  source: LogSource,
  { id, isFirst }: { readonly id: string; readonly isFirst: boolean },
  entries: readonly Entry[],
  { author, level }: RuleSettings,
): { readonly head: string; readonly body: string } {
  const indicators = entries.map(({ indicator }) => indicator);
  const head = [
    `title: ${source.title}${isFirst ? "" : ` - ${id.slice(0, 8)}`}`,
    `id: ${id}`,
    "status: experimental",
    `description: ${quoted(`Detects ${source.detects}${familiesText(indicators)}.`)}`,
    "references:",
    ...list(referencesOf(indicators)),
    `author: ${quoted(author)}`,
  ];
  const tlp = strictestTlp(indicators.map((indicator) => indicator.tlp)) ?? "amber";
  const body = [
    "tags:",
    ...list([...source.tags, "detection.emerging-threats", `tlp.${tlp.replace("+", "-")}`]),
    "logsource:",
    ...Object.entries(source.logsource).map(([key, value]) => `    ${key}: ${value}`),
    "detection:",
    ...detection(source, entries),
    "falsepositives:",
    ...list([quoted(source.falsePositives)]),
    `level: ${level}`,
  ];
  return { head: `${head.join("\n")}\n`, body: `${body.join("\n")}\n` };
}

/** Selections in order of their first value, then the condition. */
function detection({ always = {} }: LogSource, entries: readonly Entry[]): string[] {
  const selections = new Map<string, Term[]>();
  for (const term of entries.flatMap(({ terms }) => terms)) {
    const terms = selections.get(term.selection);
    if (terms) terms.push(term);
    else selections.set(term.selection, [term]);
  }
  const lines = [...selections].flatMap(([name, terms]) => [`    ${name}:`, ...selection(terms, always)]);
  const [only] = selections.keys();
  return [...lines, `    condition: ${selections.size === 1 ? only : "1 of selection_*"}`];
}

function selection(terms: readonly Term[], always: Readonly<Record<string, string>>): string[] {
  const [first] = terms as [Term];
  if ("field" in first) {
    const values = terms.flatMap((term) => ("value" in term ? [scalar(term.value)] : []));
    return [
      ...fieldLines(always),
      ...(values.length === 1
        ? [`${first.field}: ${values[0]}`]
        : [`${first.field}:`, ...values.map((value) => `    - ${value}`)]),
    ].map((line) => `        ${line}`);
  }
  const maps = terms.flatMap((term) => ("fields" in term ? [fieldLines({ ...always, ...term.fields })] : []));
  if (maps.length === 1) return (maps[0] as string[]).map((line) => `        ${line}`);
  return maps.flatMap((map) => map.map((line, index) => `        ${index === 0 ? "- " : "  "}${line}`));
}

function fieldLines(fields: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(fields).map(([field, value]) => `${field}: ${scalar(value)}`);
}

function scalar(value: string | number): string {
  return typeof value === "number" ? String(value) : quoted(sigmaText(value));
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function list(texts: readonly string[]): string[] {
  return texts.map((text) => `    - ${text}`);
}

/** Two characters are no YAML although Unicode has them (YAML 1.2.2, production c-printable). */
function familiesText(indicators: readonly Indicator[]): string {
  const families = [...new Set(indicators.flatMap((indicator) => indicator.families))]
    .map((family) => plainText(family, 60).replace(/[\ufffe\uffff]/g, ""))
    .filter(Boolean)
    .sort();
  if (families.length === 0) return "";
  const others = families.length - MAX_FAMILIES;
  const more = others > 0 ? ` and ${others} other ${others === 1 ? "family" : "families"}` : "";
  return ` (${families.slice(0, MAX_FAMILIES).join(", ")}${more})`;
}

function referencesOf(indicators: readonly Indicator[]): string[] {
  const samples = new Set(indicators.flatMap(({ samples: [sample] }) => (sample && isSha256(sample) ? [sample] : [])));
  const pages = [...samples].sort().map((sample) => `https://www.virustotal.com/gui/file/${sample}/behavior`);
  return pages.length > 0 ? pages.slice(0, MAX_REFERENCES) : ["https://www.virustotal.com/gui/"];
}
