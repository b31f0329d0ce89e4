/** `rulewright hunt`: searches VirusTotal for what is new, into the store, judged; `--plan` says what that would cost. */
import { type HuntsOutcome, huntInto, huntsOf, type Plans, planHunts } from "../app/hunting.ts";
import { openJudging, withNewStore, withStoreIfAny } from "../app/stored.ts";
import type { App } from "../app.ts";
import { EXIT } from "../errors.ts";
import type { Hunt, HuntTally } from "../hunt/hunt.ts";
import { plainText } from "../model/text.ts";
import { momentText } from "../vt/quota.ts";
import type { StoreOptions } from "./ingest.ts";
import type { Output } from "./output.ts";
import { count, judgingSummary, table } from "./summary.ts";

export interface HuntOptions extends StoreOptions {
  readonly plan?: boolean;
  readonly json?: boolean;
}

export async function hunt(app: App, output: Output, names: readonly string[], options: HuntOptions): Promise<number> {
  const hunts = huntsOf(app, names);
  if (options.plan)
    return withStoreIfAny(app, options.store, async (store) => {
      const plans = await planHunts(app, store, hunts, options.store);
      if (options.json) await output.print(`${JSON.stringify(planJson(plans), undefined, 2)}\n`);
      else await output.print(`${planText(plans)}\n`);
      return EXIT.done;
    });
  return withNewStore(app, options.store, async (store) => {
    const judging = await openJudging(app, store, options.warningLists);
    const outcome = await huntInto(app, store, options.store, hunts, (tally) => output.progress(progressText(tally)));
    output.progress("");
    const judged = judgingSummary(await judging.run());
    if (options.json) await output.print(`${JSON.stringify(outcomeJson(outcome), undefined, 2)}\n`);
    output.say(`${outcomeText(hunts, outcome)}\n\n${judged}\n\n${nextText(outcome)}\n`);
    const error = outcome.stoppedBy ?? outcome.failures[0]?.error;
    for (const { name, error: own } of outcome.failures)
      if (own !== error) app.log.warn(`hunt ${name}: ${own.message}`);
    if (error) throw error;
    return EXIT.done;
  });
}

function progressText({ name, found, fetched, known }: HuntTally): string {
  return `${name}: ${found} found, ${fetched} fetched, ${known} known`;
}

function outcomeText(hunts: readonly Hunt[], { tallies, stats }: HuntsOutcome): string {
  const rows = hunts.map(({ name }) => {
    const tally = tallies.find((own) => own.name === name);
    return tally
      ? [name, tally.found, tally.fetched, tally.known, tally.isComplete ? "yes" : "no"]
      : [name, "-", "-", "-", "not begun"];
  });
  const repeated = stats.repeated === 0 ? "" : `, ${stats.repeated} of them repeated`;
  return `${table(["hunt", "found", "fetched", "known", "complete"], rows)}\n\n${count(stats.requests, "request")} to VirusTotal${repeated}.`;
}

/** What to run next. */
function nextText({ tallies, failures, stoppedBy }: HuntsOutcome): string {
  const cut = tallies.filter(
    ({ isComplete, name }) => !isComplete && failures.every((failure) => failure.name !== name),
  );
  if (stoppedBy) return "What was fetched is in the store. The same command goes on where this one stopped.";
  const more = cut.length === 0 ? "" : `There is more of ${cut.map(({ name }) => name).join(", ")}: run it again. `;
  return `${more}See what was found: rulewright list --decision keep. Write it out: rulewright export.`;
}

function outcomeJson({ tallies, failures, stoppedBy, stats }: HuntsOutcome): object {
  return {
    hunts: tallies,
    failures: failures.map(({ name, error }) => ({ name, code: error.code, message: error.message })),
    ...(stoppedBy ? { stoppedBy: { code: stoppedBy.code, message: stoppedBy.message } } : {}),
    ...stats,
  };
}

function planText(plans: Plans): string {
  const { hunts, account } = plans;
  const rows = hunts.map(({ name, searches, pages, samples, lookups, requests }) => [
    name,
    searches,
    pages,
    samples,
    lookups,
    requests,
  ]);
  const all = totalOf(plans);
  const parts = [
    table(
      ["hunt", "searches", "pages", "samples", "look-ups", "requests"],
      hunts.length > 1 ? [...rows, ["together", ...Object.values(all)]] : rows,
    ),
    hunts
      .map(({ name, query, isResumed }) => `${name}${isResumed ? ", which goes on," : ""} asks: ${plainText(query)}`)
      .join("\n"),
    "At most, for samples that are all new; known ones cost nothing, reports and relationships beyond 40 (embedded: 20) a page each.",
    leftText(plans, all.requests),
  ];
  if (account)
    parts.push(
      table(
        ["the account's quota", "allowed", "used", "left"],
        account.map(({ name, scope, allowed, used, left }) => [`${name} (${scope})`, allowed, used, left]),
      ),
    );
  return parts.filter((part) => part !== "").join("\n\n");
}

interface Total {
  readonly searches: number;
  readonly pages: number;
  readonly samples: number;
  readonly lookups: number;
  readonly requests: number;
}

function totalOf({ hunts }: Plans): Total {
  const sum = (field: keyof Total): number => hunts.reduce((total, plan) => total + plan[field], 0);
  return {
    searches: sum("searches"),
    pages: sum("pages"),
    samples: sum("samples"),
    lookups: sum("lookups"),
    requests: sum("requests"),
  };
}

/** The day and the month against the cost; the minute is only waited for. */
function leftText({ left }: Plans, cost: number): string {
  if (!left) return "";
  const rows = (["minute", "day", "month"] as const).map((window) => {
    const { limit, used, left: rest, resetsAt } = left[window];
    const enough = window === "minute" || rest === undefined || rest >= cost ? "" : "not enough";
    return [window, limit ?? "no limit", used, rest ?? "-", momentText(resetsAt), enough];
  });
  return table(["of your limits", "allowed", "used", "left", "resets at", ""], rows);
}

function planJson(plans: Plans): object {
  const { left, account } = plans;
  return {
    hunts: plans.hunts,
    total: totalOf(plans),
    ...(left ? { left } : {}),
    ...(account ? { account } : {}),
  };
}
