/** The Traffic Light Protocol level of several things together. */
import type { Tlp } from "../../src/plugin.ts";

/** From open to closed. */
const TLP_ORDER: readonly Tlp[] = ["clear", "green", "amber", "amber+strict", "red"];

/** The most closed of some levels. */
export function strictestTlp(levels: Iterable<Tlp>): Tlp | undefined {
  let strictest = -1;
  for (const level of levels) strictest = Math.max(strictest, TLP_ORDER.indexOf(level));
  return TLP_ORDER[strictest];
}
