import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wazuh } from "../../../plugins/wazuh/index.ts";
import type { Indicator } from "../../../src/plugin.ts";
import {
  describeExporter,
  exampleIndicator,
  exampleIndicators,
  type RenderedFiles,
  render,
} from "../../../src/testing.ts";

const HASH = "9f2b5c7d1e3a4f60817263544536271809fadbecdcbdae9f8071625344352617";

/** A reader of CDB lists, written after Wazuh's documentation: `key:value`, a key with colons in quotes, keys unique. */
function readList(text: string): Map<string, string> {
  assert.ok(text === "" || text.endsWith("\n"));
  const entries = text
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const [, quoted, plain, value] = /^(?:"([^"\s]+)"|([^":\s]+)):([\w.-]*)$/.exec(line) ?? [];
      const key = quoted ?? plain;
      assert.ok(key !== undefined && value !== undefined, JSON.stringify(line.slice(0, 200)));
      assert.equal(quoted !== undefined, key.includes(":"));
      return [key, value] as const;
    });
  const list = new Map(entries);
  assert.equal(list.size, entries.length, "a key twice");
  return list;
}

function check(files: RenderedFiles): void {
  assert.deepEqual([...files.keys()].sort(), [
    "rulewright-addresses",
    "rulewright-domains",
    "rulewright-hashes",
    "rulewright-urls",
  ]);
  for (const data of files.values()) readList(data.toString());
}

async function lists(indicators: readonly Indicator[]): Promise<Record<string, string>> {
  const { files } = await render(wazuh, indicators);
  return Object.fromEntries([...files].map(([path, data]) => [path, data.toString()]));
}

describeExporter(wazuh, { runner: { describe, it }, check });

describe("wazuh", () => {
  it("writes a key and its family, and quotes keys with a colon", async () => {
    expect(await lists(exampleIndicators())).toEqual({
      "rulewright-domains": "quillet-morrow.top:quillet\n",
      "rulewright-addresses": '45.32.17.9:quillet\n"2a01:4f8:c17:7d1::2":quillet\n',
      "rulewright-urls": '"http://quillet-morrow.top/gate.php?id=1":quillet\n',
      "rulewright-hashes": `${HASH}:quillet\n`,
    });
  });

  it("has each hash of a file", async () => {
    const details = { md5: "6734f37431670b3ab4292b8f60f29984", sha1: "3f1d2c4b5a69788796a5b4c3d2e1f00112233445" };
    const { "rulewright-hashes": hashes = "" } = await lists([exampleIndicator("sha256", { details })]);
    expect([...readList(hashes).keys()]).toEqual([HASH, details.sha1, details.md5]);
  });

  it("skips a URL with a quote, which would end its key", async () => {
    const indicator = exampleIndicator("url", { value: 'http://evil.example/a"b' });
    const { skipped } = await render(wazuh, [indicator]);
    expect(skipped).toEqual([{ indicator, reason: "a quote in a key would end it" }]);
  });

  it("names what has no family", async () => {
    expect((await lists([exampleIndicator("domain", { families: [] })]))["rulewright-domains"]).toBe(
      "quillet-morrow.top:unnamed\n",
    );
  });

  it("keeps any family within its value", () =>
    fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary" }), async (family) => {
        const list = readList(
          (await lists([exampleIndicator("domain", { families: [family] })]))["rulewright-domains"] as string,
        );
        expect([...list.keys()]).toEqual(["quillet-morrow.top"]);
      }),
    ));
});
