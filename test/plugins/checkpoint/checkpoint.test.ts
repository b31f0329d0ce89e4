import { describe, expect, it } from "vitest";
import { checkpoint } from "../../../plugins/checkpoint/index.ts";
import type { Indicator } from "../../../src/plugin.ts";
import {
  describeExporter,
  exampleIndicator,
  exampleIndicators,
  type RenderedFiles,
  render,
} from "../../../src/testing.ts";
import { readCsv } from "../../support/csv-rows.ts";
import { goldenFiles } from "../../support/exported.ts";

const HEADER = "# UNIQ-NAME,VALUE,TYPE,CONFIDENCE,SEVERITY,PRODUCT,COMMENT";
const VALUES: Readonly<Record<string, RegExp>> = {
  Domain: /^(?:[a-z0-9_-]+\.)+[a-z0-9-]+$/,
  IP: /^\d{1,3}(?:\.\d{1,3}){3}$/,
  URL: /^https?:\/\/[!-~]+$/,
  SHA256: /^[0-9a-f]{64}$/,
};

/** What the gateway asks: it refuses the whole file for one empty or wrong mandatory field. */
function check(files: RenderedFiles): void {
  expect([...files.keys()]).toEqual(["indicators.csv"]);
  const { header, rows } = readCsv(files.get("indicators.csv"));
  expect(header).toBe(HEADER);
  for (const row of rows) {
    expect(row["# UNIQ-NAME"]).toMatch(/^rulewright-[0-9a-f]{16}$/);
    expect(row.VALUE).toMatch(VALUES[row.TYPE as string] as RegExp);
    expect(["low", "medium", "high", "critical"]).toContain(row.CONFIDENCE);
    expect(["low", "medium", "high", "critical"]).toContain(row.SEVERITY);
    expect(row.PRODUCT).toBe(row.TYPE === "SHA256" ? "AV" : "AB");
  }
}

describeExporter(checkpoint, { runner: { describe, it }, check });

async function rowsOf(indicators: readonly Indicator[]) {
  const { files } = await render(checkpoint, indicators);
  check(files);
  return readCsv(files.get("indicators.csv")).rows;
}

describe("checkpoint", () => {
  it("is this for a domain and a file", async () => {
    const { files } = await render(checkpoint, [exampleIndicator("domain"), exampleIndicator("sha256")]);
    expect(String(files.get("indicators.csv"))).toBe(
      `${HEADER}\nrulewright-47b61c523b516781,quillet-morrow.top,Domain,high,high,AB,` +
        "quillet: contacted by 1 sample; the sample is malicious by 40 of 70 engines (Zenbox)\n" +
        "rulewright-4870e98e7b029dc5,9f2b5c7d1e3a4f60817263544536271809fadbecdcbdae9f8071625344352617,SHA256,high,high,AV," +
        "quillet: contacted by 1 sample; the sample is malicious by 40 of 70 engines (Zenbox)\n",
    );
  });

  it("has unique names, the same for the same indicator", async () => {
    const names = (await rowsOf(exampleIndicators())).map((row) => row["# UNIQ-NAME"]);
    expect(new Set(names).size).toBe(names.length);
    const [again] = await rowsOf([exampleIndicator("domain", { families: [], tlp: "red" })]);
    expect(again?.["# UNIQ-NAME"]).toBe(names[0]);
  });

  it("knows IPv4 only", async () => {
    expect(checkpoint.accepts).not.toContain("ipv6");
    const { skipped } = await render(checkpoint, [exampleIndicator("url", { value: "http://[2a01:4f8::2]/a" })]);
    expect(skipped.map(({ reason }) => reason)).toEqual(["Check Point knows IPv4 only"]);
  });

  it("takes URLs of the web only", async () => {
    const { skipped } = await render(checkpoint, [exampleIndicator("url", { value: "ftp://quillet-morrow.top/a" })]);
    expect(skipped.map(({ reason }) => reason)).toEqual(["only http and https URLs can be listed"]);
  });

  it("quotes a comma and keeps a comment on its line", async () => {
    const url = exampleIndicator("url", { value: 'http://evil.top/a,b"c', families: ["x\n# y", "=1"] });
    expect(await rowsOf([url])).toMatchObject([
      { VALUE: 'http://evil.top/a,b"c', COMMENT: expect.stringMatching(/^x # y, =1: contacted/) },
    ]);
  });

  it("takes a low confidence for what has none", async () => {
    const verdict = { decision: "keep", confidence: 0, reasons: [] } as const;
    expect(await rowsOf([exampleIndicator("domain", { verdict })])).toMatchObject([{ CONFIDENCE: "low" }]);
  });
});

describe("checkpoint: golden output", () => {
  it("passes the check", () => {
    check(goldenFiles("checkpoint"));
  });
});
