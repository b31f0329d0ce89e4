import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { secops } from "../../../plugins/secops/index.ts";
import { LISTS, listItem } from "../../../plugins/secops/reference-lists.ts";
import type { Indicator } from "../../../src/plugin.ts";
import {
  describeExporter,
  exampleIndicator,
  exampleIndicators,
  numbered,
  type RenderedFiles,
  render,
} from "../../../src/testing.ts";
import { goldenFiles } from "../../support/exported.ts";

const SAMPLE = "9f2b5c7d1e3a4f60817263544536271809fadbecdcbdae9f8071625344352617";

/** The items of a list as SecOps reads them: `//` begins a comment, `\/` is a slash, an empty line is refused. */
function readList(data: Buffer | undefined): string[] {
  const text = String(data);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(6_000_000);
  expect(text.endsWith("\n")).toBe(true);
  return text
    .slice(0, -1)
    .split("\n")
    .flatMap((line) => {
      expect(line).not.toBe("");
      expect(line.length).toBeLessThanOrEqual(5000);
      const item = line.split("//", 1)[0] as string;
      return item === "" ? [] : [item.replaceAll("\\/", "/")];
    });
}

const ITEMS: Readonly<Record<string, (item: string) => boolean>> = {
  addresses: (item) => isIP(item.split("/")[0] as string) > 0 && /\/(?:32|128)$/.test(item),
  "domain-trees": (item) => /^\(\^\|\\\.\)(?:[a-z0-9_-]+\\\.)+[a-z0-9-]+\$$/.test(item),
  domains: (item) => /^(?:[a-z0-9_-]+\.)+[a-z0-9-]+$/.test(item),
  hashes: (item) => /^[0-9a-f]{64}$/.test(item),
  urls: (item) => /^https?:\/\/[!-~]+$/.test(item),
};

function readLists(files: RenderedFiles): Record<string, string[]> {
  const lists: Record<string, string[]> = {};
  for (const [path, data] of files) {
    const name = /^([a-z-]+)-\d{3}\.txt$/.exec(path)?.[1] as string;
    const items = readList(data);
    for (const item of items) expect(ITEMS[name]?.(item), item).toBe(true);
    lists[name] = [...(lists[name] ?? []), ...items];
  }
  return lists;
}

interface Entity {
  readonly metadata: {
    readonly entityType: string;
    readonly collectedTimestamp: string;
    readonly interval: { readonly startTime: string; readonly endTime: string };
    readonly threat: readonly {
      readonly category: readonly string[];
      readonly severity: string;
      readonly confidence: string;
    }[];
  };
  readonly entity: Readonly<Record<string, unknown>>;
}

function readEntities(files: RenderedFiles): Entity[] {
  const entities = String(files.get("entities.ndjson"))
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Entity);
  for (const { metadata, entity } of entities) {
    const noun = { DOMAIN_NAME: "hostname", IP_ADDRESS: "ip", URL: "url", FILE: "file" }[metadata.entityType] as string;
    expect(Object.keys(entity)).toEqual([noun]);
    for (const time of [metadata.collectedTimestamp, ...Object.values(metadata.interval)]) {
      expect(new Date(time).toISOString()).toBe(time);
    }
    const [threat] = metadata.threat;
    expect(["SOFTWARE_MALICIOUS", "NETWORK_COMMAND_AND_CONTROL"]).toContain(threat?.category[0]);
    expect(["INFORMATIONAL", "LOW", "MEDIUM", "HIGH"]).toContain(threat?.severity);
    expect(threat?.confidence).toMatch(/^(?:UNKNOWN|LOW|MEDIUM|HIGH)_CONFIDENCE$/);
  }
  return entities;
}

function check(files: RenderedFiles, format: string): void {
  if (format === "entities") readEntities(files);
  else readLists(files);
}

describeExporter(secops, { runner: { describe, it }, check });

const listsOf = async (indicators: readonly Indicator[]) => readLists((await render(secops, indicators)).files);

