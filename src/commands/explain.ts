/** `rulewright explain <value> <path…>`: why a value is kept, in review or dropped. */

import { judgeReports } from "../app/reports.ts";
import { storedContext, withStore } from "../app/stored.ts";
import type { ListsChoice } from "../app/warning-lists.ts";
import type { App } from "../app.ts";
import { EXIT, RulewrightError } from "../errors.ts";
import { canonicalise, isRejected, recognise } from "../model/canonical.ts";
import { refang } from "../model/defang.ts";
import { OBSERVABLE_TYPES, type Observable } from "../model/observable.ts";
import type { IndicatorContext } from "../policy/indicators.ts";
import type { JudgedRow, Store } from "../store/store.ts";
import { explanation, explanationJson, rejectionText } from "./explanation.ts";
import type { Output } from "./output.ts";

export interface ExplainOptions {
  readonly store?: string;
  readonly warningLists?: ListsChoice;
  readonly json?: boolean;
}

/** By the reports under the paths, or without any by the store. Throws VALUE_UNKNOWN when nothing shows the value. */
export async function explain(
  app: App,
  output: Output,
  value: string,
  paths: readonly string[],
  options: ExplainOptions,
): Promise<number> {
  const isJson = options.json === true;
  if (paths.length === 0)
    return withStore(app, options.store, (store) =>
      explainFrom(store, storedContext(app), output, value, isJson, "the store"),
    );
  const { store } = await judgeReports(
    app,
    paths,
    options.warningLists === undefined ? {} : { warningLists: options.warningLists },
  );
  try {
    // As `generate` takes them: reports are current, and nothing expires.
    const { tlp, policy } = app.loaded.config;
    return await explainFrom(store, { tlp, policy, asOf: app.now }, output, value, isJson, paths.join(" "));
  } finally {
    await store.close();
  }
}

async function explainFrom(
  store: Store,
  context: IndicatorContext,
  output: Output,
  value: string,
  isJson: boolean,
  where: string,
): Promise<number> {
  const rows = await findAll(store, value);
  for (const row of rows) await output.print(isJson ? explanationJson(row, context) : explanation(row, context));
  if (rows.length > 0) return EXIT.done;
  const rejected = await store.rejections(refang(value));
  for (const row of rejected)
    await output.print(isJson ? `${JSON.stringify({ rejected: row })}\n` : rejectionText(row));
  if (rejected.length > 0) return EXIT.done;
  throw new RulewrightError(
    "VALUE_UNKNOWN",
    `No report in ${where} shows ${value}. List what they show: ${where === "the store" ? "rulewright list" : `rulewright generate ${where} --explain`}`,
  );
}

/** A value can be several observables: a file path is also a command line, 32 hex digits are a JA3 or a JA3S. */
async function findAll(store: Store, value: string): Promise<JudgedRow[]> {
  const candidates = new Map<string, Observable>();
  // `domain:evil.top` is how rules name their indicator (ioc_id).
  const [, type, rest] = /^([a-z0-9-]+):(.+)$/s.exec(value) ?? [];
  const named = OBSERVABLE_TYPES.find((known) => known === type);
  if (named && rest) candidates.set(`${named} ${rest}`, { type: named, value: rest });
  for (const text of [refang(value), value]) {
    const recognised = recognise(text);
    if (!isRejected(recognised)) candidates.set(`${recognised.type} ${recognised.value}`, recognised);
    for (const type of OBSERVABLE_TYPES) {
      const canonical = canonicalise(type, text);
      if (!isRejected(canonical)) candidates.set(`${canonical.type} ${canonical.value}`, canonical);
    }
  }
  const found = await Promise.all([...candidates.values()].map((candidate) => store.find(candidate)));
  return found.filter((row) => row !== undefined);
}
