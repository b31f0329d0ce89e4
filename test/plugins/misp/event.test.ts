import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { misp } from "../../../plugins/misp/index.ts";
import type { Indicator, ObservableType } from "../../../src/plugin.ts";
import {
  exampleIndicator,
  exampleIndicators,
  HOSTILE_TEXTS,
  memoryVersionLedger,
  numbered,
  render,
} from "../../../src/testing.ts";
import { itNeedsReference } from "../../support/engines.ts";
import { checkFeed } from "./feed-reader.ts";
import {
  attributesOf,
  checkEvents,
  describeTypes,
  type Json,
  laxSchema,
  objectTemplate,
  readEvents,
} from "./support.ts";

function domains(count: number, skip?: number): Indicator[] {
  return Array.from({ length: count }, (_, index) => numbered("domain", index)).filter((_, index) => index !== skip);
}

describe("an event", () => {
  it("has everything a server asks for, and no numbers of a server", async () => {
    const { files } = await render(misp, [exampleIndicator("domain")]);
    expect([...files.keys()]).toEqual(["rulewright.event.json"]);
    const { Attribute, ...event } = readEvents(files)[0];
    expect(event).toEqual({
      uuid: "0622582d-efaa-5733-b1a8-7e9e7149ff41",
      info: "Rulewright: indicators from VirusTotal sandbox reports",
      date: "2026-10-20",
      timestamp: "1792488600",
      publish_timestamp: "0",
      published: false,
      analysis: "1",
      threat_level_id: "3",
      distribution: "0",
      sharing_group_id: "0",
      extends_uuid: "",
      Orgc: { name: "Rulewright", uuid: "dc505564-65b2-5308-8a1d-d56a084871df" },
      Tag: [{ name: "tlp:amber", colour: "#FFC000", exportable: true }],
      Object: [],
    });
  });

  it("says what the options say", async () => {
    const orgUuid = "5E9DAD84-C570-47A4-BCC8-0315C0A80112";
    const options = {
      orgName: "Example SOC",
      orgUuid,
      distribution: "connected",
      threatLevel: "high",
      analysis: "complete",
      published: true,
    };
    const [event] = readEvents((await render(misp, [exampleIndicator("domain")], { options })).files);
    expect(event).toMatchObject({
      Orgc: { name: "Example SOC", uuid: orgUuid.toLowerCase() },
      distribution: "2",
      threat_level_id: "1",
      analysis: "2",
      published: true,
      publish_timestamp: event.timestamp,
    });
  });

  it("keeps its uuid and bytes on another day, and another uuid under another key", async () => {
    const [first, second] = await Promise.all(
      ["2026-11-24T00:00:00.000Z", "2027-11-24T00:00:00.000Z"].map((now) =>
        render(misp, exampleIndicators(), { now: new Date(now) }),
      ),
    );
    expect(second?.files).toEqual(first?.files);
    const [other] = readEvents((await render(misp, exampleIndicators(), { options: { eventKey: "emea" } })).files);
    expect(other.uuid).not.toBe("0622582d-efaa-5733-b1a8-7e9e7149ff41");
  });

  it("of what no report dates has no times, is of the day it was first written, and the same on the next day", async () => {
    const versions = memoryVersionLedger(new Date("2026-11-24T00:00:00.000Z"));
    const [first, next] = await Promise.all(
      ["2026-11-24T08:00:00.000Z", "2026-11-25T08:00:00.000Z"].map(async (now) => {
        const undated = exampleIndicator("domain", { isUndated: true, firstSeen: now, lastSeen: now });
        return readEvents((await render(misp, [undated], { versions, now: new Date(now) })).files)[0];
      }),
    );
    checkEvents([first]);
    expect(first).toMatchObject({ date: "2026-11-24", timestamp: "1795507200" });
    expect(first.Attribute[0]).not.toHaveProperty("first_seen");
    expect(next).toEqual(first);
  });

  it("moves the timestamps of an attribute and its event with a changed confidence, and no other", async () => {
    const now = new Date("2026-11-24T00:00:00.000Z");
    const versions = memoryVersionLedger(now);
    const before = [numbered("domain", 0), numbered("domain", 1)];
    const verdict = {
      decision: "keep" as const,
      confidence: 60,
      reasons: [{ id: "contacted", weight: 60, text: "x" }],
    };
    const [old] = readEvents((await render(misp, before, { versions })).files);
    const after = [numbered("domain", 0), { ...numbered("domain", 1), verdict }];
    const [event] = readEvents((await render(misp, after, { versions })).files);
    expect(event.Attribute[0]).toEqual(old.Attribute[0]);
    expect([event.Attribute[1].timestamp, event.timestamp]).toEqual(Array(2).fill(String(now.getTime() / 1000)));
  });

  it("does not move by what time takes off a confidence", async () => {
    const decayed = exampleIndicator("domain");
    const reasons = [...decayed.verdict.reasons, { id: "decay", weight: -12, text: "seen long ago" }];
    const verdict = { ...decayed.verdict, confidence: decayed.verdict.confidence - 12, reasons };
    const [fresh, old] = await Promise.all(
      [decayed, { ...decayed, verdict }].map(async (one) => readEvents((await render(misp, [one])).files)),
    );
    expect(old).toEqual(fresh);
  });

  it("without attributes is older than any other, so that it overwrites nothing", async () => {
    const [event] = readEvents((await render(misp, [])).files);
    expect(event).toMatchObject({ timestamp: "0", date: "1970-01-01", Attribute: [], Object: [] });
  });

  it("refuses an organisation uuid that a server refuses", () => {
    const orgUuid = "0198c5a8-7d3b-7c3e-9a1b-2c3d4e5f6071";
    expect(misp.options.safeParse({ orgUuid }).success).toBe(false);
  });
});

