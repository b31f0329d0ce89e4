/**
 * What a proof needs from the rest: the rule files under some paths, the sid ledger that goes with them, the engine;
 * and what becomes of the rules that failed.
 */
import { copyFileSync, existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import type { App } from "../app.ts";
import { RulewrightError } from "../errors.ts";
import { plainText } from "../model/text.ts";
import { readSidFile, SID_FILE } from "../store/sid-file.ts";
import type { EngineSettings } from "../verify/engine.ts";
import type { EngineName } from "../verify/engine-names.ts";
import { everydayExchanges } from "../verify/everyday.ts";
import type { Ledger } from "../verify/expectation.ts";
import { openEngine } from "../verify/open-engine.ts";
import { type Proof, prove } from "../verify/prove.ts";
import { programOf, type RuleFile, readRuleFile } from "../verify/rule-file.ts";
import { makeFolder } from "./exporting.ts";
import { storePath, withStore } from "./stored.ts";

export interface VerifySettings {
  readonly engine?: EngineName;
  readonly enginePath?: string;
  readonly engineRoot?: string;
  /** A ledger file; default the one beside or above the rules, else the store's. */
  readonly ledger?: string;
  readonly store?: string;
  readonly pcap?: string;
  /** Folder of captures of the operator's own network. */
  readonly benign?: string;
  readonly onStep?: (step: string) => void;
}

export interface Verified {
  readonly files: readonly RuleFile[];
  readonly proof: Proof;
  /** Where expectations came from, in words. */
  readonly ledgerSource?: string;
  /** Sid → key, as far as a ledger was found. */
  readonly keys: Ledger;
}

/** Throws INPUT_MISSING, INPUT_EMPTY, SID_LEDGER_UNREADABLE, ENGINE_MISSING, ENGINE_FAILED. */
export async function verifyRules(app: App, paths: readonly string[], settings: VerifySettings): Promise<Verified> {
  const engine = await openEngine(engineSettings(app, settings));
  const found = paths.flatMap((path) => ruleFilesAt(resolve(app.folder, path), engine.name));
  if (found.length === 0)
    throw new RulewrightError(
      "INPUT_EMPTY",
      `There is no .rules file in ${paths.join(", ")}. Write some: rulewright generate`,
    );
  const files = ownFiles(app, await Promise.all([...new Set(found)].map(readRuleFile)), engine.name);
  if (files.every(({ rules, noRules }) => rules.length + noRules.length === 0))
    throw new RulewrightError("INPUT_EMPTY", `There is no rule in ${paths.join(", ")}: nothing was verified.`);
  const ledger = await findLedger(app, files, settings);
  const captures = settings.benign === undefined ? undefined : existing(resolve(app.folder, settings.benign));
  const proof = await prove({
    files,
    engine,
    everyday: everydayExchanges(),
    signal: app.signal,
    ...(ledger ? { ledger: ledger.entries } : {}),
    ...(captures === undefined ? {} : { captures }),
    ...(settings.pcap === undefined ? {} : { pcap: resolve(app.folder, settings.pcap) }),
    ...(settings.onStep ? { onStep: settings.onStep } : {}),
  });
  return { files, proof, keys: ledger?.entries ?? new Map(), ...(ledger ? { ledgerSource: ledger.source } : {}) };
}

function engineSettings(app: App, { engine, enginePath, engineRoot }: VerifySettings): EngineSettings {
  return {
    signal: app.signal,
    ...(engine ? { engine } : {}),
    ...(enginePath === undefined ? {} : { path: enginePath }),
    ...(engineRoot === undefined ? {} : { root: resolve(app.folder, engineRoot) }),
  };
}

function existing(path: string): string {
  if (existsSync(path)) return path;
  throw new RulewrightError("INPUT_MISSING", `${path} does not exist. Check the spelling and the working folder.`);
}

/** A file, or every `.rules` below a folder but those of the other engine's export. */
function ruleFilesAt(path: string, engine: EngineName): string[] {
  if (!statSync(existing(path)).isDirectory()) return [path];
  const other = engine === "snort3" ? /^suricata/ : /^snort/;
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const own = join(path, entry.name);
      if (entry.isDirectory())
        return other.test(entry.name) || entry.name.startsWith(".") ? [] : ruleFilesAt(own, engine);
      return extname(entry.name) === ".rules" ? [own] : [];
    });
}

