import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { gatherSamples } from "../../src/pivot/gathering.ts";
import { pivot } from "../../src/pivot/pivot.ts";
import type { PivotSample } from "../../src/pivot/sample.ts";
import { pivotText } from "../../src/pivot/text.ts";
import { itNeedsReference, referenceDir } from "../support/engines.ts";
import { report, sampleId } from "../support/reports.ts";
import { fileObject, listing, md5, peAttributes, TLSH_B } from "./support.ts";

function gathered(...bodies: readonly unknown[]): PivotSample[] {
  const gathering = gatherSamples();
  for (const body of bodies) expect(gathering.add(body, "test.json")).toBe(true);
  return gathering.samples();
}
const mutexes = (samples: readonly PivotSample[]) =>
  samples.map(({ id, traits }) => [id, traits.filter(({ kind }) => kind === "mutex").map(({ value }) => value)]);

describe("gatherSamples", () => {
  it("joins a sample's file object and all of its reports", () => {
    const [sample, ...others] = gathered(
      { data: fileObject(1, { md5: md5(1), sha1: "c".repeat(40), tlsh: TLSH_B }) },
      listing(report({ mutexes_created: ["a-wick"] }), report({ mutexes_created: ["b-wick"] }, { sandbox: "VMRay" })),
    );
    expect(others).toEqual([]);
    expect(sample).toEqual({
      id: sampleId(1),
      aliases: [md5(1), "c".repeat(40)],
      traits: [
        { kind: "tlsh", value: TLSH_B },
        { kind: "mutex", value: "a-wick" },
        { kind: "mutex", value: "b-wick" },
      ],
    });
  });

  it("finds files in listings, arrays, streams of mixed objects and wrapped items", () => {
    const samples = gathered(
      listing(fileObject(1, peAttributes()), { type: "domain", id: "a.example", attributes: {} }),
      [{ data: fileObject(2, peAttributes()) }],
      listing({ data: fileObject(3, peAttributes()) }),
      fileObject(4, peAttributes()),
    );
    expect(samples.map(({ id }) => id)).toEqual([1, 2, 3, 4].map(sampleId));
    expect(new Set(samples.map(({ traits }) => traits.length)).size).toBe(1);
  });

  it("names a merged summary's sample by its link or by the file name", () => {
    const gathering = gatherSamples();
    gathering.add(
      {
        data: { mutexes_created: ["a-wick"] },
        links: { self: `https://www.virustotal.com/api/v3/files/${sampleId(1)}/behaviour_summary` },
      },
      "x.json",
    );
    gathering.add({ mutexes_created: ["b-wick"], dns_lookups: [] }, `summary__${sampleId(2)}.json`);
    gathering.add({ mutexes_created: ["lost"] }, "nobody.json");
    expect(mutexes(gathering.samples())).toEqual([
      [sampleId(1), ["a-wick"]],
      [sampleId(2), ["b-wick"]],
    ]);
  });

  it("passes over VirusTotal's other bodies, and refuses what is none", () => {
    const gathering = gatherSamples();
    expect(gathering.add({ data: null }, "null.json")).toBe(true);
    expect(gathering.add({ data: [{ type: "domain", id: "a.example" }] }, "domain.json")).toBe(true);
    expect(gathering.add({ data: [{ type: "file", id: sampleId(1) }] }, "descriptors.json")).toBe(true);
    expect(gathering.add({ error: { code: "NotFoundError" } }, "error.json")).toBe(true);
    expect(gathering.add({ hello: "world" }, "other.json")).toBe(false);
    expect(gathering.add("text", "other.json")).toBe(false);
    expect(gathering.samples()).toEqual([]);
  });

  itNeedsReference("reads every real body, and pivots on what they share", () => {
    const folder = join(referenceDir as string, "virustotal");
    const gathering = gatherSamples();
    for (const name of readdirSync(folder).filter((name) => name.endsWith(".json")))
      expect(gathering.add(JSON.parse(readFileSync(join(folder, name), "utf8")), name), name).toBe(true);
    const samples = gathering.samples();
    expect(samples.length).toBeGreaterThan(100);
    const { traits, suggestions } = pivot(samples);
    const found = (kind: string, value: string) => traits.find((trait) => trait.kind === kind && trait.value === value);
    // LokiBot's user agent is shared by several and specific; .NET's imphash by more, and worthless.
    expect(found("user-agent", "Mozilla/4.08 (Charon; Inferno)")).toMatchObject({ specificity: 80 });
    expect(found("imphash", "f34d5f2d4577ed6d9ceec516c1f5a744")).toMatchObject({ specificity: 0, score: 0 });
    const kinds = new Set(traits.map(({ kind }) => kind));
    for (const kind of ["tlsh", "ssdeep", "vhash", "signer", "certificate", "export", "behash", "mutex", "ja3", "ja4"])
      expect(kinds, kind).toContain(kind);
    expect(suggestions.length).toBeGreaterThan(2);
    for (const { query } of [...traits, ...suggestions]) expect(query ?? "").not.toMatch(/\p{Cc}/u);
    expect(pivotText({ samples: samples.map(({ id }) => id), traits, suggestions, notes: [] })).not.toMatch(
      /undefined|NaN|[^\P{Cc}\n]/u,
    );
  });
});
