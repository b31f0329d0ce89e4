import assert from "node:assert/strict";
import fc from "fast-check";
import { describe } from "vitest";
import { stix } from "../../../plugins/stix/index.ts";
import type { Indicator, ObservableType } from "../../../src/plugin.ts";
import { exampleIndicators, HOSTILE_TEXTS, hostileIndicators, numbered, render } from "../../../src/testing.ts";
import { itNeedsReference } from "../../support/engines.ts";
import { checkObjects, type Json, officialSchema, readObjects } from "./support.ts";

const text = fc.oneof(fc.string({ unit: "binary", maxLength: 30 }), fc.constantFrom(...HOSTILE_TEXTS));
const time = fc
  .date({ min: new Date("2020-01-01"), max: new Date("2030-01-01"), noInvalidDate: true })
  .map((date) => date.toISOString());

const indicator: fc.Arbitrary<Indicator> = fc
  .record({
    type: fc.constantFrom(...(stix.accepts as ObservableType[])),
    index: fc.nat(5),
    value: fc.option(text, { nil: undefined }),
    confidence: fc.double({ min: -10, max: 200, noNaN: true }),
    overrides: fc.record({
      tlp: fc.constantFrom("clear", "green", "amber", "amber+strict", "red" as const),
      status: fc.constantFrom("active", "expired", "revoked" as const),
      families: fc.array(text, { maxLength: 3 }),
      labels: fc.array(text, { maxLength: 3 }),
      sandboxes: fc.array(text, { maxLength: 2 }),
      sampleCount: fc.integer({ min: 0, max: 2_000_000_000 }),
      firstSeen: time,
      lastSeen: time,
      validUntil: time,
    }),
  })
  .map(({ type, index, value, confidence, overrides }) => {
    const base = numbered(type, index);
    return { ...base, ...overrides, value: value ?? base.value, verdict: { ...base.verdict, confidence } } as Indicator;
  });

function distinct(indicators: Indicator[]): Indicator[] {
  return [...new Map(indicators.map((one) => [`${one.type}:${one.value}`, one])).values()];
}

describe("the official JSON Schemas accept", () => {
  itNeedsReference("a bundle as a whole", async () => {
    // The schema of the bundle, unlike the standard, has no room for extension definitions: no fingerprints here.
    const indicators = exampleIndicators().filter(({ type }) => !type.startsWith("ja"));
    const { files } = await render(stix, indicators, { options: { tlp: "both" } });
    const validate = officialSchema("bundle");
    assert.ok(validate?.(JSON.parse(String(files.get("rulewright.stix.json")))), JSON.stringify(validate?.errors));
  });

  itNeedsReference("each object of hostile indicators", async () => {
    for (const type of stix.accepts) checkObjects(readObjects((await render(stix, hostileIndicators(type))).files));
  });

  itNeedsReference("200 random sets of indicators, in both formats and under every marking", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(indicator, { maxLength: 12 }),
        fc.constantFrom("bundle", "objects"),
        fc.constantFrom("1.0", "2.0", "both"),
        async (indicators, format, tlp) => {
          const { files, skipped } = await render(stix, distinct(indicators), { format, options: { tlp } });
          const objects = readObjects(files);
          checkObjects(objects);
          const written = objects.filter(({ type }: Json) => type === "indicator").length;
          assert.equal(written + skipped.length, distinct(indicators).length);
        },
      ),
      { numRuns: 200 },
    );
  });

  itNeedsReference("no loose property, as a check of the check", () => {
    assert.equal(officialSchema("mutex")?.({ type: "mutex", spec_version: "2.1", id: "mutex--1" }), false);
  });
});
