import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root, rulewright, temporaryFolder } from "../support/cli.ts";

describe("emulate", () => {
  it("serves a world until it is interrupted, and writes what is true of it", async () => {
    const truth = join(temporaryFolder(), "truth.ndjson");
    const args = ["src/cli.ts", "emulate", "--port", "0", "--samples", "20", "--families", "2", "--truth", truth];
    const child = spawn(process.execPath, args, { cwd: root });
    let text = "";
    child.stderr.on("data", (chunk) => {
      text += chunk;
    });
    const exit = once(child, "exit");
    try {
      while (!text.includes("Ctrl-C")) await Promise.race([once(child.stderr, "data"), exit]);
      const [, baseUrl, key] = /export VT_BASE_URL=(\S+) VT_API_KEY=(\S+)/.exec(text) ?? [];
      const answer = await fetch(`${baseUrl}/intelligence/search?query=entity:file`, {
        headers: { "x-apikey": key as string },
      });
      expect([answer.status, ((await answer.json()) as { data: unknown[] }).data.length]).toEqual([200, 10]);
    } finally {
      child.kill("SIGINT");
    }
    expect((await exit)[0]).toBe(0);
    const lines = readFileSync(truth, "utf8").trim().split("\n");
    expect(new Set(lines.map((line) => JSON.parse(line).label))).toEqual(new Set(["malicious", "noise", "context"]));
  });

  it("names the nearest fault, and a world that cannot be", async () => {
    expect((await rulewright(["emulate", "--faults", "truncted"])).stderr).toMatch(/did you mean "truncated"/);
    const { code, stderr } = await rulewright(["emulate", "--samples", "0"]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/\[USAGE\]/)]);
  });
});
