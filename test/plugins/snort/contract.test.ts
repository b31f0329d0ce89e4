import assert from "node:assert/strict";
import { isIP } from "node:net";
import { describe, it } from "vitest";
import { snort } from "../../../plugins/snort/index.ts";
import { describeExporter, type RenderedFiles } from "../../../src/testing.ts";
import { parseRule } from "./grammar.ts";

function check(files: RenderedFiles, format: string): void {
  const lines = (path: string) => (files.get(path)?.toString("utf8") ?? "").split("\n");
  const sids = new Set<string>();
  for (const line of lines("rulewright.rules").filter((text) => text !== "" && !text.startsWith("#"))) {
    const sid = parseRule(line, format).options.find(({ name }) => name === "sid")?.argument as string;
    // Snort drops the second of two rules with one sid without a word.
    assert.ok(!sids.has(sid), `sid ${sid} twice`);
    sids.add(sid);
  }
  const addresses = lines("rulewright.blocklist").filter((text) => text !== "" && !text.startsWith("#"));
  for (const address of addresses) assert.ok(isIP(address) > 0, `no address: ${address}`);
  assert.equal(files.has("interface.info"), format === "snort3");
}

describeExporter(snort, { runner: { describe, it }, check });
