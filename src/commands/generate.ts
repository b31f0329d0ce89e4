/** `rulewright generate`: reports in, detection content out; no key, no store, no config needed. */
import { DEFAULT_EXPORTS, planExports } from "../app/planning.ts";
import { asOfStore, judgeReports } from "../app/reports.ts";
import type { ListsChoice } from "../app/warning-lists.ts";
import type { App } from "../app.ts";
import type { Tlp } from "../model/indicator.ts";
import { OBSERVABLE_TYPES } from "../model/observable.ts";
import type { IndicatorContext } from "../policy/indicators.ts";
import type { JudgingTally } from "../policy/judge-all.ts";
import type { Store } from "../store/store.ts";
import { explanation, explanationJson } from "./explanation.ts";
import type { Output } from "./output.ts";
import { outputFolder, publish } from "./publish.ts";
import { ingestSummary, judgingSummary } from "./summary.ts";

export interface GenerateOptions {
  readonly to?: readonly string[];
  readonly out: string;
  readonly where?: string;
  readonly warningLists?: ListsChoice;
  readonly tlp?: Tlp;
  readonly asOf?: Date;
  readonly explain?: boolean;
  /** Prove rules before they are swapped in, also where the config does not ask for it. */
  readonly verify?: boolean;
  readonly json?: boolean;
}

/** Of reports that are older, most indicators have ended by the clock of whoever loads them. */
const OLD_REPORTS_MS = 90 * 86_400_000;

export async function generate(
  app: App,
  output: Output,
  paths: readonly string[],
  options: GenerateOptions,
): Promise<number> {
  const folder = outputFolder(app, options.out);
  const planned = planExports(app, named(app, options.to), folder, options.where, options.verify);
  const judged = await judgeReports(app, paths, {
    onProgress: (text) => output.progress(text),
    ...(options.warningLists === undefined ? {} : { warningLists: options.warningLists }),
    ...(folder === undefined ? {} : { ledgersFrom: folder }),
  });
  const { store, ingested, tally } = judged;
  try {
    output.progress("");
    const asOf = options.asOf ?? (await asOfStore(store, app.now));
    if (options.asOf === undefined && app.now.getTime() - asOf.getTime() > OLD_REPORTS_MS)
      app.log.warn(
        `as of ${asOf.toISOString().slice(0, 10)}, the newest date in the reports: validity counts from there and may have ended. Give --as-of DAY, or ingest and export.`,
      );
    const context = { tlp: options.tlp ?? app.loaded.config.tlp, asOf };
    const { policy } = app.loaded.config;
    if (options.explain) await printExplanations(store, { ...context, policy }, output, options.json === true);
    const hasLists = (options.warningLists ?? app.loaded.config.warningLists ?? false) !== false;
    const advice = !hasLists && !options.json && keepsHosts(tally) ? `${WITHOUT_LISTS}\n\n` : "";
    output.say(`${ingestSummary(ingested)}\n\n${judgingSummary(tally)}\n\n${advice}`);
    return await publish(app, output, store, {
      planned,
      ...(folder === undefined ? {} : { folder }),
      context,
      ingested,
      keepsLedgers: true,
      isJson: options.json === true && options.explain !== true,
    });
  } finally {
    await store.close();
  }
}

const WITHOUT_LISTS =
  "No warning lists: popular names that have no rank in the reports stay in. Give MISP's with --warning-lists DIR, see README.md.";

function keepsHosts({ decisions }: JudgingTally): boolean {
  return HOST_TYPES.some((type) => (decisions.get(type)?.keep ?? 0) > 0);
}

const HOST_TYPES = ["domain", "ipv4", "ipv6", "endpoint", "url"] as const;

/** The exports named on the command line, else the built-in ones and those of the config. */
function named({ loaded }: App, to: readonly string[] = []): readonly string[] {
  return to.length > 0 ? to : [...new Set([...DEFAULT_EXPORTS, ...Object.keys(loaded.config.exports)])];
}

async function printExplanations(
  store: Store,
  context: IndicatorContext,
  output: Output,
  isJson: boolean,
): Promise<void> {
  for (const type of OBSERVABLE_TYPES) {
    for await (const page of store.judged(type, ["keep", "review", "drop"])) {
      for (const row of page)
        await output.print(isJson ? explanationJson(row, context) : `${explanation(row, context)}\n`);
    }
  }
}
