import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splunk } from "../../../plugins/splunk/index.ts";
import { LOOKUPS } from "../../../plugins/splunk/lookups.ts";
import { compileTemplates } from "../../../src/export/templates.ts";
import type { Indicator } from "../../../src/plugin.ts";
import { renderContext } from "../../../src/testing/render.ts";
import {
  asyncIterable,
  describeExporter,
  exampleIndicator,
  exampleIndicators,
  numbered,
  type RenderedFiles,
  render,
} from "../../../src/testing.ts";
import { checkApp, checkLookup, parseConf, wildcardLookup } from "./app-check.ts";

const SAMPLE = "9f2b5c7d1e3a4f60817263544536271809fadbecdcbdae9f8071625344352617";
const VARIABLE = "a variable stands in it where a host has its own folder, so an exact match never hits";
const REST = "description,malware_family,confidence,tlp,first_seen,last_seen,expires";
const REST_CELLS =
  "contacted by 1 sample (Zenbox),quillet,85,amber,2026-10-01T08:00:00Z,2026-10-20T09:30:00Z,2027-01-18T09:30:00Z";

function check(files: RenderedFiles, format: string): void {
  if (format === "app") checkApp(files);
  else for (const data of files.values()) checkLookup(String(data));
  expect([...files.keys()].filter((path) => path.endsWith(".csv"))).toHaveLength(LOOKUPS.length);
}

describeExporter(splunk, {
  runner: { describe, it },
  formats: ["app", "lookups"],
  options: { maxRows: 5000 },
  holdsBack: true,
  check,
});

async function renderLookup(name: string, indicators: readonly Indicator[]): Promise<string> {
  const { files } = await render(splunk, indicators, { format: "lookups" });
  return String(files.get(`rulewright_ioc_${name}.csv`));
}

async function renderApp(indicators: readonly Indicator[], options: Record<string, unknown> = {}) {
  return (await render(splunk, indicators, { format: "app", options })).files;
}

/** The rows of a lookup behind its header. */
const rowsOf = async (name: string, indicators: readonly Indicator[]) =>
  checkLookup(await renderLookup(name, indicators)).rows;

