import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { root, rulewright, temporaryFolder } from "../support/cli.ts";
import { itNeeds } from "../support/engines.ts";

const SHIPPED = join(root, "samples/out");
let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("verify", () => {
  itNeeds("suricata")("proves what generate wrote", async () => {
    const { code, stderr, stdout } = await rulewright(["verify", join(SHIPPED, "suricata"), "--json"]);
    expect(stderr).toContain("Every rule that traffic can prove is proven.");
    const { isProven, counts, ledger } = JSON.parse(stdout);
    expect([code, isProven, counts.failed]).toEqual([0, true, 0]);
    expect(counts.proven).toBeGreaterThan(50);
    expect(ledger).toBe(join(SHIPPED, "sid-ledger.ndjson"));
  });

  itNeeds("suricata")("names what was broken in a copy, and sets it apart", async () => {
    const copy = join(folder, "mine.rules");
    const lines = readFileSync(join(SHIPPED, "suricata/rulewright.rules"), "utf8").split("\n");
    const at = (part: string) => lines.findIndex((line) => line.startsWith("alert dns") && line.includes(part));
    const wide = at("endswith; ");
    lines[wide] = (lines[wide] as string).replace("endswith; ", "");
    const broken = at("bsize:");
    lines[broken] = (lines[broken] as string).replace("bsize:", "bsize_:");
    writeFileSync(copy, lines.join("\n"));
    const ran = await rulewright(["verify", "mine.rules", "--quarantine", "apart", "--pcap", "t.pcap"], {
      cwd: folder,
    });
    expect(ran.code).toBe(4);
    expect(ran.stderr).toContain("no sid ledger found");
    expect(ran.stderr).toMatch(
      new RegExp(`mine\\.rules:${wide + 1} sid \\d+ .*\\n.*\\n  too-wide: an alert on what is not its own:`),
    );
    expect(ran.stderr).toMatch(new RegExp(`mine\\.rules:${broken + 1} sid \\d+ .*\\n  not-loaded: `));
    expect(ran.stderr).toContain("2 rules failed.");
    expect(readFileSync(join(folder, "apart/quarantined.txt"), "utf8").match(/^# alert /gm)).toHaveLength(2);
    expect(readFileSync(join(folder, "t.pcap")).readUInt32LE(0)).toBe(0xa1b2c3d4);
    const again = await rulewright(["verify", "apart"], { cwd: folder });
    expect(again.code).toBe(0);
  });

  itNeeds("suricata")("takes the lists along", async () => {
    copyFileSync(join(SHIPPED, "suricata/rulewright-sha256.lst"), join(folder, "rulewright-sha256.lst"));
    copyFileSync(join(SHIPPED, "suricata/rulewright-files.rules"), join(folder, "files.rules"));
    mkdirSync(join(folder, "q"));
    const ran = await rulewright(["verify", "files.rules", "--quarantine", "q/good.rules"], { cwd: folder });
    expect(ran.code).toBe(0);
    expect(existsSync(join(folder, "q/rulewright-sha256.lst"))).toBe(true);
    expect(readFileSync(join(folder, "q/good.rules.quarantined"), "utf8")).toBe("");
  });

  itNeeds("suricata")("skips files that say they are for Snort, with a line each", async () => {
    copyFileSync(join(SHIPPED, "snort/rulewright.rules"), join(folder, "b.rules"));
    const alone = await rulewright(["verify", "b.rules"], { cwd: folder });
    expect([alone.code, alone.stderr]).toEqual([
      2,
      `warning: ${join(folder, "b.rules")} is not for suricata, its first line says: skipped.\n` +
        "error: No rule here is for suricata. Prove them with --engine snort3. [INPUT_EMPTY]\n",
    ]);
    const line = readFileSync(join(SHIPPED, "suricata/rulewright.rules"), "utf8").match(/^alert dns .*$/m)?.[0];
    writeFileSync(join(folder, "a.rules"), `${line}\n`);
    const both = await rulewright(["verify", "."], { cwd: folder });
    expect(both.stderr).toContain("b.rules is not for suricata");
    expect(both.stderr).toContain("1 rule of 1 file");
    expect(both.code).toBe(0);
  });

  it("says so when there is no engine, no rule, no file", async () => {
    const rules = join(SHIPPED, "suricata/rulewright.rules");
    const noEngine = await rulewright(["verify", rules, "--engine-path", "/no/suricata"]);
    expect([noEngine.code, noEngine.stderr]).toEqual([
      2,
      "error: Cannot find /no/suricata: install Suricata 7.0.3 or later. [ENGINE_MISSING]\n",
    ]);
    const program = join(folder, "suricata");
    writeFileSync(program, "#!/bin/sh\necho This is Suricata version 7.0.10 RELEASE\n", { mode: 0o755 });
    const engine = ["--engine-path", program];
    const noFile = await rulewright(["verify", "absent.rules", ...engine], { cwd: folder });
    expect([noFile.code, noFile.stderr]).toEqual([
      2,
      `error: ${join(folder, "absent.rules")} does not exist. Check the spelling and the working folder. [INPUT_MISSING]\n`,
    ]);
    writeFileSync(join(folder, "empty.rules"), "# nothing\n");
    const noRule = await rulewright(["verify", "empty.rules", ...engine], { cwd: folder });
    expect([noRule.code, noRule.stderr]).toEqual([
      2,
      "error: There is no rule in empty.rules: nothing was verified. [INPUT_EMPTY]\n",
    ]);
  });
});
