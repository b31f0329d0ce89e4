/** Runs the command line as a user does, in its own process. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

export const root = join(import.meta.dirname, "../..");
export const samples = join(root, "samples/reports");

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly input?: string;
  /** Called with a way to signal the child. */
  readonly onStart?: (kill: (signal: NodeJS.Signals) => void) => void;
  /** Called with the child's standard error so far, to interrupt it at a moment of choice. */
  readonly onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
}

export function rulewright(
  args: readonly string[],
  { cwd = root, env = {}, input = "", onStart, onStderr }: RunOptions = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, "src/cli.ts"), ...args], {
      cwd,
      env: { ...process.env, RULEWRIGHT_CONFIG: undefined, SOURCE_DATE_EPOCH: undefined, ...env } as NodeJS.ProcessEnv,
    });
    onStart?.((signal) => child.kill(signal));
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      onStderr?.(stderr, (signal) => child.kill(signal));
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
    child.stdin.on("error", () => {}).end(input);
  });
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "rulewright-test-"));
}

/** Path → sha256 of every file below a folder. */
export function digest(folder: string): Record<string, string> {
  const files: Record<string, string> = {};
  const walk = (at: string): void => {
    for (const name of readdirSync(at).sort()) {
      const path = join(at, name);
      if (statSync(path).isDirectory()) walk(path);
      else files[relative(folder, path)] = createHash("sha256").update(readFileSync(path)).digest("hex");
    }
  };
  walk(folder);
  return files;
}