describe("splunk: app", () => {
  it("has the files of a private app", async () => {
    expect([...(await renderApp([])).keys()]).toEqual([
      "rulewright_iocs/app.manifest",
      "rulewright_iocs/default/app.conf",
      "rulewright_iocs/metadata/default.meta",
      "rulewright_iocs/README.txt",
      "rulewright_iocs/default/transforms.conf",
      "rulewright_iocs/default/savedsearches.conf",
      ...LOOKUPS.map(({ name }) => `rulewright_iocs/lookups/rulewright_ioc_${name}.csv`),
    ]);
  });

  it("defines one lookup for each way of matching", async () => {
    const files = await renderApp([]);
    expect(String(files.get("rulewright_iocs/default/transforms.conf"))).toBe(`[rulewright_ioc_domain]
filename = rulewright_ioc_domain.csv
match_type = WILDCARD(domain_pattern)
max_matches = 1
case_sensitive_match = false

[rulewright_ioc_ip]
filename = rulewright_ioc_ip.csv
match_type = CIDR(ip)
max_matches = 1
case_sensitive_match = false

[rulewright_ioc_endpoint]
filename = rulewright_ioc_endpoint.csv
max_matches = 1
case_sensitive_match = false

[rulewright_ioc_url]
filename = rulewright_ioc_url.csv
max_matches = 1
case_sensitive_match = true

[rulewright_ioc_hash]
filename = rulewright_ioc_hash.csv
max_matches = 1
case_sensitive_match = false

[rulewright_ioc_tls_fingerprint]
filename = rulewright_ioc_tls_fingerprint.csv
max_matches = 1
case_sensitive_match = false

[rulewright_ioc_certificate]
filename = rulewright_ioc_certificate.csv
max_matches = 1
case_sensitive_match = false

[rulewright_ioc_user_agent]
filename = rulewright_ioc_user_agent.csv
max_matches = 1
case_sensitive_match = true

[rulewright_ioc_registry]
filename = rulewright_ioc_registry.csv
max_matches = 1
case_sensitive_match = false

[rulewright_ioc_file_path]
filename = rulewright_ioc_file_path.csv
max_matches = 1
case_sensitive_match = false

[rulewright_ioc_process]
filename = rulewright_ioc_process.csv
max_matches = 1
case_sensitive_match = false
`);
  });

  it("takes its identity from the options, in all places", async () => {
    const files = await renderApp([exampleIndicator("domain")], {
      appId: "acme-iocs",
      appVersion: "2.3.4",
      label: "Acme IOCs",
      author: "Acme SOC",
      lookupPrefix: "acme",
    });
    expect([...checkApp(files).keys()][0]).toBe("acme_domain");
    expect(String(files.get("acme-iocs/default/app.conf"))).toBe(`[install]
is_configured = false
state = enabled
build = 1

[package]
id = acme-iocs
check_for_updates = false

[id]
name = acme-iocs
version = 2.3.4

[launcher]
author = Acme SOC
version = 2.3.4
description = IOC lookups from malware sandbox reports

[ui]
is_visible = false
label = Acme IOCs
`);
  });

  it.each([
    { appId: "../x" },
    { appId: ".x" },
    { appId: "a/b" },
    { appVersion: "1.0" },
    { author: "x\n[install]" },
    { author: "continued \\" },
    { label: "a]b" },
    { description: "" },
    { lookupPrefix: "a b" },
    { maxRows: 0 },
    { maxBytes: 100 },
  ])("refuses %j", (options) => {
    expect(splunk.options.safeParse(options).success).toBe(false);
  });

  it("searches for unexpired rows and outputs the columns of the template", async () => {
    const files = await renderApp([]);
    const searches = parseConf(String(files.get("rulewright_iocs/default/savedsearches.conf")));
    expect(searches.get("Rulewright IOCs - DNS queries for listed domains")?.get("search")).toBe(
      '| tstats summariesonly=false count min(_time) as firstTime max(_time) as lastTime from datamodel=Network_Resolution.DNS by DNS.src DNS.query | rename DNS.* as * | lookup rulewright_ioc_domain domain_pattern AS query OUTPUT indicator description malware_family confidence tlp first_seen last_seen expires | where isnotnull(indicator) AND (isnull(expires) OR strptime(expires."+0000", "%Y-%m-%dT%H:%M:%SZ%z") > now())',
    );
  });
});

