/** What a row says of its indicator in words. */
import type { Indicator } from "../../src/plugin.ts";
import { displayText } from "../shared/rows/cell.ts";
import { reasonTexts } from "../shared/rows/words.ts";

/** `contacted by 1 sample (Zenbox)`: the strongest reason only, as it stands in every row. */
export function describe({ verdict, sandboxes }: Indicator): string {
  const where = sandboxes.length > 0 ? ` (${sandboxes.join(", ")})` : "";
  return displayText(`${reasonTexts(verdict)[0] ?? "no reason given"}${where}`);
}

/** `quillet: contacted by 1 sample (Zenbox)`, where the families have no column of their own. */
export function describeWithFamilies(indicator: Indicator): string {
  const { families } = indicator;
  return families.length > 0 ? displayText(`${families.join(", ")}: `) + describe(indicator) : describe(indicator);
}
