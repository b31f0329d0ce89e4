/**
 * Rule files taken apart: header, options, sid, for Suricata and Snort alike. It reads what engines read, so a line
 * that is no rule is told apart from one that is commented out.
 *
 * This module gives no option a meaning (see suricata-rule.ts and snort-rule.ts).
 */
import { readFile } from "node:fs/promises";

export interface RuleOption {
  readonly name: string;
  /** As it stands after the colon, quotes included; "" when there is none. */
  readonly value: string;
}

export interface RuleHeader {
  readonly action: string;
  readonly protocol: string;
  readonly source: string;
  readonly sourcePort: string;
  readonly direction: string;
  readonly destination: string;
  readonly destinationPort: string;
}

export interface Rule {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly text: string;
  readonly header: RuleHeader;
  readonly options: readonly RuleOption[];
  readonly sid: number;
  readonly rev: number;
  readonly message: string;
  readonly metadata: ReadonlyMap<string, string>;
}

export interface NoRule {
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly reason: string;
}

export interface RuleFile {
  readonly path: string;
  /** The first line. */
  readonly head: string;
  readonly rules: readonly Rule[];
  /** Lines that are neither rule nor comment. */
  readonly noRules: readonly NoRule[];
  /** Rules that are commented out. */
  readonly disabled: number;
}

/** Throws what reading a file throws. */
export async function readRuleFile(path: string): Promise<RuleFile> {
  return parseRuleFile(path, await readFile(path, "utf8"));
}

/** The program that a file of ours is for, by its first line; undefined where it does not say. */
export function programOf({ head }: Pick<RuleFile, "head">): "suricata" | "snort" | undefined {
  const [, program] = /^# Rulewright: (Suricata|Snort)\b/.exec(head) ?? [];
  return program?.toLowerCase() as "suricata" | "snort" | undefined;
}

const ACTIONS = "alert|drop|pass|reject|rejectsrc|rejectdst|rejectboth|block|log|react|rewrite|config";
const DISABLED = new RegExp(`^#\\s*(?:${ACTIONS})\\s.*\\(.*\\bsid\\s*:`);

export function parseRuleFile(path: string, text: string): RuleFile {
  const rules: Rule[] = [];
  const noRules: NoRule[] = [];
  let disabled = 0;
  let start = 0;
  let pending = "";
  for (const [index, physical] of text.split("\n").entries()) {
    if (pending === "") start = index + 1;
    const piece = pending + physical.replace(/\r$/, "");
    // Both engines join lines at a backslash.
    if (piece.endsWith("\\")) {
      pending = piece.slice(0, -1);
      continue;
    }
    pending = "";
    const line = piece.trim();
    if (line === "" || line.startsWith("#")) {
      if (DISABLED.test(line)) disabled += 1;
      continue;
    }
    const parsed = parseRule(line);
    if (typeof parsed === "string") noRules.push({ file: path, line: start, text: line, reason: parsed });
    else rules.push({ file: path, line: start, text: line, ...parsed });
  }
  return { path, head: text.split("\n", 1)[0] as string, rules, noRules, disabled };
}

const HEADER = new RegExp(
  `^(${ACTIONS})\\s+(\\S+)\\s+(LIST)\\s+(LIST)\\s+(->|<>)\\s+(LIST)\\s+(LIST)\\s*$`.replaceAll(
    "LIST",
    "!?\\[[^\\]]*\\](?:[^\\s]*)|\\S+",
  ),
);
/** Snort 3 has rules with a service alone, `alert http (…)`, and for other inspectors, `alert (…)`. */
const SHORT_HEADER = new RegExp(`^(${ACTIONS})(?:\\s+(\\S+))?\\s*$`);

function parseRule(line: string): Omit<Rule, "file" | "line" | "text"> | string {
  const open = line.indexOf("(");
  if (open === -1 || !line.endsWith(")")) return "a rule is an action, a header and options in parentheses";
  const head = line.slice(0, open);
  const full = HEADER.exec(head);
  const short = full ?? SHORT_HEADER.exec(head);
  if (!short) return "the header is not action, protocol, addresses, ports and direction";
  const [, action = "", protocol = "", source = "any", sourcePort = "any", direction = "->"] = short;
  const [destination = "any", destinationPort = "any"] = full ? full.slice(6) : [];
  const options = splitOptions(line.slice(open + 1, -1));
  const number = (name: string): number => Number(optionValue(options, name) ?? Number.NaN);
  const sid = number("sid");
  if (!Number.isInteger(sid)) return "it has no sid";
  const rev = number("rev");
  return {
    header: { action, protocol, source, sourcePort, direction, destination, destinationPort },
    options,
    sid,
    rev: Number.isInteger(rev) ? rev : 0,
    message: unquoted(optionValue(options, "msg") ?? ""),
    metadata: metadataOf(options),
  };
}

function optionValue(options: readonly RuleOption[], name: string): string | undefined {
  return options.find((option) => option.name === name)?.value.trim();
}

/** At semicolons outside quotes. */
export function splitOptions(text: string): RuleOption[] {
  const options: RuleOption[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at <= text.length; at += 1) {
    const character = text[at];
    if (character === "\\") at += 1;
    else if (character === '"') isQuoted = !isQuoted;
    else if (at === text.length || (character === ";" && !isQuoted)) {
      const option = text.slice(start, at).trim();
      start = at + 1;
      if (option === "") continue;
      const colon = option.indexOf(":");
      options.push(
        colon === -1
          ? { name: option, value: "" }
          : { name: option.slice(0, colon).trim(), value: option.slice(colon + 1).trim() },
      );
    }
  }
  return options;
}

export function unquoted(value: string): string {
  return /^"(.*)"$/s.exec(value)?.[1] ?? value;
}

function metadataOf(options: readonly RuleOption[]): Map<string, string> {
  const entries = options.filter(({ name }) => name === "metadata").flatMap(({ value }) => value.split(","));
  return new Map(
    entries.map((entry) => {
      const [key = "", ...rest] = entry.trim().split(/\s+/);
      return [key, rest.join(" ")];
    }),
  );
}

/** The bytes of a content pattern without its quotes: `|hh hh|` and backslashes resolved; undefined when malformed. */
export function patternBytes(pattern: string): Buffer | undefined {
  const parts: Buffer[] = [];
  for (const [index, piece] of pattern.split("|").entries()) {
    if (index % 2 === 0) {
      parts.push(Buffer.from(piece.replace(/\\(.)/gs, "$1"), "utf8"));
      continue;
    }
    const hex = piece.replaceAll(" ", "");
    if (!/^(?:[0-9a-fA-F]{2})+$/.test(hex)) return undefined;
    parts.push(Buffer.from(hex, "hex"));
  }
  return pattern.split("|").length % 2 === 0 ? undefined : Buffer.concat(parts);
}

/** Plain addresses and networks of a header's list; undefined when it holds anything else, such as a variable. */
export function addressList(text: string): string[] | undefined {
  const entries = text
    .replace(/^\[|\]$/g, "")
    .split(",")
    .map((entry) => entry.trim().replace(/^\[|\]$/g, ""));
  return entries.every((entry) => /^[0-9a-fA-F.:]+(?:\/\d{1,3})?$/.test(entry) && /[.:]/.test(entry))
    ? entries
    : undefined;
}
