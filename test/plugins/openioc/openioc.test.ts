import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openioc } from "../../../plugins/openioc/index.ts";
import type { Indicator } from "../../../src/plugin.ts";
import {
  describeExporter,
  exampleIndicator,
  exampleIndicators,
  type RenderedFiles,
  render,
} from "../../../src/testing.ts";
import { hasProgram, itNeeds, itNeedsReference, referenceDir } from "../../support/engines.ts";

const PATH = "rulewright.ioc";
const SCHEMA = join(referenceDir ?? "", "siem/openioc/ioc-1.1.xsd");

/** Well-formed, and valid where the schema is there. */
function check(files: RenderedFiles): void {
  const input = files.get(PATH) as Buffer;
  const ids = [...input.toString().matchAll(/ id="([^"]*)"/g)].map(([, id]) => id as string);
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(new Set(ids).size, ids.length);
  if (!hasProgram("xmllint")) return;
  const schema = referenceDir && existsSync(SCHEMA) ? ["--schema", SCHEMA] : [];
  const { status, stderr } = spawnSync("xmllint", ["--noout", "--huge", ...schema, "-"], { input, encoding: "utf8" });
  assert.equal(status, 0, stderr);
}

async function ioc(indicators: readonly Indicator[], options = {}): Promise<string> {
  return String((await render(openioc, indicators, { options })).files.get(PATH));
}

const UNESCAPED: Readonly<Record<string, string>> = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"' };

/** `term condition value` of each item, nested conditions in braces. */
function itemsOf(text: string): string[] {
  const pattern =
    /<Indicator operator="AND"|<\/Indicator>|condition="([^"]+)".*search="([^"]+)".*<Content[^>]*>(.*)<\/Content>/g;
  let isNested = false;
  return [...text.matchAll(pattern)].flatMap(([found, condition, search, value = ""]) => {
    if (search === undefined) {
      isNested = found.startsWith("<I");
      return [];
    }
    const item = `${search} ${condition} ${value.replaceAll(/&\w+;/g, (entity) => UNESCAPED[entity] as string)}`;
    return [isNested ? `{${item}}` : item];
  });
}

describeExporter(openioc, { runner: { describe, it }, check });

describe("openioc", () => {
  it("writes a document", async () => {
    expect(
      (await ioc([exampleIndicator("ipv4")])).replaceAll(/ id="[^"]*"/g, ' id=""'),
    ).toBe(`<?xml version="1.0" encoding="utf-8"?>
<OpenIOC xmlns="http://openioc.org/schemas/OpenIOC_1.1" id="" last-modified="0001-01-01T00:00:00Z" published-date="0001-01-01T00:00:00Z">
  <metadata>
    <short_description>Rulewright indicators</short_description>
    <authored_by>Rulewright</authored_by>
    <authored_date>0001-01-01T00:00:00Z</authored_date>
    <links />
  </metadata>
  <criteria>
    <Indicator operator="OR" id="">
      <Indicator operator="OR" id="">
        <IndicatorItem id="" condition="is" preserve-case="false" negate="false"><Context document="PortItem" search="PortItem/remoteIP" type="mir" /><Content type="IP">45.32.17.9</Content></IndicatorItem>
      </Indicator>
    </Indicator>
  </criteria>
</OpenIOC>
`);
  });

  it("has a term for each type", async () => {
    const details = { md5: "6734f37431670b3ab4292b8f60f29984", sha1: "3f1d2c4b5a69788796a5b4c3d2e1f00112233445" };
    const [, ...rest] = exampleIndicators();
    const host = exampleIndicator("domain", { value: "quillet.ddns.example", scope: "host" });
    const file = exampleIndicator("sha256", { details });
    const given = [exampleIndicator("domain"), host, ...rest.filter(({ type }) => type !== "sha256"), file];
    expect(itemsOf(await ioc(given))).toEqual([
      "Network/DNS is quillet-morrow.top",
      "Network/DNS ends-with .quillet-morrow.top",
      "Network/DNS is quillet.ddns.example",
      "PortItem/remoteIP is 45.32.17.9",
      "PortItem/remoteIP is 2a01:4f8:c17:7d1::2",
      "{PortItem/remoteIP is 45.32.17.9}",
      "{PortItem/remotePort is 8443}",
      "{PortItem/protocol is TCP}",
      "UrlHistoryItem/URL is http://quillet-morrow.top/gate.php?id=1",
      `FileItem/Sha256sum is ${file.value}`,
      `FileItem/Sha1sum is ${details.sha1}`,
      `FileItem/Md5sum is ${details.md5}`,
    ]);
  });

  it("keeps the markup of a URL as text", async () => {
    const value = `http://evil.example/?a=1&b=<x>"'&amp;]]>`;
    const text = await ioc([exampleIndicator("url", { value })]);
    expect(itemsOf(text)).toEqual([`UrlHistoryItem/URL is ${value}`]);
    check(new Map([[PATH, Buffer.from(text)]]));
  });

  it("keeps the ids of an item, whatever else is there, and of a document by its title", async () => {
    const idsOf = (text: string): string[] => [...text.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id as string);
    const alone = idsOf(await ioc([exampleIndicator("url")]));
    const among = idsOf(await ioc(exampleIndicators()));
    expect(alone.filter((id) => !among.includes(id))).toEqual([]);
    expect(idsOf(await ioc([], { title: "Another" }))).not.toEqual(idsOf(await ioc([])));
  });

  it("says when it was exported when told to", async () => {
    expect(await ioc([], { dates: "export" })).toContain(' last-modified="2026-11-24T00:00:00Z"');
  });

  itNeeds("xmllint")("takes a title as text, and the golden output is a document", async () => {
    check(new Map([[PATH, Buffer.from(await ioc(exampleIndicators(), { title: 'A & B <"ioc">' }))]]));
    check(new Map([[PATH, readFileSync(new URL("../../../samples/out/openioc/rulewright.ioc", import.meta.url))]]));
  });

  itNeedsReference("is held against the schema where that is there", () => {
    expect(existsSync(SCHEMA)).toBe(true);
  });
});
