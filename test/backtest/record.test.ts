/** `backtest --record`: what the operator's own network said, in the store and in the verdicts. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { rulewright, samples, temporaryFolder } from "../support/cli.ts";
import { jsonLines } from "./support.ts";

const NAME = "cobaltwickerparsnip.net";
const EVE = jsonLines(
  ...["2026-11-03T08:00:00.000000+0000", "2026-11-05T08:00:00.000000+0000"].map((timestamp) => ({
    timestamp,
    event_type: "dns",
    src_ip: "10.0.0.5",
    dest_ip: "10.0.0.53",
    proto: "UDP",
    dns: { type: "query", rrname: `cdn.${NAME}` },
  })),
);

async function scene() {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, "eve.json"), EVE);
  const env = { RULEWRIGHT_STORE: `sqlite:${join(cwd, "store.db")}`, SOURCE_DATE_EPOCH: "1795564800" };
  const run = (...args: string[]) => rulewright(args, { cwd, env });
  expect((await run("ingest", samples)).code).toBe(0);
  const verdict = async () => {
    const { stdout } = await run("list", "--json");
    const rows = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const { decision, reasons } = rows.find(({ value }) => value === NAME).verdict;
    const said = reasons.filter(({ id }: { id: string }) => /^(?:sighted|false-positive|needs-review)$/.test(id));
    return [decision, ...said.map(({ id, text }: { id: string; text: string }) => `${id}: ${text}`)];
  };
  return { run, verdict };
}

it("sightings are a reason that counts neither way, and the same log again adds nothing", async () => {
  const { run, verdict } = await scene();
  expect(await verdict()).toEqual(["keep"]);
  for (let time = 0; time < 2; time += 1) {
    const { code, stderr } = await run("backtest", "--eve", "eve.json", "--record");
    expect(stderr).toContain("Recorded for 1 of the store's indicators as sightings.\n");
    expect(code).toBe(0);
  }
  expect(await verdict()).toEqual(["keep", "sighted: seen in your logs: 2 hits, 2026-11-03 to 2026-11-05 (eve.json)"]);
}, 60_000);

it("a false positive sends the indicator to review until somebody rules on it", async () => {
  const { run, verdict } = await scene();
  expect((await run("backtest", "--eve", "eve.json", "--record", "false-positives")).code).toBe(0);
  expect(await verdict()).toEqual([
    "review",
    "false-positive: hit in logs said to be harmless: 2 hits, 2026-11-03 to 2026-11-05 (eve.json)",
    "needs-review: stays in review until an operator denies or allows it",
  ]);
  expect((await run("deny", NAME, "--reason", "checked")).code).toBe(0);
  expect(await verdict()).toEqual(["keep"]);
}, 60_000);
