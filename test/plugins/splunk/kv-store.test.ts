import { describe, expect, it } from "vitest";
import { splunk } from "../../../plugins/splunk/index.ts";
import { type Indicator, sha256 } from "../../../src/plugin.ts";
import { describeExporter, exampleIndicator, numbered, type RenderedFiles, render } from "../../../src/testing.ts";
import { checkApp, parseConf } from "./app-check.ts";

const APP = "rulewright_iocs_kv";
const COLLECTION = "rulewright_ioc_kv";
const SAMPLE = exampleIndicator("sha256").value;

type Document = Record<string, unknown>;

/** The bodies of `batch_save`, as the KV store takes them. */
function batchesOf(files: RenderedFiles): Document[][] {
  return [...files]
    .filter(([path]) => !path.startsWith(`${APP}/`))
    .map(([path, data]) => {
      expect(path).toMatch(/^rulewright_ioc_kv-\d{4}\.json$/);
      return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data)) as Document[];
    });
}

function check(files: RenderedFiles): void {
  checkApp(new Map([...files].filter(([path]) => path.startsWith(`${APP}/`))));
  const fields = parseConf(String(files.get(`${APP}/default/collections.conf`))).get(COLLECTION);
  const keys = new Set<unknown>();
  for (const batch of batchesOf(files)) {
    expect(batch.length).toBeGreaterThan(0);
    expect(batch.length).toBeLessThanOrEqual(1000);
    for (const { _key, ...document } of batch) {
      expect(_key).toMatch(/^[0-9a-f]{64}$/);
      expect(keys.has(_key), "a key twice").toBe(false);
      keys.add(_key);
      for (const [field, value] of Object.entries(document)) expect(typeof value).toBe(fields?.get(`field.${field}`));
    }
  }
}

describeExporter(splunk, {
  runner: { describe, it },
  formats: ["kv"],
  options: { maxRows: 5000 },
  holdsBack: true,
  check,
});

async function documents(indicators: readonly Indicator[], options = {}): Promise<Document[]> {
  return batchesOf((await render(splunk, indicators, { format: "kv", options })).files).flat();
}

describe("splunk: KV store", () => {
  it("has no path with a variable, which no event ever holds", async () => {
    const paths = ["%USERPROFILE%\\quillet.dll", "C:\\ProgramData\\quillet.dll"];
    const indicators = paths.map((value) => exampleIndicator("file-path", { value }));
    expect((await documents(indicators)).map(({ indicator }) => indicator)).toEqual([paths[1]]);
  });

  it("defines the collection and its lookup", async () => {
    const { files } = await render(splunk, [], { format: "kv" });
    expect(String(files.get(`${APP}/default/collections.conf`))).toBe(`[rulewright_ioc_kv]
enforceTypes = true
replicate = false
field.type = string
field.value = string
field.indicator = string
field.ip = string
field.port = number
field.protocol = string
field.description = string
field.malware_family = string
field.confidence = number
field.tlp = string
field.first_seen = string
field.last_seen = string
field.expires = string
field.sample_sha256 = string
accelerated_fields.by_value = {"value": 1, "type": 1}
`);
    expect(String(files.get(`${APP}/default/transforms.conf`))).toBe(`[rulewright_ioc_kv]
external_type = kvstore
collection = rulewright_ioc_kv
fields_list = _key, type, value, indicator, ip, port, protocol, description, malware_family, confidence, tlp, first_seen, last_seen, expires, sample_sha256
max_matches = 1
`);
    expect(String(files.get(`${APP}/metadata/default.meta`))).toContain("[collections]\nexport = system\n");
  });

  it("gives a document a key that follows from its type and value", async () => {
    expect(await documents([exampleIndicator("endpoint")])).toEqual([
      {
        _key: sha256("endpoint:45.32.17.9:8443/tcp"),
        type: "endpoint",
        value: "45.32.17.9:8443/tcp",
        indicator: "45.32.17.9:8443/tcp",
        ip: "45.32.17.9",
        port: 8443,
        protocol: "tcp",
        description: "contacted by 1 sample (Zenbox)",
        malware_family: "quillet",
        confidence: 85,
        tlp: "amber",
        first_seen: "2026-10-01T08:00:00Z",
        last_seen: "2026-10-20T09:30:00Z",
        expires: "2027-01-18T09:30:00Z",
        sample_sha256: SAMPLE,
      },
    ]);
  });

  it("stores in lower case what means the same in any, and keeps the exact value beside it", async () => {
    const [key] = await documents([exampleIndicator("registry-key")]);
    expect([key?.value, key?.indicator]).toEqual([
      "hkey_current_user\\software\\quillet\\run",
      "HKEY_CURRENT_USER\\Software\\Quillet\\Run",
    ]);
    const [url] = await documents([exampleIndicator("url", { value: "http://quillet-morrow.top/Gate" })]);
    expect(url?.value).toBe("http://quillet-morrow.top/Gate");
  });

  it("has one document for each hash of a file", async () => {
    const details = { md5: "d41d8cd98f00b204e9800998ecf8427f", sha1: "da39a3ee5e6b4b0d3255bfef95601890afd80708" };
    const found = await documents([exampleIndicator("sha256", { details })]);
    expect(found.map(({ type, value, indicator }) => [type, value, indicator])).toEqual([
      ["sha256", SAMPLE, SAMPLE],
      ["sha1", details.sha1, SAMPLE],
      ["md5", details.md5, SAMPLE],
    ]);
  });

  it("fills batches of 1000 and no more", async () => {
    const indicators = Array.from({ length: 2001 }, (_, index) => numbered("url", index));
    const { files, rows } = await render(splunk, indicators, { format: "kv" });
    expect(batchesOf(files).map(({ length }) => length)).toEqual([1000, 1000, 1]);
    expect(rows).toBe(2001);
  });

  it("keeps a batch below the store's limit in bytes", async () => {
    const long = "x".repeat(60_000);
    const indicators = Array.from({ length: 100 }, (_, index) =>
      exampleIndicator("command-line", { value: `${index}${long}` }),
    );
    const { files } = await render(splunk, indicators, { format: "kv", options: { maxBytes: 20_000_000 } });
    const sizes = [...files].filter(([path]) => path.endsWith(".json")).map(([, data]) => data.length);
    expect(sizes.length).toBeGreaterThan(1);
    expect(Math.max(...sizes)).toBeLessThan(4_100_000);
  });

  it("writes no batch when there is nothing to save", async () => {
    expect(await documents([])).toEqual([]);
  });
});
