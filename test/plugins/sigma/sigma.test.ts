import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sigma } from "../../../plugins/sigma/index.ts";
import { LOG_SOURCES, sigmaText } from "../../../plugins/sigma/log-sources.ts";
import type { Indicator } from "../../../src/plugin.ts";
import {
  describeExporter,
  exampleIndicator,
  exampleIndicators,
  HOSTILE_TEXTS,
  numbered,
  type RenderedFiles,
  type RenderOptions,
  render,
} from "../../../src/testing.ts";
import { itNeedsReference } from "../../support/engines.ts";
import { goldenFiles } from "../../support/exported.ts";
import { fires, parseValue, type Rule, readRules, valuesOf } from "./reader.ts";

const SAMPLE = "9f2b5c7d1e3a4f60817263544536271809fadbecdcbdae9f8071625344352617";

describeExporter(sigma, { runner: { describe, it }, check: (files) => void readRules(files) });

async function rulesOf(indicators: readonly Indicator[], settings: RenderOptions = {}): Promise<Map<string, Rule>> {
  return readRules((await render(sigma, indicators, settings)).files);
}

/** The only rule that a log source has. */
async function ruleOf(source: string, indicators: readonly Indicator[]): Promise<Rule> {
  const rule = (await rulesOf(indicators)).get(`${source}_rulewright.yml`);
  if (!rule) throw new Error(`no rule for ${source}`);
  return rule;
}

const host = (value: string): Indicator => exampleIndicator("domain", { value, scope: "host" });

describe("sigma: text", () => {
  it("is this for two domains", async () => {
    const { files } = await render(sigma, [exampleIndicator("domain"), host("a.duckdns.org")]);
    expect(
      String(files.get("dns_query_win_rulewright.yml")),
    ).toBe(`title: DNS Query For Domain Contacted By Malware In Sandbox
id: ${[...readRules(files).values()][0]?.id}
status: experimental
description: 'Detects DNS queries of Windows hosts for domains that malware contacted in sandboxes (quillet).'
references:
    - https://www.virustotal.com/gui/file/${SAMPLE}/behavior
author: 'Rulewright'
date: 2026-10-20
tags:
    - attack.command-and-control
    - attack.t1071.004
    - detection.emerging-threats
    - tlp.amber
logsource:
    category: dns_query
    product: windows
detection:
    selection_host:
        QueryName:
            - 'a.duckdns.org'
            - 'quillet-morrow.top'
    selection_subdomain:
        QueryName|endswith: '.quillet-morrow.top'
    condition: 1 of selection_*
falsepositives:
    - 'Hosts and addresses that have changed hands since, and research on them'
level: high
`);
  });

  it("has endpoints as maps, each with what must hold beside it", async () => {
    const { files } = await render(sigma, [
      exampleIndicator("endpoint"),
      exampleIndicator("endpoint", { value: "[2a01:4f8::2]:53/udp" }),
    ]);
    expect(String(files.get("net_connection_win_rulewright.yml"))).toContain(`detection:
    selection_endpoint:
        - Initiated: 'true'
          DestinationIp: '45.32.17.9'
          DestinationPort: 8443
        - Initiated: 'true'
          DestinationIp: '2a01:4f8::2'
          DestinationPort: 53
    condition: selection_endpoint
`);
  });

  it("has every known hash of a file", async () => {
    const md5 = "0".repeat(32);
    const rule = await ruleOf("proc_creation_win", [exampleIndicator("sha256", { details: { md5, sha1: "=1" } })]);
    expect(rule.detection).toEqual({
      selection: { "Hashes|contains": [`SHA256=${SAMPLE}`, `MD5=${md5}`] },
      condition: "selection",
    });
  });

  it("has the most closed TLP of its values, amber+strict in Sigma's spelling", async () => {
    const rule = await ruleOf("net_dns", [
      exampleIndicator("domain", { value: "a.top", tlp: "clear" }),
      exampleIndicator("domain", { value: "b.top", tlp: "amber+strict" }),
    ]);
    expect(rule.tags).toEqual([
      "attack.command-and-control",
      "attack.t1071.004",
      "detection.emerging-threats",
      "tlp.amber-strict",
    ]);
  });

  it.each([
    [["a", "b", "c", "d", "e", "f"], " (a, b, c, d, e and 1 other family)."],
    [["a", "b", "c", "d", "e", "f", "g"], " (a, b, c, d, e and 2 other families)."],
  ])("names five families and counts the others: %j", async (families, end) => {
    const { description } = await ruleOf("net_dns", [exampleIndicator("domain", { families })]);
    expect(description.endsWith(end)).toBe(true);
  });

  it.each(HOSTILE_TEXTS)("keeps the YAML whole with the family %j", async (text) => {
    const rules = await rulesOf([exampleIndicator("domain", { families: [text, "x: y # z", "'"] })]);
    expect([...rules.values()].map(({ level }) => level)).toEqual(["high", "high", "high", "high"]);
  });
});

