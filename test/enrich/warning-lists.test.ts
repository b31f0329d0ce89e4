import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { loadWarningLists, type WarningLists } from "../../src/enrich/warning-lists.ts";

const HOSTS = ["domain", "hostname", "domain|ip"];
const ADDRESSES = ["ip-src", "ip-dst", "domain|ip", "ip-src|port", "ip-dst|port"];
const made: string[] = [];
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

interface Written {
  readonly type: string;
  readonly list: readonly string[];
  readonly matching_attributes?: readonly string[];
}

/** A checkout of lists as MISP lays them out; a string stands for a file's raw text. */
function checkout(lists: Record<string, Written | string>, inside = ""): string {
  const root = mkdtempSync(join(tmpdir(), "warning-lists-"));
  made.push(root);
  for (const [name, list] of Object.entries(lists)) {
    const folder = join(root, inside, name);
    mkdirSync(folder, { recursive: true });
    const text = typeof list === "string" ? list : JSON.stringify({ name: `The ${name}`, version: 20261101, ...list });
    writeFileSync(join(folder, "list.json"), text);
  }
  return root;
}

/** The one list's entries that a value matches. */
async function entries(list: Written, type: string, value: string, name = "unheard-of"): Promise<string[]> {
  const lists = await loadWarningLists(checkout({ [name]: list }));
  return lists.match(type, value).map(({ entry }) => entry);
}

