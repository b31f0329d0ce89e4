/** `rulewright config check` as an operator runs it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { rulewright, temporaryFolder } from "../support/cli.ts";

async function check(config: string, env: Record<string, string> = {}) {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, "rulewright.yaml"), config);
  const { code, stderr } = await rulewright(["config", "check"], { cwd, env });
  return { code, stderr, file: join(cwd, "rulewright.yaml") };
}

const SINK = "maxTlp: amber, options: { url: https://tip.example/taxii2/ }";

describe("config check", () => {
  it("names every problem of exports, sinks, hunts and plugins", async () => {
    const { code, stderr, file } = await check(`
plugins: [./absent.ts]
exports:
  suricata: { format: rulez }
  csv: { where: confidnce>=70 }
  blocklist: { exporter: cvs }
sinks:
  one: { sink: taxi, exports: [stix], ${SINK} }
  two: { sink: taxii, exports: [csv, "stixx:objects"], ${SINK} }
  four: { sink: file, exports: [snort], where: type=dns, maxTlp: amber, options: { path: out } }
  three: { sink: taxii, exports: [stix], maxTlp: amber, options: { url: https://tip.example/, token: abc } }
hunts:
  - { name: twin, query: p }
  - { name: twin, query: q }
`);
    for (const words of [
      "The plugin ./absent.ts did not load",
      'suricata has no format "rulez"',
      'There is no exporter "cvs"',
      'exports.csv.where: cannot read the filter: unknown field "confidnce" (did you mean "confidence"?)',
      'sinks.four.where: cannot read the filter: unknown type "dns"',
      'There is no sink "taxi" (did you mean "taxii"?)',
      "sinks.two.exports: taxii does not take csv:csv",
      'There is no exporter "stixx" (did you mean "stix"?)',
      "sinks.three.options.token: a secret is named, never written",
      "two hunts are called twin",
    ])
      expect(stderr).toContain(words);
    expect(stderr).toMatch(new RegExp(`\\n${file} has 10 problems\\.\\n$`));
    expect(stderr).not.toContain("is sound");
    expect(code).toBe(2);
  });

  it("says that an option is required, with what it takes", async () => {
    const { stderr } = await check(
      "sinks: { tip: { sink: taxii, exports: [stix], maxTlp: amber, options: { collection: a } } }\n",
    );
    expect(stderr).toContain(
      "error: sinks.tip.options.url: required: an http or https URL. See docs/sinks/taxii.md. [OPTION_INVALID]\n",
    );
  });

  it("warns of secrets that are not set", async () => {
    const config = `hunts: [{ name: one, query: p }]
sinks: { tip: { sink: taxii, exports: ["stix:objects"], maxTlp: amber, options: { url: "https://tip.example/", token: { env: TIP_TOKEN } } } }
`;
    const unset = await check(config, { VT_API_KEY: "" });
    expect([unset.code, unset.stderr]).toEqual([
      0,
      "warning: The secret TIP_TOKEN is not set. Set it in the environment, or name a file: { file: PATH }.\n" +
        "warning: There is no API key for VirusTotal. Set VT_API_KEY in the environment, or virustotal.apiKey: { file: PATH } in the config.\n" +
        `${unset.file} is sound.\n`,
    ]);
    const set = await check(config, { VT_API_KEY: "k", TIP_TOKEN: "t" });
    expect([set.code, set.stderr]).toEqual([0, `${set.file} is sound.\n`]);
  });

  it("names every key that the schema does not take", async () => {
    const { code, stderr, file } = await check("policy: { keepAt: 20, reviewAt: 50 }\ntpl: amber\nsinkz: {}\n");
    expect([code, stderr]).toEqual([
      2,
      `error: ${file}:1: policy.reviewAt: must not be above keepAt; it is 20 unless set;\n  ${file}:2: unknown key "tpl" (did you mean "tlp"?);\n  ${file}:3: unknown key "sinkz" (did you mean "sinks"?). See: rulewright config schema [CONFIG_INVALID]\n`,
    ]);
  });
});
