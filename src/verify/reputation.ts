/**
 * Suricata's address reputation: `iprep:dst,CATEGORY,>,SCORE` with the category file and the lists beside the rules.
 * A sensor names these files in its configuration; the replay does the same with those that lie there.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { addressTarget, type Reading } from "./reading.ts";
import type { Rule } from "./rule-file.ts";

export interface ReputationFiles {
  readonly categories: string;
  readonly lists: readonly string[];
}

const CATEGORY_LINE = /^(\d{1,2}),([A-Za-z0-9_-]+),.*$/;
const ENTRY_LINE = /^([0-9a-fA-F.:]+(?:\/\d{1,3})?),(\d{1,2}),(\d{1,3})$/;
/** Enough to tell what a file is. */
const LOOKED_AT = 2048;

/** The category file and the lists of a folder, known by their lines; undefined when either is missing. */
export async function findReputation(folder: string): Promise<ReputationFiles | undefined> {
  const categories: string[] = [];
  const lists: string[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    if (!/\.(?:txt|list|lst|rep|iprep|csv)$/.test(name) || !(await stat(path)).isFile()) continue;
    const first = (await readFile(path, "utf8"))
      .slice(0, LOOKED_AT)
      .split("\n")
      .find((line) => line !== "" && !line.startsWith("#"));
    if (first === undefined) continue;
    if (ENTRY_LINE.test(first.trim())) lists.push(path);
    else if (CATEGORY_LINE.test(first.trim())) categories.push(path);
  }
  const [first] = categories;
  return first === undefined || lists.length === 0 ? undefined : { categories: first, lists };
}

/** What an `iprep` rule stands for: the entries of its category with a score that fits. */
export async function readReputation(rule: Rule, value: string): Promise<Reading | string> {
  const [side, category, operator, score] = value.split(",").map((part) => part.trim());
  if (!["dst", "any", "both"].includes(side ?? "")) return "its reputation is not that of the far side";
  const files = await findReputation(dirname(rule.file));
  if (!files) return { targets: [], problem: "no category file and list lie beside the rules" };
  const wanted = await categoryId(files.categories, category ?? "");
  if (wanted === undefined) return { targets: [], list: files.categories, problem: `it has no category ${category}` };
  const addresses: string[] = [];
  for (const list of files.lists) {
    for (const line of (await readFile(list, "utf8")).split("\n")) {
      const [, address = "", id, own] = ENTRY_LINE.exec(line.trim()) ?? [];
      if (id === wanted && fits(Number(own), operator, Number(score))) addresses.push(address);
    }
  }
  return { targets: addresses.map((address) => addressTarget(rule, address)), list: files.lists.join(", ") };
}

async function categoryId(path: string, name: string): Promise<string | undefined> {
  const lines = (await readFile(path, "utf8")).split("\n").map((line) => CATEGORY_LINE.exec(line.trim()));
  return lines.find((match) => match?.[2] === name)?.[1];
}

function fits(own: number, operator: string | undefined, score: number): boolean {
  if (operator === ">") return own > score;
  if (operator === "<") return own < score;
  if (operator === ">=") return own >= score;
  if (operator === "<=") return own <= score;
  return operator === "isset" || own === score;
}
