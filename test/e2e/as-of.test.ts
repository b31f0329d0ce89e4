/** What `generate` says when its reports are old by the clock. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { rulewright, samples, temporaryFolder } from "../support/cli.ts";

const WARNING =
  /^warning: as of 2026-\d\d-\d\d, the newest date in the reports: validity counts from there and may have ended\. Give --as-of DAY, or ingest and export\.$/m;

it.each([
  ["2026-11-24", [], false],
  ["2027-11-24", [], true],
  ["2027-11-24", ["--as-of", "2027-11-20"], false],
] as const)("generate on %s with %j warns of old reports: %s", async (day, args, isWarned) => {
  const env = { SOURCE_DATE_EPOCH: String(Date.parse(`${day}T00:00:00Z`) / 1000) };
  const report = join(samples, "tinlantern-1_zenbox.json");
  const { code, stderr } = await rulewright(["generate", report, "--to", "csv", ...args], {
    cwd: temporaryFolder(),
    env,
  });
  expect([code, WARNING.test(stderr)]).toEqual([0, isWarned]);
});
