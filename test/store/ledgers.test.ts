import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { VersionedObject } from "../../src/plugin.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { restoreVersions, saveVersions, VERSION_FILE } from "../../src/store/version-file.ts";
import { memoryVersionLedger } from "../../src/testing.ts";

const NOW = new Date("2026-11-20T00:00:00.000Z");
const LATER = new Date("2026-11-24T00:00:00.000Z");
const object = (content: string, more: Partial<VersionedObject> = {}): VersionedObject => ({
  id: "indicator--1",
  content,
  created: "2026-10-01T00:00:00.000Z",
  modified: "2026-10-05T00:00:00.000Z",
  ...more,
});

describe("the version ledger", () => {
  it("gives a new object the times it proposes, and the same content the same times for ever", async () => {
    const { versions, close } = await openSqliteStore();
    const first = await versions.of("stix", NOW).stamp([object("a")]);
    expect(first).toEqual([
      { created: "2026-10-01T00:00:00.000Z", modified: "2026-10-05T00:00:00.000Z", isChanged: true },
    ]);
    const again = await versions.of("stix", LATER).stamp([object("a", { modified: "2026-11-22T00:00:00.000Z" })]);
    expect(again).toEqual([{ ...first[0], isChanged: false }]);
    await close();
  });

  it.each([
    ["to now", "2026-11-22T00:00:00.000Z", LATER.toISOString()],
    ["to what the object proposes, when that is later", "2027-01-02T00:00:00.000Z", "2027-01-02T00:00:00.000Z"],
  ])("moves modified %s", async (_, modified, wanted) => {
    const { versions, close } = await openSqliteStore();
    await versions.of("stix", NOW).stamp([object("a")]);
    const [version] = await versions.of("stix", LATER).stamp([object("b", { modified })]);
    expect(version).toEqual({ created: "2026-10-01T00:00:00.000Z", modified: wanted, isChanged: true });
    await close();
  });

  it("moves it by a millisecond at least, also when the clock stands or goes back", async () => {
    const { versions, close } = await openSqliteStore();
    await versions.of("stix", NOW).stamp([object("a")]);
    await versions.of("stix", LATER).stamp([object("b")]);
    expect(await versions.of("stix", NOW).stamp([object("c")])).toMatchObject([
      { modified: "2026-11-24T00:00:00.001Z" },
    ]);
    await close();
  });

  it("takes a revocation for another version, and its end too", async () => {
    const { versions, close } = await openSqliteStore();
    await versions.of("stix", NOW).stamp([object("a")]);
    const revoked = await versions.of("stix", NOW).stamp([object("a", { isRevoked: true })]);
    expect(revoked).toMatchObject([{ isChanged: true, modified: NOW.toISOString() }]);
    expect(await versions.of("stix", NOW).stamp([object("a")])).toMatchObject([{ isChanged: true }]);
    await close();
  });

  it("knows ids within one export only, and forgets what is not to be kept", async () => {
    const { versions, close } = await openSqliteStore();
    await versions.of("stix", NOW).stamp([object("a")]);
    expect(await versions.of("tip/stix", NOW).stamp([object("b")])).toMatchObject([
      { isChanged: true, modified: "2026-10-05T00:00:00.000Z" },
    ]);
    await versions.of("stix", LATER, false).stamp([object("b")]);
    expect(await versions.of("stix", LATER).stamp([object("a")])).toMatchObject([{ isChanged: false }]);
    await close();
  });

  it("is what the ledger in memory is", async () => {
    const step = fc.record({
      id: fc.constantFrom("x", "y", "z"),
      content: fc.constantFrom("a", "b"),
      day: fc.integer({ min: 1, max: 28 }),
      isRevoked: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const store = await openSqliteStore();
        const [real, memory] = [store.versions.of("stix", NOW), memoryVersionLedger(NOW)];
        for (const { id, content, day, isRevoked } of steps) {
          const modified = `2026-11-${String(day).padStart(2, "0")}T00:00:00.000Z`;
          const one = object(content, { id, modified, isRevoked });
          expect(await memory.stamp([one])).toEqual(await real.stamp([one]));
        }
        await store.close();
      }),
      { numRuns: 30 },
    );
  });

  it("is carried from one database to the next in a file, and a damaged file is an error that says what to do", async () => {
    const folder = mkdtempSync(join(tmpdir(), "rulewright-versions-"));
    const first = await openSqliteStore();
    await first.versions.of("stix", NOW).stamp([object("a"), object("b", { id: "indicator--2" })]);
    await saveVersions(folder, first.versions);
    await first.close();
    const second = await openSqliteStore();
    await restoreVersions(folder, second.versions);
    expect(await second.versions.of("stix", LATER).stamp([object("a")])).toMatchObject([{ isChanged: false }]);
    const file = join(folder, VERSION_FILE);
    writeFileSync(file, `${readFileSync(file, "utf8")}{"kind":`);
    await expect(restoreVersions(folder, second.versions)).rejects.toMatchObject({
      code: "VERSION_LEDGER_UNREADABLE",
      message: expect.stringContaining("line 3"),
    });
    await second.close();
  });
});

describe("the delivery ledger", () => {
  it("knows what was recorded, by target, in the version last recorded", async () => {
    const store = await openSqliteStore();
    const tip = store.deliveries("tip/stix", () => NOW);
    await tip.record([
      { id: "b", version: "1" },
      { id: "a", version: "1" },
      { id: "a", version: "2" },
    ]);
    await tip.record([{ id: "b", version: "3" }]);
    expect(await tip.versions(["a", "b", "c"])).toEqual(
      new Map([
        ["a", "2"],
        ["b", "3"],
      ]),
    );
    expect(await store.deliveries("lab/stix", () => NOW).versions(["a"])).toEqual(new Map());
    await tip.forget(["a"]);
    expect((await Array.fromAsync(tip.all())).flat()).toEqual([{ id: "b", version: "3" }]);
    await store.close();
  });
});
