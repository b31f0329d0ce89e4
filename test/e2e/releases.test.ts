/** Two releases of one store: what changed and nothing else, sids and revisions included. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { rulewright, temporaryFolder } from "../support/cli.ts";
import { report } from "../support/reports.ts";

let cwd: string;
beforeEach(() => {
  cwd = temporaryFolder();
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const DAY = 86_400;
const START = Date.UTC(2026, 9, 1) / 1000;
const run = (day: number, ...args: string[]) =>
  rulewright([...args, "--store", "sqlite:store.db"], {
    cwd,
    env: { SOURCE_DATE_EPOCH: String(START + day * DAY) },
  });

/** One malicious sample that looks each of the names up. */
function lookups(sample: number, day: number, names: readonly string[]): void {
  const bodies = names.map((hostname, index) =>
    report(
      {
        dns_lookups: [{ hostname }],
        verdicts: ["MALWARE"],
        verdict_labels: ["quillet"],
        analysis_date: START + day * DAY,
      },
      { sample: sample * 100 + index },
    ),
  );
  mkdirSync(join(cwd, `r${sample}`));
  writeFileSync(join(cwd, `r${sample}/reports.ndjson`), bodies.map((body) => `${JSON.stringify(body)}\n`).join(""));
}

const names = (kind: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${kind}${index}.quillet-morrow${index}.top`);
const numbersOf = (text: string) =>
  new Map(
    [...text.matchAll(/^alert .* sid:(\d+); rev:(\d+); .*$/gm)].map(([line, sid, rev]) => [
      Number(sid),
      [rev, /ioc_id ([^,]+)/.exec(line)?.[1]],
    ]),
  );

it("10 added, 5 expired and 3 seen again are 10 added, 5 removed, 0 modified", async () => {
  const [old, kept, seen, fresh] = [names("old", 5), names("kept", 12), names("seen", 3), names("fresh", 10)];
  // Valid for more than two months and less than three.
  writeFileSync(join(cwd, "rulewright.yaml"), "policy: { halfLifeDays: { domain: 48 } }\n");
  lookups(1, 0, old);
  lookups(2, 60, [...kept, ...seen]);
  expect((await run(60, "ingest", "r1", "r2")).code).toBe(0);
  expect((await run(60, "judge", "--all")).code).toBe(0);
  const release = async (day: number) => {
    const { code, stderr } = await run(day, "export", "--to", "suricata", "--where", "type=domain");
    expect(code, stderr).toBe(0);
    const read = (path: string) => readFileSync(join(cwd, "out/suricata", path), "utf8");
    return { rules: numbersOf(read("rulewright.rules")), changes: read("CHANGES") };
  };
  const first = await release(60);
  expect(first.rules.size).toBe(4 * 20);

  lookups(3, 99, [...seen, ...fresh]);
  expect((await run(100, "ingest", "r3")).code).toBe(0);
  expect((await run(100, "judge", "--all")).code).toBe(0);
  const second = await release(100);
  expect(second.changes.trim().split("\n").at(-1)).toBe("# as of 2027-01-09: 10 added, 0 modified, 5 removed");
  const changed = (change: string) =>
    second.changes
      .split("\n")
      .filter((line) => line.startsWith(`${change}\t`))
      .map((line) => line.split("\t")[3]?.slice("domain:".length))
      .sort();
  expect(changed("added")).toEqual([...fresh].sort());
  expect(changed("removed")).toEqual([...old].sort());
  for (const [sid, own] of second.rules) if (first.rules.has(sid)) expect(own).toEqual(first.rules.get(sid));
  expect([...second.rules.keys()].filter((sid) => first.rules.has(sid))).toHaveLength(4 * 15);
}, 60_000);
