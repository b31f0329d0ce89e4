/**
 * The indicators of a release: rule files with the sid ledger beside or above them, their hash lists, and the csv
 * exporter's CSV and JSON Lines. A folder is read as a whole; a value that stands in several files is one indicator.
 */
import { createReadStream, existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { RulewrightError } from "../errors.ts";
import { canonicalise, isRejected } from "../model/canonical.ts";
import { type HostScope, isUrlOnly } from "../model/indicator.ts";
import { formatEndpoint, OBSERVABLE_TYPES } from "../model/observable.ts";
import { readSidFile, SID_FILE } from "../store/sid-file.ts";
import { parseRuleFile } from "../verify/rule-file.ts";
import { readSuricataRule } from "../verify/suricata-rule.ts";
import type { Target } from "../verify/target.ts";
import { splitCells } from "./delimited.ts";
import { isObject, list, object, text } from "./json.ts";
import { readRule } from "./rules.ts";
import { type Watched, WatchList } from "./watched.ts";

export interface Release {
  readonly indicators: readonly Watched[];
  /** Suricata's rule files, for its engine; Snort's would stop it. */
  readonly suricataFiles: readonly string[];
  /** Rules that name no indicator: `file: n rules`. */
  readonly problems: readonly string[];
}

const RELEASE_FILE = /\.(?:rules|csv|jsonl|ndjson)$/i;

/** Throws INPUT_MISSING for a path that is not there, INPUT_EMPTY when no file has an indicator. */
export async function readRelease(paths: readonly string[]): Promise<Release> {
  const watched = new WatchList();
  const suricataFiles: string[] = [];
  const problems: string[] = [];
  for (const path of paths) {
    const isFolder = await isDirectory(path);
    const files = isFolder ? await filesIn(path) : [path];
    for (const file of files) {
      if (/\.rules$/i.test(file)) {
        if (await readRules(file, watched, problems)) suricataFiles.push(file);
      } else await readRows(file, watched, isFolder ? [] : problems);
    }
  }
  if (watched.size === 0)
    throw new RulewrightError(
      "INPUT_EMPTY",
      `There is no indicator in ${paths.join(", ")}. Give a folder that rulewright generate or export wrote, its .rules files, or a CSV or JSON Lines of the csv exporter.`,
    );
  return { indicators: watched.list(), suricataFiles, problems };
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw new RulewrightError("INPUT_MISSING", `There is no file or folder ${path}. Give the rules of a release.`, {
      cause,
    });
  }
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && RELEASE_FILE.test(entry.name) && entry.name !== SID_FILE)
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Whether the rules are Suricata's. */
async function readRules(file: string, watched: WatchList, problems: string[]): Promise<boolean> {
  const ledger = await ledgerFor(file);
  const lists = new Set<string>();
  let nameless = 0;
  let isSuricata = true;
  for await (const line of linesOf(file)) {
    if (standsForMany(line)) {
      nameless += await readMany(file, line, watched, problems);
      continue;
    }
    const rule = readRule(line, ledger);
    if (rule && isSnortRule(line)) isSuricata = false;
    if (rule?.indicator) watched.add(rule.indicator);
    else if (rule && rule.lists.length === 0) nameless += 1;
    for (const own of rule?.lists ?? []) lists.add(own);
  }
  if (nameless > 0)
    problems.push(
      `${file}: ${nameless} ${nameless === 1 ? "rule names" : "rules name"} no indicator and no sid ledger knows them`,
    );
  for (const own of lists) await readHashes(join(dirname(file), basename(own)), watched, problems);
  return isSuricata;
}