describe("splunk: rows", () => {
  it("writes two rows for a domain and everything below it", async () => {
    expect(await renderLookup("domain", [exampleIndicator("domain")])).toBe(
      `domain_pattern,indicator,${REST}\n` +
        `quillet-morrow.top,quillet-morrow.top,${REST_CELLS}\n` +
        `*.quillet-morrow.top,quillet-morrow.top,${REST_CELLS}\n`,
    );
  });

  it("writes one row for exactly one host", async () => {
    const rows = await rowsOf("domain", [exampleIndicator("domain", { scope: "host" })]);
    expect(rows.map((row) => row.domain_pattern)).toEqual(["quillet-morrow.top"]);
  });

  it("writes addresses as networks of one", async () => {
    const rows = await rowsOf("ip", [exampleIndicator("ipv4"), exampleIndicator("ipv6")]);
    expect(rows.map(({ ip, indicator }) => [ip, indicator])).toEqual([
      ["45.32.17.9/32", "45.32.17.9"],
      ["2a01:4f8:c17:7d1::2/128", "2a01:4f8:c17:7d1::2"],
    ]);
  });

  it("writes address, port and protocol of an endpoint as three keys", async () => {
    const indicators = [exampleIndicator("endpoint"), exampleIndicator("endpoint", { value: "[2001:db8::7]:53/udp" })];
    const rows = await rowsOf("endpoint", indicators);
    expect(rows.map(({ ip, port, protocol, indicator }) => [ip, port, protocol, indicator])).toEqual([
      ["45.32.17.9", "8443", "tcp", "45.32.17.9:8443/tcp"],
      ["2001:db8::7", "53", "udp", "[2001:db8::7]:53/udp"],
    ]);
  });

  it("writes one row for each hash of a file", async () => {
    const details = { md5: "d41d8cd98f00b204e9800998ecf8427f", sha1: "da39a3ee5e6b4b0d3255bfef95601890afd80708" };
    const rows = await rowsOf("hash", [exampleIndicator("sha256", { details })]);
    expect(rows.map(({ file_hash, hash_type, indicator }) => [file_hash, hash_type, indicator])).toEqual([
      [SAMPLE, "sha256", SAMPLE],
      [details.sha1, "sha1", SAMPLE],
      [details.md5, "md5", SAMPLE],
    ]);
  });

  it("leaves out hashes that are none", async () => {
    const rows = await rowsOf("hash", [exampleIndicator("sha256", { details: { md5: "x", sha1: "" } })]);
    expect(rows).toHaveLength(1);
  });

  it.each([
    ["url", "url", "url"],
    ["certificate", "certificate", "certificate_sha1"],
    ["user-agent", "user_agent", "http_user_agent"],
    ["registry-key", "registry", "registry_path"],
    ["file-path", "file_path", "file_path"],
    ["command-line", "process", "process"],
    ["ja3", "tls_fingerprint", "fingerprint"],
    ["ja4", "tls_fingerprint", "fingerprint"],
  ] as const)("writes the exact %s into %s", async (type, lookup, column) => {
    const indicator = exampleIndicator(type);
    const rows = await rowsOf(lookup, [indicator]);
    expect(rows.map((row) => [row[column], row.indicator])).toEqual([[indicator.value, indicator.value]]);
  });

  it("says which kind a TLS fingerprint is, because JA3 and JA3S look alike", async () => {
    const rows = await rowsOf("tls_fingerprint", [exampleIndicator("ja3"), exampleIndicator("ja3s")]);
    expect(rows.map((row) => row.fingerprint_type)).toEqual(["ja3", "ja3s"]);
  });

  it("carries every value through a strict CSV parser", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", minLength: 1 }), async (value) => {
        const indicator = exampleIndicator("command-line", { value, families: [value] });
        const { files, skipped } = await render(splunk, [indicator], { format: "lookups" });
        const { rows } = checkLookup(String(files.get("rulewright_ioc_process.csv")));
        expect(rows.map((row) => row.process)).toEqual(skipped.length > 0 ? [] : [value]);
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    [exampleIndicator("domain", { status: "revoked" }), "revoked"],
    [exampleIndicator("domain", { status: "expired" }), "expired"],
    [
      exampleIndicator("domain", { verdict: { decision: "review", confidence: 40, reasons: [] } }),
      "the verdict is review",
    ],
    [exampleIndicator("domain", { value: "*.example" }), "not a canonical domain"],
    [exampleIndicator("endpoint", { value: "198.51.100.7" }), "not a canonical endpoint"],
    [exampleIndicator("user-agent", { value: "a\nb" }), "a line break or NUL in the value does not fit on one line"],
    [exampleIndicator("file-path", { value: "%USERPROFILE%\\quillet.dll" }), VARIABLE],
    [exampleIndicator("command-line", { value: '"%TEMP%\\quillet.exe" /q' }), VARIABLE],
  ])("skips $0.type $0.value: $1", async (indicator, reason) => {
    const { skipped, rows } = await render(splunk, [indicator]);
    expect(skipped).toEqual([{ indicator, reason }]);
    expect(rows).toBe(0);
  });

  it("counts every row it wrote", async () => {
    const { rows, files } = await render(splunk, exampleIndicators(), { format: "lookups" });
    const lines = [...files.values()].map((data) => String(data).split("\n").length - 2);
    expect(rows).toBe(lines.reduce((sum, count) => sum + count, 0));
  });
});

