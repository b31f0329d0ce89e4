/** Whole runs over bodies: our samples, and real ones when they are there. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { root, rulewright, samples, temporaryFolder } from "../../support/cli.ts";
import { itNeedsReference, referenceDir } from "../../support/engines.ts";
import { checkObjects, officialSchema, readObjects } from "./support.ts";

const PROFILES = ["generic", "opencti", "misp", "siem"];
let config: string;

beforeAll(() => {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  config = join(folder, "rulewright.yaml");
  const exports = PROFILES.map(
    (profile) => `  stix-${profile}: { exporter: stix, options: { profile: ${profile}, tlp: both } }`,
  );
  writeFileSync(config, `exports:\n${exports.join("\n")}\n`);
});

/** Objects of the bundle of each profile; each bundle is checked as a whole and object by object. */
async function bundlesOf(reports: string): Promise<Map<string, number>> {
  const out = temporaryFolder();
  const to = PROFILES.map((profile) => `stix-${profile}`);
  const { code, stderr } = await rulewright([
    "generate",
    reports,
    "--config",
    config,
    "--to",
    to.join(","),
    "--out",
    out,
  ]);
  expect(code, stderr).toBe(0);
  return new Map(
    PROFILES.map((profile) => {
      const data = readFileSync(join(out, `stix-${profile}/rulewright.stix.json`));
      const objects = readObjects(new Map([["rulewright.stix.json", data]]));
      checkObjects(objects);
      return [profile, objects.length];
    }),
  );
}

describe("bundles of every profile pass the official schemas, and no reference dangles,", () => {
  it("for the samples", async () => {
    const counts = await bundlesOf(samples);
    expect([...counts.values()].every((count) => count > 90)).toBe(true);
  }, 60_000);

  itNeedsReference(
    "for real bodies",
    async () => {
      const counts = await bundlesOf(join(referenceDir as string, "virustotal"));
      expect(counts.get("generic")).toBeGreaterThan(300);
    },
    120_000,
  );
});

describe("the golden bundle", () => {
  const read = () => readFileSync(join(root, "samples/out/stix/rulewright.stix.json"), "utf8");

  it("is checked by the standard's own schemas where these are there", () => {
    const bundle = JSON.parse(read());
    checkObjects(bundle.objects);
    // The schema of the bundle, unlike the standard, has no room for extension definitions.
    const objects = bundle.objects.filter(({ type }: { type: string }) => type !== "extension-definition");
    const validate = officialSchema("bundle");
    if (validate) expect([validate({ ...bundle, objects }), validate.errors]).toEqual([true, null]);
  });

  it("has the indicator that the page shows whole", () => {
    const notes = readFileSync(join(root, "plugins/stix/notes.md"), "utf8");
    const shown = JSON.parse(/```json\n([\s\S]*?)```/.exec(notes)?.[1] ?? "");
    const { objects } = JSON.parse(read());
    expect(objects.find(({ id }: { id: string }) => id === shown.id)).toEqual(shown);
  });
});
