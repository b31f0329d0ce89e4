import assert from "node:assert/strict";
import { isIPv4, isIPv6 } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { zeek } from "../../../plugins/zeek/index.ts";
import type { Indicator } from "../../../src/plugin.ts";
import {
  describeExporter,
  exampleIndicator,
  exampleIndicators,
  type RenderedFiles,
  render,
} from "../../../src/testing.ts";

const FIELDS = "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\tmeta.url\tmeta.do_notice";
const HASH = "9f2b5c7d1e3a4f60817263544536271809fadbecdcbdae9f8071625344352617";

/** What Zeek's ASCII reader and Intel::insert ask of a value of each type. */
const VALUES: Readonly<Record<string, (value: string) => boolean>> = {
  "Intel::ADDR": (value) => isIPv4(value) || isIPv6(value),
  "Intel::DOMAIN": (value) => /^(?:[a-z0-9_-]+\.)+[a-z0-9_-]+$/.test(value),
  "Intel::URL": (value) => /^(?:[a-z0-9._-]+|\[[0-9a-f:]+\])(?::\d+)?\/\S*$/.test(value),
  "Intel::FILE_HASH": (value) => /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/.test(value),
  "Intel::CERT_HASH": (value) => /^[0-9a-f]{40}$/.test(value),
};

/** A reader of the format, written after Zeek's documentation. Escapes are undone; `-` is undefined. */
function readIntel(text: string): Record<string, string | undefined>[] {
  assert.ok(text.endsWith("\n"));
  const [head = "", ...lines] = text.slice(0, -1).split("\n");
  assert.ok(head.startsWith("#fields\t"));
  const names = head.split("\t").slice(1);
  return lines.map((line) => {
    assert.match(line, /^[\t -~]+$/);
    assert.notEqual(line[0], "#");
    const cells = line.split("\t");
    assert.equal(cells.length, names.length);
    return Object.fromEntries(names.map((name, index) => [name, unescaped(cells[index] as string)]));
  });
}

function unescaped(cell: string): string | undefined {
  assert.notEqual(cell, "");
  if (cell === "-") return undefined;
  assert.doesNotMatch(cell, /\\(?!x[0-9a-f]{2})/);
  const bytes = cell.replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}

function check(files: RenderedFiles): void {
  const rows = readIntel(String(files.get("rulewright.intel")));
  for (const row of rows) {
    assert.ok(VALUES[row.indicator_type as string]?.(row.indicator as string), JSON.stringify(row));
    assert.match(row["meta.do_notice"] as string, /^[TF]$/);
  }
  const keys = rows.map((row) => `${row.indicator} ${row["meta.source"]}`);
  assert.equal(new Set(keys).size, keys.length);
}

async function intel(indicators: readonly Indicator[], options = {}): Promise<string> {
  return String((await render(zeek, indicators, { options })).files.get("rulewright.intel"));
}

/** Value and type of each item. */
async function items(indicators: readonly Indicator[]): Promise<string[]> {
  return readIntel(await intel(indicators)).map((row) => `${row.indicator} ${row.indicator_type}`);
}

describeExporter(zeek, { runner: { describe, it }, check });

describe("zeek", () => {
  it("writes an item", async () => {
    expect(await intel([exampleIndicator("domain")])).toBe(
      `${FIELDS}\nquillet-morrow.top\tIntel::DOMAIN\tRulewright\tquillet: contacted by 1 sample; the sample is malicious by 40 of 70 engines (Zenbox)\thttps://www.virustotal.com/gui/domain/quillet-morrow.top\tF\n`,
    );
  });

  it("knows a type for each value", async () => {
    expect(await items(exampleIndicators())).toEqual([
      "quillet-morrow.top Intel::DOMAIN",
      "45.32.17.9 Intel::ADDR",
      "2a01:4f8:c17:7d1::2 Intel::ADDR",
      "quillet-morrow.top/gate.php?id=1 Intel::URL",
      `${HASH} Intel::FILE_HASH`,
      "3f1d2c4b5a69788796a5b4c3d2e1f00112233445 Intel::CERT_HASH",
    ]);
  });

  it("has each hash of a file that is one", async () => {
    const md5 = "6734f37431670b3ab4292b8f60f29984";
    const sha1 = "3f1d2c4b5a69788796a5b4c3d2e1f00112233445";
    expect(await items([exampleIndicator("sha256", { details: { md5, sha1 } })])).toHaveLength(3);
    expect(
      await items([exampleIndicator("sha256", { details: { md5: "x\ty", sha1: sha1.toUpperCase() } })]),
    ).toHaveLength(1);
  });

  it.each([
    ["http://evil.example/A?b=c", "evil.example/A?b=c"],
    ["http://evil.example:8080/", "evil.example:8080/"],
    ["http://203.0.113.7/a", "203.0.113.7/a"],
    ["http://[2001:db8::7]:8080/a", "[2001:db8::7]:8080/a"],
    ["http://evil.example/a\\b", "evil.example/a\\b"],
  ])("writes %s without its scheme", async (value, item) => {
    expect(await items([exampleIndicator("url", { value })])).toEqual([`${item} Intel::URL`]);
  });

  it.each([
    ["https://evil.example/a", "Zeek sees no URL within TLS"],
    ["ftp://evil.example/a", "only http and https URLs can be listed"],
  ])("skips %s", async (value, reason) => {
    const { skipped } = await render(zeek, [exampleIndicator("url", { value })]);
    expect(skipped.map((one) => one.reason)).toEqual([reason]);
  });

  it("writes a backslash and what is no ASCII as bytes", async () => {
    expect(await intel([exampleIndicator("domain", { families: ["a\\b é"] })])).toContain("\ta\\x5cb \\xc3\\xa9: ");
  });

  it("asks for notices when told to, in another name", async () => {
    expect(await intel([exampleIndicator("domain")], { notice: true, source: "ACME lab" })).toMatch(
      /\tACME lab\t.*\tT\n$/,
    );
    expect(zeek.options.safeParse({ source: "a\tb" }).success).toBe(false);
  });

  it("is a header alone without items", async () => {
    expect(await intel([])).toBe(`${FIELDS}\n`);
  });

  it("carries any text of a description", () =>
    fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", minLength: 1, maxLength: 50 }), async (family) => {
        const [row] = readIntel(await intel([exampleIndicator("domain", { families: [family] })]));
        expect(row?.indicator).toBe("quillet-morrow.top");
      }),
    ));
});