/** Without those that say in their first line that they are for the other program. Throws INPUT_EMPTY when none is left. */
function ownFiles({ log }: App, files: readonly RuleFile[], engine: EngineName): readonly RuleFile[] {
  const [own, other] = engine === "suricata" ? ["suricata", "snort3"] : ["snort", "suricata"];
  const isOwn = (file: RuleFile): boolean => [undefined, own].includes(programOf(file));
  const foreign = files.filter((file) => !isOwn(file));
  for (const { path } of foreign) log.warn(`${path} is not for ${engine}, its first line says: skipped.`);
  if (foreign.length > 0 && foreign.length === files.length)
    throw new RulewrightError("INPUT_EMPTY", `No rule here is for ${engine}. Prove them with --engine ${other}.`);
  return files.filter(isOwn);
}

interface FoundLedger {
  readonly entries: Ledger;
  readonly source: string;
}

/** How far above the rules a ledger may lie: `out/suricata/x.rules` has it in `out`. */
const LEVELS_ABOVE = 2;

async function findLedger(
  app: App,
  files: readonly RuleFile[],
  settings: VerifySettings,
): Promise<FoundLedger | undefined> {
  const named = settings.ledger === undefined ? undefined : existing(resolve(app.folder, settings.ledger));
  const path = named ?? files.map(({ path: file }) => ledgerAbove(file)).find((found) => found !== undefined);
  if (path !== undefined) return { entries: await ledgerOf(readSidFile(path)), source: path };
  if (!isStoreThere(app, settings.store)) return undefined;
  return withStore(app, settings.store, async ({ sids }) => ({
    entries: await ledgerOf(sids.entries()),
    source: "the store",
  }));
}

/** Whether the operator has a store: named, or in a config that was read; a file that is not there is none. */
function isStoreThere(app: App, flag: string | undefined): boolean {
  const location = flag ?? app.env.RULEWRIGHT_STORE ?? (app.loaded.isPresent ? app.loaded.config.store : undefined);
  return location !== undefined && (!location.startsWith("sqlite:") || existsSync(storePath(app, flag)));
}

function ledgerAbove(file: string): string | undefined {
  let folder = dirname(resolve(file));
  for (let level = 0; level <= LEVELS_ABOVE; level += 1, folder = dirname(folder)) {
    const path = join(folder, SID_FILE);
    if (existsSync(path)) return path;
  }
  return undefined;
}

async function ledgerOf(
  pages: AsyncIterable<readonly { readonly sid: number; readonly key: string }[]>,
): Promise<Ledger> {
  const entries = new Map<number, string>();
  for await (const page of pages) for (const { sid, key } of page) entries.set(sid, key);
  return entries;
}

export const QUARANTINE_FILE = "quarantined.txt";

/**
 * Writes the rules that stand and, apart and with their reasons, those that do not: a folder gets a file of each name,
 * the lists beside them and `quarantined.txt`; a path that ends in `.rules` gets the rules that stand, and the others
 * go into a file of that name with `.quarantined` behind it. Answers the paths.
 */
export function writeQuarantine(target: string, { files, proof }: Verified): string[] {
  const failed = new Map(
    proof.rules
      .filter(({ status }) => status === "failed")
      .map(({ file, line, faults }) => [`${file}:${line}`, faults.map(({ id, text }) => `${id}: ${text}`)]),
  );
  for (const { file, line, reason } of proof.noRules) failed.set(`${file}:${line}`, [`not-loaded: ${reason}`]);
  const apart: string[] = [];
  const standing = files.map(({ path, rules, noRules }) => ({
    path,
    text: [...rules, ...noRules]
      .sort((a, b) => a.line - b.line)
      .flatMap((rule) => {
        const reasons = failed.get(`${rule.file}:${rule.line}`);
        if (!reasons) return [`${rule.text}\n`];
        apart.push(...reasons.map((reason) => `# ${plainText(reason)}\n`), `# ${rule.text}\n`);
        return [];
      })
      .join(""),
  }));
  const isFile = target.endsWith(".rules");
  if (!isFile) makeFolder(target);
  const written = isFile
    ? [write(target, standing.map(({ text }) => text).join("")), write(`${target}.quarantined`, apart.join(""))]
    : [
        ...standing.map(({ path, text }) => write(join(target, basename(path)), text)),
        write(join(target, QUARANTINE_FILE), apart.join("")),
      ];
  for (const list of new Set(proof.rules.flatMap((rule) => (rule.list === undefined ? [] : rule.list.split(", "))))) {
    const copy = join(isFile ? dirname(target) : target, basename(list));
    if (existsSync(list) && resolve(list) !== resolve(copy)) copyFileSync(list, copy);
  }
  return written;
}

function write(path: string, text: string): string {
  try {
    writeFileSync(path, text);
    return path;
  } catch (cause) {
    throw new RulewrightError("EXPORT_FAILED", `Cannot write ${path}: ${(cause as Error).message}.`, { cause });
  }
}
