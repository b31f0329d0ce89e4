/**
 * What `rulewright doctor` looks at on this machine: config, plugins, store, lists, engines. It changes nothing and asks
 * nobody; VirusTotal is virustotal-health.ts's.
 */
import { spawnSync } from "node:child_process";
import { existsSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { App } from "../app.ts";
import { loadBackground } from "../enrich/background.ts";
import type { WarningLists } from "../enrich/warning-lists.ts";
import { EXIT, RulewrightError } from "../errors.ts";
import { type Check, problem } from "./check.ts";
import { sinkChecks } from "./sink-health.ts";
import { storePath, withStore } from "./stored.ts";
import { type ListsChoice, listsOfStore, openWarningLists } from "./warning-lists.ts";

export interface HealthOptions {
  readonly store?: string;
  readonly warningLists?: ListsChoice;
}

const DAY_MS = 86_400_000;
const MIB = 1024 * 1024;
/** Lists that are older say little of today's popular hosts. */
const OLD_LISTS_DAYS = 90;
/** Below this a database or an export may not fit. */
const LITTLE_SPACE_MIB = 1024;

export async function machineChecks(app: App, options: HealthOptions): Promise<Check[]> {
  return [
    configCheck(app),
    ...pluginChecks(app),
    await storeCheck(app, options),
    spaceCheck(app, options),
    ...(await sinkChecks(app)),
    await listsCheck(app, options),
    backgroundCheck(app),
    ...ENGINES.map(engineCheck),
    { name: "node", state: "ok", text: process.version },
  ];
}

function configCheck({ loaded }: App): Check {
  const { config, file, isPresent } = loaded;
  if (!isPresent)
    return {
      name: "config",
      state: "ok",
      text: `none, the defaults hold (${file})`,
      cure: "rulewright init writes one",
    };
  const named = [`${config.hunts.length} hunts`, `${Object.keys(config.exports).length} exports`].join(", ");
  return { name: "config", state: "ok", text: `${file}: ${named}` };
}

function pluginChecks({ registry }: App): Check[] {
  return registry.problems.map(({ plugin, reason }) => ({
    name: "plugin",
    state: "problem",
    text: `${plugin} did not load: ${reason}`,
    exitCode: EXIT.usage,
  }));
}

async function storeCheck(app: App, { store: flag }: HealthOptions): Promise<Check> {
  try {
    const path = storePath(app, flag);
    if (!existsSync(path))
      return { name: "store", state: "ok", text: `none yet (${path})`, cure: "ingest or hunt makes it" };
    return await withStore(app, flag, async (store) => {
      const damage = await store.damage();
      const { samples, observables } = await store.counts();
      const text = `${path}: ${Math.ceil(statSync(path).size / MIB)} MiB, ${samples} samples, ${observables} observables`;
      if (damage === undefined) return { name: "store", state: "ok", text };
      const cure = "restore the file from a backup";
      return { name: "store", state: "problem", text: `${text}; damaged: ${damage}`, cure, exitCode: EXIT.unavailable };
    });
  } catch (error) {
    return problem("store", error);
  }
}

function spaceCheck(app: App, { store: flag }: HealthOptions): Check {
  try {
    const folder = dirname(storePath(app, flag));
    const { bavail, bsize } = statfsSync(folder);
    const free = Math.floor((Number(bavail) * Number(bsize)) / MIB);
    const text = `${free} MiB free in ${folder}`;
    return free >= LITTLE_SPACE_MIB
      ? { name: "disk", state: "ok", text }
      : { name: "disk", state: "warning", text, cure: "a full disk stops hunts and exports; nothing is lost by it" };
  } catch (error) {
    if (error instanceof RulewrightError) return problem("disk", error);
    return { name: "disk", state: "problem", text: (error as Error).message, exitCode: EXIT.usage };
  }
}

async function listsCheck(app: App, options: HealthOptions): Promise<Check> {
  const name = "warning lists";
  try {
    const lists = await listsInUse(app, options);
    if (lists === undefined)
      return {
        name,
        state: "warning",
        text: "none: popular hosts without a rank stay in",
        cure: "warningLists in the config",
      };
    const newest = Math.max(...lists.lists.map(({ version }) => dayOfVersion(version) ?? 0));
    const ageDays = newest > 0 ? Math.floor((app.now.getTime() - newest) / DAY_MS) : undefined;
    const age = ageDays === undefined ? "of unknown age" : `the newest ${ageDays} days old`;
    const text = `${lists.lists.length} lists, ${age}`;
    return ageDays !== undefined && ageDays > OLD_LISTS_DAYS
      ? { name, state: "warning", text, cure: "git pull in their folder" }
      : { name, state: "ok", text };
  } catch (error) {
    return problem(name, error);
  }
}

/** Nothing is remembered of a flag that only asks. */
async function listsInUse(app: App, { store, warningLists }: HealthOptions): Promise<WarningLists | undefined> {
  if (warningLists !== undefined || !existsSync(storePath(app, store))) return openWarningLists(app, warningLists);
  try {
    return await withStore(app, store, (opened) => listsOfStore(app, opened));
  } catch (error) {
    // What is wrong with the store has a line of its own.
    if ((error as RulewrightError).code !== "STORE_UNAVAILABLE") throw error;
    return openWarningLists(app);
  }
}

/** MISP's lists are versioned by their day: 20261124. */
function dayOfVersion(version: number): number | undefined {
  const [, year, month, day] = /^(20\d\d)(\d\d)(\d\d)$/.exec(String(version)) ?? [];
  return year === undefined ? undefined : Date.UTC(Number(year), Number(month) - 1, Number(day));
}

function backgroundCheck({ now }: App): Check {
  const { date } = loadBackground();
  const ageDays = Math.max(0, Math.floor((now.getTime() - Date.parse(date)) / DAY_MS));
  const text = `known background of ${date}`;
  return ageDays > 365
    ? {
        name: "background",
        state: "warning",
        text: `${text}, ${ageDays} days old`,
        cure: "a newer version of Rulewright",
      }
    : { name: "background", state: "ok", text };
}

const ENGINES = [
  { name: "suricata", version: /Suricata version (\S+)/i },
  { name: "snort", version: /Version (\S+)/i },
] as const;

function engineCheck({ name, version }: (typeof ENGINES)[number]): Check {
  const { error, stdout, stderr } = spawnSync(name, ["-V"], { encoding: "utf8", timeout: 10_000 });
  if (error) return { name, state: "ok", text: "not installed; only proving rules needs it" };
  const found = version.exec(`${stdout}${stderr}`)?.[1];
  return { name, state: "ok", text: found ?? "installed, of a version it does not tell" };
}
