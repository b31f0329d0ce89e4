import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { yara } from "../../../plugins/yara/index.ts";
import { type Indicator, sha256 } from "../../../src/plugin.ts";
import { describeExporter, exampleIndicator, type RenderedFiles, render } from "../../../src/testing.ts";
import { hasProgram, itNeeds } from "../../support/engines.ts";

const HASH = "9f2b5c7d1e3a4f60817263544536271809fadbecdcbdae9f8071625344352617";
const PATH = "rulewright.yar";

/** Names of the rules that match a text, without a warning. */
function scan(rules: Buffer, text: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), "rulewright-yara-"));
  writeFileSync(join(folder, PATH), rules);
  writeFileSync(join(folder, "file"), text);
  const { status, stdout, stderr } = spawnSync("yara", [join(folder, PATH), join(folder, "file")], {
    encoding: "utf8",
  });
  assert.deepEqual([status, stderr], [0, ""]);
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split(" ")[0] as string);
}

function check(files: RenderedFiles): void {
  const rules = files.get(PATH) as Buffer;
  assert.doesNotMatch(rules.toString(), /[^\n -~]/);
  const names = [...rules.toString().matchAll(/^rule (\w{1,128}) \{$/gm)].map(([, name]) => name);
  assert.equal(new Set(names).size, names.length);
  if (hasProgram("yara")) assert.deepEqual(scan(rules, "harmless"), []);
}

async function rulesOf(indicators: readonly Indicator[], options = {}): Promise<string> {
  return String((await render(yara, indicators, { options })).files.get(PATH));
}

describeExporter(yara, { runner: { describe, it }, check });

describe("yara", () => {
  it("writes a rule with what is known of the file", async () => {
    expect(await rulesOf([exampleIndicator("sha256")])).toBe(`import "hash"
rule Rulewright_Quillet_${HASH} {
  meta:
    description = "quillet: contacted by 1 sample; the sample is malicious by 40 of 70 engines (Zenbox)"
    family = "quillet"
    confidence = 85
    tlp = "amber"
    first_seen = "2026-10-01"
    reference = "https://www.virustotal.com/gui/file/${HASH}"
    hash = "${HASH}"
  condition:
    filesize < 50MB and hash.sha256(0, filesize) == "${HASH}"
}
`);
  });

  it("compares a known size first", async () => {
    expect(await rulesOf([exampleIndicator("sha256", { details: { size: 4711 } })])).toContain(
      `\n    filesize == 4711 and hash.sha256(0, filesize) == "${HASH}"\n`,
    );
  });

  it("escapes quotes, backslashes and what is no ASCII", async () => {
    expect(await rulesOf([exampleIndicator("sha256", { families: ['a"b\\c\u00e9'] })])).toContain(
      '    family = "a\\"b\\\\c\\xc3\\xa9"\n',
    );
  });

  it("builds an identifier of any family", async () => {
    const text = await rulesOf([exampleIndicator("sha256", { families: ["évil; family"] })], { namePrefix: "ACME" });
    expect(text).toContain(`rule ACME_Vilfamily_${HASH} {`);
    expect(await rulesOf([exampleIndicator("sha256", { families: [] })])).toContain("_Unnamed_");
    expect(yara.options.safeParse({ namePrefix: "1" }).success).toBe(false);
  });

  it("cuts long texts, which YARA's lexer has no room for", async () => {
    const { files } = await render(yara, [exampleIndicator("sha256", { families: ["\u6f22".repeat(65_536)] })]);
    check(files);
    expect(String(files.get(PATH))).toMatch(/family = "(?:\\x[0-9a-f]{2}){1500}"/);
  });

  it("keeps rules apart whose hashes begin alike", async () => {
    const twin = exampleIndicator("sha256", { value: HASH.slice(0, 63).padEnd(64, "0") });
    check((await render(yara, [twin, exampleIndicator("sha256")])).files);
  });

  it("skips a hash in upper case: it would never match", async () => {
    const { skipped } = await render(yara, [exampleIndicator("sha256", { value: HASH.toUpperCase() })]);
    expect(skipped.map(({ reason }) => reason)).toEqual(["not a canonical sha256"]);
  });
});

describe("yara: the program", () => {
  const sized = exampleIndicator("sha256", { value: sha256("of known size"), details: { size: 13 } });
  const unsized = exampleIndicator("sha256", { value: sha256("of any size") });

  itNeeds("yara")("finds a file by its hash, and not another of the same size", async () => {
    const { files } = await render(yara, [sized, unsized]);
    const rules = files.get(PATH) as Buffer;
    expect(scan(rules, "of known size")).toEqual([`Rulewright_Quillet_${sized.value}`]);
    expect(scan(rules, "of any size")).toEqual([`Rulewright_Quillet_${unsized.value}`]);
    expect(scan(rules, "OF known size")).toEqual([]);
  });

  itNeeds("yara")("takes the samples' golden output", () => {
    expect(
      scan(readFileSync(new URL("../../../samples/out/yara/rulewright.yar", import.meta.url)), "harmless"),
    ).toEqual([]);
  });
});
