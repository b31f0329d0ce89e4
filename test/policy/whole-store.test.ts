/** Rules that hold a value against the whole store: clean witnesses, spread, lift, a sandbox's own traffic. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadBackground } from "../../src/enrich/background.ts";
import type { Observable } from "../../src/model/observable.ts";
import { judgeAll } from "../../src/policy/judge-all.ts";
import { DEFAULT_POLICY } from "../../src/policy/policy.ts";
import { effectiveGroups } from "../../src/policy/spread.ts";
import { rulewright, temporaryFolder } from "../support/cli.ts";
import { fileObject, judgedStore, report, verdictOn } from "../support/reports.ts";

const FAMILIES = ["emotet", "qakbot", "icedid", "ursnif", "dridex"];
const domain = (value: string): Observable => ({ type: "domain", value });
const SHARED = "quillet-morrow.net";

async function reasons(observable: Observable, bodies: readonly object[]): Promise<string[]> {
  const { verdict } = await verdictOn(observable, bodies);
  return [
    `${verdict.decision} ${verdict.confidence}`,
    ...verdict.reasons.map(({ id, weight, text }) => `${weight} ${id}: ${text}`),
  ];
}

/** One malicious report of a sample with its family, that looks a host up. */
function lookup(sample: number, family: string | undefined, hostname: string, more: object = {}): object {
  const labels = family === undefined ? {} : { verdict_labels: [family] };
  return report({ dns_lookups: [{ hostname }], verdicts: ["MALWARE"], ...labels, ...more }, { sample });
}

function clean(sample: number, hostname: string): object {
  return report({ dns_lookups: [{ hostname }], verdicts: ["CLEAN"] }, { sample });
}

describe("clean samples", () => {
  it("are witnesses against, by their share", async () => {
    const bodies = [lookup(1, "emotet", SHARED), lookup(2, "emotet", SHARED), clean(3, SHARED), clean(4, SHARED)];
    expect(await reasons(domain(SHARED), bodies)).toContain(
      "-40 clean-samples: 2 of 4 samples clean by engines or sandbox",
    );
    expect(await reasons(domain(SHARED), [clean(3, SHARED)])).toEqual([
      "drop 0",
      "50 dns-lookup: looked up by 1 sample",
      "-60 clean-samples: its only sample is clean by engines or sandbox",
      "10 bounds: confidence stays between 0 and 100",
    ]);
  });

  it("are those that one engine suspects at most, or two where a sandbox calls them clean", async () => {
    const detected = (malicious: number) =>
      fileObject(3, { last_analysis_stats: { malicious, undetected: 70 - malicious } });
    const ids = async (...bodies: object[]) => (await reasons(domain(SHARED), bodies)).join("\n");
    const contact = report({ dns_lookups: [{ hostname: SHARED }] }, { sample: 3 });
    expect(await ids(contact, detected(1))).toContain("clean-samples");
    expect(await ids(contact, detected(2))).not.toContain("clean-samples");
    expect(await ids(clean(3, SHARED), detected(2))).toContain("clean-samples");
    expect(await ids(clean(3, SHARED), detected(3))).not.toContain("clean-samples");
    expect(await ids(lookup(3, undefined, SHARED), detected(0))).not.toContain("clean-samples");
  });
});

