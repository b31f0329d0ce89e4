/** Where sids come from beside the ledger: earlier releases, whose sids are kept, and other feeds, whose are not taken. */
import { createReadStream, existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { App } from "../app.ts";
import { RulewrightError } from "../errors.ts";
import type { SidRange } from "../model/sid.ts";
import type { Exporter, PublishedRule } from "../plugin.ts";
import { SID_FILE } from "../store/sid-file.ts";
import type { AdoptedSid, SidStore } from "../store/sid-ledger.ts";

/** The range of the config without the sids of the rule files that it names. Throws INPUT_MISSING. */
export async function sidRange(app: App): Promise<SidRange> {
  const { first, last, reserved: files } = app.loaded.config.sids;
  const reserved = new Map<number, string>();
  for (const path of ruleFiles(app, files)) {
    for await (const line of linesOf(path)) {
      const sid = /[;(]\s*sid:\s*(\d{1,10})\s*;/.exec(line)?.[1];
      if (sid !== undefined) reserved.set(Number(sid), path);
    }
  }
  return { first, last, reserved };
}

/**
 * Rules that an earlier release published keep their sids: those of the files that the config names, and, for a folder
 * without a ledger, those that lie in it. Throws INPUT_MISSING.
 */
export async function adoptSids(
  app: App,
  sids: SidStore,
  exporters: readonly Pick<Exporter, "name" | "readRule">[],
  /** Folder whose exports have their sids in its own ledger. */
  folder?: string,
): Promise<void> {
  const readRule = exporters.find((exporter) => exporter.readRule)?.readRule;
  if (!readRule) return;
  const earlier = folder !== undefined && !existsSync(join(folder, SID_FILE)) ? rulesBelow(folder) : [];
  let adopted = 0;
  for (const path of [...ruleFiles(app, app.loaded.config.sids.adopt), ...earlier])
    adopted += await sids.adopt(await published(path, readRule));
  if (adopted > 0) app.log.info(`${adopted} sids taken over from earlier rules`);
}

async function published(path: string, readRule: (line: string) => PublishedRule | undefined): Promise<AdoptedSid[]> {
  const rules: AdoptedSid[] = [];
  for await (const line of linesOf(path)) {
    const rule = readRule(line);
    if (rule) rules.push(rule);
  }
  return rules;
}

/** Files as the config names them, and every `.rules` in folders. */
function ruleFiles(app: App, paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const full = resolve(dirname(app.loaded.file), path);
    if (!existsSync(full))
      throw new RulewrightError(
        "INPUT_MISSING",
        `sids: ${full} does not exist. Name rule files, or folders with them.`,
      );
    return statSync(full).isDirectory() ? rulesBelow(full) : [full];
  });
}

function rulesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".rules"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function linesOf(path: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(path, "utf8"), crlfDelay: Number.POSITIVE_INFINITY });
}
