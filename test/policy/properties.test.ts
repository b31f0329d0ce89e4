import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadBackground } from "../../src/enrich/background.ts";
import type { EvidenceRole } from "../../src/model/evidence.ts";
import { OBSERVABLE_TYPES } from "../../src/model/observable.ts";
import { DECISIONS } from "../../src/model/verdict.ts";
import { judge } from "../../src/policy/judge.ts";
import { judgeAll } from "../../src/policy/judge-all.ts";
import { DEFAULT_POLICY } from "../../src/policy/policy.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Facts } from "../../src/store/store.ts";
import { collectBody, fileObject, report, sampleId, wholeStore } from "../support/reports.ts";

const background = loadBackground();

const ROLES: readonly EvidenceRole[] = [
  ...(["http-request", "tls-session", "smtp-session", "tunnel", "dns-lookup", "contacted", "relationship"] as const),
  ...(["listed", "ids-alert", "resolution", "url-host", "embedded", "memory"] as const),
];
const OBSERVABLES = [
  { type: "domain", value: "quillet-morrow.top" },
  { type: "domain", value: "quillet.duckdns.org" },
  { type: "domain", value: "myip.quillet-morrow.net" },
  { type: "url", value: "http://quillet-morrow.top/a/b" },
  { type: "url", value: "https://pastebin.com/raw/quillet" },
  { type: "mutex", value: "QuilletLock" },
  { type: "registry-key", value: "HKEY_CURRENT_USER\\Software\\Quillet" },
  { type: "command-line", value: "C:\\Windows\\system32\\wermgr.exe" },
  { type: "user-agent", value: "Quillet/1.4" },
  { type: "sha256", value: "ab".repeat(32) },
] as const;

