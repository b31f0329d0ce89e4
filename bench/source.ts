/** Synthetic indicators of one type or of a mix, in export order. */
import type { Indicator } from "../src/model/indicator.ts";
import type { ObservableType } from "../src/model/observable.ts";
import { batches } from "../src/plugin.ts";
import { numbered } from "../src/testing.ts";
import { measure } from "./measure.ts";

/** In export order; equal parts. */
const MIX: readonly ObservableType[] = ["domain", "ipv4", "endpoint", "url", "sha256"];

export type Spread = ObservableType | "mix";

export async function* indicators(spread: Spread, count: number): AsyncGenerator<Indicator> {
  const types = spread === "mix" ? MIX : [spread];
  const each = Math.floor(count / types.length);
  for (const type of types) {
    for (let index = 0; index < each; index += 1) yield numbered(type, index);
  }
}

/** CPU seconds that making `count` indicators costs by itself, measured on a part and after a warm-up. */
export async function sourceCpuSeconds(spread: Spread, count: number): Promise<number> {
  const part = Math.min(count, 200_000);
  await drain(indicators(spread, 20_000));
  const { cost } = await measure(() => drain(indicators(spread, part)));
  return (cost.cpuSeconds / part) * count;
}

/** Holds some, as exporters do: what nobody holds, the compiler may not even make. */
async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const batch of batches(items, 200)) void batch;
}
