/** `rulewright backtest <rules…> --eve … | --pcap …`: what would these have hit on the operator's own logs? */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { storedContext, withStore } from "../app/stored.ts";
import type { App } from "../app.ts";
import { type BacktestResult, backtest, type LogSource } from "../backtest/backtest.ts";
import { captureSource, isCapture } from "../backtest/captures.ts";
import { type ColumnChoice, LOG_FIELDS, type LogField } from "../backtest/columns.ts";
import { LOG_FORMATS, type LogFormat } from "../backtest/readers.ts";
import { type Release, readRelease } from "../backtest/release.ts";
import { observableOfKey } from "../backtest/rules.ts";
import { WatchList } from "../backtest/watched.ts";
import { EXIT, RulewrightError } from "../errors.ts";
import { isUrlOnly } from "../model/indicator.ts";
import { nearest } from "../model/nearest.ts";
import { indicatorsOf } from "../policy/indicators.ts";
import { RECORDED, type RecordedKind, recordHits } from "./backtest-record.ts";
import { backtestJson, backtestText } from "./backtest-report.ts";
import type { Output } from "./output.ts";

export interface BacktestOptions extends Partial<Record<LogFormat | "pcap" | "log", string[]>> {
  readonly columns?: readonly string[];
  readonly top: number;
  readonly store?: string;
  /** Remember the hits in the store as this. */
  readonly record?: RecordedKind;
  readonly json?: boolean;
}

export async function runBacktest(
  app: App,
  output: Output,
  rules: readonly string[],
  options: BacktestOptions,
): Promise<number> {
  const columns = chosenColumns(options.columns ?? []);
  await checkInputs(app, options);
  const release =
    rules.length > 0
      ? await readRelease(rules.map((path) => resolve(app.folder, path)))
      : await storedRelease(app, options.store);
  for (const problem of release.problems) app.log.warn(problem);
  const result = await backtest({
    indicators: release.indicators,
    sources: await sourcesOf(app, options, release),
    columns,
    isHashed: options.record !== undefined,
    signal: app.signal,
    onProgress: (name, bytes) => output.progress(`reading ${name}: ${Math.floor(bytes / 1024 / 1024)} MiB`),
  });
  output.progress("");
  report(app, result);
  const text = options.json ? backtestJson : backtestText;
  await output.print(text(release.indicators, result, options.top));
  if (options.record !== undefined) {
    const { taken, given } = await recordHits(app, options.store, release.indicators, result, options.record);
    const strangers = given > taken ? `; the store does not know ${given - taken} others` : "";
    output.say(`Recorded for ${taken} of the store's indicators as ${RECORDED[options.record]}${strangers}.\n`);
  }
  return EXIT.done;
}

/** Throws INPUT_EMPTY and INPUT_UNREADABLE when there was nothing to look at: no hit would be a false comfort. */
function report(app: App, { sources }: BacktestResult): void {
  for (const { name, problems, unreadable } of sources) {
    for (const problem of problems) app.log.warn(`${name}: ${problem}`);
    if (unreadable > problems.length)
      app.log.warn(`${name}: ${unreadable} lines could not be read, the first named above`);
  }
  if (sources.some(({ events, irrelevant }) => events + irrelevant > 0)) return;
  const names = sources.map(({ name }) => name).join(", ");
  if (sources.some(({ unreadable }) => unreadable > 0))
    throw new RulewrightError(
      "INPUT_UNREADABLE",
      `Nothing in ${names} could be read; see above. Say what it is with --eve, --zeek, --dns or --proxy, and name columns with --columns.`,
    );
  throw new RulewrightError(
    "INPUT_EMPTY",
    `There is no event in ${names}: nothing was compared. Give logs with content.`,
  );
}

const INPUTS = [...LOG_FORMATS, "log", "pcap"] as const;

/** Names are checked before anything is read: a run over gigabytes does not end at its second file. */
async function checkInputs(app: App, options: BacktestOptions): Promise<void> {
  const names = INPUTS.flatMap((input) => options[input] ?? []);
  if (names.length === 0)
    throw new RulewrightError(
      "USAGE",
      "There is nothing to look at. Give logs with --eve, --zeek, --dns, --proxy or --log, or captures with --pcap.",
    );
  if (names.filter((name) => name === "-").length > 1)
    throw new RulewrightError("USAGE", "Standard input can be read once. Give - once.");
  if (options.pcap?.includes("-"))
    throw new RulewrightError("USAGE", "The engine reads captures from files. Save it and give its path with --pcap.");
  for (const name of names) {
    if (name === "-") continue;
    const found = await stat(resolve(app.folder, name)).catch(() => undefined);
    if (!found) throw new RulewrightError("INPUT_MISSING", `There is no file ${name}. Give logs or captures.`);
    if (found.isDirectory())
      throw new RulewrightError("USAGE", `${name} is a folder. Name its logs: --eve ${name}/*.json`);
  }
}

async function sourcesOf(app: App, options: BacktestOptions, release: Release): Promise<LogSource[]> {
  const sources: LogSource[] = [];
  const capture = (name: string) =>
    captureSource(name, resolve(app.folder, name), release.suricataFiles, { signal: app.signal });
  for (const input of INPUTS) {
    for (const name of options[input] ?? []) {
      const path = resolve(app.folder, name);
      const content = name === "-" ? (app.stdin ?? process.stdin) : path;
      if (input === "pcap" || (input === "log" && name !== "-" && (await isCapture(path))))
        sources.push(await capture(name));
      else sources.push({ name, open: (use) => use(content), ...(input === "log" ? {} : { format: input }) });
    }
  }
  return sources;
}

/** `host=cs-host`; throws USAGE for a field that does not exist. */
function chosenColumns(choices: readonly string[]): ColumnChoice {
  const columns: Partial<Record<LogField, string>> = {};
  for (const choice of choices) {
    const [, name = "", column = ""] = /^([^=]+)=(.+)$/.exec(choice) ?? [];
    const field = LOG_FIELDS.find((own) => own === name);
    if (field === undefined)
      throw new RulewrightError(
        "USAGE",
        `--columns ${choice}: it looks like host=cs-host, and the fields are ${LOG_FIELDS.join(", ")}${nearest(name, LOG_FIELDS)}.`,
      );
    columns[field] = column;
  }
  return columns;
}

/** What the store's indicators are now, with the sids their rules have. Throws INPUT_EMPTY. */
async function storedRelease(app: App, location?: string): Promise<Release> {
  return withStore(app, location, async (store) => {
    const watched = new WatchList();
    for await (const { type, value, verdict, status, scope, labels, details } of indicatorsOf(
      store,
      storedContext(app),
      app.signal,
    )) {
      if (verdict.decision !== "keep" || status !== "active") continue;
      watched.add({
        type,
        value,
        ...(scope ? { scope } : {}),
        ...(isUrlOnly(labels) ? { isUrlOnly: true } : {}),
        aliases: [details.md5, details.sha1].filter((hash) => hash !== undefined),
      });
    }
    if (watched.size === 0)
      throw new RulewrightError(
        "INPUT_EMPTY",
        "The store has no indicator. Name a release: rulewright backtest out --eve eve.json",
      );
    for await (const page of store.sids.entries()) {
      for (const { key, sid } of page) {
        const observable = observableOfKey(key);
        if (observable && watched.has(observable)) watched.add({ ...observable, sids: [sid] });
      }
    }
    return { indicators: watched.list(), suricataFiles: [], problems: [] };
  });
}