describe("secops: reference lists", () => {
  it("are one for each way of matching", async () => {
    expect(
      await listsOf([...exampleIndicators(), exampleIndicator("domain", { value: "a.duckdns.org", scope: "host" })]),
    ).toEqual({
      addresses: ["45.32.17.9/32", "2a01:4f8:c17:7d1::2/128"],
      "domain-trees": ["(^|\\.)quillet-morrow\\.top$"],
      domains: ["a.duckdns.org"],
      hashes: [SAMPLE],
      urls: ["http://quillet-morrow.top/gate.php?id=1"],
    });
  });

  it("say what they are, and are not empty without a value", async () => {
    const { files } = await render(secops, []);
    expect([...files].map(([path, data]) => `${path} ${String(data)}`)).toEqual([
      "addresses-001.txt // Rulewright, reference list of type CIDR: addresses\n",
      "domain-trees-001.txt // Rulewright, reference list of type REGEX: domains with everything below them\n",
      "domains-001.txt // Rulewright, reference list of type STRING: host names that mean one host\n",
      "hashes-001.txt // Rulewright, reference list of type STRING: SHA-256 of files\n",
      "urls-001.txt // Rulewright, reference list of type STRING: URLs\n",
    ]);
  });

  it.each([
    ["quillet-morrow.top", true],
    ["c2.quillet-morrow.top", true],
    ["notquillet-morrow.top", false],
    ["quillet-morrowxtop", false],
    ["quillet-morrow.top.example", false],
  ])("by expression: %s matches: %s", async (name, expected) => {
    const [pattern] = (await listsOf([exampleIndicator("domain")]))["domain-trees"] as [string];
    expect(new RegExp(pattern).test(name)).toBe(expected);
  });

  it("escape what would begin a comment", async () => {
    const { files } = await render(secops, [exampleIndicator("url", { value: "http://evil.top/a//b/c" })]);
    expect(String(files.get("urls-001.txt")).split("\n")[1]).toBe("http:\\/\\/evil.top/a\\/\\/b/c");
  });

  it("read back as the URL it was, or skip it", () => {
    const urls = LISTS.find(({ name }) => name === "urls") as (typeof LISTS)[number];
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("/", "\\", "a", "?"), minLength: 1 }), (text) => {
        const { item } = listItem(urls, text);
        if (item === undefined) return;
        expect(item).not.toContain("//");
        expect(item.replaceAll("\\/", "/")).toBe(text);
      }),
    );
  });

  it("take no line longer than SecOps takes", async () => {
    const url = exampleIndicator("url", { value: `http://evil.top/${"a".repeat(5000)}` });
    const { skipped } = await render(secops, [url]);
    expect(skipped.map(({ reason }) => reason)).toEqual(["longer than the 5000 characters of a line"]);
  });

  it("become several before 6 MB", async () => {
    const { files } = await render(
      secops,
      Array.from({ length: 90_000 }, (_, index) => numbered("sha256", index)),
    );
    expect([...files.keys()].filter((path) => path.startsWith("hashes"))).toEqual(["hashes-001.txt"]);
    const more = Array.from({ length: 100_000 }, (_, index) => numbered("sha256", index));
    const split = await render(secops, more);
    expect([...split.files.keys()].filter((path) => path.startsWith("hashes"))).toEqual([
      "hashes-001.txt",
      "hashes-002.txt",
    ]);
    expect(readLists(split.files).hashes).toHaveLength(100_000);
  });
});

describe("secops: entities", () => {
  it("is this for a file", async () => {
    const md5 = "0".repeat(32);
    const file = exampleIndicator("sha256", { details: { md5, sha1: "=1" } });
    const { files } = await render(secops, [file], { format: "entities" });
    expect(JSON.parse(String(files.get("entities.ndjson")))).toEqual({
      metadata: {
        collectedTimestamp: "2026-11-24T00:00:00.000Z",
        vendorName: "Rulewright",
        productName: "Malware sandbox indicators",
        productEntityId: `sha256:${SAMPLE}`,
        entityType: "FILE",
        interval: { startTime: "2026-10-01T08:00:00.000Z", endTime: "2027-01-18T09:30:00.000Z" },
        threat: [
          {
            category: ["SOFTWARE_MALICIOUS"],
            severity: "HIGH",
            confidence: "HIGH_CONFIDENCE",
            threatName: "quillet",
            summary: "Seen in malware sandbox",
            description: "quillet: contacted by 1 sample; the sample is malicious by 40 of 70 engines (Zenbox)",
            urlBackToProduct: `https://www.virustotal.com/gui/file/${SAMPLE}`,
          },
        ],
      },
      entity: { file: { sha256: SAMPLE, md5 } },
    });
  });

  it("has a noun for each type", async () => {
    const { files } = await render(secops, exampleIndicators(), { format: "entities" });
    expect(readEntities(files).map(({ entity }) => entity)).toEqual([
      { hostname: "quillet-morrow.top" },
      { ip: ["45.32.17.9"] },
      { ip: ["2a01:4f8:c17:7d1::2"] },
      { url: "http://quillet-morrow.top/gate.php?id=1" },
      { file: { sha256: SAMPLE } },
    ]);
  });
});

describe("secops: golden output", () => {
  it.each([
    ["secops", "lists"],
    ["secops-entities", "entities"],
  ])("%s passes the check", (name, format) => {
    check(goldenFiles(name), format);
  });
});
