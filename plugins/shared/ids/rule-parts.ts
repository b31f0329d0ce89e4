/** A rule of ours taken apart: what describes it, and what it matches. It reads no rule of other authors. */

import type { PublishedRule } from "../../../src/plugin.ts";

/** Options that only describe a rule: `rev` follows what matches, not a date or a wording. */
const DESCRIBING_OPTIONS = new Set(["msg", "reference", "classtype", "target", "sid", "rev", "metadata", "priority"]);

export interface RuleParts {
  readonly message: string;
  /** As version 1 of sid-msg.map wants them: ` || url,www.example.com/x` each. */
  readonly references: string;
  /** NOCLASS when it has none, as version 2 of sid-msg.map says it. */
  readonly classtype: string;
  /** The rule without its describing options: what a rev stands for. */
  readonly fingerprint: string;
}

/** Takes a one-line rule apart at `; `, which no value of ours contains. */
export function ruleParts(rule: string): RuleParts {
  const open = rule.indexOf("(") + 1;
  let fingerprint = rule.slice(0, open);
  let message = "";
  let references = "";
  let classtype = "NOCLASS";
  for (let start = open, end = 0; start < rule.length; start = end + 1) {
    while (rule.charCodeAt(start) === SPACE) start += 1;
    end = rule.indexOf(";", start);
    if (end === -1) end = rule.length;
    const colon = rule.indexOf(":", start);
    const name = rule.slice(start, colon === -1 || colon > end ? end : colon);
    if (name === "dataset") fingerprint += rule.slice(start, end + 1).replace(HASH_SIZE, "");
    else if (!DESCRIBING_OPTIONS.has(name)) fingerprint += rule.slice(start, end + 1);
    else if (name === "msg") message = rule.slice(colon + 2, end - 1);
    else if (name === "classtype") classtype = rule.slice(colon + 1, end);
    else if (name === "reference") references += ` || ${rule.slice(colon + 1, end)}`;
  }
  return { message, references, classtype, fingerprint };
}

const SPACE = 0x20;

/** The size of a set's table follows the number of its entries and matches nothing. */
const HASH_SIZE = /,hashsize \d+/;

/** A line of a rule file, withdrawn rules included; undefined for what is no rule. */
export function readRule(line: string): PublishedRule | undefined {
  const rule = /^(?:#\s*)?(alert .*\))\s*$/.exec(line)?.[1];
  const sid = Number(rule && / sid:(\d{1,10});/.exec(rule)?.[1]);
  const rev = Number(rule && / rev:(\d{1,10});/.exec(rule)?.[1]);
  return rule && sid > 0 && rev > 0 ? { sid, rev, fingerprint: ruleParts(rule).fingerprint } : undefined;
}
