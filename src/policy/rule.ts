/** What a rule of the judge answers, and what it may look at. */
import type { Background } from "../enrich/background.ts";
import type { WarningLists } from "../enrich/warning-lists.ts";
import type { HostScope } from "../model/indicator.ts";
import type { Facts } from "../store/store.ts";
import type { Policy } from "./policy.ts";

export interface JudgeContext {
  readonly background: Background;
  readonly warningLists?: WarningLists;
  readonly policy: Policy;
  /** Samples in the store: how widespread a value is, is a share of these. */
  readonly totalSamples: number;
  /** The time confidences have decayed to; absent, nothing decays. */
  readonly now?: Date;
}

/** A reason with points. */
export interface Finding {
  readonly id: string;
  readonly weight: number;
  readonly text: string;
}

/** A reason that decides alone: the value cannot be an indicator, whatever speaks for it. */
export interface Gate {
  readonly id: string;
  readonly text: string;
}

export interface Findings {
  readonly gate?: Gate;
  readonly findings: readonly Finding[];
  readonly scope?: HostScope;
  readonly labels?: readonly string[];
}

export type Rule = (facts: Facts, context: JudgeContext) => Finding | undefined;

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : noun.endsWith("x") ? "es" : "s"}`;
}
