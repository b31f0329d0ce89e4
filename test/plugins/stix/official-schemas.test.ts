import assert from "node:assert/strict";
import fc from "fast-check";
import { describe } from "vitest";
import { stix } from "../../../plugins/stix/index.ts";
import type { Indicator, ObservableType, SampleDetails } from "../../../src/plugin.ts";
import { exampleIndicators, HOSTILE_TEXTS, hostileIndicators, numbered, render } from "../../../src/testing.ts";
import { itNeedsReference } from "../../support/engines.ts";
import { checkObjects, type Json, officialSchema, readObjects } from "./support.ts";

const text = fc.oneof(fc.string({ unit: "binary", maxLength: 30 }), fc.constantFrom(...HOSTILE_TEXTS));
const time = fc
  .date({ min: new Date("2020-01-01"), max: new Date("2030-01-01"), noInvalidDate: true })
  .map((date) => date.toISOString());

/** Also values of indicators, so that a dropped file is a sample. */
const hash = fc.nat(5).map((index) => numbered("sha256", index).value);
const sandbox = fc.constantFrom("Zenbox", "C2AE", "\u202e", "沙箱");
const place = fc.constantFrom("dns_lookups[0].hostname", "files_dropped[0].sha256", "memory_pattern_urls[1]", "id");
const sighted = fc.record({ sample: hash, sandbox, place });

const analysis = fc.record(
  { sandbox, analysedAt: time, opinion: fc.constantFrom("clean", "malicious" as const) },
  { requiredKeys: ["sandbox"] },
);

const sample: fc.Arbitrary<SampleDetails> = fc.record(
  {
    sha256: hash,
    md5: fc.constantFrom("cd".repeat(16), "not a hash"),
    sha1: fc.constantFrom("ef".repeat(20), "not a hash"),
    size: fc.integer({ min: -1 }),
    submittedAt: fc.oneof(time, text),
    malicious: fc.nat(70),
    engines: fc.nat(70),
    opinion: fc.constantFrom("undecided", "clean", "malicious" as const),
    families: fc.array(text, { maxLength: 2 }),
    labels: fc.array(text, { maxLength: 2 }),
    techniques: fc.array(fc.constantFrom("T1071.001", "T1547", "t1", "T1547'"), { maxLength: 3 }),
    analyses: fc.uniqueArray(analysis, { maxLength: 3, selector: ({ sandbox }) => sandbox }),
  },
  { requiredKeys: ["sha256", "families", "labels", "techniques", "analyses"] },
) as fc.Arbitrary<SampleDetails>;

const indicator: fc.Arbitrary<Indicator> = fc
  .record({
    type: fc.constantFrom(...(stix.accepts as ObservableType[])),
    index: fc.nat(5),
    value: fc.option(text, { nil: undefined }),
    confidence: fc.double({ min: -10, max: 200, noNaN: true }),
    evidence: fc.array(sighted, { maxLength: 4 }),
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
  .map(({ type, index, value, confidence, evidence, overrides }) => {
    const base = numbered(type, index);
    const verdict = { ...base.verdict, confidence };
    const details = { hosts: [numbered("domain", index).value] };
    return { ...base, ...overrides, value: value ?? base.value, verdict, evidence, details } as Indicator;
  });

/** As the store gives them: each value once, each sandbox of a sample once. */
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

  itNeedsReference(
    "1,000 random sets of indicators and samples, in both formats, every profile and under every marking",
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(indicator, { maxLength: 12 }),
          fc.array(sample, { maxLength: 6 }),
          fc.constantFrom("bundle", "objects"),
          fc.constantFrom("generic", "opencti", "misp", "siem"),
          fc.constantFrom("1.0", "2.0", "both"),
          async (indicators, samples, format, profile, tlp) => {
            const given = distinct(indicators);
            const { files, skipped } = await render(stix, given, { samples, format, options: { tlp, profile } });
            const objects = readObjects(files);
            // Each object, its references and its place: no relationship without both its ends before it.
            checkObjects(objects);
            const written = objects.filter(({ type }: Json) => type === "indicator").length;
            assert.equal(written + skipped.length, given.length);
          },
        ),
        { numRuns: 1000, seed: 20261124 },
      );
    },
    120_000,
  );

  itNeedsReference("no loose property, as a check of the check", () => {
    assert.equal(officialSchema("mutex")?.({ type: "mutex", spec_version: "2.1", id: "mutex--1" }), false);
  });
});
