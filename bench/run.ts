/**
 * `npm run bench`: the numbers of this project, each beside its floor. One Markdown table per group on standard
 * output and nothing else; temporary files lie in the system's temporary folder and are removed. No time fails it.
 *
 *     npm run bench                                   every group at full size: a quarter of an hour on two idle cores
 *     npm run bench -- exporters --count 100000       one group, smaller
 *     npm run bench -- exporters --only csv,splunk    some exporters
 *     npm run bench -- store --count 1000000          a million observables, three million pieces of evidence
 *     npm run bench -- hunt                           500 samples from the emulator, 50 ms before every answer
 */
import { parseArgs } from "node:util";
import { benchBacktest } from "./backtest.ts";
import { benchExporters } from "./exporters.ts";
import { benchHunt } from "./hunt.ts";
import { benchRead } from "./read.ts";
import { benchRules } from "./rules.ts";
import { benchStix } from "./stix.ts";
import { benchStore } from "./store.ts";
import type { Print } from "./table.ts";

interface Group {
  /** What `--count` counts when it is not given. */
  readonly count: number;
  readonly run: (print: Print, count: number, only?: readonly string[]) => Promise<void>;
}

const GROUPS: Readonly<Record<string, Group>> = {
  exporters: { count: 1_000_000, run: benchExporters },
  read: { count: 10_000, run: benchRead },
  hunt: { count: 500, run: benchHunt },
  store: { count: 100_000, run: benchStore },
  stix: { count: 100_000, run: benchStix },
  rules: { count: 100_000, run: benchRules },
  backtest: { count: 1000, run: benchBacktest },
};

const USAGE = `usage: npm run bench -- [${Object.keys(GROUPS).join("|")}]... [--count N] [--only EXPORTER,...]`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: "string" }, only: { type: "string" } },
});
const count = values.count === undefined ? undefined : Number(values.count.replaceAll("_", ""));
const names = positionals.length > 0 ? positionals : Object.keys(GROUPS);
if (names.some((name) => !Object.hasOwn(GROUPS, name)) || (count !== undefined && !(count >= 1))) {
  console.error(USAGE);
  process.exit(2);
}
for (const name of names) {
  const group = GROUPS[name] as Group;
  await group.run(console.log, count ?? group.count, values.only?.split(","));
}
