/**
 * Which policy an observable is judged by, when hunts have policies of their own. Several may find it, and it is judged
 * once: of all that found it the most lenient decides, key by key, so that being found once more never makes a decision
 * worse. What no hunt found is judged by the config's policy, which also counts where reports of `ingest` show it.
 */
import type { ObservableType } from "../model/observable.ts";
import type { Reason } from "../model/verdict.ts";
import type { Finders } from "../store/store.ts";
import type { HuntPolicy, Policy } from "./policy.ts";
import { halfLifeDays } from "./validity.ts";

/** The policies of hunts that have one of their own, by name. */
export type HuntPolicies = ReadonlyMap<string, Policy>;

export interface AppliedPolicy {
  readonly policy: Policy;
  /** Hunts with policies of their own that took part; empty where the config's is all there is. */
  readonly hunts: readonly string[];
  /** Whether the config's took part beside them. */
  readonly isShared: boolean;
}

/** The config's policy with what a hunt says otherwise. Nothing is kept below the confidence that is worth a review. */
export function huntPolicy(policy: Policy, own: HuntPolicy): Policy {
  const { keepAt = policy.keepAt, reviewAt = policy.reviewAt, halfLifeDays: days } = own;
  const { address, domain, url, other } = policy.halfLifeDays;
  return {
    keepAt,
    reviewAt: Math.min(reviewAt, keepAt),
    halfLifeDays: {
      address: days?.address ?? address,
      domain: days?.domain ?? domain,
      url: days?.url ?? url,
      other: days?.other ?? other,
    },
  };
}

/** The policy for what these found. */
export function policyFor({ hunts, isFoundOtherwise }: Finders, common: Policy, own: HuntPolicies): AppliedPolicy {
  const named = hunts.filter((name) => own.has(name));
  const isShared = isFoundOtherwise || named.length < Math.max(1, hunts.length);
  const policies = [...named.map((name) => own.get(name) as Policy), ...(isShared ? [common] : [])];
  return { policy: policies.reduce(lenient), hunts: named, isShared };
}

function lenient(one: Policy, other: Policy): Policy {
  const longer = (key: keyof Policy["halfLifeDays"]): number =>
    Math.max(one.halfLifeDays[key], other.halfLifeDays[key]);
  return {
    keepAt: Math.min(one.keepAt, other.keepAt),
    reviewAt: Math.min(one.reviewAt, other.reviewAt),
    halfLifeDays: {
      address: longer("address"),
      domain: longer("domain"),
      url: longer("url"),
      other: longer("other"),
    },
  };
}

/** Hunts that a reason names. */
const NAMED = 3;

/** Says whose policy it was; no points. Undefined where it was the config's alone. */
export function policyReason(type: ObservableType, applied: AppliedPolicy): Reason | undefined {
  const { policy, hunts, isShared } = applied;
  if (hunts.length === 0) return undefined;
  const names = [...hunts.slice(0, NAMED), ...(hunts.length > NAMED ? [`${hunts.length - NAMED} more`] : [])].join(
    ", ",
  );
  const whose = `${hunts.length === 1 ? "hunt" : "hunts"} ${names}${isShared ? " and the config" : ""}`;
  const most = hunts.length + Number(isShared) > 1 ? "the most lenient of " : "the policy of ";
  const days = halfLifeDays(type, policy);
  const halfLife = days === undefined ? "" : `, half-life ${days} days`;
  const text = `judged by ${most}${whose}: kept from ${policy.keepAt}, in review from ${policy.reviewAt}${halfLife}`;
  return { id: "hunt-policy", weight: 0, text };
}
