import { describe, expect, it } from "vitest";
import { crowdstrike } from "../../../plugins/crowdstrike/index.ts";
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

const HEADER =
  "type,value,action,platforms,severity,source,description,filename,tags,applied_globally,host_groups,expiration";
const VALUES: Readonly<Record<string, RegExp>> = {
  domain: /^(?:[a-z0-9_-]+\.)+[a-z0-9-]+$/,
  ipv4: /^[0-9.]+$/,
  ipv6: /^[0-9a-f:]+$/,
  sha256: /^[0-9a-f]{64}$/,
};

/** What the upload page asks of each row. */
function check(files: RenderedFiles): void {
  expect([...files.keys()]).toEqual(["indicators.csv"]);
  const { header, rows } = readCsv(files.get("indicators.csv"));
  expect(header).toBe(HEADER);
  for (const row of rows) {
    expect(row.value).toMatch(VALUES[row.type as string] as RegExp);
    expect(row.action).toMatch(row.type === "sha256" ? /^(?:no_action|detect|prevent|prevent_no_ui)$/ : /^detect$/);
    expect(row.platforms).toMatch(/^(?:windows|mac|linux)(?:;(?:windows|mac|linux))*$/);
    expect(["informational", "low", "medium", "high", "critical"]).toContain(row.severity);
    expect((row.source as string).length).toBeLessThanOrEqual(256);
    expect(row.tags).toMatch(/^[\w.-]+(?:;[\w.-]+)*$/);
    expect(row.applied_globally === "true").toBe(row.host_groups === "");
    expect(row.expiration).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  }
}

describeExporter(crowdstrike, { runner: { describe, it }, check });

async function rowsOf(indicators: readonly Indicator[], options = {}) {
  const { files } = await render(crowdstrike, indicators, { options });
  check(files);
  return readCsv(files.get("indicators.csv")).rows;
}

describe("crowdstrike", () => {
  it("is this for a domain", async () => {
    const { files } = await render(crowdstrike, [exampleIndicator("domain")]);
    expect(String(files.get("indicators.csv"))).toBe(
      `${HEADER}\ndomain,quillet-morrow.top,detect,windows;mac;linux,high,Rulewright,` +
        "quillet: contacted by 1 sample; the sample is malicious by 40 of 70 engines (Zenbox),,rulewright;quillet,true,," +
        "2027-01-18T09:30:00Z\n",
    );
  });

  it("has the types that Falcon knows", async () => {
    expect((await rowsOf(exampleIndicators())).map(({ type }) => type)).toEqual(["domain", "ipv4", "ipv6", "sha256"]);
  });

  it("prevents files only, and only when told so", async () => {
    const actions = async (options = {}) => (await rowsOf(exampleIndicators(), options)).map(({ action }) => action);
    expect(await actions()).toEqual(["detect", "detect", "detect", "detect"]);
    expect(await actions({ hashAction: "prevent" })).toEqual(["detect", "detect", "detect", "prevent"]);
    expect(crowdstrike.options.safeParse({ hashAction: "allow" }).success).toBe(false);
  });

  it("applies to host groups when there are some", async () => {
    const group = "0123456789abcdef0123456789abcdef";
    expect(await rowsOf([exampleIndicator("domain")], { hostGroups: [group], platforms: ["windows"] })).toMatchObject([
      { applied_globally: "false", host_groups: group, platforms: "windows" },
    ]);
  });

  it("names the file and makes families tags", async () => {
    const details = { names: ["=invoice.exe"] };
    expect(await rowsOf([exampleIndicator("sha256", { details, families: ["a; b", "**"] })])).toMatchObject([
      { filename: "'=invoice.exe", tags: "rulewright;a-b" },
    ]);
  });

  it("skips what has ended", async () => {
    const { skipped } = await render(crowdstrike, [exampleIndicator("domain")], {
      now: new Date("2027-02-01T00:00:00Z"),
    });
    expect(skipped.map(({ reason }) => reason)).toEqual(["its validity has ended"]);
  });
});

describe("crowdstrike: golden output", () => {
  it("passes the check", () => {
    check(goldenFiles("crowdstrike"));
  });
});
