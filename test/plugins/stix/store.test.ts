/** Exports of one store, one after the other, by the command line. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { rulewright, samples, temporaryFolder } from "../../support/cli.ts";
import { checkObjects, type Json, readObjects } from "./support.ts";

const VALUE = "gravelmittenorchid.top";
const PATH = "rulewright.stix.ndjson";
let store: string;

async function run(...args: string[]): Promise<void> {
  const { code, stderr } = await rulewright([...args, "--store", store]);
  expect(code, stderr).toBe(0);
}

async function exported(): Promise<{ bytes: Buffer; objects: Json[] }> {
  const out = temporaryFolder();
  await run("export", "--to", "stix:objects", "--out", out);
  const bytes = readFileSync(join(out, "stix", PATH));
  const objects = readObjects(new Map([[PATH, bytes]]));
  checkObjects(objects);
  return { bytes, objects };
}

beforeAll(async () => {
  store = `sqlite:${join(temporaryFolder(), "store.db")}`;
  await run("ingest", samples);
}, 60_000);

describe("exports of a store", () => {
  it("are the same bytes until something changes, and then a withdrawn indicator comes once, as revoked", async () => {
    const first = await exported();
    const second = await exported();
    expect(second.bytes.equals(first.bytes)).toBe(true);

    await run("revoke", VALUE, "--reason", "ours");
    const third = await exported();
    const own = third.objects.filter(({ pattern }) => pattern === `[domain-name:value = '${VALUE}']`);
    expect(own.map(({ revoked }) => revoked)).toEqual([true]);

    const before = new Map(first.objects.map((object) => [object.id, object.modified]));
    const moved = third.objects.filter(({ id, modified }) => before.get(id) !== modified);
    // The analyses that listed it list it no more.
    expect(new Set(moved.flatMap(({ revoked, type }) => (revoked ? [] : type)))).toEqual(new Set(["malware-analysis"]));
    expect(moved).toContainEqual(own[0]);
  }, 60_000);
});
