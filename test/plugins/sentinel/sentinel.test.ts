import { describe, expect, it } from "vitest";
import { sentinel } from "../../../plugins/sentinel/index.ts";
import type { Indicator } from "../../../src/plugin.ts";
import { describeExporter, exampleIndicator, numbered, type RenderedFiles, render } from "../../../src/testing.ts";
import { readCsv } from "../../support/csv-rows.ts";
import { goldenFiles } from "../../support/exported.ts";

const HEADER =
  "threatTypes,tags,name,description,confidence,revoked,validFrom,validUntil,tlpLevel,severity,observableType,observableValue";
const OBSERVABLES: Readonly<Record<string, RegExp>> = {
  "domain-name": /^(?:[a-z0-9_-]+\.)+[a-z0-9-]+$/,
  "ipv4-addr": /^[0-9.]+$/,
  "ipv6-addr": /^[0-9a-f:]+$/,
  url: /^https?:\/\/[!-~]+$/,
};

function check(files: RenderedFiles): void {
  for (const [path, data] of files) {
    expect(path).toMatch(/^indicators-\d{3}\.csv$/);
    expect(data.length).toBeLessThanOrEqual(50_000_000);
    const { header, rows } = readCsv(data);
    expect(header).toBe(HEADER);
    for (const row of rows) {
      expect(row.threatTypes).toBe("malicious-activity");
      expect(row.name).not.toBe("");
      expect(Number(row.confidence)).toBeLessThanOrEqual(100);
      expect(row.revoked).toMatch(/^(?:true|false)$/);
      for (const time of [row.validFrom, row.validUntil]) {
        expect(new Date(time as string).toISOString()).toBe(time);
      }
      expect(["white", "green", "amber", "red"]).toContain(row.tlpLevel);
      expect(row.severity).toMatch(/^[0-5]$/);
      expect(row.observableValue).toMatch(OBSERVABLES[row.observableType as string] as RegExp);
    }
  }
}

describeExporter(sentinel, { runner: { describe, it }, check });

async function rowsOf(indicators: readonly Indicator[]) {
  const { files } = await render(sentinel, indicators);
  check(files);
  return readCsv(files.get("indicators-001.csv")).rows;
}

describe("sentinel: file import", () => {
  it("is this for a domain", async () => {
    const { files } = await render(sentinel, [exampleIndicator("domain", { labels: ["dynamic-dns"] })]);
    expect(String(files.get("indicators-001.csv"))).toBe(
      `${HEADER}\nmalicious-activity,"quillet, dynamic-dns",Rulewright: quillet-morrow.top,` +
        "quillet: contacted by 1 sample; the sample is malicious by 40 of 70 engines (Zenbox),85,false," +
        "2026-10-01T08:00:00.000Z,2027-01-18T09:30:00.000Z,amber,4,domain-name,quillet-morrow.top\n",
    );
  });

  it("says that a revoked indicator is revoked, and leaves an expired one to its validUntil", async () => {
    const { skipped, files } = await render(sentinel, [
      exampleIndicator("domain", { status: "revoked", verdict: { decision: "drop", confidence: 0, reasons: [] } }),
      exampleIndicator("ipv4", { status: "expired" }),
    ]);
    expect(readCsv(files.get("indicators-001.csv")).rows).toMatchObject([
      { observableValue: "quillet-morrow.top", revoked: "true", confidence: "0" },
    ]);
    expect(skipped.map(({ reason }) => reason)).toEqual(["expired, and whatever is listed alerts"]);
  });

  it.each([
    ["clear", "white"],
    ["green", "green"],
    ["amber", "amber"],
    ["amber+strict", "red"],
    ["red", "red"],
  ] as const)("writes TLP %s as %s, never a more open one", async (tlp, level) => {
    expect(await rowsOf([exampleIndicator("domain", { tlp })])).toMatchObject([{ tlpLevel: level }]);
  });

  it("keeps a comma out of a tag", async () => {
    expect(await rowsOf([exampleIndicator("domain", { families: ["a,b", "c"] })])).toMatchObject([{ tags: "a b, c" }]);
  });

  it("begins a file before it is too large, each with the header", async () => {
    const { files } = await render(
      sentinel,
      Array.from({ length: 200 }, (_, index) => numbered("domain", index)),
      { options: { maxBytes: 10_000 } },
    );
    check(files);
    expect(files.size).toBeGreaterThan(3);
    for (const data of files.values()) expect(data.length).toBeLessThanOrEqual(10_000);
    expect([...files.values()].flatMap((data) => readCsv(data).rows)).toHaveLength(200);
  });
});

describe("sentinel: golden output", () => {
  it("passes the check", () => {
    check(goldenFiles("sentinel"));
  });
});
