import { describe, expect, it } from "vitest";
import { defender } from "../../../plugins/defender/index.ts";
import type { Indicator } from "../../../src/plugin.ts";
import {
  describeExporter,
  exampleIndicator,
  exampleIndicators,
  numbered,
  type RenderedFiles,
  render,
} from "../../../src/testing.ts";
import { readCsv } from "../../support/csv-rows.ts";
import { goldenFiles } from "../../support/exported.ts";

const HEADER =
  "IndicatorType,IndicatorValue,ExpirationTime,Action,Severity,Title,Description,RecommendedActions,RbacGroups,Category,MitreTechniques,GenerateAlert";
const TYPES: Readonly<Record<string, RegExp>> = {
  DomainName: /^(?:[a-z0-9_-]+\.)+[a-z0-9-]+$/,
  IpAddress: /^(?:[0-9.]+|[0-9a-f:]+)$/,
  Url: /^https?:\/\/[!-~]+$/,
  FileSha256: /^[0-9a-f]{64}$/,
};
const TABS: Readonly<Record<string, readonly string[]>> = {
  addresses: ["IpAddress"],
  files: ["FileSha256"],
  "urls-domains": ["DomainName", "Url"],
};

/** What the import page asks of each file. */
function check(files: RenderedFiles): void {
  for (const [path, data] of files) {
    const { header, rows } = readCsv(data);
    expect(header).toBe(HEADER);
    expect(rows.length).toBeLessThanOrEqual(500);
    const tab = /^([a-z-]+)-\d{3}\.csv$/.exec(path)?.[1] as string;
    for (const row of rows) {
      expect(TABS[tab]).toContain(row.IndicatorType);
      expect(row.IndicatorValue).toMatch(TYPES[row.IndicatorType as string] as RegExp);
      expect(row.ExpirationTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.0Z$/);
      expect(["Audit", "Warn", "Block", "BlockAndRemediate"]).toContain(row.Action);
      if (row.Action === "BlockAndRemediate") expect(tab).toBe("files");
      expect(["Informational", "Low", "Medium", "High"]).toContain(row.Severity);
      expect(["CommandAndControl", "Malware"]).toContain(row.Category);
      expect(row.Title).not.toBe("");
      expect(row.Description).not.toBe("");
      expect(row.GenerateAlert).toBe("true");
    }
  }
}

describeExporter(defender, {
  runner: { describe, it },
  check,
  options: { maxRows: 1000 },
  holdsBack: true,
});

async function rowsOf(indicators: readonly Indicator[], options = {}) {
  const { files } = await render(defender, indicators, { options });
  check(files);
  return [...files.values()].flatMap((data) => readCsv(data).rows);
}

describe("defender", () => {
  it("is this for a domain", async () => {
    const { files } = await render(defender, [exampleIndicator("domain")]);
    expect(String(files.get("urls-domains-001.csv"))).toBe(
      `${HEADER}\nDomainName,quillet-morrow.top,2027-01-18T09:30:00.0Z,Audit,High,Seen in malware sandbox: quillet,` +
        "quillet: contacted by 1 sample; the sample is malicious by 40 of 70 engines (Zenbox),,,CommandAndControl,,true\n",
    );
  });

  it("has a file for each tab of the import page, and nothing of a server's certificate or a port", async () => {
    const { files } = await render(defender, exampleIndicators());
    expect([...files].map(([path, data]) => [path, readCsv(data).rows.map((row) => row.IndicatorType)])).toEqual([
      ["addresses-001.csv", ["IpAddress", "IpAddress"]],
      ["files-001.csv", ["FileSha256"]],
      ["urls-domains-001.csv", ["DomainName", "Url"]],
    ]);
  });

  it("audits unless told otherwise, and remediates files only", async () => {
    const actions = async (options: object) =>
      (await rowsOf(exampleIndicators(), options)).map(({ IndicatorType, Action }) => `${IndicatorType} ${Action}`);
    expect(new Set((await rowsOf(exampleIndicators())).map(({ Action }) => Action))).toEqual(new Set(["Audit"]));
    expect(await actions({ action: "BlockAndRemediate" })).toEqual([
      "IpAddress Block",
      "IpAddress Block",
      "FileSha256 BlockAndRemediate",
      "DomainName Block",
      "Url Block",
    ]);
    expect(defender.options.safeParse({ action: "Allowed" }).success).toBe(false);
  });

  it("says how sure it is", async () => {
    const verdict = (confidence: number) => ({ decision: "keep", confidence, reasons: [] }) as const;
    const rows = await rowsOf([
      exampleIndicator("domain", { value: "a.top", verdict: verdict(30), families: [] }),
      exampleIndicator("domain", { value: "b.top", verdict: verdict(0), families: ["=cmd|' /C calc'!A0"] }),
    ]);
    expect(rows).toMatchObject([
      { Severity: "Medium", Title: "Seen in malware sandbox", Description: "(Zenbox)" },
      { Severity: "Informational", Description: "'=cmd|' /C calc'!A0:  (Zenbox)" },
    ]);
  });

  it("keeps to device groups", async () => {
    const [row] = await rowsOf([exampleIndicator("domain")], { rbacGroups: ["Servers", "Field laptops"] });
    expect(row?.RbacGroups).toBe("Servers,Field laptops");
  });

  it("skips what has ended: Defender refuses it", async () => {
    const { skipped } = await render(defender, [exampleIndicator("domain")], { now: new Date("2027-01-18T09:30:00Z") });
    expect(skipped.map(({ reason }) => reason)).toEqual(["its validity has ended"]);
  });

  it("skips what network protection does not see", async () => {
    const { skipped } = await render(defender, [exampleIndicator("url", { value: "ftp://quillet-morrow.top/a" })]);
    expect(skipped.map(({ reason }) => reason)).toEqual(["only http and https URLs can be listed"]);
  });

  it("begins a file after 500 rows", async () => {
    const { files } = await render(
      defender,
      Array.from({ length: 1001 }, (_, index) => numbered("domain", index)),
    );
    check(files);
    expect([...files].map(([path, data]) => [path, readCsv(data).rows.length])).toEqual([
      ["addresses-001.csv", 0],
      ["files-001.csv", 0],
      ["urls-domains-001.csv", 500],
      ["urls-domains-002.csv", 500],
      ["urls-domains-003.csv", 1],
    ]);
  });

  it("keeps the best of more than a tenant holds, and counts the others", async () => {
    const indicators = Array.from({ length: 15_010 }, (_, index) => {
      const confidence = index % 1000 === 7 ? 40 : 90;
      return { ...numbered("domain", index), verdict: { decision: "keep", confidence, reasons: [] } as const };
    });
    const { files, skipped, rows } = await render(defender, indicators);
    check(files);
    expect(rows).toBe(15_000);
    const weak = new Set(indicators.filter(({ verdict }) => verdict.confidence === 40).map(({ value }) => value));
    expect(skipped.filter(({ indicator }) => !weak.has(indicator.value))).toEqual([]);
    expect(new Set(skipped.map(({ reason }) => reason))).toEqual(
      new Set(["cut: it ranks below what 15,000 rows hold"]),
    );
  });
});

describe("defender: golden output", () => {
  it("passes the check", () => {
    check(goldenFiles("defender"));
  });
});
