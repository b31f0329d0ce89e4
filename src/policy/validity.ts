/**
 * Decay: an indicator is worth less the longer no new sample has shown it. The clock starts when the newest sample was
 * new, so an old sample that is analysed again refreshes nothing.
 */
import type { ObservableType } from "../model/observable.ts";
import type { Policy } from "./policy.ts";

const DAY = 86_400_000;
/** A hash names one file for ever; ten years stand for that where a date is wanted. */
const FOREVER = 3650 * DAY;

const KEYS: Readonly<Partial<Record<ObservableType, keyof Policy["halfLifeDays"]>>> = {
  domain: "domain",
  ipv4: "address",
  ipv6: "address",
  endpoint: "address",
  url: "url",
};

/** Days in which the confidence halves; undefined for hashes. */
export function halfLifeDays(type: ObservableType, policy: Policy): number | undefined {
  return type === "sha256" ? undefined : policy.halfLifeDays[KEYS[type] ?? "other"];
}

/** What is left of a confidence `age` milliseconds after the newest sample was new; 1 for a negative age. */
export function decayFactor(type: ObservableType, age: number, policy: Policy): number {
  const halfLife = halfLifeDays(type, policy);
  return halfLife === undefined || age <= 0 ? 1 : 2 ** (-age / (halfLife * DAY));
}

/** When the decaying confidence falls below the review threshold. Times in milliseconds since the epoch. */
export function validUntil(type: ObservableType, confidence: number, lastNew: number, policy: Policy): number {
  const halfLife = halfLifeDays(type, policy);
  if (halfLife === undefined) return lastNew + FOREVER;
  const halvings = Math.log2(confidence / Math.max(1, policy.reviewAt));
  // At least a day, so that validity never ends before it begins.
  return lastNew + Math.max(DAY, Math.round(halvings * halfLife * DAY));
}
