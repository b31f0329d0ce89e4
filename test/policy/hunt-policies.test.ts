import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { explanation } from "../../src/commands/explanation.ts";
import { Config, huntPoliciesOf, parseConfig } from "../../src/config.ts";
import { loadBackground } from "../../src/enrich/background.ts";
import type { Collected } from "../../src/model/evidence.ts";
import { huntPolicy, policyFor, policyReason } from "../../src/policy/hunt-policies.ts";
import { toIndicator } from "../../src/policy/indicators.ts";
import { judgeAll } from "../../src/policy/judge-all.ts";
import { DEFAULT_POLICY, type Policy } from "../../src/policy/policy.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { JudgedRow, Store } from "../../src/store/store.ts";
import { collectBody, report, sampleId } from "../support/reports.ts";

const STRICT = huntPolicy(DEFAULT_POLICY, { keepAt: 80, reviewAt: 60, halfLifeDays: { domain: 7 } });
const LENIENT = huntPolicy(DEFAULT_POLICY, { keepAt: 30, halfLifeDays: { domain: 365 } });
const OWN = new Map([
  ["strict", STRICT],
  ["lenient", LENIENT],
]);
const by = (...hunts: string[]) => ({ hunts, isFoundOtherwise: false });

describe("the policy of a hunt", () => {
  it("is the config's with what the hunt says otherwise", () => {
    expect(STRICT).toEqual({ keepAt: 80, reviewAt: 60, halfLifeDays: { address: 21, domain: 7, url: 21, other: 84 } });
    expect(huntPolicy(DEFAULT_POLICY, {})).toEqual(DEFAULT_POLICY);
  });

  it("keeps nothing below what is worth a review", () => {
    expect(huntPolicy(DEFAULT_POLICY, { keepAt: 10 })).toMatchObject({ keepAt: 10, reviewAt: 10 });
  });

  it("comes from the config, and its keys are checked", () => {
    const config = parseConfig(
      `policy: { reviewAt: 25 }
hunts:
  - { name: plain, query: p:1+ }
  - { name: own, query: p:1+, policy: { keepAt: 70, halfLifeDays: { url: 3 } } }
`,
      "rulewright.yaml",
    );
    const halfLifeDays = { address: 21, domain: 84, url: 3, other: 84 };
    expect(huntPoliciesOf(config)).toEqual(new Map([["own", { keepAt: 70, reviewAt: 25, halfLifeDays }]]));
    expect(huntPoliciesOf(Config.parse({})).size).toBe(0);
    const wrong = "hunts: [{ name: x, query: p:1+, policy: { keepat: 70 } }]\n";
    expect(() => parseConfig(wrong, "rulewright.yaml")).toThrow(
      /unknown key "hunts\.0\.policy\.keepat" \(did you mean "keepAt"/,
    );
  });
});

describe("the policy that applies", () => {
  it.each<[string, { hunts: string[]; isFoundOtherwise: boolean }, Partial<Policy>, string | undefined]>([
    [
      "to what a strict hunt alone found is its own",
      by("strict"),
      { keepAt: 80, reviewAt: 60 },
      "judged by the policy of hunt strict: kept from 80, in review from 60, half-life 7 days",
    ],
    [
      "to what two found is the more lenient, key by key",
      by("lenient", "strict"),
      { keepAt: 30, reviewAt: 20 },
      "judged by the most lenient of hunts lenient, strict: kept from 30, in review from 20, half-life 365 days",
    ],
    [
      "to what a strict hunt and one without a policy found is the more lenient",
      by("plain", "strict"),
      { keepAt: 50, reviewAt: 20 },
      "judged by the most lenient of hunt strict and the config: kept from 50, in review from 20, half-life 84 days",
    ],
    [
      "to what saved reports show as well is the more lenient",
      { hunts: ["strict"], isFoundOtherwise: true },
      { keepAt: 50 },
      "judged by the most lenient of hunt strict and the config: kept from 50, in review from 20, half-life 84 days",
    ],
    ["to what hunts without a policy found is the config's", by("plain", "other"), DEFAULT_POLICY, undefined],
    ["to what no hunt found is the config's", { hunts: [], isFoundOtherwise: true }, DEFAULT_POLICY, undefined],
    ["to what only strings show is the config's", by(), DEFAULT_POLICY, undefined],
  ])("%s", (_what, finders, policy, text) => {
    const applied = policyFor(finders, DEFAULT_POLICY, OWN);
    expect(applied.policy).toMatchObject(policy);
    expect(policyReason("domain", applied)).toEqual(text && { id: "hunt-policy", weight: 0, text });
  });

  it("names no half-life for hashes, and three hunts at most", () => {
    const own = new Map(["a", "b", "c", "d", "e"].map((name) => [name, STRICT] as const));
    expect(policyReason("sha256", policyFor(by(...own.keys()), DEFAULT_POLICY, own))?.text).toBe(
      "judged by the most lenient of hunts a, b, c, 2 more: kept from 80, in review from 60",
    );
  });

  it("is no stricter for one more that found it, and the same in any order", () => {
    const threshold = fc.integer({ min: 1, max: 100 });
    const policies = fc.dictionary(
      fc.constantFrom("a", "b", "c", "d"),
      fc.record({ keepAt: threshold, reviewAt: threshold, halfLifeDays: fc.record({ url: threshold }) }),
    );
    const names = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e"));
    fc.assert(
      fc.property(
        policies,
        names,
        fc.constantFrom("a", "b", "c", "d", "e"),
        fc.boolean(),
        (given, hunts, more, other) => {
          const own = new Map(Object.entries(given).map(([name, one]) => [name, huntPolicy(DEFAULT_POLICY, one)]));
          const policyOf = (found: readonly string[], isFoundOtherwise: boolean) =>
            policyFor({ hunts: found, isFoundOtherwise }, DEFAULT_POLICY, own).policy;
          if (hunts.length === 0 && !other) return;
          const before = policyOf(hunts, other);
          for (const after of [policyOf([...new Set([...hunts, more])], other), policyOf(hunts, true)]) {
            expect(after.keepAt).toBeLessThanOrEqual(before.keepAt);
            expect(after.reviewAt).toBeLessThanOrEqual(before.reviewAt);
            expect(after.reviewAt).toBeLessThanOrEqual(after.keepAt);
            expect(after.halfLifeDays.url).toBeGreaterThanOrEqual(before.halfLifeDays.url);
          }
          expect(policyOf(hunts.toReversed(), other)).toEqual(before);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("judging a store", () => {
  const HOST = "quillet-morrow.top";
  const SEEN = 1_760_000_000;
  const body = (sample: number): Collected[] =>
    collectBody(report({ analysis_date: SEEN, dns_lookups: [{ hostname: HOST }] }, { sample }));

  /** The host, looked up by one sample of each hunt; "" is a sample that no hunt found. */
  async function judged(...hunts: string[]): Promise<JudgedRow> {
    const store: Store = await openSqliteStore();
    try {
      for (const [index, hunt] of hunts.entries()) {
        const collected = body(index + 1);
        if (hunt === "") await store.add(collected);
        else {
          await store.hunts.register(hunt, { labels: [] });
          const fetched = { fetchedAt: SEEN };
          await store.hunts.addSamples(hunt, [{ id: sampleId(index + 1), collected, fetched }]);
        }
      }
      const context = { background: loadBackground(), policy: DEFAULT_POLICY, huntPolicies: OWN };
      await judgeAll(store, context, new AbortController().signal);
      return (await store.find({ type: "domain", value: HOST })) as JudgedRow;
    } finally {
      await store.close();
    }
  }

  it("goes by the hunts that found a value, and the reasons still add up", async () => {
    const decisions = new Map<string, string>();
    for (const hunts of [["plain"], ["strict"], ["strict", "plain"], ["strict", ""], ["lenient", "strict"], [""]]) {
      const { verdict, isFoundOtherwise } = await judged(...hunts);
      expect(verdict.reasons.reduce((sum, { weight }) => sum + weight, 0)).toBe(verdict.confidence);
      expect(isFoundOtherwise).toBe(hunts.includes(""));
      const isOwn = hunts.some((hunt) => OWN.has(hunt));
      expect(verdict.reasons.some(({ id }) => id === "hunt-policy")).toBe(isOwn);
      decisions.set(hunts.join(), verdict.decision);
    }
    expect(Object.fromEntries(decisions)).toEqual({
      plain: "keep",
      strict: "drop",
      "strict,plain": "keep",
      "strict,": "keep",
      "lenient,strict": "keep",
      "": "keep",
    });
  });

  it("is explained", async () => {
    const context = { tlp: "amber", policy: DEFAULT_POLICY, asOf: new Date(SEEN * 1000) } as const;
    expect(explanation(await judged("strict"), context)).toContain(
      "   ·  hunt-policy: judged by the policy of hunt strict: kept from 80, in review from 60, half-life 7 days\n",
    );
  });

  it("gives validity by the same policy", async () => {
    const context = { tlp: "amber", policy: DEFAULT_POLICY, asOf: new Date(SEEN * 1000) } as const;
    const row = await judged("lenient");
    const until = (own: typeof OWN) => Date.parse(toIndicator(row, { ...context, huntPolicies: own }).validUntil);
    expect((until(OWN) - SEEN * 1000) / (until(new Map()) - SEEN * 1000)).toBeCloseTo(365 / 84, 2);
  });
});

describe("the TLP of what several found", () => {
  const open = { name: "open", labels: [], tlp: "clear" } as const;
  const red = { name: "red", labels: [], tlp: "red" } as const;
  const plain = { name: "plain", labels: [] };

  it.each([
    ["one hunt of its own", [open], false, "clear"],
    ["hunts of their own", [open, red], false, "red"],
    ["a hunt that has none: the config's holds for it", [open, plain], false, "amber"],
    ["reports of nobody's hunt: the config's holds for them", [open], true, "amber"],
    ["no hunt", [], true, "amber"],
  ])("is the strictest, with %s", (_, hunts, isFoundOtherwise, tlp) => {
    const row: JudgedRow = { ...ROW, hunts, isFoundOtherwise };
    const context = { tlp: "amber", policy: DEFAULT_POLICY, asOf: new Date(0) } as const;
    expect(toIndicator(row, context).tlp).toBe(tlp);
  });

  const ROW: JudgedRow = {
    observable: { type: "domain", value: "quillet-morrow.top" },
    verdict: { decision: "keep", confidence: 80, reasons: [] },
    labels: [],
    wasKept: true,
    families: [],
    sampleLabels: [],
    techniques: [],
    samples: [],
    sampleCount: 1,
    sandboxes: [],
    hunts: [],
    isFoundOtherwise: false,
    evidence: [],
    links: [],
  };
});
