/** `rulewright init`: a commented configuration to start from. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { CONFIG_FILE } from "../config.ts";
import { EXIT, RulewrightError } from "../errors.ts";
import type { Output } from "./output.ts";

export const STARTER_CONFIG = `# Rulewright configuration. Every key is optional; what stands here are the defaults.
# Keys and their meaning: rulewright config schema

# Plugin packages or files, resolved from this file. They run with your rights.
# plugins: [rulewright-plugin-hosts, ./lab.ts]

# Folder of a checkout of MISP's warning lists (https://github.com/MISP/misp-warninglists).
# warningLists: ./misp-warninglists

# TLP of every indicator: clear, green, amber, amber+strict or red.
tlp: amber

policy:
  # Confidence from which an observable is exported, and from which it goes to review.
  keepAt: 50
  reviewAt: 20
  # Days in which the confidence halves after the newest sample was new; hashes never decay.
  halfLifeDays:
    address: 21
    domain: 84
    url: 21
    other: 84

# Range of the sids of rules.
sids:
  first: 1000000
  last: 1999999

# What rulewright hunt asks VirusTotal for; the key comes from VT_API_KEY. See docs/hunting.md.
# hunts:
#   - name: emotet
#     query: engines:emotet p:10+ have:behaviour_network
#     since: 7d
#     limit: 300
#     family: emotet
#   - name: stealers
#     feed: { verdicts: [STEALER], fileTypes: [peexe] }
#     limit: 100

# Exports by name; each writes into a folder of its name. generate writes suricata, snort, stix, misp, csv and splunk
# and those named here, unless --to chooses.
# exports:
#   suricata:
#     every: 1h
#     check: suricata -T -S {path}/rulewright.rules -l /tmp
#   blocklist:
#     exporter: csv
#     where: type=domain|ipv4 confidence>=70

# Where rulewright push sends exports, by name. A secret is named, never written: { env: NAME } or { file: PATH }.
# sinks:
#   tip:
#     sink: taxii
#     exports: [stix:objects]
#     maxTlp: amber   # nothing above this level is sent: below the tlp above, nothing at all
#     options:
#       url: https://tip.example/taxii2/root/
`;

export async function init(folder: string, output: Output, target: string): Promise<number> {
  const file = join(resolve(folder, target), CONFIG_FILE);
  if (existsSync(file))
    throw new RulewrightError(
      "USAGE",
      `${file} exists and was left alone. Check it: rulewright config check --config ${file}`,
    );
  try {
    mkdirSync(resolve(folder, target), { recursive: true });
    writeFileSync(file, STARTER_CONFIG, { flag: "wx" });
  } catch (cause) {
    throw new RulewrightError("USAGE", `Cannot write ${file}: ${(cause as Error).message}.`, { cause });
  }
  output.say(`Wrote ${file}.\n`);
  return EXIT.done;
}
