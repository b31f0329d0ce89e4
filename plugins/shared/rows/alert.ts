/** Which indicators a list takes. This module does not know targets. */
import { type Indicator, isAlertable } from "../../../src/plugin.ts";
import { malformed, uncarriable, unresolved } from "./value.ts";

/** Why an indicator has no place in a list on which every match alerts or blocks, or undefined. */
export function unlistable(indicator: Indicator): string | undefined {
  if (isAlertable(indicator)) return malformed(indicator);
  return `${unkept(indicator) ?? `harmless programs share a ${indicator.type}`}, and whatever is listed alerts`;
}

/** Why an indicator has no line among values of which some are context, or undefined. */
export function unfit(indicator: Indicator): string | undefined {
  return unkept(indicator) ?? malformed(indicator) ?? uncarriable(indicator.value);
}

/** The same for a list that is matched exactly. */
export function unmatched(indicator: Indicator): string | undefined {
  return unfit(indicator) ?? unresolved(indicator);
}

function unkept({ verdict, status }: Indicator): string | undefined {
  if (verdict.decision !== "keep") return `the verdict is ${verdict.decision}`;
  return status === "active" ? undefined : status;
}
