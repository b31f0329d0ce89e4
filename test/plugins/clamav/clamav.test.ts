import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clamav } from "../../../plugins/clamav/index.ts";
import type { Indicator } from "../../../src/plugin.ts";
import { sha256 } from "../../../src/plugin.ts";
import {
  describeExporter,
  exampleIndicator,
  hostileIndicators,
  type RenderedFiles,
  render,
} from "../../../src/testing.ts";
import { itNeeds } from "../../support/engines.ts";

const HASH = "9f2b5c7d1e3a4f60817263544536271809fadbecdcbdae9f8071625344352617";

/** What ClamAV's loader asks of a line. */
function check(files: RenderedFiles): void {
  for (const [path, data] of files) {
    assert.equal(path, "rulewright.hsb");
    assert.notEqual(data.length, 0);
    for (const line of data.toString().slice(0, -1).split("\n")) {
      assert.match(line, /^[0-9a-f]{64}:(?:[1-9]\d{0,9}:[\w.-]{1,120}|\*:[\w.-]{1,120}:73)$/);
    }
  }
}

async function signatures(indicators: readonly Indicator[], options = {}): Promise<string> {
  const { files } = await render(clamav, indicators, { options });
  return String(files.get("rulewright.hsb") ?? "");
}

describeExporter(clamav, { runner: { describe, it }, check });

describe("clamav", () => {
  it("writes a signature of any size, which then needs an engine level", async () => {
    expect(await signatures([exampleIndicator("sha256")])).toBe(`${HASH}:*:Rulewright.Quillet.9f2b5c7d:73\n`);
  });

  it("writes the size where it is known", async () => {
    expect(await signatures([exampleIndicator("sha256", { details: { size: 4711 } })])).toBe(
      `${HASH}:4711:Rulewright.Quillet.9f2b5c7d\n`,
    );
  });

  it.each([0, -1, 1.5, 0x1_0000_0000, Number.NaN])("takes %s for no size", async (size) => {
    expect(await signatures([exampleIndicator("sha256", { details: { size } })])).toContain(":*:");
  });

  it("names what has no family", async () => {
    expect(await signatures([exampleIndicator("sha256", { families: [] })])).toContain(":Rulewright.Unnamed.9f2b5c7d:");
  });

  it("takes another prefix, and none that would end the name", async () => {
    expect(await signatures([exampleIndicator("sha256")], { namePrefix: "ACME" })).toContain(":ACME.Quillet.9f2b5c7d:");
    expect(clamav.options.safeParse({ namePrefix: "a:b" }).success).toBe(false);
  });

  it("writes no file without a hash: ClamAV refuses an empty one", async () => {
    expect((await render(clamav, [])).files.size).toBe(0);
  });

  it.each([
    [
      { verdict: { decision: "review", confidence: 40, reasons: [] } },
      "the verdict is review, and whatever is listed alerts",
    ],
    [{ status: "expired" }, "expired, and whatever is listed alerts"],
    [{ value: HASH.toUpperCase() }, "not a canonical sha256"],
  ] as const)("skips %j", async (overrides, reason) => {
    const { skipped, files } = await render(clamav, [exampleIndicator("sha256", overrides)]);
    expect(skipped.map((one) => one.reason)).toEqual([reason]);
    expect(files.size).toBe(0);
  });

  it("keeps any family within its field", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary" }), async (family) => {
        check((await render(clamav, [exampleIndicator("sha256", { families: [family] })])).files);
      }),
    );
  });
});

describe("clamscan", () => {
  const scan = (files: RenderedFiles, text: string) => {
    const folder = mkdtempSync(join(tmpdir(), "rulewright-clamav-"));
    writeFileSync(join(folder, "rulewright.hsb"), files.get("rulewright.hsb") as Buffer);
    writeFileSync(join(folder, "file"), text);
    const args = ["--no-summary", "-d", join(folder, "rulewright.hsb"), join(folder, "file")];
    const { status, stdout, stderr } = spawnSync("clamscan", args, { encoding: "utf8" });
    return { status, stderr, found: / (\S+) FOUND/.exec(stdout)?.[1] };
  };
  const sized = exampleIndicator("sha256", { value: sha256("a file of known size"), details: { size: 20 } });
  const unsized = exampleIndicator("sha256", { value: sha256("without a size") });

  itNeeds("clamscan")("finds a file by its hash, and not another of the same size", async () => {
    const { files } = await render(clamav, [sized, unsized]);
    expect(scan(files, "a file of known size")).toEqual({
      status: 1,
      stderr: "",
      found: `Rulewright.Quillet.${sized.value.slice(0, 8)}.UNOFFICIAL`,
    });
    expect(scan(files, "without a size").found).toContain(unsized.value.slice(0, 8));
    expect(scan(files, "A file of known size")).toEqual({ status: 0, stderr: "", found: undefined });
  });

  itNeeds("clamscan")("loads hostile families, and the samples' golden output", async () => {
    const { files } = await render(clamav, hostileIndicators("sha256"));
    expect(scan(files, "harmless")).toEqual({ status: 0, stderr: "", found: undefined });
    const golden = readFileSync(new URL("../../../samples/out/clamav/rulewright.hsb", import.meta.url));
    expect(scan(new Map([["rulewright.hsb", golden]]), "harmless")).toEqual({
      status: 0,
      stderr: "",
      found: undefined,
    });
  });
});
