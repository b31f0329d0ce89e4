/** How the golden outputs are made: every built-in exporter, and the further formats of samples/configs/formats.yaml. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { plugins } from "../plugins/index.ts";
import { DEFAULT_EXPORTS } from "../src/app/planning.ts";

const CONFIG = "samples/configs/formats.yaml";

/** Fixed, as the manifest bears it. */
export const GOLDEN_ENVIRONMENT = { SOURCE_DATE_EPOCH: "1795564800" };

/** Arguments of the command line, run in the root of the checkout. */
export function goldenArguments(out: string): string[] {
  const builtIn = plugins.flatMap(({ exporters = [] }) => exporters.map(({ name }) => name));
  const config = readFileSync(join(import.meta.dirname, "..", CONFIG), "utf8");
  const { exports } = parse(config) as { exports: object };
  const names = new Set([...DEFAULT_EXPORTS, ...builtIn, ...Object.keys(exports)]);
  return [
    ...["generate", "samples/reports", "--config", CONFIG, "--to", [...names].join(",")],
    ...["--out", out, "--as-of", "2026-11-24"],
  ];
}