describe("more evidence", () => {
  /** Samples by whose they are; of the main family there are at least as many as of the other. */
  const situation = fc.record({
    observable: fc.constantFrom(...OBSERVABLES),
    roles: fc.uniqueArray(fc.constantFrom(...ROLES), { minLength: 1 }),
    main: fc.nat(20),
    other: fc.nat(20),
    unlabelled: fc.nat(5),
    clean: fc.nat(20),
    undecided: fc.nat(20),
    sandboxes: fc.integer({ min: 1, max: 6 }),
    detections: fc.nat(60),
    rank: fc.option(fc.integer({ min: 1, max: 2_000_000 })),
    createdAt: fc.option(fc.constantFrom(1_400_000_000, 1_759_000_000)),
  });
  const addition = fc.record({
    roles: fc.uniqueArray(fc.constantFrom(...ROLES)),
    main: fc.nat(20),
    unlabelled: fc.nat(5),
    sandboxes: fc.nat(5),
    detections: fc.nat(30),
    hasAlert: fc.boolean(),
  });
  /** The rest of the store, which stays as it is. */
  const rest = {
    samples: 200,
    cleanSamples: 40,
    families: new Map([
      ["morrow", 60],
      ["tarn", 80],
    ]),
  };

  it("against a value never lowers its confidence", () => {
    fc.assert(
      fc.property(situation, addition, (before, more) => {
        const judged = (extra: Partial<typeof more>) => {
          const main = Math.max(before.main, before.other) + (extra.main ?? 0);
          const other = Math.min(before.main, before.other);
          const unlabelled = before.unlabelled + (extra.unlabelled ?? 0);
          const malicious = main + other + unlabelled;
          const families = new Map(
            [
              ["quillet", main],
              ["morrow", other],
            ].filter(([, count]) => count !== 0) as [string, number][],
          );
          const facts: Facts = {
            id: 1,
            observable: before.observable,
            roles: new Map([...before.roles, ...(extra.roles ?? [])].map((role) => [role, 1])),
            samples: Math.max(1, malicious + before.clean + before.undecided),
            maliciousSamples: malicious,
            cleanSamples: before.clean,
            undecidedSamples: before.undecided,
            sandboxes: before.sandboxes + (extra.sandboxes ?? 0),
            families,
            alerts: extra.hasAlert ? [{ severity: "high", message: "ET MALWARE Quillet Checkin" }] : [],
            links: [],
            lastNew: 1_760_000_000,
            enrichment: {
              malicious: before.detections + (extra.detections ?? 0),
              engines: 95,
              ...(before.rank === null ? {} : { bestRank: before.rank, bestRankSource: "Cisco Umbrella" }),
              ...(before.createdAt === null ? {} : { createdAt: before.createdAt }),
            },
          };
          const population = { ...rest, families: new Map([...rest.families, ["quillet", 20 + main]]) };
          return judge(facts, { background, policy: DEFAULT_POLICY, ...wholeStore(population) }).verdict;
        };
        const [less, greater] = [judged({}), judged(more)];
        expect(greater.confidence).toBeGreaterThanOrEqual(less.confidence);
        expect(DECISIONS.indexOf(greater.decision)).toBeLessThanOrEqual(DECISIONS.indexOf(less.decision));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("the order in which reports arrive", () => {
  const BODIES: readonly object[] = [
    ...[1, 2, 3].map((sample) =>
      report(
        {
          analysis_date: 1_760_000_000 + sample,
          dns_lookups: [{ hostname: "quillet-morrow.top", resolved_ips: ["45.32.17.7"] }],
          http_conversations: [
            { url: "http://quillet-morrow.top/gate", request_headers: { "User-Agent": `Quillet/${sample}` } },
          ],
          ip_traffic: [{ destination_ip: "45.32.17.7", destination_port: 8443, transport_layer_protocol: "TCP" }],
          tls: [{ sni: "quillet-morrow.top", ja3: "5d65ea3fb1d4aa7d826733d2f2cbbb1d" }],
          mutexes_created: ["QuilletLock"],
          files_dropped: [
            { path: `C:\\Temp\\${["authrootstl.cab", "edb.chk", "a.pf"][sample - 1]}`, sha256: "ab".repeat(32) },
          ],
          verdicts: ["MALWARE"],
          verdict_labels: ["quillet"],
        },
        { sample, sandbox: sample === 3 ? "C2AE" : "Zenbox" },
      ),
    ),
    report({ dns_lookups: [{ hostname: "quillet-morrow.top" }], verdicts: ["CLEAN"] }, { sample: 4 }),
    report(
      {
        dns_lookups: [{ hostname: "www.bing.com", resolved_ips: ["45.32.17.8"] }, { hostname: "morrow.duckdns.org" }],
        tls: [{ sni: "www.bing.com", ja3: "5d65ea3fb1d4aa7d826733d2f2cbbb1d" }],
        verdicts: ["MALWARE"],
        verdict_labels: ["morrow"],
      },
      { sample: 5 },
    ),
    report({ dns_lookups: [{ hostname: "morrow.duckdns.org" }] }, { sample: 5, sandbox: "CAPE Sandbox" }),
    fileObject(1, { first_submission_date: 1_750_000_000, last_analysis_stats: { malicious: 50 } }),
    fileObject(5, { first_submission_date: 1_755_000_000, last_analysis_stats: { malicious: 0, undetected: 70 } }),
    {
      type: "domain",
      id: "quillet-morrow.top",
      attributes: { last_analysis_date: 1_760_000_000, last_analysis_stats: { malicious: 7, undetected: 80 } },
    },
  ];

  async function verdicts(bodies: readonly object[], batch: number): Promise<string> {
    const store = await openSqliteStore();
    try {
      for (let start = 0; start < bodies.length; start += batch)
        await store.add(bodies.slice(start, start + batch).flatMap(collectBody));
      await judgeAll(store, { background, policy: DEFAULT_POLICY }, new AbortController().signal);
      const lines: string[] = [];
      for (const type of OBSERVABLE_TYPES)
        for await (const page of store.judged(type, DECISIONS))
          for (const { observable, verdict, scope, labels } of page)
            lines.push(JSON.stringify([observable.value, verdict, scope, labels]));
      return lines.join("\n");
    } finally {
      await store.close();
    }
  }

  it("changes no verdict and no reason, nor does the same report twice", async () => {
    const expected = await verdicts(BODIES, BODIES.length);
    expect(expected).toContain("quillet-morrow.top");
    expect(expected).toContain(sampleId(1));
    expect(expected).toContain("common-file-name");
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([...BODIES], { minLength: BODIES.length }),
        fc.subarray([...BODIES]),
        fc.integer({ min: 1, max: BODIES.length }),
        async (shuffled, again, batch) => {
          expect(await verdicts([...shuffled, ...again], batch)).toBe(expected);
        },
      ),
      { numRuns: 25 },
    );
  });
});
