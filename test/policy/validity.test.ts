import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadBackground } from "../../src/enrich/background.ts";
import type { Observable } from "../../src/model/observable.ts";
import { indicatorsOf, toIndicator } from "../../src/policy/indicators.ts";
import { judgeAll } from "../../src/policy/judge-all.ts";
import { DEFAULT_POLICY } from "../../src/policy/policy.ts";
import { decayFactor, validUntil } from "../../src/policy/validity.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { RulingAction } from "../../src/store/store.ts";
import { collectBody, judgedStore, report } from "../support/reports.ts";

const DAY = 86_400_000;
const HOST: Observable = { type: "domain", value: "quillet-morrow.top" };
const SEEN = Date.UTC(2026, 9, 1);

/** The indicator of one host, looked up by one malicious sample on 1 October 2026. */
async function judgedAt(now: Date | undefined, action?: RulingAction) {
  const store = await openSqliteStore();
  await store.add(
    collectBody(report({ dns_lookups: [{ hostname: HOST.value }], verdicts: ["MALWARE"], analysis_date: SEEN / 1000 })),
  );
  if (action) await store.rule(HOST, { action, reason: "because", ruledAt: 1 });
  await judgeAll(
    store,
    { background: loadBackground(), policy: DEFAULT_POLICY, ...(now ? { now } : {}) },
    new AbortController().signal,
  );
  const row = await store.find(HOST);
  await store.close();
  if (!row) throw new Error("not in the store");
  return {
    row,
    indicator: toIndicator(row, {
      tlp: "amber",
      policy: DEFAULT_POLICY,
      asOf: new Date(SEEN),
      ...(now ? { expiresAt: now } : {}),
    }),
  };
}

describe("decay", () => {
  it("halves the confidence in a half-life and never touches hashes", () => {
    expect(decayFactor("domain", 84 * DAY, DEFAULT_POLICY)).toBe(0.5);
    expect(decayFactor("endpoint", 42 * DAY, DEFAULT_POLICY)).toBe(0.25);
    expect(decayFactor("sha256", 9999 * DAY, DEFAULT_POLICY)).toBe(1);
  });

  it("ends validity when the confidence falls below review, in the verdict and in the date alike", () => {
    fc.assert(
      fc.property(fc.integer({ min: 50, max: 100 }), (confidence) => {
        const until = validUntil("url", confidence, SEEN, DEFAULT_POLICY);
        expect(until).toBeGreaterThan(SEEN);
        expect(confidence * decayFactor("url", until - SEEN, DEFAULT_POLICY)).toBeCloseTo(DEFAULT_POLICY.reviewAt, 3);
      }),
    );
  });

  it("is a reason like any other: the weights still add up, and the decision stays", async () => {
    const { row } = await judgedAt(new Date(SEEN + 84 * DAY));
    expect(row.verdict.decision).toBe("keep");
    expect(row.verdict.confidence).toBe(33);
    expect(row.verdict.reasons.at(-1)).toEqual({
      id: "decay",
      weight: -32,
      text: "no new sample for 84 days, half-life 84 days",
    });
    expect(row.verdict.reasons.reduce((sum, { weight }) => sum + weight, 0)).toBe(33);
  });

  it("gives one end of validity whenever it is judged, and expires the indicator then", async () => {
    const fresh = await judgedAt(new Date(SEEN));
    const later = await judgedAt(new Date(SEEN + 60 * DAY));
    const past = await judgedAt(new Date(SEEN + 400 * DAY));
    expect(later.indicator.validUntil).toBe(fresh.indicator.validUntil);
    expect([fresh, later, past].map(({ indicator }) => indicator.status)).toEqual(["active", "active", "expired"]);
  });

  it("does not run where no time is given", async () => {
    const { row, indicator } = await judgedAt(undefined);
    expect([row.verdict.confidence, indicator.status]).toEqual([65, "active"]);
  });
});