describe("many attributes", () => {
  it("of 10,000 stay in one event", async () => {
    const { files } = await render(misp, domains(10_000));
    expect([...files.keys()]).toEqual(["rulewright.event.json"]);
    checkEvents(readEvents(files));
  });

  it("above that become numbered events of at most 10,000, with nothing lost", async () => {
    const { files, rows } = await render(misp, domains(25_000));
    const events = readEvents(files);
    checkEvents(events);
    expect([...files.keys()].slice(0, 2)).toEqual(["rulewright-001.event.json", "rulewright-002.event.json"]);
    expect(events[0].uuid).toBe("0622582d-efaa-5733-b1a8-7e9e7149ff41");
    expect(rows).toBe(25_000);
    expect(new Set(events.flatMap(attributesOf).map(({ value }: Json) => value)).size).toBe(25_000);
    expect(events[1].info).toBe(
      `Rulewright: indicators from VirusTotal sandbox reports, from domain:${events[1].Attribute[0].value}`,
    );
  });

  it("leave all but one event untouched when one indicator goes or comes", async () => {
    const before = readEvents((await render(misp, domains(25_000))).files);
    const after = readEvents((await render(misp, domains(25_000, 20_000))).files);
    const untouched = new Set(before.map((event) => JSON.stringify(event)));
    expect(after.filter((event) => !untouched.has(JSON.stringify(event)))).toHaveLength(1);
    expect(after.map(({ uuid }) => uuid)).toEqual(before.map(({ uuid }) => uuid));
  });

  it("move one attribute where an event had to be cut at the maximum", async () => {
    const before = readEvents((await render(misp, domains(25_000))).files);
    const after = readEvents((await render(misp, domains(25_000, 6000))).files);
    expect(before.some(({ Attribute }) => Attribute.length === 10_000)).toBe(true);
    const known = new Set(before.flatMap(attributesOf).map(({ uuid }: Json) => uuid));
    expect(after.flatMap(attributesOf).filter(({ uuid }: Json) => !known.has(uuid))).toHaveLength(1);
    expect(after.map(({ uuid }) => uuid)).toEqual(before.map(({ uuid }) => uuid));
  });

  it("of objects count too", async () => {
    const files = Array.from({ length: 3000 }, (_, index) => ({
      ...numbered("sha256", index),
      details: { md5: "cd".repeat(16), sha1: "ef".repeat(20), size: 1 },
    }));
    const events = readEvents((await render(misp, files)).files);
    expect(events.length).toBeGreaterThan(1);
    checkEvents(events);
  });
});

describe("a feed", () => {
  it("has manifest, hashes and events at its root", async () => {
    const { files } = await render(misp, [exampleIndicator("endpoint")], { format: "feed" });
    const uuid = "0622582d-efaa-5733-b1a8-7e9e7149ff41";
    expect([...files.keys()].sort()).toEqual([`${uuid}.json`, "hashes.csv", "manifest.json"]);
    // md5("45.32.17.9") and md5("8443"), by md5sum.
    expect(String(files.get("hashes.csv"))).toBe(
      `67a2524f14c277a9b60f177d8e7ecf60,${uuid}\n7e6b20d014d1c659e4eaf20dc2dcd7eb,${uuid}\n`,
    );
    expect(JSON.parse(String(files.get("manifest.json")))).toEqual({
      [uuid]: {
        Orgc: { name: "Rulewright", uuid: "dc505564-65b2-5308-8a1d-d56a084871df" },
        Tag: [{ name: "tlp:amber", colour: "#FFC000" }],
        info: "Rulewright: indicators from VirusTotal sandbox reports",
        date: "2026-10-20",
        analysis: "1",
        threat_level_id: "3",
        timestamp: "1792488600",
      },
    });
  });

  it("without indicators names no events", async () => {
    const { files } = await render(misp, [], { format: "feed" });
    expect([...files].map(([path, data]) => [path, String(data)])).toEqual([
      ["hashes.csv", ""],
      ["manifest.json", "{}\n"],
    ]);
  });

  it("of many events is consistent", async () => {
    const { files } = await render(misp, [...domains(15_000), ...exampleIndicators().slice(1)], { format: "feed" });
    checkFeed(files);
    checkEvents(readEvents(files));
    expect(files.size).toBeGreaterThan(3);
  });
});