describe("splunk: wildcards", () => {
  it("match the name and its children, and no look-alike", async () => {
    const rows = await rowsOf("domain", [exampleIndicator("domain", { value: "evil.example" })]);
    const isHit = (query: string) => wildcardLookup(rows, "domain_pattern", query) !== undefined;
    for (const query of ["evil.example", "EVIL.example", "a.evil.example", "a.b.evil.example"]) {
      expect(isHit(query), query).toBe(true);
    }
    for (const query of ["notevil.example", "evil.example.org", "example", "evilxexample", ".example"]) {
      expect(isHit(query), query).toBe(false);
    }
  });

  it("answer with the most specific row, wherever names stand in the alphabet", async () => {
    const names = ["evil.example", "a.evil.example", "z.evil.example", "y.z.evil.example"];
    const rows = await rowsOf(
      "domain",
      names.map((value) => exampleIndicator("domain", { value })),
    );
    const answer = (query: string) => wildcardLookup(rows, "domain_pattern", query)?.indicator;
    for (const name of names) {
      expect(answer(name)).toBe(name);
      expect(answer(`www.${name}`)).toBe(name);
    }
  });

  it("come from domains only, whatever a user agent or a command line says", async () => {
    const indicators = (["user-agent", "registry-key", "file-path", "command-line"] as const).map((type) =>
      exampleIndicator(type, { value: "*.com" }),
    );
    expect(await rowsOf("domain", indicators)).toEqual([]);
    expect((await rowsOf("user_agent", indicators)).map(({ http_user_agent }) => http_user_agent)).toEqual(["*.com"]);
    expect((await rowsOf("process", indicators)).map(({ process }) => process)).toEqual(["*.com"]);
  });

  it("count their indicator once, held back or not", async () => {
    const indicators = ["quillet.top", "login.quillet.top"].map((value) =>
      exampleIndicator("domain", { value, scope: "subtree" }),
    );
    const { rows, indicators: written } = await render(splunk, [...indicators, exampleIndicator("url")]);
    expect([rows, written]).toEqual([5, 3]);
  });
});

describe("splunk: budget", () => {
  const given = (confidences: readonly number[]): Indicator[] =>
    confidences.map((confidence, index) =>
      exampleIndicator("url", {
        value: `http://quillet-morrow.top/${index}`,
        verdict: { decision: "keep", confidence, reasons: [] },
      }),
    );

  it("keeps the best rows of all lookups together, and counts what it cut", async () => {
    const indicators = [...given([70, 90, 80]), exampleIndicator("domain")];
    const { files, skipped, rows } = await render(splunk, indicators, { format: "lookups", options: { maxRows: 3 } });
    expect(rows).toBe(3);
    expect(checkLookup(String(files.get("rulewright_ioc_url.csv"))).rows.map(({ url }) => url)).toEqual([
      "http://quillet-morrow.top/1",
    ]);
    expect(checkLookup(String(files.get("rulewright_ioc_domain.csv"))).rows).toHaveLength(2);
    expect(skipped.map(({ indicator, reason }) => [indicator.value, reason])).toEqual([
      ["http://quillet-morrow.top/0", "cut: it ranks below what 3 rows hold"],
      ["http://quillet-morrow.top/2", "cut: it ranks below what 3 rows hold"],
    ]);
  });

  it("says in the log how much was cut", async () => {
    const warnings: string[] = [];
    const context = renderContext(splunk, { format: "lookups", options: { maxRows: 1 } }, () => {});
    const log = { ...context.log, warn: (message: string) => void warnings.push(message) };
    for await (const _ of splunk.render(asyncIterable(given([70, 90])), { ...context, log })) void _;
    expect(warnings).toEqual([
      expect.stringMatching(
        /^splunk: 1 of 2 indicators are cut to hold 1 rows and 9,\d{3},\d{3} bytes; the kept have a confidence of 90 or more$/,
      ),
    ]);
  });

  it("holds 50,000 indicators of every kind in less than 10 MB", async () => {
    const types = ["domain", "ipv4", "endpoint", "url", "sha256"] as const;
    const indicators = types.flatMap((type) => Array.from({ length: 10_000 }, (_, index) => numbered(type, index)));
    const { files, skipped, indicators: written } = await render(splunk, indicators, { format: "lookups" });
    const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
    expect(bytes).toBeLessThanOrEqual(10_000_000);
    expect((written ?? 0) + skipped.length).toBe(50_000);
    // None is cut but the last of the type that is listed last.
    expect(skipped.length).toBeLessThan(5000);
    expect(new Set(skipped.map(({ indicator }) => indicator.type))).toEqual(new Set(["sha256"]));
  });
});