describe("families", () => {
  it("count by how evenly they share a value", () => {
    expect(effectiveGroups([])).toBe(0);
    expect(effectiveGroups([7])).toBe(1);
    expect(effectiveGroups([5, 5])).toBeCloseTo(2);
    expect(effectiveGroups([10, 1])).toBeCloseTo(1.356, 3);
  });

  it("share out the points against, and others' samples corroborate nothing", async () => {
    const three = FAMILIES.slice(0, 3).map((family, at) => lookup(at + 1, family, SHARED));
    expect(await reasons(domain(SHARED), three)).toEqual([
      "review 35",
      "50 dns-lookup: looked up by 3 samples",
      "15 malicious-sample: 3 of 3 samples malicious by engines or sandbox",
      "-30 many-families: seen across 3 families, as if 3.0 had an equal share",
    ]);
    const oneOfAnother = [1, 2, 3, 4, 5, 6, 7].map((at) => lookup(at, "emotet", SHARED));
    expect((await reasons(domain(SHARED), [...oneOfAnother, lookup(8, "qakbot", SHARED)])).join()).not.toContain(
      "many-families",
    );
  });

  it("lift what one shows and the rest of the store does not", async () => {
    const own = [1, 2].map((sample) => lookup(sample, "emotet", SHARED));
    const rest = Array.from({ length: 24 }, (_, at) => lookup(10 + at, "qakbot", "morrow-tarn.net"));
    expect(await reasons(domain(SHARED), [...own, ...rest])).toContain(
      "10 lift: in 2 of 2 samples of emotet and 0 of 24 others, 50 times as often",
    );
    expect((await reasons(domain(SHARED), [...own, ...rest.slice(0, 19)])).join()).not.toContain("lift");
  });

  it("make everybody's what a third of the unrelated samples shows", async () => {
    const others = FAMILIES.flatMap((family, at) => [
      lookup(2 * at, family, SHARED),
      lookup(2 * at + 1, family, "morrow-tarn.net"),
    ]);
    expect((await reasons(domain(SHARED), others)).join()).not.toContain("widespread");
    const more = FAMILIES.map((family, at) => lookup(20 + at, family, SHARED));
    expect(await reasons(domain(SHARED), [...others, ...more])).toContain(
      "-45 widespread: in 67 % of the 12 samples that are not of dridex",
    );
  });
});

/** Runs of two sandboxes over the same samples; the one shows an agent's endpoint in two thirds of its reports. */
function runs(
  samples: number,
  options: { readonly elsewhere?: boolean; readonly families?: readonly string[] } = {},
): object[] {
  const { elsewhere = false, families = FAMILIES } = options;
  const agent = {
    ip_traffic: [{ destination_ip: "45.32.17.9", destination_port: 8090, transport_layer_protocol: "TCP" }],
  };
  return Array.from({ length: samples }, (_, sample) => {
    const about = {
      dns_lookups: [{ hostname: `quillet-${sample}.top` }],
      verdicts: ["MALWARE"],
      verdict_labels: [families[sample % families.length]],
    };
    const isShown = sample % 3 !== 0;
    return [
      report({ ...about, ...(isShown ? agent : {}) }, { sample, sandbox: "Tencent HABO" }),
      report({ ...about, ...(isShown && elsewhere ? agent : {}) }, { sample, sandbox: "Zenbox" }),
    ];
  }).flat();
}

