/** Sids for life: without the ledger, beside other feeds, and over two releases of a store. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { rulewright, samples, temporaryFolder } from "../support/cli.ts";

let cwd: string;
beforeEach(() => {
  cwd = temporaryFolder();
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const run = (...args: string[]) => rulewright(args, { cwd });
const read = (path: string) => readFileSync(join(cwd, path), "utf8");
const generate = (...more: string[]) => run("generate", samples, "--to", "suricata,snort", ...more);
const sidsOf = (text: string) => [...text.matchAll(/ sid:(\d+);/g)].map(([, sid]) => Number(sid));

describe("an earlier release", () => {
  it("in the folder keeps its sids when ledger and manifest are gone", async () => {
    await generate("--where", "type=url|endpoint");
    await generate();
    const before = ["out/suricata/rulewright.rules", "out/snort/rulewright.rules"].map(read);
    rmSync(join(cwd, "out/sid-ledger.ndjson"));
    rmSync(join(cwd, "out/manifest.json"));
    const { code, stderr } = await generate();
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^\d+ sids taken over from earlier rules$/m)]);
    expect(["out/suricata/rulewright.rules", "out/snort/rulewright.rules"].map(read)).toEqual(before);
  });

  it("elsewhere is adopted by name, and what is gone from it is not given again", async () => {
    await generate();
    const rules = read("out/suricata/rulewright.rules").replaceAll(/ sid:1(\d+);/g, " sid:7$1;");
    const gone = 'alert dns $HOME_NET any -> any any (msg:"gone"; dns.query; content:"gone.top"; sid:1000000; rev:4;)';
    writeFileSync(join(cwd, "old.rules"), `${rules}${gone}\n`);
    writeFileSync(join(cwd, "rulewright.yaml"), "sids: { adopt: [old.rules] }\n");
    rmSync(join(cwd, "out"), { recursive: true });
    expect((await run("generate", samples, "--to", "suricata")).code).toBe(0);
    expect(sidsOf(read("out/suricata/rulewright.rules"))).toEqual(sidsOf(rules));
    expect(read("out/sid-ledger.ndjson")).toContain('"sid":1000000,"rev":4');
  });
});

describe("rules of others", () => {
  it("keep their sids: new rules pass them by", async () => {
    writeFileSync(
      join(cwd, "local.rules"),
      "alert ip any any -> any any (sid:1000000;)\n# alert ip any any -> any any (sid:1000002; rev:1;)\n",
    );
    writeFileSync(join(cwd, "rulewright.yaml"), "sids: { reserved: [local.rules] }\n");
    expect((await generate("--where", "type=domain")).code).toBe(0);
    const sids = sidsOf(read("out/suricata/rulewright.rules"));
    expect(sids.slice(0, 3)).toEqual([1000001, 1000003, 1000004]);
  });

  it("that came later and took one are named, and the previous output stands", async () => {
    await generate();
    const before = read("out/suricata/rulewright.rules");
    writeFileSync(join(cwd, "local.rules"), "alert ip any any -> any any (sid:1000000;)\n");
    writeFileSync(join(cwd, "rulewright.yaml"), "sids: { reserved: [local.rules] }\n");
    const { code, stderr } = await run("generate", samples, "--to", "suricata");
    expect(code).toBe(4);
    expect(stderr).toContain("The sid 1000000 of suricata:dns:domain:");
    expect(stderr).toContain("local.rules: an engine refuses one of the two.");
    expect(read("out/suricata/rulewright.rules")).toBe(before);
  });
});