describe("sigma: log sources", () => {
  it("give one rule each", async () => {
    const rules = await rulesOf(exampleIndicators());
    expect([...rules.keys()]).toEqual(LOG_SOURCES.map(({ name }) => `${name}_rulewright.yml`));
    expect(new Set([...rules.values()].map(({ id }) => id)).size).toBe(rules.size);
    expect(new Set([...rules.values()].map(({ title }) => title)).size).toBe(rules.size);
  });

  it("say where each may be wrong: a host changes hands, a file does not", async () => {
    const rules = await rulesOf(exampleIndicators());
    const ofFiles = [...rules].filter(
      ([
        ,
        {
          falsepositives: [text],
        },
      ]) => text?.startsWith("Harmless files"),
    );
    expect(ofFiles.map(([name]) => name)).toEqual([
      "proc_creation_win_rulewright.yml",
      "image_load_win_rulewright.yml",
      "create_stream_hash_win_rulewright.yml",
    ]);
    expect(rules.get("net_dns_rulewright.yml")?.falsepositives).toEqual([
      "Hosts and addresses that have changed hands since, and research on them",
    ]);
  });

  it("give no rule for an empty list", async () => {
    expect((await render(sigma, [])).files.size).toBe(0);
    const { files, skipped } = await render(sigma, [exampleIndicator("domain", { status: "expired" })]);
    expect(files.size).toBe(0);
    expect(skipped.map(({ reason }) => reason)).toEqual(["expired, and whatever is listed alerts"]);
  });

  it("can be chosen; what none of them shows is skipped", async () => {
    const settings = { options: { logSources: ["net_dns", "net_firewall"] } };
    const { files, skipped } = await render(sigma, exampleIndicators(), settings);
    expect([...files.keys()]).toEqual(["net_dns_rulewright.yml", "net_firewall_rulewright.yml"]);
    expect(skipped.map(({ reason }) => reason)).toEqual([
      "no chosen log source shows a url",
      "no chosen log source shows a sha256",
    ]);
  });

  const events: [string, Indicator, Record<string, string | number>, Record<string, string | number>[]][] = [
    [
      "dns_query_win",
      exampleIndicator("domain"),
      { QueryName: "QUILLET-morrow.top" },
      [{ QueryName: "notquillet-morrow.top" }, { QueryName: "quillet-morrow.top.example" }],
    ],
    ["net_dns", exampleIndicator("domain"), { query: "c2.quillet-morrow.top" }, [{ query: "quillet-morrowxtop" }]],
    [
      "net_dns",
      host("a.duckdns.org"),
      { query: "a.duckdns.org" },
      [{ query: "b.a.duckdns.org" }, { query: "duckdns.org" }],
    ],
    [
      "proxy",
      exampleIndicator("url"),
      { "c-uri": "http://quillet-morrow.top/gate.php?id=1" },
      [{ "c-uri": "http://quillet-morrow.top/gate.phpXid=1" }, { "c-uri": "http://quillet-morrow.top/" }],
    ],
    ["proxy", exampleIndicator("ipv6"), { dst_ip: "2a01:4f8:c17:7d1::2" }, [{ dst_ip: "2a01:4f8:c17:7d1::21" }]],
    [
      "net_firewall",
      exampleIndicator("endpoint"),
      { dst_ip: "45.32.17.9", dst_port: 8443 },
      [
        { dst_ip: "45.32.17.9", dst_port: 443 },
        { dst_ip: "45.32.17.90", dst_port: 8443 },
      ],
    ],
    [
      "net_connection_win",
      exampleIndicator("ipv4"),
      { Initiated: "true", DestinationIp: "45.32.17.9" },
      [{ Initiated: "false", DestinationIp: "45.32.17.9" }],
    ],
    [
      "create_stream_hash_win",
      exampleIndicator("sha256"),
      { Hash: `MD5=00,SHA256=${SAMPLE.toUpperCase()},IMPHASH=00` },
      [{ Hash: `SHA256=${SAMPLE.replace("9f", "8f")}` }],
    ],
  ];
  it.each(events)("%s fires on its own event and not on look-alikes", async (source, indicator, own, others) => {
    const rule = await ruleOf(source, [indicator]);
    expect(fires(rule, own)).toBe(true);
    expect(others.filter((event) => fires(rule, event))).toEqual([]);
  });
});