describe("splunk: template", () => {
  const renderWith = async (text: string): Promise<Map<string, string>> => {
    const set = splunk.templates as NonNullable<typeof splunk.templates>;
    const chunks = splunk.render(asyncIterable([exampleIndicator("url")]), {
      ...renderContext(splunk, {}, () => {}),
      templates: compileTemplates(set, [{ row: "row", file: "row.hbs", text, isOverride: true }]),
    });
    const files = new Map<string, string>();
    for await (const { path, data } of chunks) files.set(path, (files.get(path) ?? "") + data);
    return files;
  };

  it("decides the columns behind the keys, and header and searches follow", async () => {
    const files = await renderWith("{{description}},{{tags}},{{first_seen}},{{last_seen}}\n");
    expect(files.get("rulewright_iocs/lookups/rulewright_ioc_url.csv")).toMatch(
      /^url,indicator,description,tags,first_seen,last_seen\nhttp:/,
    );
    checkApp(new Map([...files].map(([path, text]) => [path, Buffer.from(text)])));
    expect(files.get("rulewright_iocs/default/savedsearches.conf")).not.toContain("expires");
  });

  it.each([
    ["{{description}} ({{tlp}})", "plain fields with commas between them"],
    ["{{tlp}},{{tlp}}", "prints the column tlp a second time"],
    ["{{port}}", "prints the column port a second time"],
  ])("refuses %s", async (text, message) => {
    await expect(renderWith(text)).rejects.toThrow(message);
  });
});

describe("splunk: the check itself", () => {
  const app = "rulewright_iocs";
  it.each<[string, (files: Map<string, Buffer>) => void]>([
    ["a hidden file", (files) => files.set(`${app}/.DS_Store`, Buffer.from(""))],
    ["a local folder", (files) => files.set(`${app}/local/app.conf`, Buffer.from(""))],
    ["a second top folder", (files) => files.set("other/x", Buffer.from(""))],
    ["no README", (files) => files.delete(`${app}/README.txt`)],
    ["a byte order mark", (files) => prepend(files, "lookups/rulewright_ioc_ip.csv", "\ufeff")],
    ["a lookup without a definition", (files) => files.set(`${app}/lookups/x.csv`, Buffer.from("a,b\n"))],
    ["a wildcard in the middle", (files) => edit(files, "lookups/rulewright_ioc_domain.csv", "*.q", "*q")],
    ["an enabled search", (files) => edit(files, "default/savedsearches.conf", "disabled = 1", "disabled = 0")],
    ["a real-time search", (files) => edit(files, "default/savedsearches.conf", "-70m@m", "rt-70m")],
    ["two versions", (files) => edit(files, "default/app.conf", "version = 1.0.0", "version = 1.0.1")],
    ["case-insensitive URLs", (files) => edit(files, "default/transforms.conf", "= true", "= false")],
    ["a column that is not there", (files) => edit(files, "default/transforms.conf", "CIDR(ip)", "CIDR(address)")],
    ["code", (files) => files.set(`${app}/bin/run.py`, Buffer.from(""))],
    ["an automatic lookup", (files) => files.set(`${app}/default/props.conf`, Buffer.from(""))],
    ["a search every minute", (files) => edit(files, "default/savedsearches.conf", "= 7 *", "= */5 *")],
    ["a wide pattern before a narrow one", (files) => widenFirst(files)],
    ["an analyst's lookup", (files) => edit(files, "default/transforms.conf", "= rulewright_ioc_ip", "= local_ip")],
    ["an output that is not there", (files) => edit(files, "default/savedsearches.conf", "OUTPUT ", "OUTPUT nope ")],
  ])("refuses %s", async (_, breakIt) => {
    const files = new Map(await renderApp(exampleIndicators()));
    checkApp(files);
    breakIt(files);
    expect(() => checkApp(files)).toThrow();
  });

  /** `*.quillet-morrow.top` first, and a row for a name below it last. */
  function widenFirst(files: Map<string, Buffer>): void {
    const path = `${app}/lookups/rulewright_ioc_domain.csv`;
    const [header, exact, wildcard] = String(files.get(path)).split("\n");
    files.set(path, Buffer.from(`${[header, wildcard, exact?.replace("quillet", "login.quillet")].join("\n")}\n`));
  }

  function edit(files: Map<string, Buffer>, path: string, from: string, to: string): void {
    const before = String(files.get(`${app}/${path}`));
    expect(before).toContain(from);
    files.set(`${app}/${path}`, Buffer.from(before.replace(from, to)));
  }

  function prepend(files: Map<string, Buffer>, path: string, text: string): void {
    files.set(`${app}/${path}`, Buffer.from(text + files.get(`${app}/${path}`)));
  }
});