describe("a sandbox's own traffic", () => {
  const agent: Observable = { type: "ipv4", value: "45.32.17.9" };
  const verdictOf = async (bodies: readonly object[]) => (await reasons(agent, bodies))[1];

  it("is what it shows in many reports of unrelated families and other sandboxes do not", async () => {
    expect(await reasons(agent, runs(30))).toEqual([
      "drop 0",
      "0 sandbox-own: Tencent HABO shows it in 67 % of its 30 reports, of 5 families: the sandbox's own, not the samples'",
    ]);
    expect(await reasons({ type: "endpoint", value: "45.32.17.9:8090/tcp" }, runs(30))).toContain(
      "0 address-dropped: its address 45.32.17.9 is dropped (sandbox-own)",
    );
  });

  it("is not learned from a few reports, from one family, or from what every sandbox shows", async () => {
    expect(await verdictOf(runs(19))).toMatch(/contacted: /);
    expect(await verdictOf(runs(30, { families: ["emotet", "qakbot", "icedid"] }))).toMatch(/contacted: /);
    expect(await verdictOf(runs(30, { elsewhere: true }))).toMatch(/contacted: /);
  });

  it("of the only sandbox takes clean samples that show it too", async () => {
    const only = runs(30).filter((body) => JSON.stringify(body).includes("Tencent HABO"));
    expect(await verdictOf(only)).toMatch(/contacted: /);
    const honest = [100, 101, 102].map((sample) =>
      report(
        { ip_traffic: [{ destination_ip: "45.32.17.9", destination_port: 8090 }], verdicts: ["CLEAN"] },
        { sample, sandbox: "Tencent HABO" },
      ),
    );
    expect(await verdictOf([...only, ...honest])).toMatch(/sandbox-own: /);
  });

  it("is counted in the store, and stays an indicator where the operator denies it", async () => {
    const store = await judgedStore(runs(30));
    try {
      const shares = await store.sandboxShares({ reports: 20, share: 0.3 });
      expect(shares.map(({ observable, families, ...share }) => [observable.value, families.size, share])).toEqual([
        [
          "45.32.17.9:8090/tcp",
          5,
          { sandbox: "Tencent HABO", shown: 20, reports: 30, shownElsewhere: 0, reportsElsewhere: 30, cleanSamples: 0 },
        ],
        [
          "45.32.17.9",
          5,
          { sandbox: "Tencent HABO", shown: 20, reports: 30, shownElsewhere: 0, reportsElsewhere: 30, cleanSamples: 0 },
        ],
      ]);
      await store.rule(agent, { action: "deny", reason: "ours to watch", ruledAt: 1_760_000_000 });
      await judgeAll(store, { background: loadBackground(), policy: DEFAULT_POLICY }, new AbortController().signal);
      expect((await store.find(agent))?.verdict).toEqual({
        decision: "keep",
        confidence: 100,
        reasons: [{ id: "denied", weight: 100, text: "denied by the operator: ours to watch" }],
      });
    } finally {
      await store.close();
    }
  });
});

describe("rulewright stats --sandboxes", () => {
  it("lists what was learned, for people and as JSON", { timeout: 60_000 }, async () => {
    const folder = temporaryFolder();
    const env = { RULEWRIGHT_STORE: `sqlite:${join(folder, "rulewright.db")}` };
    writeFileSync(join(folder, "few.json"), JSON.stringify(runs(3)));
    writeFileSync(join(folder, "reports.json"), JSON.stringify(runs(30)));
    expect((await rulewright(["ingest", "few.json"], { cwd: folder, env })).code).toBe(0);
    const few = await rulewright(["stats", "--sandboxes"], { cwd: folder, env });
    expect(few.stdout).toBe(
      "No sandbox shows anything of its own in this store, or there are too few reports to tell.\n",
    );
    const read = await rulewright(["ingest", "reports.json"], { cwd: folder, env });
    expect(read.code, read.stderr).toBe(0);
    expect((await rulewright(["stats", "--sandboxes"], { cwd: folder, env })).stdout).toBe(
      [
        "sandbox           type                      value  reports  of  families  clean",
        "Tencent HABO  endpoint  45[.]32[.]17[.]9:8090/tcp       20  30         5      0",
        "Tencent HABO      ipv4           45[.]32[.]17[.]9       20  30         5      0",
        "",
      ].join("\n"),
    );
    const { stdout } = await rulewright(["stats", "--sandboxes", "--json"], { cwd: folder, env });
    expect(JSON.parse(stdout)[1]).toEqual({
      type: "ipv4",
      value: "45.32.17.9",
      sandbox: "Tencent HABO",
      shown: 20,
      reports: 30,
      shownElsewhere: 0,
      reportsElsewhere: 30,
      cleanSamples: 0,
      families: ["dridex", "emotet", "icedid", "qakbot", "ursnif"],
    });
  });
});

