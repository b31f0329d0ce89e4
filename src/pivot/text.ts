/**
 * A pivot in words, for a terminal. URLs and addresses in values are defanged; in queries they are not, for those are
 * to be pasted.
 */
import { defang } from "../model/defang.ts";
import { plainText } from "../model/text.ts";
import { type Pivot, TLSH_THRESHOLD } from "./pivot.ts";
import type { SharedTrait } from "./shared-trait.ts";

export interface PivotTextOptions {
  /** Also the traits that one of several samples alone has. */
  readonly all?: boolean;
}

export function pivotText({ samples, traits, suggestions, notes }: Pivot, options: PivotTextOptions = {}): string {
  const least = samples.length === 1 || options.all ? 1 : 2;
  const shown = traits.filter((trait) => trait.samples.length >= least);
  const specific = shown.filter(({ common }) => common === undefined);
  const common = shown.filter((trait) => trait.common !== undefined);
  const lines = [heading(samples, shown.length, least === 1 ? "have" : "share")];
  const listed = options.all ? specific : firstOfEachKind(specific);
  for (const trait of listed) lines.push(...traitLines(trait, samples.length));
  if (common.length > 0) lines.push("", "Common, no pivot by themselves:");
  lines.push(...commonLines(common, samples.length));
  if (suggestions.length > 0) lines.push("", "To hunt with, new in the last seven days:");
  for (const { query, reason } of suggestions) lines.push("", `  ${query}`, `      ${reason}`);
  const lower = specific.length - listed.length;
  const alone = traits.length - shown.length;
  if (lower > 0) lines.push("", `${lower} more of the same kinds: --all shows them.`);
  if (alone > 0)
    lines.push(
      "",
      `${counted(alone, "more trait")} that one sample alone has: --all shows ${alone === 1 ? "it" : "them"}.`,
    );
  for (const note of notes) lines.push("", note);
  return `${lines.join("\n")}\n`;
}

/** The best of each kind: a program with 80 shared resources has other traits as well. */
function firstOfEachKind(traits: readonly SharedTrait[]): SharedTrait[] {
  const counts = new Map<string, number>();
  return traits.filter(({ kind }) => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return count <= MOST_OF_A_KIND;
  });
}

function heading(samples: readonly string[], shown: number, verb: string): string {
  if (samples.length === 1) return `${samples[0]}: ${counted(shown, "trait")}, the most specific first.`;
  return `${samples.length} samples ${verb} ${counted(shown, "trait")}, the most specific first.`;
}

function traitLines(trait: SharedTrait, of: number): string[] {
  const held = of === 1 ? "" : `  ${trait.samples.length} of ${of}`;
  const lines = [
    "",
    `${String(Math.round(trait.score)).padStart(3)}${held}  ${trait.label}  ${printable(trait.value)}`,
  ];
  lines.push(
    `      ${trait.query === undefined ? "(no query: the value holds what a query cannot carry)" : trait.query}`,
  );
  if (trait.similar !== undefined) lines.push(`      ${trait.similar}`);
  lines.push(`      ${trait.why}`);
  const { samples } = trait;
  if (samples.length < of && samples.length <= MOST_NAMED)
    lines.push(`      in ${samples.map((id) => `${id.slice(0, 12)}…`).join(", ")}`);
  const far = Math.max(0, ...Object.values(trait.distances ?? {}));
  if (trait.distances && trait.samples.length > 1)
    lines.push(`      at most ${far} apart from this digest, the limit is ${TLSH_THRESHOLD}`);
  return lines;
}

/** Values of a kind that are common for one reason and held by as many stand on one line. */
function commonLines(traits: readonly SharedTrait[], of: number): string[] {
  const groups = new Map<string, SharedTrait[]>();
  for (const trait of traits) {
    const key = [trait.kind, trait.samples.length, trait.common].join(" ");
    groups.set(key, [...(groups.get(key) ?? []), trait]);
  }
  return [...groups.values()].map((group) => {
    const [{ label, samples, common } = { label: "", samples: [], common: "" }] = group;
    const held = of === 1 ? "" : `${samples.length} of ${of}  `;
    const values = group.slice(0, MOST_LISTED).map(({ value }) => printable(value));
    const more = group.length > MOST_LISTED ? ` and ${group.length - MOST_LISTED} more` : "";
    return `  ${held}${label}  ${values.join(", ")}${more}: ${common}`;
  });
}

const MOST_LISTED = 6;
const MOST_OF_A_KIND = 5;
/** Holders of a trait that are named; more are counted only, and JSON has them all. */
const MOST_NAMED = 4;
const URLS = /\b[a-z][a-z0-9+.-]{1,15}:\/\/[^\s"'<>()]+/gi;
const ADDRESSES = /(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w.])/g;

function printable(value: string): string {
  return plainText(value).replace(URLS, defang).replace(ADDRESSES, defang);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
