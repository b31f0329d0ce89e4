/**
 * External programs in tests. A test that needs one which is missing is skipped and says so; with the program's name
 * in RULEWRIGHT_REQUIRE (comma separated) a missing one is a failure.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { it } from "vitest";

const required = new Set((process.env.RULEWRIGHT_REQUIRE ?? "").split(",").filter(Boolean));

/** Whether a program is on the PATH. Throws when it is required and missing. */
export function hasProgram(name: string): boolean {
  const found = spawnSync("sh", ["-c", `command -v ${name}`]).status === 0;
  if (!found && required.has(name))
    throw new Error(`${name} is required (RULEWRIGHT_REQUIRE) and not installed: npm run engines`);
  return found;
}

/** `it`, or a skipped test that names the missing program. */
export function itNeeds(program: string): (name: string, body: () => void | Promise<void>, timeout?: number) => void {
  return hasProgram(program)
    ? (name, body, timeout) => it(name, body, timeout)
    : (name) => it.skip(`${name} (skipped: ${program} is not installed, npm run engines)`, () => {});
}

/** Folder of real reference bodies, schemas and labelled values, or undefined. */
export const referenceDir: string | undefined = [
  process.env.RULEWRIGHT_REFERENCE,
  resolve(import.meta.dirname, "../../../shared/data"),
]
  .filter((dir) => dir !== undefined)
  .find((dir) => existsSync(dir));

/** `it`, or a skipped test that says the reference data are not there. */
export const itNeedsReference: (name: string, body: () => void | Promise<void>, timeout?: number) => void = referenceDir
  ? (name, body, timeout) => it(name, body, timeout)
  : (name) => it.skip(`${name} (skipped: no reference data, set RULEWRIGHT_REFERENCE)`, () => {});

/** Where `npm run engines -- --suricata8` unpacks Suricata 8. */
const suricata8 = resolve(
  process.env.RULEWRIGHT_ENGINES ?? resolve(import.meta.dirname, "../../.engines"),
  "suricata8",
);

/** `it` with the root folder of an unpacked Suricata 8, or a skipped test that says how to get one. */
export function itNeedsSuricata8(name: string, body: (root: string) => Promise<void>, timeout?: number): void {
  const isThere = existsSync(resolve(suricata8, "usr/bin/suricata"));
  if (!isThere && required.has("suricata8"))
    throw new Error("Suricata 8 is required (RULEWRIGHT_REQUIRE) and not there: npm run engines -- --suricata8");
  if (isThere) it(name, () => body(suricata8), timeout);
  else it.skip(`${name} (skipped: no Suricata 8, npm run engines -- --suricata8)`, () => {});
}
