/** What an export says the second time, against the store's own ledger. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stix } from "../../../plugins/stix/index.ts";
import type { Indicator, SampleDetails } from "../../../src/plugin.ts";
import { openSqliteStore } from "../../../src/store/sqlite.ts";
import type { Store } from "../../../src/store/store.ts";
import { exampleIndicators, render } from "../../../src/testing.ts";
import { checkObjects, type Json, readObjects } from "./support.ts";

const FIRST = new Date("2026-11-24T00:00:00.000Z");
const LATER = new Date("2027-01-05T12:00:00.000Z");
const indicators = exampleIndicators();
const [{ samples: [SHA256 = ""] = [] } = {}] = indicators;
const sample: SampleDetails = {
  sha256: SHA256,
  malicious: 40,
  engines: 70,
  families: ["quillet"],
  labels: [],
  techniques: ["T1071.001"],
  analyses: [{ sandbox: "Zenbox", analysedAt: "2026-10-20T09:30:00.000Z", opinion: "malicious" }],
};

let store: Store;
beforeEach(async () => {
  store = await openSqliteStore();
});
afterEach(() => store.close());

async function exported(given: Indicator[], now: Date, samples = [sample]) {
  const { files } = await render(stix, given, { now, samples, versions: store.versions.of("stix", now) });
  const objects = readObjects(files);
  checkObjects(objects);
  return { files, objects };
}

/** Objects that are not the same in both, by what differs. */
function differences(before: Json[], after: Json[]): string[][] {
  const earlier = new Map(before.map((object) => [object.id, object]));
  return after.flatMap((object) => {
    const known = earlier.get(object.id) ?? {};
    const names = Object.keys({ ...known, ...object }).filter(
      (name) => JSON.stringify(known[name]) !== JSON.stringify(object[name]),
    );
    return names.length === 0 ? [] : [[object.relationship_type ?? object.type, ...names]];
  });
}

describe("a second export", () => {
  it("without changes is byte-identical, on another day too", async () => {
    const first = await exported(indicators, FIRST);
    const second = await exported(indicators, LATER);
    expect(second.files).toEqual(first.files);
  });

  it("with one other confidence moves exactly that indicator", async () => {
    const first = await exported(indicators, FIRST);
    const changed = indicators.map((one) =>
      one.type === "domain" ? { ...one, verdict: { ...one.verdict, confidence: 84 } } : one,
    );
    const second = await exported(changed, LATER);
    expect(differences(first.objects, second.objects)).toEqual([
      ["indicator", "modified", "description", "confidence"],
    ]);
    const moved = second.objects.find(({ confidence }) => confidence === 84);
    expect(moved).toMatchObject({ created: "2026-10-01T08:00:00.000Z", modified: LATER.toISOString() });
  });

  it("after another sighting moves the indicator and when it was observed", async () => {
    const first = await exported(indicators, FIRST);
    const seen = indicators.map((one) =>
      one.type === "domain"
        ? { ...one, lastSeen: "2026-12-20T00:00:00.000Z", validUntil: "2027-03-20T00:00:00.000Z" }
        : one,
    );
    const second = await exported(seen, LATER);
    expect(differences(first.objects, second.objects)).toEqual([
      ["indicator", "modified", "valid_until"],
      ["observed-data", "modified", "last_observed"],
    ]);
  });

  it("in which older reports were found keeps created, for that is what the id was first said with", async () => {
    const first = await exported(indicators, FIRST);
    const older = indicators.map((one) =>
      one.type === "mutex" ? { ...one, firstSeen: "2026-09-01T00:00:00.000Z" } : one,
    );
    const second = await exported(older, LATER);
    expect(differences(first.objects, second.objects)).toEqual([
      ["indicator", "modified", "valid_from"],
      ["observed-data", "modified", "first_observed"],
    ]);
  });

  it("with another word of the engines moves the sample alone", async () => {
    const first = await exported(indicators, FIRST);
    const second = await exported(indicators, LATER, [{ ...sample, malicious: 41 }]);
    expect(differences(first.objects, second.objects)).toEqual([["malware", "modified", "description"]]);
  });

  it("with another sandbox brings its analysis and leaves the rest alone", async () => {
    const first = await exported(indicators, FIRST);
    const analyses = [...sample.analyses, { sandbox: "C2AE" }];
    const second = await exported(indicators, LATER, [{ ...sample, analyses }]);
    expect(differences(first.objects, second.objects).map(([type]) => type)).toEqual([
      "malware-analysis",
      "dynamic-analysis-of",
    ]);
  });
});

describe("a withdrawn indicator", () => {
  const withdrawn = indicators.map((one) => (one.type === "domain" ? { ...one, status: "revoked" as const } : one));

  it("comes once, as revoked and newer, with what was part of the judgement", async () => {
    const first = await exported(indicators, FIRST);
    const { objects } = await exported(withdrawn, LATER);
    const own = objects.filter(({ pattern }) => pattern === "[domain-name:value = 'quillet-morrow.top']");
    expect(own).toHaveLength(1);
    expect(own[0]).toMatchObject({ revoked: true, created: "2026-10-01T08:00:00.000Z" });
    expect(own[0].modified > first.objects.find(({ id }) => id === own[0].id).modified).toBe(true);
    const revoked = objects.filter((object) => object.revoked).map((object) => object.relationship_type ?? object.type);
    expect(revoked).toEqual(["indicator", "based-on", "indicates", "consists-of"]);
  });

  it("does not move again", async () => {
    await exported(indicators, FIRST);
    const second = await exported(withdrawn, LATER);
    expect((await exported(withdrawn, new Date("2027-02-01T00:00:00.000Z"))).files).toEqual(second.files);
  });

  it("that is restored is a newer version again", async () => {
    const { objects } = await exported(withdrawn, FIRST);
    const restored = await exported(indicators, LATER);
    const [before, after] = [objects, restored.objects].map((list) => list.find(({ type }) => type === "indicator"));
    expect(after.id).toBe(before.id);
    expect(after).not.toHaveProperty("revoked");
    expect(after.modified > before.modified).toBe(true);
  });

  it("whose time is over is not revoked: its valid_until says so", async () => {
    const ended = indicators.map((one) => ({
      ...one,
      status: "expired" as const,
      validUntil: "2026-11-01T00:00:00.000Z",
    }));
    const { objects } = await exported(ended, LATER);
    expect(objects.some(({ revoked }) => revoked)).toBe(false);
    const until = objects.flatMap(({ valid_until = [] }) => valid_until);
    expect(until).toEqual(Array(indicators.length - 1).fill("2026-11-01T00:00:00.000Z"));
  });
});
