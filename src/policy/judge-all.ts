/** Runs the judge over everything in a store and keeps the tally for the summary. */
import { setImmediate } from "node:timers/promises";
import { OBSERVABLE_TYPES, type ObservableType } from "../model/observable.ts";
import type { Decision } from "../model/verdict.ts";
import type { Facts, Finders, Judgement, Store } from "../store/store.ts";
import { type HuntPolicies, policyFor, policyReason } from "./hunt-policies.ts";
import { judge } from "./judge.ts";
import type { JudgeContext } from "./rule.ts";
import { learnSandboxes } from "./sandbox-own.ts";

export interface JudgingTally {
  /** Type → decision → number. */
  readonly decisions: ReadonlyMap<ObservableType, Readonly<Record<Decision, number>>>;
  /** Reason that decided → number of dropped observables, most first. */
  readonly dropReasons: readonly (readonly [string, number])[];
}

export interface JudgeAllContext extends Omit<JudgeContext, "population" | "sandboxOwn" | "policyReason"> {
  /** Default: no hunt has a policy of its own. */
  readonly huntPolicies?: HuntPolicies;
}

export async function judgeAll(store: Store, context: JudgeAllContext, signal: AbortSignal): Promise<JudgingTally> {
  const { huntPolicies = new Map() } = context;
  const full: JudgeContext = {
    ...context,
    population: await store.population(),
    sandboxOwn: await learnSandboxes(store),
  };
  const decisions = new Map<ObservableType, Record<Decision, number>>();
  const drops = new Map<string, number>();
  for (const type of OBSERVABLE_TYPES) {
    for await (const page of store.facts(type)) {
      signal.throwIfAborted();
      const contextOf = huntPolicies.size === 0 ? () => full : await ownContexts(store, page, full, huntPolicies);
      const judgements = page.map((facts) => ({ id: facts.id, judgement: judge(facts, contextOf(facts)) }));
      await store.saveJudgements(judgements);
      // The database answers without waiting: without this nobody would hear a signal until the end.
      await setImmediate();
      for (const { judgement } of judgements) count(judgement, decisions, drops);
    }
  }
  return { decisions, dropReasons: [...drops].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)) };
}

/** The context of each observable of a page, with the policy of the hunts that found it. */
async function ownContexts(
  store: Store,
  page: readonly Facts[],
  context: JudgeContext,
  huntPolicies: HuntPolicies,
): Promise<(facts: Facts) => JudgeContext> {
  const finders = await store.finders(page.map(({ id }) => id));
  return ({ id, observable: { type } }) => {
    const applied = policyFor(finders.get(id) ?? NOBODY, context.policy, huntPolicies);
    const reason = policyReason(type, applied);
    return { ...context, policy: applied.policy, ...(reason ? { policyReason: reason } : {}) };
  };
}

const NOBODY: Finders = { hunts: [], isFoundOtherwise: true };

/** A lesser objection does not drop a value by itself. */
const WEIGHTY = -10;

function count(
  { observable, verdict }: Judgement,
  decisions: Map<ObservableType, Record<Decision, number>>,
  drops: Map<string, number>,
): void {
  const own = decisions.get(observable.type) ?? { keep: 0, review: 0, drop: 0 };
  own[verdict.decision] += 1;
  decisions.set(observable.type, own);
  if (verdict.decision !== "drop") return;
  const decisive = verdict.reasons.toSorted((a, b) => a.weight - b.weight)[0];
  const id = decisive && (decisive.weight < WEIGHTY || verdict.reasons.length === 1) ? decisive.id : "weak-evidence";
  drops.set(id, (drops.get(id) ?? 0) + 1);
}