describe("match types", () => {
  it("string: the same text, whatever its case", async () => {
    const list = { type: "string", matching_attributes: HOSTS, list: ["ocsp.vendor.net", "COM"] };
    expect(await entries(list, "domain", "ocsp.vendor.net")).toEqual(["ocsp.vendor.net"]);
    expect(await entries(list, "domain", "com")).toEqual(["COM"]);
    for (const host of ["a.ocsp.vendor.net", "vendor.net", "xocsp.vendor.net", "evil.com"]) {
      expect(await entries(list, "domain", host)).toEqual([]);
    }
  });

  it("string with a leading dot: the name and all below", async () => {
    const list = { type: "string", matching_attributes: HOSTS, list: [".vendor.net", "*.other.net"] };
    for (const host of ["vendor.net", "a.vendor.net", "a.b.vendor.net"]) {
      expect(await entries(list, "domain", host)).toEqual([".vendor.net"]);
    }
    expect(await entries(list, "domain", "a.other.net")).toEqual(["*.other.net"]);
    for (const host of ["evilvendor.net", "vendor.net.evil.top"])
      expect(await entries(list, "domain", host)).toEqual([]);
  });

  it("hostname: the name and all below, by whole labels", async () => {
    const list = {
      type: "hostname",
      matching_attributes: HOSTS,
      list: ["Vendor.net", "deep.vendor.net", "https://page.org/x"],
    };
    expect(await entries(list, "domain", "a.vendor.net")).toEqual(["Vendor.net"]);
    expect(await entries(list, "domain", "a.deep.vendor.net")).toEqual(["deep.vendor.net"]);
    expect(await entries(list, "domain", "page.org")).toEqual(["https://page.org/x"]);
    for (const host of ["evilvendor.net", "net", "vendor.net.evil.top"]) {
      expect(await entries(list, "domain", host)).toEqual([]);
    }
  });

  it("cidr: containment, of both families, the most specific first", async () => {
    const list = {
      type: "cidr",
      matching_attributes: ADDRESSES,
      list: ["192.0.2.0/24", "192.0.2.128/25", "198.51.100.7", "2001:DB8::/32", "203.0.113.9/24"],
    };
    expect(await entries(list, "ipv4", "192.0.2.7")).toEqual(["192.0.2.0/24"]);
    expect(await entries(list, "ipv4", "192.0.2.200")).toEqual(["192.0.2.128/25"]);
    expect(await entries(list, "ipv4", "198.51.100.7")).toEqual(["198.51.100.7"]);
    expect(await entries(list, "ipv4", "203.0.113.200")).toEqual(["203.0.113.9/24"]);
    expect(await entries(list, "ipv6", "2001:db8:1::1")).toEqual(["2001:DB8::/32"]);
    expect(await entries(list, "ipv6", "::ffff:192.0.2.7")).toEqual(["192.0.2.0/24"]);
    for (const ip of ["192.0.3.0", "198.51.100.8", "198.51.100.70"])
      expect(await entries(list, "ipv4", ip)).toEqual([]);
  });

  it("substring: a part of the value", async () => {
    const list = { type: "substring", matching_attributes: ["user-agent"], list: ["Uptime/"] };
    expect(await entries(list, "user-agent", "acme uptime/2.0")).toEqual(["Uptime/"]);
    expect(await entries(list, "user-agent", "acme")).toEqual([]);
  });

  it("regex: PHP patterns with any delimiter", async () => {
    const list = {
      type: "regex",
      matching_attributes: ["email-src"],
      list: ["/^(abuse|noc)\\@.*\\..*$/i", "#^x+@y$#", "{^q{2}$}s", "/^g$/g"],
    };
    expect(await entries(list, "email-address", "ABUSE@vendor.net")).toEqual(["/^(abuse|noc)\\@.*\\..*$/i"]);
    expect(await entries(list, "email-address", "xx@y")).toEqual(["#^x+@y$#"]);
    expect(await entries(list, "email-address", "qq")).toEqual(["{^q{2}$}s"]);
    expect(await entries(list, "email-address", "g")).toEqual(["/^g$/g"]);
    expect(await entries(list, "email-address", "sales@vendor.net")).toEqual([]);
  });

  it("regex: skips what has no equal here and says so", async () => {
    const bad = ["/(unclosed/", "/a++/", "/a/U", "abc", "/", "/ok/"];
    const lists = await loadWarningLists(
      checkout({ patterns: { type: "regex", matching_attributes: ["mutex"], list: bad } }),
    );
    expect(lists.match("mutex", "ok")).toHaveLength(1);
    expect(lists.match("mutex", "a")).toHaveLength(0);
    expect(lists.problems).toEqual([{ list: "patterns", reason: expect.stringContaining("(and 4 more)") }]);
  });

  it("regex: looks at the beginning of an overlong value only", async () => {
    const list = { type: "regex", matching_attributes: ["mutex"], list: ["/(a|b|ab)*c.*z/"] };
    const started = performance.now();
    expect(await entries(list, "mutex", `c${"x".repeat(5000)}z`)).toEqual([]);
    expect(await entries(list, "mutex", `c${"x".repeat(2000)}z`)).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe("which values a list is meant for", () => {
  it("tests only matching attributes, and everything where there are none", async () => {
    const forHosts = { type: "string", matching_attributes: HOSTS, list: ["abc"] };
    expect(await entries(forHosts, "domain", "abc")).toHaveLength(1);
    expect(await entries(forHosts, "mutex", "abc")).toHaveLength(0);
    const forHashes = { type: "string", matching_attributes: ["md5", "filename|sha256"], list: ["abc"] };
    expect(await entries(forHashes, "sha256", "ABC")).toHaveLength(1);
    expect(await entries(forHashes, "md5", "abc")).toHaveLength(1);
    expect(await entries(forHashes, "sha1", "abc")).toHaveLength(0);
    expect(await entries({ type: "string", list: ["abc"] }, "mutex", "abc")).toHaveLength(1);
    expect(await entries({ type: "string", list: ["abc"] }, "no-such-type", "abc")).toHaveLength(0);
  });

  it("matches a fingerprint of a certificate", async () => {
    const list = { type: "string", matching_attributes: ["x509-fingerprint-sha1"], list: ["a".repeat(40)] };
    expect(await entries(list, "certificate", "A".repeat(40))).toHaveLength(1);
    expect(await entries(list, "sha1", "a".repeat(40))).toHaveLength(0);
  });

  it("reduces an endpoint to its address", async () => {
    const list = { type: "cidr", matching_attributes: ["ip-dst|port"], list: ["192.0.2.0/24", "2001:db8::/32"] };
    expect(await entries(list, "endpoint", "192.0.2.7:8080/tcp")).toHaveLength(1);
    expect(await entries(list, "endpoint", "[2001:db8::7]:443/tcp")).toHaveLength(1);
    expect(await entries(list, "endpoint", "198.51.100.1:80/tcp")).toHaveLength(0);
    expect(await entries(list, "ipv4", "192.0.2.7")).toHaveLength(0);
  });

  it.each([
    "http://vendor.net/x",
    "https://a.vendor.net:8443/x?y#z",
    "http://user:pa@ss@vendor.net/",
    "HTTP://VENDOR.NET",
    "ftp://vendor.net.:21/x",
    "http://vendor.net?q=1",
    "http://vendor.net\\@evil.top/",
  ])("finds the host in %s", async (url) => {
    const list = { type: "hostname", matching_attributes: HOSTS, list: ["vendor.net"] };
    expect(await entries(list, "url", url)).toEqual(["vendor.net"]);
  });

  it.each([
    "http://evil.top/vendor.net",
    "http://evil.top/?u=http://vendor.net/",
    "http://vendor.net@evil.top/",
    "http://evil.top#vendor.net",
    "http://vendor.net.evil.top/",
    "vendor.net/x",
  ])("is not led astray by %s", async (url) => {
    const hosts = { type: "hostname", matching_attributes: [...HOSTS, "url"], list: ["vendor.net"] };
    expect(await entries(hosts, "url", url)).toEqual([]);
    const parts = { type: "substring", matching_attributes: [...HOSTS, "url"], list: ["vendor.net/"] };
    expect(await entries(parts, "url", url)).toEqual([]);
  });

  it("finds the address in a URL", async () => {
    const list = { type: "cidr", matching_attributes: ADDRESSES, list: ["192.0.2.0/24", "2001:db8::/32"] };
    expect(await entries(list, "url", "http://192.0.2.7:8080/a")).toHaveLength(1);
    expect(await entries(list, "url", "http://u@[2001:db8::7]:80/a")).toHaveLength(1);
    expect(await entries(list, "url", "http://vendor.net/192.0.2.7")).toHaveLength(0);
  });

  it("matches whole URLs on a list of URLs", async () => {
    const list = { type: "string", matching_attributes: ["url"], list: ["http://vendor.net/Check"] };
    expect(await entries(list, "url", "http://vendor.net/Check")).toHaveLength(1);
    expect(await entries(list, "url", "http://vendor.net/check/2")).toHaveLength(0);
  });

  it("leaves the customers of a public suffix alone", async () => {
    const list = {
      type: "hostname",
      matching_attributes: HOSTS,
      list: ["duckdns.org", "windows.net", "co.uk", "vendor.co.uk"],
    };
    expect(await entries(list, "domain", "duckdns.org")).toEqual(["duckdns.org"]);
    expect(await entries(list, "domain", "rat.duckdns.org")).toEqual([]);
    expect(await entries(list, "domain", "acct.blob.core.windows.net")).toEqual([]);
    expect(await entries(list, "domain", "login.windows.net")).toEqual(["windows.net"]);
    expect(await entries(list, "domain", "evil.co.uk")).toEqual([]);
    expect(await entries(list, "domain", "a.vendor.co.uk")).toEqual(["vendor.co.uk"]);
  });

  it("takes the dotted entries of parent lists for parents", async () => {
    const list = { type: "hostname", matching_attributes: HOSTS, list: [".shared-parent.net", "files.vendor.net"] };
    expect(await entries(list, "domain", "rat.shared-parent.net", "dynamic-dns")).toEqual([]);
    expect(await entries(list, "domain", "shared-parent.net", "dynamic-dns")).toHaveLength(1);
    expect(await entries(list, "domain", "a.files.vendor.net", "lots-project")).toHaveLength(1);
    expect(await entries(list, "domain", "rat.shared-parent.net", "other")).toHaveLength(1);
  });
});

describe("tiers", () => {
  const one = { type: "string", matching_attributes: ["domain"], list: ["a.vendor.net", "b.vendor.net"] };

  it.each([
    ["rfc1918", "drop"],
    ["rfc3849", "drop"],
    ["crl-hostname", "drop"],
    ["captive-portals", "drop"],
    ["empty-hashes", "drop"],
    ["public-dns-v6", "drop"],
    ["umbrella-blockpage-hostname", "drop"],
    ["parking-domain-ns", "drop"],
    ["dynamic-dns", "keep-url"],
    ["cloudflare", "keep-url"],
    ["crl-ip", "keep-url"],
    ["url-shortener", "keep-url"],
    ["microsoft-office365-ip", "keep-url"],
    ["vpn-ipv4", "ignore"],
    ["amazon-aws", "ignore"],
    ["microsoft-azure", "ignore"],
    ["microsoft-azure-us-gov", "ignore"],
    ["google-gcp", "ignore"],
    ["censys-scanning", "ignore"],
    ["ti-falsepositives", "ignore"],
    ["cisco_top1000", "demote"],
    ["cloudflare-top1k", "demote"],
    ["tranco10k", "demote"],
    ["google", "demote"],
    ["some-list-of-2031", "demote"],
    ["rfc", "drop"],
    ["xrfc1918", "demote"],
  ])("%s: %s", async (name, tier) => {
    const lists = await loadWarningLists(checkout({ [name]: one }));
    expect(lists.lists).toEqual([{ name, version: 20261101, entries: 2, tier }]);
    expect(lists.match("domain", "a.vendor.net").map((match) => match.tier)).toEqual(tier === "ignore" ? [] : [tier]);
  });

  it("gives one match a list, by list name, with what a reason needs", async () => {
    const lists = await loadWarningLists(
      checkout({
        tranco: one,
        "crl-hostname": one,
        cisco_top5k: { ...one, type: "hostname", list: ["vendor.net", "net"] },
      }),
    );
    expect(lists.match("domain", "a.vendor.net")).toEqual([
      { list: "cisco_top5k", version: 20261101, entry: "vendor.net", tier: "demote" },
      { list: "crl-hostname", version: 20261101, entry: "a.vendor.net", tier: "drop" },
      { list: "tranco", version: 20261101, entry: "a.vendor.net", tier: "demote" },
    ]);
  });
});

describe("loadWarningLists", () => {
  const good = { type: "string", matching_attributes: ["domain"], list: ["a.vendor.net"] };

  it("takes the repository root as well as its folder of lists", async () => {
    const root = checkout({ good }, "lists");
    writeFileSync(join(root, "README.md"), "not a list");
    for (const folder of [root, join(root, "lists")]) {
      expect((await loadWarningLists(folder)).match("domain", "a.vendor.net")).toHaveLength(1);
    }
  });

  it("names broken lists and goes on with the rest", async () => {
    const root = checkout({
      good,
      "not-json": "{",
      "wrong-type": JSON.stringify({ version: 1, type: "glob", list: [] }),
      "no-entries": JSON.stringify({ version: 1, type: "string" }),
      "half-good": { type: "cidr", matching_attributes: ADDRESSES, list: ["192.0.2.0/24", "192.0.2.0/99", "nonsense"] },
    });
    mkdirSync(join(root, "no-list-here"));
    const lists = await loadWarningLists(root);
    expect(lists.problems.map(({ list }) => list)).toEqual(["half-good", "no-entries", "not-json", "wrong-type"]);
    expect(lists.problems[0]?.reason).toBe("not a network: 192.0.2.0/99 (and 1 more)");
    expect(lists.lists.map(({ name }) => name)).toEqual(["good", "half-good"]);
    expect(lists.match("ipv4", "192.0.2.1")).toHaveLength(1);
  });

  it("refuses a folder without a list, and names it", async () => {
    const empty = mkdtempSync(join(tmpdir(), "warning-lists-empty-"));
    made.push(empty);
    await expect(loadWarningLists(empty)).rejects.toThrow(empty);
    await expect(loadWarningLists(join(empty, "missing"))).rejects.toThrow(join(empty, "missing"));
    const broken = checkout({ broken: "{" });
    await expect(loadWarningLists(broken)).rejects.toThrow("broken: ");
  });

  it("answers any value of any type without an error", async () => {
    const lists = await loadWarningLists(checkout({ good, net: { type: "cidr", list: ["0.0.0.0/0", "::/0"] } }));
    const type = fc.constantFrom("ipv4", "ipv6", "endpoint", "domain", "url", "sha256", "email-address", "other");
    fc.assert(fc.property(type, fc.oneof(fc.string(), fc.webUrl()), (kind, value) => void lists.match(kind, value)));
  });
});

const REFERENCE = process.env.RULEWRIGHT_REFERENCE ?? new URL("../../../shared", import.meta.url).pathname;
const REAL = join(REFERENCE, "data", "misp", "warninglists");

// Skipped where no checkout of the real lists is at hand (RULEWRIGHT_REFERENCE).
describe.skipIf(!existsSync(REAL))("the real lists", () => {
  let lists: WarningLists;
  it("load without a problem", async () => {
    lists = await loadWarningLists(REAL);
    expect(lists.lists.length).toBeGreaterThan(40);
    expect(lists.problems).toEqual([]);
  });

  it.each([
    ["ipv4", "10.0.0.1", "drop"],
    ["ipv6", "fe80::1", "drop"],
    ["ipv4", "8.8.8.8", "drop"],
    ["domain", "checkip.amazonaws.com", "drop"],
    ["url", "http://checkip.amazonaws.com:80/", "drop"],
    ["domain", "sub.a-msedge.net", "drop"],
    ["ipv4", "104.16.1.1", "keep-url"],
    ["domain", "bit.ly", "keep-url"],
    ["domain", "duckdns.org", "keep-url"],
    ["domain", "www.youtube.com", "demote"],
    ["email-address", "abuse@vendor.net", "drop"],
    ["domain", "rat.duckdns.org", undefined],
    ["domain", "acct.blob.core.windows.net", undefined],
    ["ipv4", "52.14.20.30", undefined],
    ["url", "http://evil.top/virustotal.com", undefined],
  ])("%s %s: %s", (type, value, tier) => {
    const tiers = lists.match(type, value).map((match) => match.tier);
    if (tier === undefined) expect(tiers).toEqual([]);
    else expect(tiers).toContain(tier);
  });
});
