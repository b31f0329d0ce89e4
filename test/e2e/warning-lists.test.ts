/** By which warning lists a store is judged, from one command to the next. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { rulewright, temporaryFolder } from "../support/cli.ts";
import { report } from "../support/reports.ts";

const HOST = "quillet-morrow.top";
const because = ["--reason", "because"];

function listsIn(folder: string): void {
  const list = { name: "x", version: 20261101, description: "x", type: "hostname", list: [HOST] };
  mkdirSync(join(folder, "x"), { recursive: true });
  writeFileSync(join(folder, "x/list.json"), JSON.stringify(list));
}

it("stays with the lists of the last judgement, whatever command judges next", { timeout: 120_000 }, async () => {
  const cwd = temporaryFolder();
  const elsewhere = join(cwd, "below");
  mkdirSync(elsewhere);
  listsIn(join(cwd, "lists"));
  const body = report({ dns_lookups: [{ hostname: HOST }], verdicts: ["MALWARE"] });
  writeFileSync(join(cwd, "a.json"), JSON.stringify(body));
  const env = { RULEWRIGHT_STORE: `sqlite:${join(cwd, "rulewright.db")}` };
  const run = async (command: readonly string[], folder = cwd) => {
    const { code, stdout, stderr } = await rulewright(command, { cwd: folder, env });
    return { code, text: stdout + stderr };
  };
  const isListed = async (): Promise<boolean> => (await run(["explain", HOST])).text.includes("warning-list");

  expect(await run(["ingest", "a.json"])).toMatchObject({ code: 0 });
  expect(await isListed()).toBe(false);
  expect(await run(["judge", "--warning-lists", "lists"])).toMatchObject({ code: 0 });
  expect(await isListed()).toBe(true);
  // From another folder too.
  expect(await run(["deny", "other.top", ...because], elsewhere)).toMatchObject({ code: 0 });
  expect(await isListed()).toBe(true);
  expect(await run(["restore", "other.top"])).toMatchObject({ code: 0 });
  expect(await run(["run", "--once", "--out", "out"])).toMatchObject({ code: 0 });
  expect(await isListed()).toBe(true);
  expect((await run(["doctor"])).text).toContain("warning lists: 1 lists");

  renameSync(join(cwd, "lists"), join(cwd, "moved"));
  const refused = await run(["deny", "other.top", ...because]);
  expect(refused.text).toMatch(
    /last judged by are not there: \S*lists\. .*--no-warning-lists.*\[WARNING_LISTS_UNREADABLE\]/,
  );
  expect(refused.code).toBe(2);
  expect((await run(["list", "--rulings"])).text).not.toContain("other");
  expect(await isListed()).toBe(true);

  expect(await run(["judge", "--no-warning-lists"])).toMatchObject({ code: 0 });
  expect(await isListed()).toBe(false);
  expect(await run(["deny", "other.top", ...because])).toMatchObject({ code: 0 });
  expect(await isListed()).toBe(false);
});

it("goes by the config before what it remembers, and by the flag before both", { timeout: 60_000 }, async () => {
  const cwd = temporaryFolder();
  listsIn(join(cwd, "lists"));
  writeFileSync(join(cwd, "rulewright.yaml"), "warningLists: nowhere\n");
  writeFileSync(join(cwd, "a.json"), JSON.stringify(report({ dns_lookups: [{ hostname: HOST }] })));
  const run = (...command: string[]) => rulewright(command, { cwd });
  expect(await run("ingest", "a.json", "--warning-lists", "lists")).toMatchObject({ code: 0 });
  const { code, stderr } = await run("judge");
  expect(stderr).toMatch(/nowhere.*\[WARNING_LISTS_UNREADABLE\]/);
  expect(code).toBe(2);
  expect(await run("judge", "--no-warning-lists")).toMatchObject({ code: 0 });
});

it("is wrong before anything is read or asked for", async () => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, "a.json"), JSON.stringify(report({ dns_lookups: [{ hostname: HOST }] })));
  const { code, stderr } = await rulewright(["ingest", "a.json", "--warning-lists", "nowhere"], { cwd });
  expect(stderr).toMatch(/nowhere.*\[WARNING_LISTS_UNREADABLE\]/);
  expect(code).toBe(2);
  expect((await rulewright(["stats"], { cwd })).stdout).not.toContain("domain");
});
