/** Exports of a store on two days between which nothing happened. */
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
