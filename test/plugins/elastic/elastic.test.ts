import { describe, expect, it } from "vitest";
import { elastic } from "../../../plugins/elastic/index.ts";
import type { Indicator } from "../../../src/plugin.ts";
import {
  describeExporter,
  exampleIndicator,
  exampleIndicators,
  numbered,
  type RenderOptions,
  render,
} from "../../../src/testing.ts";
import { goldenFiles } from "../../support/exported.ts";
import { alerts, check, type Fields, flat, jsonLines, readBulk } from "./reader.ts";

const SAMPLE = "9f2b5c7d1e3a4f60817263544536271809fadbecdcbdae9f8071625344352617";

describeExporter(elastic, { runner: { describe, it }, check });

async function documentsOf(indicators: readonly Indicator[], settings: RenderOptions = {}): Promise<Fields[]> {
  return jsonLines((await render(elastic, indicators, settings)).files.get("indicators.ndjson"));
}

const bulk = (indicators: readonly Indicator[], options = {}) =>
  render(elastic, indicators, { format: "bulk", options });

describe("elastic: documents", () => {
  it("is this for a domain", async () => {
    const { files } = await render(elastic, [exampleIndicator("domain", { labels: ["dynamic-dns"] })]);
    expect(String(files.get("indicators.ndjson"))).toBe(
      '{"@timestamp":"2026-11-24T00:00:00.000Z","ecs":{"version":"8.11.0"},' +
        '"event":{"kind":"enrichment","category":["threat"],"type":["indicator"],"module":"ti_rulewright","dataset":"ti_rulewright.indicator"},' +
        '"labels":{"scope":"subtree","valid_until":"2027-01-18T09:30:00.000Z"},"tags":["quillet","dynamic-dns"],"related":{"hosts":["quillet-morrow.top"]},' +
        '"threat":{"feed":{"name":"Rulewright"},"indicator":{"id":["domain:quillet-morrow.top"],' +
        '"type":"domain-name","url":{"domain":"quillet-morrow.top"},"name":"quillet-morrow.top",' +
        '"description":"quillet: contacted by 1 sample; the sample is malicious by 40 of 70 engines (Zenbox)",' +
        '"first_seen":"2026-10-01T08:00:00.000Z","last_seen":"2026-10-20T09:30:00.000Z","modified_at":"2026-10-20T09:30:00.000Z",' +
        '"confidence":"High","sightings":1,"reference":"https://www.virustotal.com/gui/domain/quillet-morrow.top",' +
        '"provider":"VirusTotal","marking":{"tlp":"AMBER","tlp_version":"2.0"}}}}\n',
    );
  });

  it.each([
    ["ipv4", { type: "ipv4-addr", ip: "45.32.17.9" }],
    ["ipv6", { type: "ipv6-addr", ip: "2a01:4f8:c17:7d1::2" }],
    ["endpoint", { type: "ipv4-addr", ip: "45.32.17.9", port: 8443, name: "45.32.17.9:8443/tcp" }],
    ["sha256", { type: "file", file: { hash: { sha256: SAMPLE } } }],
    ["certificate", { type: "x509-certificate", name: "3f1d2c4b5a69788796a5b4c3d2e1f00112233445" }],
    [
      "url",
      {
        type: "url",
        url: {
          original: "http://quillet-morrow.top/gate.php?id=1",
          full: "http://quillet-morrow.top/gate.php?id=1",
          scheme: "http",
          domain: "quillet-morrow.top",
          path: "/gate.php",
          query: "id=1",
        },
      },
    ],
  ] as const)("describes a %s", async (type, indicator) => {
    const [document] = await documentsOf([exampleIndicator(type)]);
    expect(document).toMatchObject({ threat: { indicator } });
  });

  it("keeps what a URL has, and leaves out what it has not", async () => {
    const url = exampleIndicator("url", { value: "https://[2a01:4f8::2]:8443/" });
    const [document] = await documentsOf([url]);
    expect((document as { threat: { indicator: { url: object } } }).threat.indicator.url).toEqual({
      original: url.value,
      full: url.value,
      scheme: "https",
      domain: "2a01:4f8::2",
      port: 8443,
      path: "/",
    });
  });

  it("names a file, its size and every known hash", async () => {
    const details = { md5: "0".repeat(32), sha1: "=1", size: 4711, names: ["in\nvoice.exe", "b.exe"] };
    const [document] = await documentsOf([exampleIndicator("sha256", { details })]);
    expect(document).toMatchObject({
      threat: {
        indicator: { file: { name: "in voice.exe", size: 4711, hash: { md5: details.md5, sha256: SAMPLE } } },
      },
      related: { hash: [SAMPLE, details.md5] },
    });
  });

  it.each([
    [0, "None"],
    [1, "Low"],
    [29, "Low"],
    [30, "Medium"],
    [69, "Medium"],
    [70, "High"],
  ])("calls a confidence of %i %s", async (confidence, word) => {
    const verdict = { decision: "keep", confidence, reasons: [] } as const;
    const [document] = await documentsOf([exampleIndicator("domain", { verdict })]);
    expect(flat(document)["threat.indicator.confidence"]).toBe(word);
  });

  it("is of the time of the export, or of the last sight when asked", async () => {
    const now = new Date("2026-12-24T10:00:00.000Z");
    const times = async (options: object) =>
      (await documentsOf([exampleIndicator("domain")], { now, options: { ...options } })).map(
        (document) => document["@timestamp"],
      );
    expect(await times({})).toEqual(["2026-12-24T10:00:00.000Z"]);
    expect(await times({ timestamp: "last-seen" })).toEqual(["2026-10-20T09:30:00.000Z"]);
  });

  it("are none for what is no detection", async () => {
    const { verdict } = exampleIndicator("domain");
    const { skipped, rows } = await render(elastic, [
      exampleIndicator("domain", { verdict: { ...verdict, decision: "review" } }),
      exampleIndicator("ipv4", { status: "revoked" }),
    ]);
    expect(rows).toBe(0);
    expect(skipped.map(({ reason }) => reason)).toEqual([
      "the verdict is review, and whatever is listed alerts",
      "revoked, and whatever is listed alerts",
    ]);
    expect(elastic.accepts).not.toContain("registry-key");
  });
});

