/** What each consumer chokes on is not in its profile. */
import { describe, expect, it } from "vitest";
import { stix } from "../../../plugins/stix/index.ts";
import type { Indicator, SampleDetails } from "../../../src/plugin.ts";
import { exampleIndicator, exampleIndicators, render } from "../../../src/testing.ts";
import { checkObjects, type Json, parsePattern, readObjects } from "./support.ts";

const [{ samples: [SHA256 = ""] = [] } = {}] = exampleIndicators();
const sample: SampleDetails = {
  sha256: SHA256,
  opinion: "malicious",
  families: ["quillet"],
  labels: [],
  techniques: ["T1071.001"],
  analyses: [{ sandbox: "Zenbox", opinion: "malicious" }],
};
const dropped = exampleIndicator("sha256", {
  value: "ab".repeat(32),
  evidence: [{ sample: SHA256, sandbox: "Zenbox", place: "files_dropped[0].sha256" }],
});
const resolved = exampleIndicator("ipv4", { details: { hosts: ["quillet-morrow.top"] } });

async function objectsFor(profile: string, given: Indicator[] = [...exampleIndicators(), dropped]) {
  const indicators = given.map((one) => (one.type === "ipv4" ? { ...one, details: resolved.details } : one));
  const { files, skipped } = await render(stix, indicators, { samples: [sample], options: { profile } });
  const objects = readObjects(files);
  checkObjects(objects);
  return { objects, skipped };
}

const typesIn = (objects: Json[]): string[] => [...new Set(objects.map(({ type }) => type))].sort();
const basesOf = (objects: Json[]): string[] =>
  objects.flatMap((one) => (one.relationship_type === "based-on" ? one.target_ref.split("--")[0] : []));

describe("generic", () => {
  it("tells everything in the standard's words", async () => {
    const { objects } = await objectsFor("generic");
    expect(typesIn(objects)).toEqual([
      "attack-pattern",
      "domain-name",
      "extension-definition",
      "file",
      "identity",
      "indicator",
      "infrastructure",
      "ipv4-addr",
      "ipv6-addr",
      "malware",
      "malware-analysis",
      "marking-definition",
      "mutex",
      "network-traffic",
      "observed-data",
      "relationship",
      "url",
      "windows-registry-key",
      "x509-certificate",
    ]);
    expect(new Set(basesOf(objects))).toEqual(new Set(["observed-data"]));
    expect(objects.every(({ type, extensions }) => type !== "indicator" || extensions === undefined)).toBe(true);
  });
});

describe("opencti", () => {
  it("joins an indicator to its observable, and knows no observed data", async () => {
    const { objects } = await objectsFor("opencti");
    expect(typesIn(objects)).not.toContain("observed-data");
    expect(typesIn(objects)).toContain("infrastructure");
    expect([...new Set(basesOf(objects))].sort()).toEqual([
      "domain-name",
      "file",
      "ipv4-addr",
      "ipv6-addr",
      "mutex",
      "network-traffic",
      "url",
      "windows-registry-key",
      "x509-certificate",
    ]);
  });

  it("says score, detection and main observable type, without which an indicator is lost", async () => {
    const { objects } = await objectsFor("opencti");
    const extension = "extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba";
    const said = objects
      .filter(({ type }) => type === "indicator")
      .map(({ extensions }) => [extensions[extension].main_observable_type, extensions[extension].detection]);
    expect(said).toEqual([
      ["Domain-Name", true],
      ["IPv4-Addr", true],
      ["IPv6-Addr", true],
      ["Network-Traffic", true],
      ["Url", true],
      ["StixFile", true],
      ["StixFile", true],
      ["Network-Traffic", false],
      ["Network-Traffic", false],
      ["Network-Traffic", false],
      ["X509-Certificate", true],
      ["User-Agent", false],
      ["Mutex", false],
      ["Windows-Registry-Key", false],
      ["StixFile", false],
      ["Process", false],
    ]);
    for (const { extensions, confidence } of objects.filter(({ type }) => type === "indicator")) {
      expect(extensions[extension].score).toBe(confidence);
    }
  });
});

describe("misp", () => {
  it("has no infrastructure and no relationship in observed data", async () => {
    const { objects } = await objectsFor("misp");
    expect(typesIn(objects)).not.toContain("infrastructure");
    const listed = objects.flatMap(({ object_refs = [] }) => object_refs);
    expect(listed.length).toBeGreaterThan(5);
    expect(listed.filter((id: string) => id.startsWith("relationship--"))).toEqual([]);
  });

  it("lists only files in an analysis: anything else stops the whole import", async () => {
    const { objects } = await objectsFor("misp");
    const listed = objects.flatMap(({ analysis_sco_refs = [] }) => analysis_sco_refs);
    expect(listed).toEqual([objects.find((one) => one.hashes?.["SHA-256"] === dropped.value).id]);
  });
});

describe("siem", () => {
  it("has indicators and who made them, and nothing they lead to", async () => {
    const { objects } = await objectsFor("siem");
    expect(typesIn(objects)).toEqual(["identity", "indicator", "marking-definition"]);
    const builtIn = await render(stix, [exampleIndicator("domain")], { options: { profile: "siem", tlp: "1.0" } });
    expect(typesIn(readObjects(builtIn.files))).toEqual(["identity", "indicator"]);
  });

  it("compares one property, in the form that readers match by prefix", async () => {
    const { objects } = await objectsFor("siem");
    const patterns = objects.flatMap(({ pattern = [] }) => pattern) as string[];
    expect(patterns.map((pattern) => pattern.replace(/'[^']*'\]$/, "…]"))).toEqual([
      "[domain-name:value = …]",
      "[ipv4-addr:value = …]",
      "[ipv6-addr:value = …]",
      "[url:value = …]",
      "[file:hashes.'SHA-256' = …]",
      "[file:hashes.'SHA-256' = …]",
      "[x509-certificate:hashes.'SHA-1' = …]",
    ]);
    for (const pattern of patterns) expect(parsePattern(pattern)).toHaveLength(1);
  });

  it("skips with a reason what its readers do not match, or would cut", async () => {
    const quoted = exampleIndicator("url", { value: "http://quillet-morrow.top/?q='x'" });
    const { skipped } = await objectsFor("siem", [exampleIndicator("endpoint"), exampleIndicator("mutex"), quoted]);
    expect(skipped.map(({ indicator, reason }) => [indicator.type, reason])).toEqual([
      ["endpoint", "profile siem: readers of simple patterns do not match this type"],
      ["url", "profile siem: a quote, a backslash or a space in the value, which readers cut"],
      ["mutex", "profile siem: a quote, a backslash or a space in the value, which readers cut"],
    ]);
  });
});
