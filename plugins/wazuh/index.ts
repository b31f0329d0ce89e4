/**
 * Exporter `wazuh`: CDB lists, a key and its family a line. It writes no rules: which fields of which decoders to look
 * up is the operator's choice, and the exporter's page has examples.
 */
import { defineExporter, type Indicator, z } from "../../src/plugin.ts";
import { unlistable } from "../shared/rows/alert.ts";
import { type LinesOrReason, writeLines } from "../shared/rows/lines.ts";
import { fileHashes } from "../shared/rows/value.ts";

const PATHS = {
  domain: "rulewright-domains",
  ipv4: "rulewright-addresses",
  ipv6: "rulewright-addresses",
  url: "rulewright-urls",
  sha256: "rulewright-hashes",
} as const;
type Listed = keyof typeof PATHS;

export const wazuh = defineExporter({
  name: "wazuh",
  description: "Wazuh CDB lists",
  options: z.object({}),
  accepts: Object.keys(PATHS) as Listed[],
  formats: { cdb: { description: "one list for each kind of field", mediaType: "text/plain" } },
  async *render(indicators, ctx) {
    for (const path of new Set(Object.values(PATHS))) yield { path, data: "", indicators: 0 };
    yield* writeLines(indicators, ctx, entryOf);
  },
});

/** Source: Wazuh documentation, "Using CDB lists". */
function entryOf(indicator: Indicator): LinesOrReason {
  const reason = unlistable(indicator);
  if (reason) return reason;
  const { type, value, families } = indicator;
  if (value.includes('"')) return "a quote in a key would end it";
  const family = wordOf(families[0]);
  const keys = type === "sha256" ? fileHashes(indicator) : [value];
  const text = keys.map((key) => `${key.includes(":") ? `"${key}"` : key}:${family}\n`).join("");
  return { path: PATHS[type as Listed], text, rows: keys.length };
}

/** The family as a value that no reader takes for more. */
function wordOf(family = ""): string {
  return family.replaceAll(/[^\w.-]+/g, "_").slice(0, 60) || "unnamed";
}
