/** Outputs whose filter hides what has ended: they hear of it when they were given it, and only then. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { rulewright, temporaryFolder } from "../support/cli.ts";
import { report } from "../support/reports.ts";

const because = ["--reason", "ours"];
const hostOf = (name: string) => ({ hostname: `${name}.top` });

interface Objects {
  /** Of active and of revoked indicators. */
  readonly active: readonly string[];
  readonly revoked: readonly string[];
}

function objectsIn(file: string): Objects {
  const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  const indicators = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === "indicator");
  const named = (isRevoked: boolean): string[] =>
    indicators
      .filter(({ revoked = false }) => revoked === isRevoked)
      .map(({ name }) => name)
      .sort();
  return { active: named(false), revoked: named(true) };
}

it("reach a file and a target that were given it, and no other", { timeout: 240_000 }, async () => {
  const cwd = temporaryFolder();
  const config = (where: string): void =>
    writeFileSync(
      join(cwd, "rulewright.yaml"),
      `exports: { stix: { format: objects, where: "${where}" } }
sinks: { mirror: { sink: file, exports: [stix], maxTlp: amber, options: { path: mirror } } }
`,
    );
  const run = async (...command: string[]): Promise<void> => {
    const { code, stderr } = await rulewright(command, { cwd });
    expect(code, stderr).toBe(0);
  };
  const [exported, pushed] = ["out/stix", "mirror/stix"].map((path) => join(cwd, path, "rulewright.stix.ndjson")) as [
    string,
    string,
  ];
  const bodies = [1, 2, 3].map((sample) =>
    report(
      {
        dns_lookups: [hostOf("quillet-morrow"), ...(sample === 1 ? [hostOf("brook-harrow")] : [])],
        verdicts: ["MALWARE"],
      },
      { sample },
    ),
  );
  writeFileSync(join(cwd, "a.json"), JSON.stringify(bodies));
  config("type=domain samples>=2");
  await run("ingest", "a.json");
  await run("export");
  await run("push");
  const before = { active: ["quillet-morrow.top"], revoked: [] };
  expect([objectsIn(exported), objectsIn(pushed)]).toEqual([before, before]);

  // Judged away, both have a confidence of 0; of the second nobody was told.
  config("type=domain confidence>=50 samples>=2");
  for (const name of ["quillet-morrow.top", "brook-harrow.top"]) await run("allow", name, ...because);
  await run("push", "--dry-run");
  expect(objectsIn(pushed)).toEqual(before);
  await run("export");
  await run("push");
  const after = { active: [], revoked: ["quillet-morrow.top"] };
  expect([objectsIn(exported), objectsIn(pushed)]).toEqual([after, after]);

  // A filter of one run is no word on what the others were given, and another folder was given nothing.
  await run("export", "--where", "family=none", "--out", "out");
  expect(objectsIn(exported)).toEqual({ active: [], revoked: [] });
  await run("export", "--out", "other");
  expect(objectsIn(join(cwd, "other/stix/rulewright.stix.ndjson"))).toEqual({ active: [], revoked: [] });

  for (const name of ["quillet-morrow.top", "brook-harrow.top"]) await run("restore", name);
  await run("export");
  expect(objectsIn(exported)).toEqual(before);
});
