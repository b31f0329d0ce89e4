/** What each format says, exactly. Whether its programs take it: programs.test.ts. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lists } from "../../../plugins/lists/index.ts";
import type { Indicator } from "../../../src/plugin.ts";
import { exampleIndicator, type RenderOptions, render } from "../../../src/testing.ts";

const HASH = "9f2b5c7d1e3a4f60817263544536271809fadbecdcbdae9f8071625344352617";
const exact = exampleIndicator("domain", { value: "quillet.ddns.example", scope: "host" });
const indicators = [
  exampleIndicator("domain"),
  exact,
  exampleIndicator("ipv4"),
  exampleIndicator("ipv6"),
  exampleIndicator("endpoint"),
  exampleIndicator("url"),
  exampleIndicator("sha256"),
];

interface Written {
  readonly files: Readonly<Record<string, string>>;
  readonly skipped: Readonly<Record<string, string>>;
  readonly rows: number;
}

async function write(format: string, given: readonly Indicator[], settings: RenderOptions = {}): Promise<Written> {
  const { files, skipped, rows } = await render(lists, given, { format, ...settings });
  return {
    files: Object.fromEntries([...files].map(([path, data]) => [path, data.toString()])),
    skipped: Object.fromEntries(skipped.map(({ indicator, reason }) => [indicator.value, reason])),
    rows,
  };
}

const NO_ENDPOINT = { "45.32.17.9:8443/tcp": "a list of addresses would block its other ports too" };

describe("lists", () => {
  it("generic: one file a type, names that stand for themselves apart", async () => {
    expect(await write("generic", indicators)).toEqual({
      files: {
        "domains.txt": "quillet-morrow.top\n",
        "hosts.txt": "quillet.ddns.example\n",
        "ipv4.txt": "45.32.17.9\n",
        "ipv6.txt": "2a01:4f8:c17:7d1::2\n",
        "endpoints.txt": "45.32.17.9:8443/tcp\n",
        "urls.txt": "http://quillet-morrow.top/gate.php?id=1\n",
        "sha256.txt": `${HASH}\n`,
      },
      skipped: {},
      rows: 7,
    });
  });

  it("paloalto: a name and a wildcard, ^ for an exact one, URLs without a scheme", async () => {
    expect(await write("paloalto", indicators)).toEqual({
      files: {
        "domain.txt": "quillet-morrow.top\n*.quillet-morrow.top\n^quillet.ddns.example\n",
        "ip.txt": "45.32.17.9\n2a01:4f8:c17:7d1::2\n",
        "url.txt": "quillet-morrow.top/gate.php?id=1\n",
      },
      skipped: { ...NO_ENDPOINT, [HASH]: "PAN-OS takes no list of sha256" },
      rows: 6,
    });
  });

  it.each([
    ["http://quillet-morrow.top/", "quillet-morrow.top/"],
    ["https://quillet-morrow.top:8443/a", "quillet-morrow.top:8443/a"],
    ["http://[2a01:4f8:c17:7d1::2]/a", "[2a01:4f8:c17:7d1::2]/a"],
  ])("paloalto: %s is %s", async (value, entry) => {
    const { files } = await write("paloalto", [exampleIndicator("url", { value })]);
    expect(files["url.txt"]).toBe(`${entry}\n`);
  });

  it.each([
    ["http://quillet-morrow.top/a*b", "PAN-OS reads * and ^ in a URL as placeholders"],
    ["http://quillet-morrow.top/a^b", "PAN-OS reads * and ^ in a URL as placeholders"],
    [`http://quillet-morrow.top/${"a".repeat(240)}`, "longer than the 255 characters that PAN-OS takes"],
    ["ftp://quillet-morrow.top/a", "only http and https URLs can be listed"],
    ['http://quillet"morrow.top/a', "the URL's host is not canonical"],
  ])("paloalto: skips %s", async (value, reason) => {
    expect((await write("paloalto", [exampleIndicator("url", { value })])).skipped).toEqual({ [value]: reason });
  });

  it.each(["paloalto", "fortigate", "cisco"])(
    "%s: no front page of a shared host, but its other pages",
    async (format) => {
      const shared = { labels: ["shared-host"] };
      const front = exampleIndicator("url", { value: "https://paste.example/", ...shared });
      const page = exampleIndicator("url", { value: "https://paste.example/raw/1", ...shared });
      const { files, skipped } = await write(format, [front, page]);
      expect(skipped).toEqual({
        [front.value]: "the entry would match every page of a host that is shared with others",
      });
      expect(files["url.txt"]).toMatch(/^(?:https:\/\/)?paste\.example\/raw\/1\n$/);
    },
  );

  it("fortigate: a name and a wildcard, URLs with their scheme, hashes", async () => {
    expect(await write("fortigate", indicators)).toEqual({
      files: {
        "domain.txt": "quillet-morrow.top\n*.quillet-morrow.top\nquillet.ddns.example\n",
        "ip.txt": "45.32.17.9\n2a01:4f8:c17:7d1::2\n",
        "url.txt": "http://quillet-morrow.top/gate.php?id=1\n",
        "hash.txt": `${HASH}\n`,
      },
      skipped: NO_ENDPOINT,
      rows: 7,
    });
  });

  it("cisco: a DNS entry stands for all below it, so exact names are URL entries", async () => {
    expect(await write("cisco", indicators)).toEqual({
      files: {
        "dns.txt": "quillet-morrow.top\n",
        "network.txt": "45.32.17.9\n2a01:4f8:c17:7d1::2\n",
        "url.txt": "quillet.ddns.example/\nquillet-morrow.top/gate.php?id=1\n",
      },
      skipped: { ...NO_ENDPOINT, [HASH]: "Cisco takes no list of sha256" },
      rows: 5,
    });
  });

  it("cisco: an entry that is nowhere where there is none, as an empty feed leaves the last one in force", async () => {
    const { files, rows } = await write("cisco", [exampleIndicator("ipv4")]);
    expect(files).toEqual({
      "dns.txt": "none.rulewright.invalid\n",
      "network.txt": "45.32.17.9\n",
      "url.txt": "none.rulewright.invalid/\n",
    });
    expect(rows).toBe(1);
  });

  it("hosts: names alone", async () => {
    const { files, skipped } = await write("hosts", indicators);
    expect(files).toEqual({
      hosts:
        "# Rulewright: names of malware's infrastructure\n0.0.0.0 quillet-morrow.top\n0.0.0.0 quillet.ddns.example\n",
    });
    expect(Object.values(skipped)).toEqual(
      ["ipv4", "ipv6", "endpoint", "url", "sha256"].map((type) => `a resolver knows names, no ${type}`),
    );
  });

  it("hosts: another address", async () => {
    const { files } = await write("hosts", [exact], { options: { sinkAddress: "::" } });
    expect(files.hosts).toContain("\n:: quillet.ddns.example\n");
  });

  it("adguard: || with what is below, | alone", async () => {
    expect((await write("adguard", indicators)).files).toEqual({
      "adguard.txt": "! Title: Rulewright\n||quillet-morrow.top^\n|quillet.ddns.example^\n",
    });
  });

  it("dnsmasq: denied with what is below, or a record for the one name", async () => {
    expect((await write("dnsmasq", indicators)).files).toEqual({
      "dnsmasq.conf":
        "# Rulewright: names of malware's infrastructure\naddress=/quillet-morrow.top/\nhost-record=quillet.ddns.example,0.0.0.0,::\n",
    });
  });

  it("squid: lists by number of labels, joined into one access list", async () => {
    const given = [...indicators, exampleIndicator("domain", { value: "a.quillet-morrow.top" })];
    expect(await write("squid", given)).toEqual({
      files: {
        "addresses.acl": "45.32.17.9\n2a01:4f8:c17:7d1::2\n",
        "hosts.acl": "quillet.ddns.example\n",
        "subtrees-2.acl": ".quillet-morrow.top\n",
        "subtrees-3.acl": ".a.quillet-morrow.top\n",
        "urls.acl": "^http://quillet-morrow\\.top/gate\\.php\\?id=1$\n",
        "rulewright.conf": [
          "# Rulewright. Include it, then: http_access deny rulewright",
          "acl rulewright_none dstdomain none.rulewright.invalid",
          'acl rulewright_hosts dstdomain "/etc/squid/rulewright/hosts.acl"',
          'acl rulewright_subtrees-2 dstdomain "/etc/squid/rulewright/subtrees-2.acl"',
          'acl rulewright_subtrees-3 dstdomain "/etc/squid/rulewright/subtrees-3.acl"',
          'acl rulewright_urls url_regex "/etc/squid/rulewright/urls.acl"',
          'acl rulewright_addresses dst "/etc/squid/rulewright/addresses.acl"',
          "acl rulewright any-of rulewright_none rulewright_hosts rulewright_subtrees-2 rulewright_subtrees-3 rulewright_urls rulewright_addresses",
          "",
        ].join("\n"),
      },
      skipped: { ...NO_ENDPOINT, [HASH]: "Squid sees no sha256" },
      rows: 6,
    });
  });

  it("squid: a URL's expression matches that URL and no other", () =>
    fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)) }),
        fc.string(),
        async (path, other) => {
          const value = `http://quillet-morrow.top/${path.replaceAll("#", "")}`;
          const { files } = await write("squid", [exampleIndicator("url", { value })]);
          const expression = new RegExp(files["urls.acl"]?.trimEnd() as string);
          expect(expression.test(value)).toBe(true);
          expect(expression.test(`http://quillet-morrow.top/${other}`)).toBe(value.endsWith(`.top/${other}`));
        },
      ),
    ));

  it("nftables: sets of addresses and of endpoints, emptied first", async () => {
    const sixth = exampleIndicator("endpoint", { value: "[2a01:4f8:c17:7d1::2]:53/udp" });
    const { files, skipped } = await write("nftables", [...indicators, sixth]);
    expect(files["rulewright.nft"]).toBe(
      [
        "# Rulewright: nft -f rulewright.nft",
        "add table inet rulewright",
        "add set inet rulewright ipv4 { type ipv4_addr; flags interval; auto-merge; }",
        "add set inet rulewright ipv6 { type ipv6_addr; flags interval; auto-merge; }",
        "add set inet rulewright ipv4_endpoints { type ipv4_addr . inet_proto . inet_service; }",
        "add set inet rulewright ipv6_endpoints { type ipv6_addr . inet_proto . inet_service; }",
        "flush set inet rulewright ipv4",
        "flush set inet rulewright ipv6",
        "flush set inet rulewright ipv4_endpoints",
        "flush set inet rulewright ipv6_endpoints",
        "add element inet rulewright ipv4 { 45.32.17.9 }",
        "add element inet rulewright ipv6 { 2a01:4f8:c17:7d1::2 }",
        "add element inet rulewright ipv4_endpoints { 45.32.17.9 . tcp . 8443 }",
        "add element inet rulewright ipv6_endpoints { 2a01:4f8:c17:7d1::2 . udp . 53 }",
        "",
      ].join("\n"),
    );
    expect(skipped).toMatchObject({ [HASH]: "a packet filter sees no sha256" });
  });

  it.each(Object.keys(lists.formats))("%s: takes only what is kept and active", async (format) => {
    const { verdict } = exact;
    const { skipped, rows } = await write(format, [
      exampleIndicator("domain", { value: "a.example", verdict: { ...verdict, decision: "review" } }),
      exampleIndicator("domain", { value: "b.example", status: "revoked" }),
      exampleIndicator("domain", { value: "*.c.example" }),
    ]);
    expect(skipped).toEqual({
      "a.example": "the verdict is review, and whatever is listed alerts",
      "b.example": "revoked, and whatever is listed alerts",
      "*.c.example": "not a canonical domain",
    });
    expect(rows).toBe(0);
  });

  it.each([
    { squidFolder: 'a"b' },
    { squidFolder: "/etc/a b" },
    { nftTable: "a; flush ruleset" },
    { sinkAddress: "nowhere" },
    { maxRows: 0 },
  ])("refuses the options %j", (options) => {
    expect(lists.options.safeParse(options).success).toBe(false);
  });
});

describe("lists: limits", () => {
  const sure = (value: string, confidence: number): Indicator => {
    const { verdict } = exact;
    return exampleIndicator("domain", { value, verdict: { ...verdict, confidence } });
  };

  it("keeps what has the most confidence, of equals the first by value, in the order of values", async () => {
    const given = [sure("a.example", 70), sure("b.example", 90), sure("c.example", 80), sure("d.example", 80)];
    expect(await write("generic", given, { options: { maxRows: 2 } })).toMatchObject({
      files: { "domains.txt": "b.example\nc.example\n" },
      skipped: {
        "a.example": "cut: it ranks below what 2 rows hold",
        "d.example": "cut: it ranks below what 2 rows hold",
      },
    });
  });

  it("counts lines, not indicators", async () => {
    const { files } = await write("paloalto", [sure("a.example", 70), sure("b.example", 90)], {
      options: { maxRows: 3 },
    });
    expect(files["domain.txt"]).toBe("b.example\n*.b.example\n");
  });

  it("counts each file by itself", async () => {
    const { skipped } = await write("generic", [exampleIndicator("domain"), exampleIndicator("ipv4")], {
      options: { maxRows: 1 },
    });
    expect(skipped).toEqual({});
  });

  it("counts bytes", async () => {
    const given = Array.from({ length: 101 }, (_, index) =>
      sure(`host-${String(index).padStart(3, "0")}`.concat("-a.example"), index % 100),
    );
    const { files, skipped } = await write("generic", given, { options: { maxBytes: 1000 } });
    expect(files["domains.txt"]?.length).toBeLessThanOrEqual(1000);
    expect(files["domains.txt"]?.length).toBeGreaterThan(960);
    expect(Object.values(skipped)[0]).toBe("cut: it ranks below what 1,000 bytes hold");
  });

  it("keeps the best of any", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        async (confidences, maxRows) => {
          const given = confidences.map((confidence, index) =>
            sure(`h${String(index).padStart(3, "0")}.example`, confidence),
          );
          const best = given
            .toSorted((a, b) => b.verdict.confidence - a.verdict.confidence || (a.value < b.value ? -1 : 1))
            .slice(0, maxRows)
            .map(({ value }) => `${value}\n`)
            .sort();
          const { files } = await write("generic", given, { options: { maxRows } });
          expect(files["domains.txt"]).toBe(best.join(""));
        },
      ),
    ));
});
