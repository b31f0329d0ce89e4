/** A backtest over one eve.json, or `JSON.parse` over the same lines; memory is that of a process of its own. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { backtest } from "../../src/backtest/backtest.ts";
import type { Watched } from "../../src/backtest/watched.ts";
import { numbered } from "../../src/testing.ts";
import { type Cost, measure, peakMiB } from "../measure.ts";

export interface BacktestCase {
  readonly file: string;
  readonly indicators: number;
  readonly way: "parse" | "backtest";
}

export async function runCase({
  file,
  indicators,
  way,
}: BacktestCase): Promise<{ cost: Cost; peakMiB: number; hits: number }> {
  if (way === "parse") {
    const { cost, result } = await measure(async () => {
      let events = 0;
      for await (const line of createInterface({ input: createReadStream(file, "utf8") })) {
        JSON.parse(line);
        events += 1;
      }
      return events;
    });
    return { cost, peakMiB: peakMiB(), hits: result };
  }
  const watched = Array.from({ length: indicators }, (_, index): Watched => {
    const { type, value } = numbered(index % 2 === 0 ? "domain" : "ipv4", index);
    return { type, value };
  });
  const open = (use: (content: string) => Promise<void>): Promise<void> => use(file);
  const { result, cost } = await measure(() =>
    backtest({ indicators: watched, sources: [{ name: file, open, format: "eve" }] }),
  );
  return { cost, peakMiB: peakMiB(), hits: result.hits.size };
}