describe("the reference data", () => {
  itNeedsReference("are really read by the checks", () => {
    expect(laxSchema()?.({ Event: { timestamp: 1 } })).toBe(false);
    expect(describeTypes().category_type_mappings["Network activity"]).toContain("ip-dst|port");
    expect(objectTemplate("file").version).toBe(25);
  });

  const text = fc.oneof(fc.string({ unit: "binary", maxLength: 30 }), fc.constantFrom(...HOSTILE_TEXTS));
  const indicator = fc
    .record({
      type: fc.constantFrom(...(misp.accepts as ObservableType[])),
      index: fc.nat(5),
      value: fc.option(text, { nil: undefined }),
      overrides: fc.record({
        hunts: fc.subarray(["loaders", "loaders 2"]),
        samples: fc.subarray(["aa".repeat(32), "bb".repeat(32), "unknown-0123456789abcdef"]),
        tlp: fc.constantFrom("clear", "green", "amber", "amber+strict", "red" as const),
        status: fc.constantFrom("active", "expired", "revoked" as const),
        families: fc.array(text, { maxLength: 3 }),
        details: fc.record({
          names: fc.array(text, { maxLength: 3 }),
          md5: fc.constantFrom("cd".repeat(16), "x"),
          size: fc.integer(),
        }),
      }),
      reason: text,
    })
    .map(({ type, index, value, overrides, reason }) => {
      const base = numbered(type, index);
      const verdict = { ...base.verdict, reasons: [{ id: "any", weight: 85, text: reason }] };
      return { ...base, ...overrides, verdict, value: value ?? base.value } as Indicator;
    });

  const sample = fc.record({
    sha256: fc.constantFrom("aa".repeat(32), "bb".repeat(32)),
    name: text,
    size: fc.integer(),
    malicious: fc.nat(70),
    engines: fc.constant(70),
    families: fc.array(text, { maxLength: 3 }),
    labels: fc.constant([]),
    techniques: fc.subarray(["T1071.001", "T1", "T9999", '" tlp:clear'] as string[]),
    analyses: fc
      .array(
        fc.record({
          sandbox: text,
          analysedAt: fc.constantFrom("2026-10-20T09:30:00.000Z", "2026-09-01T00:00:00.000Z"),
        }),
        { maxLength: 3 },
      )
      .map((runs) => [...new Map(runs.map((run) => [run.sandbox, run])).values()]),
  });

  itNeedsReference("accept 200 random sets of samples and of hunts", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(indicator, { maxLength: 12 }),
        fc.uniqueArray(sample, { selector: ({ sha256 }) => sha256, maxLength: 2 }),
        fc.constantFrom("sample", "hunt"),
        async (indicators, samples, events) => {
          const distinct = [...new Map(indicators.map((one) => [`${one.type}:${one.value}`, one])).values()];
          const options = { events, sightings: true };
          const {
            files,
            skipped,
            indicators: written,
          } = await render(misp, distinct, { format: "feed", options, samples });
          checkFeed(files);
          checkEvents(readEvents(files));
          expect((written ?? 0) + skipped.length).toBe(distinct.length);
        },
      ),
      { numRuns: 200 },
    );
  });

  itNeedsReference("accept 200 random sets of indicators", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(indicator, { maxLength: 12 }), async (indicators) => {
        const distinct = [...new Map(indicators.map((one) => [`${one.type}:${one.value}`, one])).values()];
        const { files, skipped } = await render(misp, distinct, { format: "feed" });
        checkFeed(files);
        const events = readEvents(files);
        checkEvents(events);
        const written = events.reduce(
          (sum, { Attribute, Object: objects }) => sum + Attribute.length + objects.length,
          0,
        );
        expect(written + skipped.length).toBe(distinct.length);
      }),
      { numRuns: 200 },
    );
  });
});