describe("elastic: _bulk", () => {
  it("indexes under a stable id, the same as in the document", async () => {
    const first = await bulk([exampleIndicator("domain")]);
    const again = await bulk([exampleIndicator("domain", { tlp: "red" })], { index: "ti" });
    const [action] = readBulk(first.files.get("indicators-001.bulk.ndjson"));
    const [other] = readBulk(again.files.get("indicators-001.bulk.ndjson"));
    expect(action).toMatchObject({ name: "index", _index: "logs-ti_rulewright" });
    expect(other).toMatchObject({ name: "index", _index: "ti", _id: action?._id });
    expect(flat(action?.document)["threat.indicator.id"]).toEqual([action?._id]);
  });

  it("has an id for each indicator", async () => {
    const { files } = await bulk(exampleIndicators());
    const ids = readBulk(files.get("indicators-001.bulk.ndjson")).map(({ _id }) => _id);
    expect(ids).toHaveLength(elastic.accepts.length);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("has the digest of a URL that is too long for an id", async () => {
    const long = exampleIndicator("url", { value: `http://evil.top/${"a".repeat(500)}` });
    const quoted = exampleIndicator("url", { value: 'http://evil.top/"a' });
    const { files } = await bulk([long, quoted]);
    const ids = readBulk(files.get("indicators-001.bulk.ndjson")).map(({ _id }) => _id);
    expect(ids).toEqual(['url:http://evil.top/"a', expect.stringMatching(/^url:sha256:[0-9a-f]{64}$/)]);
  });

  it("deletes what has expired or was withdrawn", async () => {
    const { files } = await bulk([
      exampleIndicator("domain", { status: "expired" }),
      exampleIndicator("ipv4", { status: "revoked" }),
      exampleIndicator("ipv6"),
    ]);
    const actions = readBulk(files.get("indicators-001.bulk.ndjson"));
    expect(actions.map(({ name }) => name)).toEqual(["delete", "delete", "index"]);
    expect(actions[0]?._id).toBe(
      readBulk((await bulk([exampleIndicator("domain")])).files.values().next().value)[0]?._id,
    );
  });

  it("is cut into bodies of a size, each of whole actions", async () => {
    const indicators = Array.from({ length: 100 }, (_, index) => numbered("domain", index));
    const { files } = await bulk(indicators, { maxBytes: 10_000 });
    expect(files.size).toBeGreaterThan(5);
    expect([...files.keys()].slice(0, 2)).toEqual(["indicators-001.bulk.ndjson", "indicators-002.bulk.ndjson"]);
    for (const data of files.values()) expect(data.length).toBeLessThanOrEqual(10_000);
    expect([...files.values()].flatMap(readBulk)).toHaveLength(100);
  });
});

describe("elastic: index template", () => {
  it("maps every field that a document has", async () => {
    const { files } = await render(elastic, exampleIndicators());
    const { index_patterns, template } = JSON.parse(String(files.get("index-template.json")));
    expect(index_patterns).toEqual(["logs-ti_rulewright"]);
    const typeOf = (field: string) =>
      field.split(".").reduce((node, name) => node?.properties?.[name], template.mappings)?.type;
    const details = { md5: "0".repeat(32), sha1: "0".repeat(40), size: 1, names: ["a"] };
    const documents = await documentsOf([
      ...exampleIndicators(),
      exampleIndicator("sha256", { details }),
      exampleIndicator("certificate", { details: { certificate: { issuer: "CN=a", serial: "01" } } }),
      exampleIndicator("url", { value: "https://quillet-morrow.top:8443/a?b" }),
    ]);
    const fields = new Set(documents.flatMap((document) => Object.keys(flat(document))));
    expect([...fields].filter((field) => typeOf(field) === undefined)).toEqual([]);
    expect(typeOf("threat.indicator.ip")).toBe("ip");
    expect(typeOf("threat.indicator.url.full")).toBe("wildcard");
  });
});

describe("elastic: match rules", async () => {
  const documents = await documentsOf([
    exampleIndicator("domain"),
    exampleIndicator("domain", { value: "a.duckdns.org", scope: "host" }),
    exampleIndicator("url", { value: "http://shared.example.net/a" }),
    exampleIndicator("endpoint"),
    exampleIndicator("ipv4", { value: "45.32.17.10" }),
  ]);
  const [byName, below, byEndpoint] = jsonLines((await render(elastic, [])).files.get("rules.ndjson")) as [
    Fields,
    Fields,
    Fields,
  ];

  it("come disabled, with stable ids, and read our documents only", async () => {
    for (const rule of [byName, below, byEndpoint]) {
      expect(rule).toMatchObject({ type: "threat_match", enabled: false, threat_index: ["logs-ti_rulewright"] });
      expect(rule.query).toContain("not event.module:ti_rulewright");
    }
    expect(byName.rule_id).not.toBe(below.rule_id);
  });

  it.each([
    ["quillet-morrow.top", true],
    ["a.duckdns.org", true],
    ["b.quillet-morrow.top", false],
    // A URL on a host that many share says nothing of the host.
    ["shared.example.net", false],
  ])("by name: a query for %s alerts: %s", (name, expected) => {
    expect(alerts(byName, { "dns.question.name": name }, documents)).toBe(expected);
  });

  it.each([
    ["quillet-morrow.top", true],
    ["a.duckdns.org", false],
    ["shared.example.net", false],
  ])("below a domain: a query for a name in %s alerts: %s", (name, expected) => {
    expect(alerts(below, { "dns.question.registered_domain": name }, documents)).toBe(expected);
  });

  it.each([
    ["45.32.17.9", 8443, true],
    ["45.32.17.9", 443, false],
    ["45.32.17.10", 8443, false],
  ])("by endpoint: a connection to %s port %i alerts: %s", (ip, port, expected) => {
    expect(alerts(byEndpoint, { "destination.ip": ip, "destination.port": port }, documents)).toBe(expected);
  });

  it.each([
    ["45.32.17.10", true],
    // The machine may serve others on its other ports.
    ["45.32.17.9", false],
  ])("Elastic's own address rule: a connection to %s alerts: %s", (ip, expected) => {
    const prebuilt = {
      threat_query: 'threat.indicator.ip:* and not labels.is_ioc_transform_source:"true"',
      threat_mapping: [{ entries: [{ field: "destination.ip", value: "threat.indicator.ip" }] }],
    };
    expect(alerts(prebuilt, { "destination.ip": ip }, documents)).toBe(expected);
  });
});

describe("elastic: golden output", () => {
  it.each([
    ["elastic", "ndjson"],
    ["elastic-bulk", "bulk"],
  ])("%s passes the check", (name, format) => {
    check(goldenFiles(name), format);
  });
});
