/** The output of the run before, as exporters may read it: to say what changed. */
import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { PreviousOutput } from "../plugin.ts";

/** `paths` count from the folder; those that are no longer there are left out. */
export function previousOutput(folder: string, paths: readonly string[]): PreviousOutput {
  const present = paths.filter((path) => existsSync(join(folder, path)));
  return {
    isKnown: true,
    paths: present,
    lines: (path) =>
      createInterface({ input: createReadStream(join(folder, path), "utf8"), crlfDelay: Number.POSITIVE_INFINITY }),
  };
}

export const NO_PREVIOUS_OUTPUT: PreviousOutput = { isKnown: false, paths: [], async *lines() {} };
