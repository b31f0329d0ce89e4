/** Which indicators a detection list takes. This module does not know targets. */
import { type Indicator, isAlertable } from "../../../src/plugin.ts";
import { malformed } from "./value.ts";

/** Why an indicator has no place in a list on which every match alerts or blocks, or undefined. */
export function unlistable(indicator: Indicator): string | undefined {
  const { type, value, verdict, status } = indicator;
  if (isAlertable(indicator)) return malformed({ type, value });
  if (verdict.decision !== "keep") return `the verdict is ${verdict.decision}, and whatever is listed alerts`;
  if (status !== "active") return `${status}, and whatever is listed alerts`;
  return `harmless programs share a ${type}, and whatever is listed alerts`;
}
