/**
 * Group `rules`: what a sensor needs to load `count` domains and addresses in the format `auto`, beside one dataset rule
 * over the same list written by hand; and the proof of 5,000 rules. Held: 1.5 times, and 30 s. Needs Suricata.
 */

import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suricata } from "../plugins/suricata/index.ts";
import type { Indicator } from "../src/plugin.ts";
import { numbered, render } from "../src/testing.ts";
import { everydayExchanges } from "../src/verify/everyday.ts";
import { prove } from "../src/verify/prove.ts";
import { readRuleFile } from "../src/verify/rule-file.ts";
import { openSuricata } from "../src/verify/suricata.ts";
import { suricataConfiguration } from "../src/verify/suricata-config.ts";
import { measure } from "./measure.ts";
import { fixed, type Print, startTable, times, whole } from "./table.ts";
import { withTemporaryFolder } from "./temporary.ts";

const PROVEN_RULES = 5000;

export async function benchRules(print: Print, count: number): Promise<void> {
  const table = startTable(print, `rules: Suricata loads ${whole(count)} indicators`, [
    { title: "type", width: 9 },
    { title: "form", width: 27 },
    { title: "CPU s", isNumber: true },
    { title: "peak MiB", isNumber: true },
    { title: "CPU to by hand", isNumber: true },
    { title: "memory to by hand", isNumber: true },
  ]);
  for (const type of ["domain", "ipv4"] as const) {
    const given = Array.from({ length: count }, (_, index) => portless(numbered(type, index)));
    const byHand = await withTemporaryFolder((folder) => loadByHand(folder, type, given));
    const ours = await withTemporaryFolder((folder) => loadOurs(folder, given));
    const cells = (load: Load): string[] => [fixed(load.cpuSeconds), whole(load.peakMiB)];
    table.row([type, "one dataset rule by hand", ...cells(byHand), "", ""]);
    const ratios = [ours.cpuSeconds / byHand.cpuSeconds, ours.peakMiB / byHand.peakMiB];
    table.row([type, "auto", ...cells(ours), ...ratios.map(times)]);
  }
  const { seconds, rules, exchanges } = await withTemporaryFolder(proof);
  table.end([
    "Hold: at most 1.5 times. `suricata -T`, the median of three; peak is its resident memory.",
    `Proof of ${whole(rules)} rules, ${whole(exchanges)} exchanges, with everyday traffic and analysis: ${fixed(seconds, 1)} s wall clock. Hold: under 30 s.`,
  ]);
}

/** Addresses whose ports are known have no rule. */
function portless(indicator: Indicator): Indicator {
  return { ...indicator, details: {} };
}

interface Load {
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

async function loadByHand(folder: string, type: "domain" | "ipv4", given: readonly Indicator[]): Promise<Load> {
  const lines = given.map(({ value }) => (type === "domain" ? Buffer.from(value).toString("base64") : value));
  await writeFile(join(folder, "by-hand.lst"), `${lines.join("\n")}\n`);
  const [protocol, test, kind] =
    type === "domain" ? ["dns", "dns.query; to_lowercase", "string"] : ["ip", "ip.dst", "ip"];
  const dataset = `dataset:isset,by-hand,type ${kind},load by-hand.lst,hashsize 65536`;
  await writeFile(
    join(folder, "by-hand.rules"),
    `alert ${protocol} $HOME_NET any -> any any (msg:"by hand"; ${test}; ${dataset}; sid:1; rev:1;)\n`,
  );
  return load(folder, ["by-hand.rules"]);
}

async function loadOurs(folder: string, given: readonly Indicator[]): Promise<Load> {
  const { files } = await render(suricata, given);
  for (const [path, data] of files) await writeFile(join(folder, path), data);
  return load(
    folder,
    [...files.keys()].filter((path) => path.endsWith(".rules")),
  );
}

async function load(folder: string, rules: readonly string[]): Promise<Load> {
  const config = join(folder, "suricata.yaml");
  const paths = rules.map((path) => join(folder, path));
  await writeFile(config, suricataConfiguration({ rules: paths, shipped: "/etc/suricata", home: "synthetic" }));
  await mkdir(join(folder, "log"));
  const loads: Load[] = [];
  for (let time = 0; time < 3; time += 1) loads.push(await watched(["-T", "-c", config, "-l", join(folder, "log")]));
  return loads.sort((a, b) => a.cpuSeconds - b.cpuSeconds)[1] as Load;
}

/** Clock ticks a second in /proc, on every Linux. */
const TICKS = 100;

/** CPU time and peak memory of a run, as the kernel last told before its end. Throws when it fails. */
async function watched(args: readonly string[]): Promise<Load> {
  const child = spawn("suricata", args, { stdio: "ignore" });
  let last: Load = { cpuSeconds: 0, peakMiB: 0 };
  const ended = new Promise<number | null>((done, fail) => child.on("error", fail).on("close", done));
  let isRunning = true;
  ended.finally(() => (isRunning = false)).catch(() => {});
  while (isRunning) {
    last = (await told(child.pid as number).catch(() => undefined)) ?? last;
    await new Promise((done) => setTimeout(done, 5));
  }
  const status = await ended;
  if (status !== 0) throw new Error(`suricata ${args.join(" ")} ended with ${status}`);
  return last;
}

async function told(pid: number): Promise<Load | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const peak = /^VmHWM:\s*(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1];
  // Behind the program's name in parentheses: utime and stime are the 14th and 15th field of all.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (peak === undefined) return undefined;
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS, peakMiB: Number(peak) / 1024 };
}

async function proof(folder: string): Promise<{ seconds: number; rules: number; exchanges: number }> {
  const given = Array.from({ length: PROVEN_RULES / 4 }, (_, index) => numbered("domain", index));
  const { files } = await render(suricata, given);
  for (const [path, data] of files) await writeFile(join(folder, path), data);
  const engine = await openSuricata();
  const { result, cost } = await measure(async () =>
    prove({ files: [await readRuleFile(join(folder, "rulewright.rules"))], engine, everyday: everydayExchanges() }),
  );
  if (!result.isProven) throw new Error("the rules of the bench are not proven");
  return { seconds: cost.seconds, rules: result.rules.length, exchanges: result.traffic.exchanges };
}
