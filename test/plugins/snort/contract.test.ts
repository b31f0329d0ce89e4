import assert from "node:assert/strict";
import { isIP } from "node:net";
import { describe, it } from "vitest";
import { snort } from "../../../plugins/snort/index.ts";
import { describeExporter, type RenderedFiles } from "../../../src/testing.ts";
import { grammarOf, linesOf } from "./support.ts";

function check(files: RenderedFiles, format: string): void {
  const sids = new Set<string>();
  for (const line of linesOf(files, "rulewright.rules")) {
    const rule = grammarOf(format)(line);
    const sid = rule.options.find(({ name }) => name === "sid")?.argument as string;
    // Snort drops the second of two rules with one sid without a word.
    assert.ok(!sids.has(sid), `sid ${sid} twice`);
    sids.add(sid);
  }
  for (const address of linesOf(files, "rulewright.blocklist")) assert.ok(isIP(address) > 0, `no address: ${address}`);
  const hasList = files.has("rulewright.blocklist");
  assert.equal(files.has("interface.info"), hasList && format !== "snort2");
  const maps = [linesOf(files, "sid-msg.map"), linesOf(files, "sid-msg-v2.map")];
  for (const map of maps) assert.equal(map.length, sids.size);
  assert.ok(files.has(format === "snort2" ? "rulewright.conf" : "rulewright.lua"));
}

describeExporter(snort, { runner: { describe, it }, check });
