/** Group `stix`: a bundle of 100,000 domains beside the same plain objects and one JSON.stringify. Held: 4 times. */
import { apart } from "./apart.ts";
import type { StixCase } from "./cases/stix.ts";
import { fixed, type Print, startTable, times, whole } from "./table.ts";

type StixModule = typeof import("./cases/stix.ts");

/** The floor first: the others are set against it. */
const WAYS: readonly (readonly [StixCase["way"], string])[] = [
  ["plain", "plain objects, one stringify, one write"],
  ["exporter", "exporter, pipeline and file sink"],
  ["ids", "indicators and identifiers alone"],
];

export async function benchStix(print: Print, count: number): Promise<void> {
  const table = startTable(print, `stix: ${whole(count)} domains to a bundle`, [
    { title: "way", width: 39 },
    { title: "CPU s", isNumber: true },
    { title: "wall s", isNumber: true },
    { title: "peak MiB", isNumber: true },
    { title: "CPU to plain objects", isNumber: true },
  ]);
  let floor: number | undefined;
  for (const [way, label] of WAYS) {
    const { cost, peakMiB } = await apart<StixModule>("stix", { way, count });
    floor ??= cost.cpuSeconds;
    table.row([label, fixed(cost.cpuSeconds), fixed(cost.seconds), whole(peakMiB), times(cost.cpuSeconds / floor)]);
  }
  table.end([
    "Hold: at most 4 times the plain objects. Each makes the synthetic indicators anew; both outputs parse to the same.",
  ]);
}
