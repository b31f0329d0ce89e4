import { join } from "node:path";
import Database from "better-sqlite3";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Collected } from "../../src/model/evidence.ts";
import { OBSERVABLE_TYPES } from "../../src/model/observable.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Facts, Store } from "../../src/store/store.ts";
import { temporaryFolder } from "../support/cli.ts";
import { collectBody, fileObject, judgedStore, report, sampleId } from "../support/reports.ts";

/** In order of value and without the ids of the store, which follow the order of arrival. */
async function allFacts(store: Store): Promise<Omit<Facts, "id">[]> {
  const facts: Omit<Facts, "id">[] = [];
  for (const type of OBSERVABLE_TYPES) {
    const own = (await Array.fromAsync(store.facts(type))).flat().map(({ id: _, ...rest }) => rest);
    facts.push(...own.sort((a, b) => (a.observable.value < b.observable.value ? -1 : 1)));
  }
  return facts;
}

const BODIES = [
  report({
    dns_lookups: [{ hostname: "quillet.top", resolved_ips: ["45.32.17.9"] }],
    verdicts: ["MALWARE"],
    verdict_labels: ["quillet"],
  }),
  report({ dns_lookups: [{ hostname: "quillet.top" }], analysis_date: 1_760_000_000 }, { sandbox: "CAPE Sandbox" }),
  report(
    { ip_traffic: [{ destination_ip: "45.32.17.9", destination_port: 80 }], verdict_labels: ["other"] },
    { sample: 2 },
  ),
  fileObject(1, {
    popular_threat_classification: { suggested_threat_label: "trojan.morrow" },
    last_analysis_stats: { malicious: 9 },
    md5: "a".repeat(32),
  }),
  {
    type: "domain",
    id: "quillet.top",
    attributes: { last_analysis_date: 1_750_000_000, last_analysis_stats: { malicious: 3 } },
  },
  {
    type: "domain",
    id: "quillet.top",
    attributes: { last_analysis_date: 1_760_000_000, last_analysis_stats: { malicious: 7 } },
  },
];