describe("rulings", () => {
  it.each<[RulingAction, string, number, string]>([
    ["allow", "drop", 0, "active"],
    ["deny", "keep", 100, "active"],
    ["revoke", "keep", 65, "revoked"],
  ])("%s wins over the rules", async (action, decision, confidence, status) => {
    const { row, indicator } = await judgedAt(undefined, action);
    expect([row.verdict.decision, row.verdict.confidence, indicator.status]).toEqual([decision, confidence, status]);
    if (action !== "revoke") expect(row.verdict.reasons[0]?.text).toMatch(/by the operator: because$/);
  });

  it("withdraw with a host the URLs on it and with an address its endpoints, until it is restored", async () => {
    const address: Observable = { type: "ipv4", value: "45.77.12.34" };
    const store = await judgedStore([
      report({
        http_conversations: [{ url: `http://${HOST.value}/gate` }, { url: "http://45.77.12.34:8080/gate" }],
        verdicts: ["MALWARE"],
      }),
    ]);
    const statuses = async (): Promise<Record<string, string>> => {
      const context = { tlp: "amber", policy: DEFAULT_POLICY, asOf: new Date(SEEN) } as const;
      const indicators = await Array.fromAsync(indicatorsOf(store, context, new AbortController().signal));
      const network = indicators.filter(({ type }) => type !== "sha256");
      return Object.fromEntries(network.map(({ value, status }) => [value, status]));
    };
    const on = {
      [HOST.value]: [HOST.value, `http://${HOST.value}/gate`],
      [address.value]: [address.value, "45.77.12.34:8080/tcp", "http://45.77.12.34:8080/gate"],
    };
    const all = Object.values(on).flat();
    expect(await statuses()).toEqual(Object.fromEntries(all.map((value) => [value, "active"])));
    for (const host of [HOST, address]) {
      await store.rule(host, { action: "revoke", reason: "parked", ruledAt: 1 });
      const gone = on[host.value] as string[];
      expect(await statuses()).toEqual(
        Object.fromEntries(all.map((value) => [value, gone.includes(value) ? "revoked" : "active"])),
      );
      expect((await store.find({ type: "url", value: gone.at(-1) as string }))?.withdrawnHost).toEqual({
        host,
        ruling: { action: "revoke", reason: "parked", ruledAt: 1 },
      });
      await store.unrule(host);
      expect(new Set(Object.values(await statuses()))).toEqual(new Set(["active"]));
    }
    await store.close();
  });

  it("on a URL itself counts for more than the withdrawal of its host", async () => {
    const url: Observable = { type: "url", value: `http://${HOST.value}/gate` };
    const store = await judgedStore([report({ http_conversations: [{ url: url.value }], verdicts: ["MALWARE"] })]);
    await store.rule(HOST, { action: "revoke", reason: "parked", ruledAt: 1 });
    await store.rule(url, { action: "deny", reason: "still up", ruledAt: 2 });
    expect(await store.find(url)).not.toHaveProperty("withdrawnHost");
    await store.close();
  });

  it("can be taken back", async () => {
    const store = await openSqliteStore();
    await store.rule(HOST, { action: "deny", reason: "x", ruledAt: 1 });
    expect([await store.unrule(HOST), await store.unrule(HOST)]).toEqual([true, false]);
    await store.close();
  });
});

describe("an indicator of reports without a date", () => {
  it("bears the time of the run, and says so", async () => {
    const now = new Date("2026-11-24T00:00:00.000Z");
    const undated = report({ dns_lookups: [{ hostname: HOST.value }], verdicts: ["MALWARE"] });
    const store = await judgedStore([undated]);
    const context = { tlp: "amber", policy: DEFAULT_POLICY, asOf: now } as const;
    const indicators = await Array.fromAsync(indicatorsOf(store, context, new AbortController().signal));
    expect(indicators.find(({ type }) => type === "domain")).toMatchObject({
      isUndated: true,
      firstSeen: now.toISOString(),
      lastSeen: now.toISOString(),
    });
  });
});
