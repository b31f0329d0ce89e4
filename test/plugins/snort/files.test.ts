/** What stands beside the rules: lists, filters, maps and the snippet that loads them. */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { snort } from "../../../plugins/snort/index.ts";
import { exampleIndicator, exampleIndicators, numbered, render } from "../../../src/testing.ts";
import { checkSnort3, checkSnort3Stub } from "../../support/snort/snort3.ts";
import { grammarOf, linesOf } from "./support.ts";

const addresses = (count: number) => Array.from({ length: count }, (_, index) => numbered("ipv4", index + 256));

describe("addresses", () => {
  it("few are rules, one more makes all of them a list with its manifest", async () => {
    const few = await render(snort, addresses(3), { options: { addressRules: 3 } });
    expect(linesOf(few.files, "rulewright.rules")).toHaveLength(6);
    expect(few.files.has("rulewright.blocklist")).toBe(false);

    const many = await render(snort, addresses(4), { options: { addressRules: 3 } });
    expect(linesOf(many.files, "rulewright.rules")).toEqual([]);
    expect(many.files.get("rulewright.blocklist")?.toString()).toBe(
      "# Rulewright: addresses that malware contacted in sandboxes.\n45.0.1.0\n45.0.1.1\n45.0.1.2\n45.0.1.3\n",
    );
    expect(many.files.get("interface.info")?.toString()).toBe("rulewright.blocklist, 1, monitor\n");
    expect(many.rows).toBe(4);
  });

  it("the format decides whatever their number", async () => {
    const rules = await render(snort, addresses(60), { format: "rules" });
    expect(linesOf(rules.files, "rulewright.rules")).toHaveLength(120);
    const list = await render(snort, addresses(1), { format: "reputation", options: { listAction: "block" } });
    expect(linesOf(list.files, "rulewright.blocklist")).toEqual(["45.0.1.0"]);
    expect(list.files.get("interface.info")?.toString()).toBe("rulewright.blocklist, 1, block\n");
  });
});

describe("event filters", () => {
  it("are for contact with an address, whose rule alerts with each connection", async () => {
    const { files } = await render(snort, [exampleIndicator("domain"), exampleIndicator("endpoint")]);
    expect(files.get("rulewright-filters.lua")?.toString()).toBe(
      `-- Rulewright: address and endpoint rules alert once per client in 3600 seconds.
local sids = [[
1000005
]]
event_filter = event_filter or { }
for sid in sids:gmatch('%d+') do
    event_filter[#event_filter + 1] =
    {
        gid = 1, sid = tonumber(sid), type = 'limit', track = 'by_src', count = 1, seconds = 3600
    }
end
`,
    );
    const old = await render(snort, [exampleIndicator("endpoint")], { format: "snort2" });
    expect(linesOf(old.files, "rulewright-filters.conf")).toEqual([
      "event_filter gen_id 1, sig_id 1000000, type limit, track by_src, count 1, seconds 3600",
    ]);
  });

  it("none for withdrawn rules, nor with the option 0", async () => {
    const withdrawn = [exampleIndicator("endpoint", { status: "expired" })];
    expect((await render(snort, withdrawn)).files.has("rulewright-filters.lua")).toBe(false);
    const off = await render(snort, [exampleIndicator("endpoint")], { options: { filterSeconds: 0 } });
    expect(off.files.has("rulewright-filters.lua")).toBe(false);
  });
});

describe("sid-msg.map", () => {
  it("comes in both versions", async () => {
    const { files } = await render(snort, [exampleIndicator("endpoint")]);
    const text = "RULEWRIGHT endpoint contact attempt quillet (45 .32 .17 .9:8443/tcp)";
    const page = "url,www.virustotal.com/gui/ip-address/45.32.17.9";
    expect(files.get("sid-msg.map")?.toString()).toBe(`1000000 || ${text} || ${page}\n`);
    expect(files.get("sid-msg-v2.map")?.toString()).toBe(
      `#v2\n1 || 1000000 || 1 || trojan-activity || 0 || ${text} || ${page}\n`,
    );
  });
});

describe("the snippet", () => {
  it("loads what there is and nothing else", async () => {
    const none = (await render(snort, [])).files.get("rulewright.lua")?.toString() ?? "";
    expect(none).toContain("ips.rules = (ips.rules or '') .. '\\ninclude ' .. here .. '/rulewright.rules\\n'\n");
    expect(none).not.toMatch(/reputation|file_policy|filters/);

    const { files } = await render(snort, exampleIndicators(), { format: "reputation" });
    const all = files.get("rulewright.lua")?.toString() ?? "";
    expect(all).toContain("reputation.list_dir = reputation.list_dir or here\n");
    expect(all).toContain("for line in io.lines(here .. '/rulewright-sha256.lst') do\n");
    expect(all).toContain("use = { verdict = 'log', enable_file_signature = true }\n");
    expect(all).toContain("include(here .. '/rulewright-filters.lua')\n");
    const stubs = all.split("\n").filter((line) => line.startsWith("alert "));
    expect(stubs.map((stub) => /sid:(\d+)/.exec(stub)?.[1])).toEqual(["3", "6"]);
    for (const stub of stubs) checkSnort3Stub(stub);
    expect(linesOf(files, "rulewright-sha256.lst")).toHaveLength(1);
  });

  it("of Snort 2.9 finds its files by a variable", async () => {
    const { files } = await render(snort, exampleIndicators(), { format: "snort2", options: { addressRules: 0 } });
    expect(linesOf(files, "rulewright.conf")).toEqual([
      "include $RULEWRIGHT_PATH/rulewright.rules",
      "preprocessor reputation: blacklist $RULEWRIGHT_PATH/rulewright.blocklist, nested_ip inner, memcap 500",
      'alert ( msg:"RULEWRIGHT contact with a listed address (rulewright.blocklist)"; gid:136; sid:1; rev:1; metadata:rule-type preproc; classtype:trojan-activity; )',
      "include $RULEWRIGHT_PATH/rulewright-filters.conf",
    ]);
  });
});

describe("3,000 generated indicators", () => {
  it.each(["auto", "rules", "reputation", "snort2"])(
    "%s: every rule passes the grammar, no sid twice",
    async (format) => {
      const types = ["domain", "ipv4", "ipv6", "endpoint", "url", "user-agent"] as const;
      const indicators = types.flatMap((type) =>
        Array.from({ length: 500 }, (_, index) => numbered(type, index + 256)),
      );
      const { files, skipped } = await render(snort, indicators, { format });
      expect(skipped).toEqual([]);
      const rules = linesOf(files, "rulewright.rules");
      const sids = new Set(
        rules.map((rule) => grammarOf(format)(rule).options.find(({ name }) => name === "sid")?.argument),
      );
      expect(rules.length).toBeGreaterThan(3000);
      expect(sids.size).toBe(rules.length);
    },
  );
});

describe("the golden rules", () => {
  it("pass the grammar, each", async () => {
    const text = await readFile(new URL("../../../samples/out/snort/rulewright.rules", import.meta.url), "utf8");
    const rules = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    expect(rules.length).toBeGreaterThan(100);
    for (const rule of rules) checkSnort3(rule);
  });
});
