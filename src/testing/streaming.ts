/** Measures how an exporter streams: when its output comes, in what pieces, and what it keeps of its input. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ObservableType } from "../model/observable.ts";
import type { Exporter, SidLedger, VersionLedger } from "../plugin.ts";
import { numbered } from "./examples.ts";
import { type RenderOptions, renderContext } from "./render.ts";

export interface Streaming {
  readonly bytes: number;
  /** Of these, what had come when the exporter asked for the indicator after the last. */
  readonly bytesBeforeEnd: number;
  readonly largestChunk: number;
  readonly skipped: number;
  /** Between the first tenth of the input and the most that was held later, without garbage. */
  readonly heapGrowth: number;
}

const SAMPLES = 10;

/** Renders `count` indicators of a type and throws the output away. */
export async function measureStreaming(
  exporter: Exporter,
  type: ObservableType,
  count: number,
  settings: RenderOptions,
): Promise<Streaming> {
  const collect = globalThis.gc ?? exposeGc();
  let bytes = 0;
  let bytesBeforeEnd = 0;
  let largestChunk = 0;
  let skipped = 0;
  let early: number | undefined;
  let most = 0;
  // As the exporter asks, it holds what it holds and the chunk it gave is gone.
  const sample = (): void => {
    void collect();
    const { heapUsed, external } = process.memoryUsage();
    early ??= heapUsed + external;
    most = Math.max(most, heapUsed + external);
  };
  const step = Math.ceil(count / SAMPLES);
  const indicators = (async function* () {
    for (let index = 0; index < count; index += 1) {
      if (index > 0 && index % step === 0) sample();
      yield numbered(type, index);
    }
    sample();
    bytesBeforeEnd = bytes;
  })();
  let sid = 1_000_000;
  // They remember nothing, so that only the exporter is measured.
  const sids: SidLedger = { assign: async (rules) => rules.map(() => ({ sid: sid++, rev: 1 })) };
  const versions: VersionLedger = {
    stamp: async (objects) => objects.map(({ created, modified }) => ({ created, modified, isChanged: true })),
  };
  const context = renderContext(exporter, { ...settings, sids, versions }, () => {
    skipped += 1;
  });
  for await (const { data } of exporter.render(indicators, context)) {
    const size = Buffer.byteLength(data);
    bytes += size;
    largestChunk = Math.max(largestChunk, size);
  }
  return { bytes, bytesBeforeEnd, largestChunk, skipped, heapGrowth: most - (early ?? most) };
}

/** The collector of a process that was started without --expose-gc. */
function exposeGc(): () => void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  setFlagsFromString("--no-expose-gc");
  return collect;
}