describe("sigma: escaping", () => {
  it.each([
    ["http://evil.top/a?b=*", "http://evil.top/a\\?b=\\*"],
    ["C:\\x", "C:\\\\x"],
    ["\\*", "\\\\\\*"],
    ["a\\", "a\\\\"],
  ])("writes %s as %s", (value, text) => {
    expect(sigmaText(value)).toBe(text);
  });

  it("reads back as the value it was, without a wildcard", () => {
    const characters = fc.constantFrom("\\", "*", "?", "'", '"', "%", "|", "a", ".", "/");
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: characters }), fc.string()), (value) => {
        expect(parseValue(sigmaText(value)).literal).toBe(value);
      }),
    );
  });

  it("holds for URLs through the YAML", async () => {
    const path = fc.string({ unit: fc.constantFrom("\\", "*", "?", "'", '"', "&", "%", ":", "#", "{", "-", "x", "/") });
    await fc.assert(
      fc.asyncProperty(path, async (text) => {
        const value = `http://evil.top/${text}`;
        const { files, skipped } = await render(sigma, [exampleIndicator("url", { value })]);
        if (skipped.length > 0) return;
        const rule = readRules(files).get("proxy_rulewright.yml") as Rule;
        expect(valuesOf(rule).map((written) => parseValue(String(written)).literal)).toEqual([value]);
      }),
      { numRuns: 200 },
    );
  });
});

describe("sigma: long lists", () => {
  const domains = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ ...numbered("domain", index * 2), scope: "host" as const }));
  const settings = { options: { logSources: ["net_dns"] } };
  const idsOf = (rules: ReadonlyMap<string, Rule>) => [...rules.values()].map(({ id }) => id);

  it("are one rule up to 200 values and several above", async () => {
    expect((await rulesOf(domains(200), settings)).size).toBe(1);
    expect((await rulesOf(domains(201), settings)).size).toBe(2);
  });

  it("lose nothing, repeat nothing and never have more values in a rule", async () => {
    const rules = [...(await rulesOf(domains(5000), settings)).values()];
    const values = rules.map(valuesOf);
    expect(Math.max(...values.map(({ length }) => length))).toBeLessThanOrEqual(200);
    expect(values.flat().sort()).toEqual(
      domains(5000)
        .map(({ value }) => value)
        .sort(),
    );
    expect(rules.length).toBeLessThanOrEqual(50);
    expect(new Set(rules.map(({ title }) => title)).size).toBe(rules.length);
  });

  it("keep the other rules when a value comes in between", async () => {
    const before = await render(sigma, domains(5000), settings);
    const added = { ...numbered("domain", 4001), scope: "host" as const };
    const after = await render(sigma, [...domains(5000), added], settings);
    const changed = [...after.files].filter(([path, data]) => !before.files.get(path)?.equals(data));
    expect(changed.length).toBeLessThanOrEqual(4);
    expect(idsOf(readRules(after.files))[0]).toBe(idsOf(readRules(before.files))[0]);
  });

  it("take an indicator with more hashes than a rule may have values", async () => {
    const file = exampleIndicator("sha256", { details: { md5: "0".repeat(32), sha1: "1".repeat(40) } });
    const options = { maxValues: 2, logSources: ["proc_creation_win"] };
    expect((await rulesOf([file], { options })).size).toBe(1);
  });
});

describe("sigma: dates", () => {
  const later = { now: new Date("2026-12-24T10:00:00.000Z") };
  const first = (indicators: readonly Indicator[]) => render(sigma, indicators);
  const again = async (previous: RenderedFiles, indicators: readonly Indicator[]) =>
    (await render(sigma, indicators, { ...later, previous })).files;

  it("stay when nothing changed, at any later time", async () => {
    const { files } = await first(exampleIndicators());
    expect([...(await again(files, exampleIndicators()))]).toEqual([...files]);
    const changed = await again(files, [...exampleIndicators(), host("b.top")]);
    expect([...(await again(changed, [...exampleIndicators(), host("b.top")]))]).toEqual([...changed]);
  });

  it("say when a rule changed, and leave the others alone", async () => {
    const { files } = await first(exampleIndicators());
    const rules = readRules(await again(files, [...exampleIndicators(), host("b.top")]));
    const dates = (source: string) => {
      const { date, modified } = rules.get(`${source}_rulewright.yml`) as Rule;
      return [date, modified];
    };
    expect(dates("net_dns")).toEqual(["2026-10-20", "2026-12-24"]);
    expect(dates("proc_creation_win")).toEqual(["2026-10-20", undefined]);
  });

  it("are those of the evidence for a new rule", async () => {
    const rule = await ruleOf("net_dns", [exampleIndicator("domain", { lastSeen: "2026-11-02T00:00:00.000Z" })]);
    expect([rule.date, rule.modified]).toEqual(["2026-11-02", undefined]);
  });
});

describe("sigma: the official schema", () => {
  itNeedsReference("refuses what the reader would have to catch", async () => {
    const { files } = await render(sigma, [exampleIndicator("domain")]);
    const text = String(files.get("net_dns_rulewright.yml")).replace("level: high", "level: dire");
    expect(() => readRules(new Map([["x.yml", Buffer.from(text)]]))).toThrow();
  });
});

describe("sigma: golden output", () => {
  it("passes the check", () => {
    expect(readRules(goldenFiles("sigma")).size).toBe(LOG_SOURCES.length);
  });
});
