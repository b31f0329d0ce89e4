/** Commands over a store: on two days between which nothing happened, over none, and over an empty one. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { digest, rulewright, samples, temporaryFolder } from "../support/cli.ts";

const on = (day: string) => ({ SOURCE_DATE_EPOCH: String(Date.parse(`${day}T00:00:00Z`) / 1000) });

it("gives the same bytes the next day, also of what no report dates", { timeout: 240_000 }, async () => {
  const folder = temporaryFolder();
  expect((await rulewright(["ingest", samples], { cwd: folder, env: on("2026-11-20") })).code).toBe(0);
  const exported = async (day: string): Promise<Record<string, string>> => {
    const run = await rulewright(["export", "--out", "out"], { cwd: folder, env: on(day) });
    expect(run.code, run.stderr).toBe(0);
    const { "manifest.json": _manifest, ...files } = digest(join(folder, "out"));
    return files;
  };
  const first = await exported("2026-11-21");
  expect(Object.keys(first).length).toBeGreaterThan(10);
  expect(await exported("2026-11-22")).toEqual(first);
});

const MIRROR = "sinks: { mirror: { sink: file, exports: [csv], options: { path: mirror }, maxTlp: amber } }\n";

it.each([
  [["list"]],
  [["stats"]],
  [["judge"]],
  [["explain", "evil.top"]],
  [["export", "--to", "csv"]],
  [["push"]],
  [["revoke", "evil.top", "--reason", "gone"]],
  [["restore", "evil.top"]],
  [["backtest", "--eve", "eve.json"]],
])("%j refuses a store that is not there, and makes none", async (command) => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, "rulewright.yaml"), MIRROR);
  writeFileSync(join(cwd, "eve.json"), "");
  const run = await rulewright(command, { cwd });
  expect(run.stderr).toMatch(/There is no store .*rulewright\.db\..* rulewright ingest <reports>.*\[STORE_MISSING\]/);
  expect([run.code, existsSync(join(cwd, "rulewright.db"))]).toEqual([2, false]);
});

it("puts nothing of an empty store in the place of a good output", { timeout: 240_000 }, async () => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, "rulewright.yaml"), MIRROR);
  const publish = (...flags: string[]) =>
    Promise.all([["export", "--to", "csv"], ["push"]].map((command) => rulewright([...command, ...flags], { cwd })));
  expect((await rulewright(["ingest", samples], { cwd })).code).toBe(0);
  expect((await publish()).map(({ code }) => code)).toEqual([0, 0]);
  const outputs = () => [digest(join(cwd, "out")), digest(join(cwd, "mirror"))];
  const good = outputs();

  const other = ["--store", "sqlite:other.db"];
  expect((await rulewright(["allow", "ours.example.org", "--reason", "ours", ...other], { cwd })).code).toBe(0);
  for (const { code, stderr } of await publish(...other)) {
    expect(stderr).toMatch(/The store .*other\.db is empty: .* the previous output stands\..*\[INPUT_EMPTY\]/);
    expect(code).toBe(2);
  }
  expect(outputs()).toEqual(good);

  expect((await rulewright(["deny", "evil.top", "--reason", "seen here", ...other], { cwd })).code).toBe(0);
  expect((await publish(...other)).map(({ code }) => code)).toEqual([0, 0]);
});
