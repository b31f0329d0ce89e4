/**
 * Runs one case in a process of its own, so that its peak memory and its warm-up are nobody else's. The parent must
 * stay small: Linux counts the memory of the process that forks into the peak of its child.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const ENTRY = fileURLToPath(new URL("apart-entry.ts", import.meta.url));

/** As `npm run rulewright` starts the program: a small young generation costs nothing measurable and a third of the memory less. */
const FLAGS = ["--max-semi-space-size=8"];

/** What a module of `bench/cases/` exports; input and output travel as JSON. */
export interface CaseModule<I, O> {
  runCase(input: I): Promise<O>;
}

/** Runs `bench/cases/<name>.ts` on the input. Throws with the case's own error text. */
export async function apart<M extends CaseModule<never, unknown>>(
  name: string,
  input: Parameters<M["runCase"]>[0],
): Promise<Awaited<ReturnType<M["runCase"]>>> {
  const { stdout } = await run(process.execPath, [...FLAGS, ENTRY, name, JSON.stringify(input)], {
    maxBuffer: 2 ** 24,
  });
  return JSON.parse(stdout) as Awaited<ReturnType<M["runCase"]>>;
}
