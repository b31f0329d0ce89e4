import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import { splunk } from "../../../plugins/splunk/index.ts";
import { INTELLIGENCE } from "../../../plugins/splunk/intelligence.ts";
import type { Indicator } from "../../../src/plugin.ts";
import { describeExporter, exampleIndicator, type RenderedFiles, render } from "../../../src/testing.ts";
import { itNeedsReference, referenceDir } from "../../support/engines.ts";
import { checkApp, parseConf } from "./app-check.ts";

const APP = "rulewright_iocs_es";
const pathOf = (kind: string): string => `${APP}/lookups/rulewright_ioc_${kind}_intel.csv`;

function check(files: RenderedFiles): void {
  checkApp(files);
  for (const kind of Object.keys(INTELLIGENCE)) {
    for (const row of rowsOf(files, kind)) {
      expect(row.description).toMatch(/\S/);
      expect(row.weight).toMatch(/^[1-9]\d*$/);
    }
  }
}

describeExporter(splunk, {
  runner: { describe, it },
  formats: ["es"],
  options: { maxRows: 5000 },
  holdsBack: true,
  check,
});

function rowsOf(files: RenderedFiles, kind: string): Record<string, string>[] {
  return parse(files.get(pathOf(kind)) as Buffer, { columns: true, bom: false }) as Record<string, string>[];
}

async function textOf(kind: string, indicators: readonly Indicator[]): Promise<string> {
  return String((await render(splunk, indicators, { format: "es" })).files.get(pathOf(kind)));
}

const keptAt = (confidence: number): Partial<Indicator> => ({
  verdict: { decision: "keep", confidence, reasons: [{ id: "contacted", weight: 60, text: "contacted by 1 sample" }] },
});