/** A rule over a dataset, a reputation list or a group of addresses: Suricata's forms for many. */
function standsForMany(line: string): boolean {
  return /^\s*alert\s[^(]*(?:->\s*\[[^(]*\(|\(.*[;\s](?:dataset:\s*isset|iprep:))/.test(line);
}

/** Adds what such a rule stands for; answers how many rules could not be read. */
async function readMany(file: string, line: string, watched: WatchList, problems: string[]): Promise<number> {
  const [rule] = parseRuleFile(file, line).rules;
  const reading = rule && (await readSuricataRule(rule));
  if (!rule || !reading || typeof reading === "string") return 1;
  if (reading.problem !== undefined) problems.push(`${reading.list ?? file}: ${reading.problem}`);
  for (const target of reading.targets) {
    const own = watchedOfTarget(target);
    if (own) watched.add({ ...own, sids: [rule.sid] });
  }
  return 0;
}

function watchedOfTarget(target: Target): Watched | undefined {
  if (target.view === "address") {
    const { address, port, transports } = target;
    const type = address.includes(":") ? "ipv6" : "ipv4";
    const [transport = "tcp"] = transports;
    const own =
      port === undefined
        ? canonicalise(type, address)
        : canonicalise("endpoint", formatEndpoint({ address, port, transport }));
    return isRejected(own) ? undefined : own;
  }
  if (!("scope" in target) || target.scope === "below") return undefined;
  const name = canonicalise("domain", target.host);
  return isRejected(name) ? undefined : { ...name, scope: target.scope };
}

/** Options behind a content's comma, and the one service of its own name. */
function isSnortRule(line: string): boolean {
  return /content:"[^"]*",|^alert ssl\s/.test(line);
}

async function readHashes(file: string, watched: WatchList, problems: string[]): Promise<void> {
  if (!existsSync(file)) {
    problems.push(`${file}: the list of a rule is not there`);
    return;
  }
  for await (const line of linesOf(file)) {
    const hash = canonicalise("sha256", line.trim());
    if (!isRejected(hash)) watched.add(hash);
  }
}

/** The ledger beside a rule file or in a folder above it: a release has it at its top. */
async function ledgerFor(file: string): Promise<Map<number, string>> {
  const keys = new Map<number, string>();
  let folder = dirname(file);
  for (let level = 0; level < LEDGER_LEVELS; level += 1) {
    if (existsSync(join(folder, SID_FILE))) {
      for await (const entries of readSidFile(join(folder, SID_FILE)))
        for (const { sid, key } of entries) keys.set(sid, key);
      break;
    }
    folder = dirname(folder);
  }
  return keys;
}

const LEDGER_LEVELS = 3;

/** CSV with the columns `type` and `value`, or JSON Lines with those members. */
async function readRows(file: string, watched: WatchList, problems: string[]): Promise<void> {
  let columns: string[] | undefined;
  let number = 0;
  for await (const line of linesOf(file)) {
    number += 1;
    if (line === "") continue;
    if (line.startsWith("{")) {
      const own = fromJson(line);
      if (own === undefined) problems.push(`${file}:${number}: no indicator`);
      else if (own !== "withdrawn") watched.add(own);
      continue;
    }
    if (columns === undefined) {
      columns = splitCells(line.replace(/^\ufeff/, ""), ",");
      if (columns[0] === "type" && columns[1] === "value") continue;
      problems.push(`${file}: no CSV whose columns begin with type,value, and no JSON Lines`);
      return;
    }
    const own = fromCells(columns, splitCells(line, ","));
    if (own === undefined) problems.push(`${file}:${number}: no indicator`);
    else if (own !== "withdrawn") watched.add(own);
  }
}

type Row = Watched | "withdrawn" | undefined;

function fromCells(columns: readonly string[], cells: readonly string[]): Row {
  const cell = (name: string): string => cells[columns.indexOf(name)] ?? "";
  return watchedOf(cells[0], cells[1], {
    scope: cell("scope"),
    status: cell("status"),
    labels: cell("tags").split(";"),
  });
}

function fromJson(line: string): Row {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isObject(row)) return undefined;
  const { decision } = object(row.verdict);
  if (decision !== undefined && decision !== "keep") return "withdrawn";
  const { md5, sha1 } = object(row.details);
  return watchedOf(row.type, row.value, {
    scope: row.scope,
    status: row.status,
    labels: list(row.labels),
    aliases: [md5, sha1].flatMap((hash) => text(hash) ?? []),
  });
}

interface Marks {
  readonly scope?: unknown;
  readonly status?: unknown;
  readonly labels: readonly unknown[];
  readonly aliases?: readonly string[];
}

/** Labels of names that belong to one customer among many: what is below or beside them is others'. */
const EXACT_LABELS = ["dynamic-dns", "tenant-host"];

function watchedOf(type: unknown, value: unknown, { scope, status, labels, aliases = [] }: Marks): Row {
  const known = OBSERVABLE_TYPES.find((own) => own === type);
  if (known === undefined || typeof value !== "string") return undefined;
  const canonical = canonicalise(known, value);
  if (isRejected(canonical)) return undefined;
  if (status === "expired" || status === "revoked") return "withdrawn";
  const isScope = (own: unknown): own is HostScope => own === "host" || own === "subtree";
  const implied = labels.some((label) => EXACT_LABELS.includes(label as string)) ? "host" : undefined;
  const said = isScope(scope) ? scope : implied;
  return {
    ...canonical,
    ...(known === "domain" && said ? { scope: said } : {}),
    ...(isUrlOnly(labels) ? { isUrlOnly: true } : {}),
    ...(aliases.length > 0 ? { aliases } : {}),
  };
}

function linesOf(file: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(file, "utf8"), crlfDelay: Number.POSITIVE_INFINITY });
}
