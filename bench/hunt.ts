/**
 * Group `hunt`: a whole `rulewright hunt` against the emulator with 50 ms before every answer, beside what its requests
 * take when nothing else does (requests × latency / concurrency). Held: 1.3 times that, and 200 MiB.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Column, fixed, type Print, startTable, times, whole } from "./table.ts";
import { withTemporaryFolder } from "./temporary.ts";

const COLUMNS: readonly Column[] = [
  { title: "samples", isNumber: true },
  { title: "concurrency", isNumber: true },
  { title: "requests", isNumber: true },
  { title: "latency alone, s", isNumber: true },
  { title: "hunt, s", isNumber: true },
  { title: "to latency", isNumber: true },
  { title: "peak MiB", isNumber: true },
];

const CLI = join(import.meta.dirname, "../src/cli.ts");
const PORT = 18_642;
const LATENCY_MS = 50;
const CONCURRENCIES = [4, 8, 16];

export async function benchHunt(print: Print, count: number): Promise<void> {
  const table = startTable(print, `hunt: ${whole(count)} samples with reports and three relationships`, COLUMNS);
  const emulator = await startEmulator(count);
  try {
    for (const concurrency of CONCURRENCIES) table.row(await rowOf(count, concurrency));
  } finally {
    emulator.kill();
    await once(emulator, "close");
  }
  table.end([
    "Hold: 1.3 times the latency alone, under 200 MiB. The hunt is the whole command: its start, the judge and the",
    "summary included. The emulator is a process of its own on the same cores.",
  ]);
}

async function startEmulator(samples: number) {
  const args = ["emulate", "--port", String(PORT), "--samples", String(samples), "--latency", String(LATENCY_MS)];
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  for await (const text of child.stderr.setEncoding("utf8")) if (String(text).includes("VT_BASE_URL")) break;
  return child;
}

async function rowOf(count: number, concurrency: number): Promise<string[]> {
  return withTemporaryFolder(async (folder) => {
    writeFileSync(
      join(folder, "rulewright.yaml"),
      `virustotal: { concurrency: ${concurrency} }\nhunts: [{ name: all, query: "entity:file", since: 60d, limit: ${count} }]\n`,
    );
    const env = { ...process.env, VT_BASE_URL: `http://127.0.0.1:${PORT}/api/v3`, VT_API_KEY: "emulator-key" };
    const start = performance.now();
    const child = spawn(process.execPath, [CLI, "hunt", "--json"], {
      cwd: folder,
      env,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const peak = watchPeak(child.pid as number);
    let json = "";
    for await (const text of child.stdout.setEncoding("utf8")) json += text;
    const seconds = (performance.now() - start) / 1000;
    const { requests } = JSON.parse(json) as { requests: number };
    const alone = (requests * LATENCY_MS) / 1000 / concurrency;
    return [
      whole(count),
      whole(concurrency),
      whole(requests),
      fixed(alone, 1),
      fixed(seconds, 1),
      times(seconds / alone),
      whole(peak()),
    ];
  });
}

/** Highest resident memory of another process, as Linux counts it; NaN elsewhere. Ends with the process. */
function watchPeak(pid: number): () => number {
  let highest = Number.NaN;
  const timer = setInterval(() => {
    try {
      const kB = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      if (kB !== undefined) highest = Number(kB) / 1024;
    } catch {
      clearInterval(timer);
    }
  }, 50);
  return () => {
    clearInterval(timer);
    return highest;
  };
}