describe("splunk: Enterprise Security", () => {
  it("has the ten headers in their order, under names of its own, though there are no rows", async () => {
    const { files } = await render(splunk, [], { format: "es" });
    const headers = Object.fromEntries(
      [...files].flatMap(([path, data]) => (path.endsWith(".csv") ? [[path.split("/").at(-1), String(data)]] : [])),
    );
    expect(headers).toEqual({
      "rulewright_ioc_ip_intel.csv": "description,ip,weight\n",
      "rulewright_ioc_domain_intel.csv": "description,domain,weight\n",
      "rulewright_ioc_http_intel.csv": "description,http_referrer,http_user_agent,url,weight\n",
      "rulewright_ioc_file_intel.csv": "description,file_hash,file_name,weight\n",
      "rulewright_ioc_certificate_intel.csv":
        "certificate_issuer,certificate_subject,certificate_issuer_organization,certificate_subject_organization,certificate_serial,certificate_issuer_unit,certificate_subject_unit,description,weight\n",
      "rulewright_ioc_process_intel.csv": "description,process,process_file_name,weight\n",
      "rulewright_ioc_registry_intel.csv": "description,registry_path,registry_value_name,registry_value_text,weight\n",
      "rulewright_ioc_service_intel.csv": "description,service,service_file_hash,service_dll_file_hash,weight\n",
      "rulewright_ioc_user_intel.csv": "description,user,weight\n",
      "rulewright_ioc_email_intel.csv": "description,src_user,subject,weight\n",
    });
  });

  itNeedsReference("has the headers that Enterprise Security ships", () => {
    const dir = join(referenceDir as string, "siem/golden/splunk_es");
    const shipped = readdirSync(dir).map((name) => [
      /^local_(\w+)_intel\.csv$/.exec(name)?.[1],
      readFileSync(join(dir, name), "utf8").split(/\r?\n/)[0],
    ]);
    expect(Object.fromEntries(Object.entries(INTELLIGENCE).map(([kind, header]) => [kind, header.join(",")]))).toEqual(
      Object.fromEntries(shipped),
    );
  });

  it.each([
    ["ip", exampleIndicator("ipv4"), "quillet: contacted by 1 sample (Zenbox),45.32.17.9,3"],
    ["domain", exampleIndicator("domain"), "quillet: contacted by 1 sample (Zenbox),quillet-morrow.top,3"],
    [
      "http",
      exampleIndicator("url"),
      "quillet: contacted by 1 sample (Zenbox),,,http://quillet-morrow.top/gate.php?id=1,3",
    ],
    [
      "registry",
      exampleIndicator("registry-key", { families: [] }),
      "contacted by 1 sample (Zenbox),HKEY_CURRENT_USER\\Software\\Quillet\\Run,,,1",
    ],
    [
      "process",
      exampleIndicator("command-line", { families: [] }),
      'contacted by 1 sample (Zenbox),"rundll32.exe C:\\Users\\Public\\quillet.dll,Start",,1',
    ],
    [
      "certificate",
      exampleIndicator("certificate", {
        families: [],
        details: { certificate: { serial: "03f1a2b3c4d5e6f708", issuer: "CN=R3", subject: "CN=a" } },
      }),
      ",,,,03f1a2b3c4d5e6f708,,,contacted by 1 sample (Zenbox),3",
    ],
  ])("writes %s intelligence", async (kind, indicator, row) => {
    expect((await textOf(kind, [indicator])).split("\n")[1]).toBe(row);
  });

  it("writes one row for each hash of a file, and no name, which would alert by itself", async () => {
    const details = {
      md5: "d41d8cd98f00b204e9800998ecf8427f",
      sha1: "da39a3ee5e6b4b0d3255bfef95601890afd80708",
      names: ["svchost.exe"],
    };
    const { files } = await render(splunk, [exampleIndicator("sha256", { details })], { format: "es" });
    expect(rowsOf(files, "file").map(({ file_hash, file_name }) => [file_hash, file_name])).toEqual([
      [exampleIndicator("sha256").value, ""],
      [details.sha1, ""],
      [details.md5, ""],
    ]);
  });

  it.each([
    [90, "3"],
    [80, "3"],
    [79, "2"],
    [60, "2"],
    [59, "1"],
  ])("gives confidence %i the weight %s", async (confidence, weight) => {
    const { files } = await render(splunk, [exampleIndicator("ipv4", keptAt(confidence))], { format: "es" });
    expect(rowsOf(files, "ip")[0]?.weight).toBe(weight);
  });

  it.each([
    [exampleIndicator("endpoint"), /has no ports/],
    [exampleIndicator("user-agent"), /share user agents/],
    [exampleIndicator("ja3"), /has no column for ja3/],
    [exampleIndicator("file-path"), /has no column for file-path/],
    [exampleIndicator("certificate"), /by serial/],
    [exampleIndicator("certificate", { details: { certificate: { serial: "01" } } }), /by serial/],
    [exampleIndicator("domain", { status: "revoked" }), /^revoked/],
    [exampleIndicator("command-line", { value: "%APPDATA%\\quillet.exe" }), /^a variable stands in it/],
  ])("skips $0.type: $1", async (indicator, reason) => {
    const { skipped } = await render(splunk, [indicator], { format: "es" });
    expect(skipped.map((one) => one.reason)).toEqual([expect.stringMatching(reason)]);
  });

  it("registers each lookup as an intelligence download that is off", async () => {
    const { files } = await render(splunk, [], { format: "es" });
    const inputs = parseConf(String(files.get(`${APP}/default/inputs.conf`)));
    expect([...inputs.keys()]).toHaveLength(10);
    expect(Object.fromEntries(inputs.get("threatlist://rulewright_ioc_ip_intel") ?? [])).toEqual({
      disabled: "1",
      type: "threatlist",
      description: "Rulewright IOCs for Enterprise Security: ip",
      url: "lookup://rulewright_ioc_ip_intel",
      interval: "43200",
    });
  });

  it("says how to append, and never names a file as an analyst's", async () => {
    const { files } = await render(splunk, [], { format: "es" });
    expect(String(files.get(`${APP}/README.txt`))).toContain(
      "| inputlookup rulewright_ioc_ip_intel | outputlookup append=t local_ip_intel",
    );
    expect([...files.keys()].filter((path) => path.includes("local"))).toEqual([]);
    expect(splunk.options.safeParse({ lookupPrefix: "local" }).success).toBe(false);
  });
});
