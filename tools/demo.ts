/** `npm run demo`: the main job on the samples with the defaults, and three decisions explained. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const samples = join("samples", "reports");
/** One kept, one narrowed to its URL, one dropped. */
const EXPLAINED = ["gravelmittenorchid.top", "api.telegram.org", "ctldl.windowsupdate.com"];

function rulewright(...args: string[]): void {
  const { status } = spawnSync(process.execPath, [join(root, "src/cli.ts"), ...args], { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

rulewright("generate", samples, "--out", "out");
for (const value of EXPLAINED) {
  process.stderr.write(`\n$ rulewright explain ${value} ${samples}\n`);
  rulewright("explain", value, samples);
}