describe("store", () => {
  it("aggregates what the judge needs", async () => {
    const store = await judgedStore(BODIES);
    const host = (await allFacts(store)).find(({ observable }) => observable.value === "quillet.top");
    expect(host).toMatchObject({
      roles: new Map([
        ["dns-lookup", 1],
        ["listed", 1],
      ]),
      samples: 1,
      maliciousSamples: 1,
      sandboxes: 2,
      families: new Map([["morrow", 1]]),
      enrichment: { malicious: 7 },
      links: [{ kind: "resolves-to", observable: { type: "ipv4", value: "45.32.17.9" }, decision: "keep" }],
    });
    await store.close();
  });

  it("gives the same facts for any order of arrival, any batching, and the same body twice", async () => {
    const collected = BODIES.flatMap(collectBody);
    const reference = await allFacts(await filled([collected]));
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(collected, { minLength: collected.length }),
        fc.integer({ min: 1, max: 6 }),
        async (shuffled, size) => {
          const batches: Collected[][] = [];
          for (let at = 0; at < shuffled.length; at += size) batches.push(shuffled.slice(at, at + size));
          expect(await allFacts(await filled([...batches, shuffled.slice(0, 2)]))).toEqual(reference);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("names samples, places and dates of a judged value", async () => {
    const store = await judgedStore(BODIES);
    const row = await store.find({ type: "domain", value: "quillet.top" });
    expect(row?.samples).toEqual([sampleId(1)]);
    expect(row?.lastSeen).toBe(1_760_000_000);
    expect(row?.evidence.map(({ place, sandbox }) => `${place} ${sandbox ?? "-"}`)).toEqual([
      "dns_lookups[0].hostname CAPE Sandbox",
      "dns_lookups[0].hostname Zenbox",
      "domain object -",
    ]);
    expect(await store.find({ type: "domain", value: "missing.top" })).toBeUndefined();
    await store.close();
  });

  it("keeps refused values findable", async () => {
    const store = await judgedStore([report({ dns_lookups: [{ hostname: "not a host!" }] })]);
    expect(await store.rejections("NOT A host")).toEqual([
      { value: "not a host!", reason: "not a host name", place: "dns_lookups[0].hostname" },
    ]);
    await store.close();
  });

  it("names the first place of a refused value, whatever the order within a batch", async () => {
    const first = report({ dns_lookups: [{ hostname: "not a host!" }] });
    const second = report({ dns_lookups: [{ hostname: "quillet.top" }, { hostname: "not a host!" }] });
    for (const bodies of [
      [first, second],
      [second, first],
    ]) {
      const store = await judgedStore(bodies);
      expect((await store.rejections("not a host!")).map(({ place }) => place)).toEqual(["dns_lookups[0].hostname"]);
      await store.close();
    }
  });

  it("takes hostile text in every column", async () => {
    const hostile = "'; drop table evidence; --\u0000\ud800";
    const store = await judgedStore([
      {
        type: "file_behaviour",
        id: `${sampleId(1)}_${hostile}`,
        attributes: {
          dns_lookups: [{ hostname: hostile }],
          mutexes_created: ["a'b\"c"],
          http_conversations: [
            { url: "http://a.top/'", request_method: "GET", request_headers: { "User-Agent": hostile } },
          ],
          ids_alerts: [{ rule_msg: hostile, alert_severity: hostile, alert_context: { dest_ip: "45.32.17.9" } }],
          verdict_labels: [hostile],
        },
      },
      fileObject(1, { meaningful_name: hostile, popular_threat_classification: { suggested_threat_label: hostile } }),
    ]);
    expect((await store.counts()).evidence).toBeGreaterThan(5);
    expect((await store.find({ type: "mutex", value: "a'b\"c" }))?.observable.value).toBe("a'b\"c");
    await store.close();
  });

  it("of an earlier version is brought up to date with what its evidence shows", async () => {
    const path = join(temporaryFolder(), "rulewright.db");
    const bodies = [...BODIES, report({ memory_pattern_domains: ["morrow.top"] }, { sample: 3 })];
    const runs = Array.from({ length: 20 }, (_, sample) =>
      report({ dns_lookups: [{ hostname: "quillet.top" }] }, { sample: 100 + sample }),
    );
    const figures = async (store: Store): Promise<unknown> => {
      const found = [await store.population(), await store.sandboxShares({ reports: 20, share: 0.3 })];
      await store.close();
      return found;
    };
    const store = await openSqliteStore(path);
    for (const body of [...bodies, ...runs]) await store.add(collectBody(body));
    const now = await figures(store);
    expect(now).toMatchObject([{ samples: 22 }, [{ shown: 21, reports: 22 }]]);
    const database = new Database(path);
    database.exec(
      "drop table detonation; drop table setting; drop table given; delete from kysely_migration where name >= '0008'",
    );
    database.close();
    expect(await figures(await openSqliteStore(path))).toEqual(now);
  });

  it("of a newer version is named as such, and leaves no lock behind", async () => {
    const path = join(temporaryFolder(), "rulewright.db");
    await (await openSqliteStore(path)).close();
    const database = new Database(path);
    database.exec("insert into kysely_migration (name, timestamp) values ('9999_future', '2027-01-01')");
    for (let again = 0; again < 2; again += 1)
      await expect(openSqliteStore(path)).rejects.toThrow(/written by a newer version of Rulewright \(9999_future\)/);
    database.exec("delete from kysely_migration where name = '9999_future'");
    database.close();
    await (await openSqliteStore(path)).close();
  });

  it("marks every change of what verdicts come from", async () => {
    const store = await openSqliteStore();
    const marks = [await store.jobs.inputMark()];
    const noted = async (change: Promise<unknown>): Promise<void> => {
      await change;
      marks.push(await store.jobs.inputMark());
    };
    const host = { type: "domain", value: "quillet.top" } as const;
    const seen = { kind: "sighting", source: "eve", hits: 3, note: "n" } as const;
    const now = new Date("2026-11-24T00:00:00Z");
    await noted(store.add(BODIES.slice(0, 1).flatMap(collectBody)));
    await noted(store.add(BODIES.slice(1, 2).flatMap(collectBody)));
    await noted(store.rule(host, { action: "deny", reason: "x", ruledAt: 5 }));
    await noted(store.rule(host, { action: "allow", reason: "x", ruledAt: 5 }));
    await noted(store.unrule(host));
    await noted(store.feedback.record([{ ...seen, observable: host }], now));
    await noted(store.feedback.record([{ ...seen, hits: 4, observable: host }], now));
    await noted(store.settings.set("warning-lists", "/lists"));
    // A ruling that is taken back leaves the mark that was before.
    expect(marks.filter((mark, index) => mark === marks[index - 1])).toEqual([]);
    const last = marks.at(-1);
    await noted(store.add(BODIES.slice(0, 2).flatMap(collectBody)));
    expect(marks.at(-1)).toBe(last);
    await store.close();
  });

  it("says that a store cannot be opened", async () => {
    await expect(openSqliteStore("/dev/null/x")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", exitCode: 3 });
  });
});

describe("sid ledger", () => {
  it("keeps a sid for life and moves rev only with the fingerprint", async () => {
    const store = await openSqliteStore();
    const assign = (fingerprint: string) => store.sids.assign([{ key: "a", fingerprint }]);
    expect(
      await store.sids.assign([
        { key: "a", fingerprint: "1" },
        { key: "b", fingerprint: "1" },
        { key: "a", fingerprint: "1" },
      ]),
    ).toEqual([
      { sid: 1_000_000, rev: 1 },
      { sid: 1_000_001, rev: 1 },
      { sid: 1_000_000, rev: 1 },
    ]);
    expect(await assign("1")).toEqual([{ sid: 1_000_000, rev: 1 }]);
    expect(await assign("2")).toEqual([{ sid: 1_000_000, rev: 2 }]);
    expect(await store.sids.assign([{ key: "c", fingerprint: "1" }])).toEqual([{ sid: 1_000_002, rev: 1 }]);
    await store.close();
  });

  it("takes entries over and leaves those that it has", async () => {
    const store = await openSqliteStore();
    await store.sids.assign([{ key: "a", fingerprint: "1" }]);
    await store.sids.assign([{ key: "a", fingerprint: "2" }]);
    const before = (await Array.fromAsync(store.sids.entries())).flat();
    const older = { key: "a", sid: 1_000_000, rev: 1, fingerprint: "older" };
    const other = { key: "b", sid: 1_000_007, rev: 3, fingerprint: "b" };
    await store.sids.restore([older, other]);
    expect((await Array.fromAsync(store.sids.entries())).flat()).toEqual([...before, other]);
    await store.close();
  });
});

async function filled(batches: readonly (readonly Collected[])[]): Promise<Store> {
  const store = await openSqliteStore();
  for (const batch of batches) await store.add(batch);
  return store;
}