describe("a value known by another's company", () => {
  const TARGET = `http://${SHARED}/a/update.bin`;
  const visits = [
    ...FAMILIES.slice(0, 3).map((family, at) =>
      lookup(at + 1, family, SHARED, at === 0 ? { http_conversations: [{ url: TARGET, request_method: "GET" }] } : {}),
    ),
  ];
  const object = (malicious: number) => ({
    type: "url",
    id: "x",
    attributes: { url: TARGET, last_analysis_date: 1_760_000_000, last_analysis_stats: { malicious, undetected: 90 } },
  });

  it("is no surer than that one, unless engines find it malicious itself", async () => {
    expect((await reasons({ type: "url", value: TARGET }, visits)).at(-1)).toBe(
      "-21 no-surer: no surer than its host quillet-morrow.net, which is in review",
    );
    expect((await reasons({ type: "url", value: TARGET }, [...visits, object(9)])).at(0)).toMatch(/^keep /);
  });

  it("is an address too, and its endpoint", async () => {
    const bodies = FAMILIES.slice(0, 3).map((family, at) =>
      lookup(at + 1, family, SHARED, {
        dns_lookups: [{ hostname: SHARED, resolved_ips: ["45.32.17.9"] }],
        ip_traffic: at === 0 ? [{ destination_ip: "45.32.17.9", destination_port: 443 }] : [],
      }),
    );
    expect((await reasons({ type: "ipv4", value: "45.32.17.9" }, bodies))[0]).toMatch(/^(?:review|drop) /);
    expect((await reasons({ type: "endpoint", value: "45.32.17.9:443/tcp" }, bodies))[0]).toMatch(/^(?:review|drop) /);
  });

  it("is shared where a stranger's dropped host stands beside a kept one", async () => {
    const body = (hostname: string, sample: number) =>
      lookup(sample, "emotet", hostname, {
        dns_lookups: [{ hostname, resolved_ips: ["45.32.17.9"] }],
        ip_traffic: [{ destination_ip: "45.32.17.9", destination_port: 443 }],
      });
    expect(
      await reasons({ type: "ipv4", value: "45.32.17.9" }, [body(SHARED, 1), body("ocsp.digicert.com", 2)]),
    ).toContain("-35 shared-address: also the address of ocsp.digicert.com, dropped (certificate-service)");
  });
});

describe("what is known of a value's neighbours", () => {
  const ranked = (id: string, source: string) => ({
    type: "domain",
    id,
    attributes: {
      last_analysis_date: 1_760_000_000,
      popularity_ranks: { [source]: { rank: 30_000, timestamp: 1_760_000_000 } },
    },
  });

  it("a rank of the registered domain is the provider's, not the customer's", async () => {
    const host = "quillet.duckdns.org";
    expect((await reasons(domain(host), [lookup(1, "emotet", host), ranked(host, "Majestic")])).join()).not.toContain(
      "popular",
    );
    expect(await reasons(domain(host), [lookup(1, "emotet", host), ranked(host, "Cisco Umbrella")])).toContain(
      "-30 popular: rank 30000 of Cisco Umbrella",
    );
  });

  it.each(["https://bitbucket.org/product", "https://www.dropbox.com/login", "https://github.com/"])(
    "%s is the platform's own page",
    async (value) => {
      const body = lookup(1, "emotet", "quillet-morrow.top", {
        http_conversations: [{ url: value, request_method: "GET" }],
      });
      expect((await reasons({ type: "url", value }, [body]))[1]).toMatch(/^0 borrowed-host: /);
    },
  );

  it.each(["https://bitbucket.org/product/morrow/raw/main/a.bin", "https://t.me/aboutquillet"])(
    "%s is a customer's",
    async (value) => {
      const body = lookup(1, "emotet", "quillet-morrow.top", {
        http_conversations: [{ url: value, request_method: "GET" }],
      });
      expect((await reasons({ type: "url", value }, [body]))[0]).toMatch(/^keep /);
    },
  );

  it("an address in the network of one who rents nothing out is that one's", async () => {
    const object = { type: "ip_address", id: "45.32.17.9", attributes: { as_owner: "VALVE-CORPORATION" } };
    const body = lookup(1, "emotet", "quillet-morrow.top", {
      ip_traffic: [{ destination_ip: "45.32.17.9", destination_port: 443 }],
    });
    expect(await reasons({ type: "ipv4", value: "45.32.17.9" }, [body, object])).toContain(
      "-55 shared-address: in the network of VALVE-CORPORATION, which rents nobody a machine",
    );
  });
});
