/** One sandboxed sample as a graph, as reference platforms draw it. */
import { describe, expect, it } from "vitest";
import { stix } from "../../../plugins/stix/index.ts";
import { MOST_ANALYSED } from "../../../plugins/stix/samples.ts";
import type { Indicator, SampleDetails, Sighted } from "../../../src/plugin.ts";
import { exampleIndicator, numbered, type RenderOptions, render } from "../../../src/testing.ts";
import { checkObjects, type Json, readObjects } from "./support.ts";

const SHA256 = "9f2b5c7d1e3a4f60817263544536271809fadbecdcbdae9f8071625344352617";
const DROPPED = "ab".repeat(32);
const ANALYSED_AT = "2026-10-20T09:30:00.000Z";

const sample: SampleDetails = {
  sha256: SHA256,
  md5: "cd".repeat(16),
  sha1: "ef".repeat(20),
  size: 68,
  name: "invoice of jane.doe@example.org.exe",
  submittedAt: "2026-10-19T20:00:00.000Z",
  malicious: 40,
  engines: 70,
  opinion: "malicious",
  families: ["quillet", "agentgeneric"],
  labels: ["loader"],
  techniques: ["T1071.001", "T1547.001", "not a technique"],
  analyses: [
    { sandbox: "C2AE", analysedAt: ANALYSED_AT, opinion: "undecided" },
    { sandbox: "VirusTotal Jujubox", opinion: "clean" },
    { sandbox: "Zenbox", analysedAt: ANALYSED_AT, opinion: "malicious" },
  ],
};

const seenAt = (...places: string[]): { evidence: Sighted[] } => ({
  evidence: places.map((place) => ({ sample: SHA256, sandbox: "Zenbox", place })),
});

const indicators: Indicator[] = [
  exampleIndicator("domain", seenAt("dns_lookups[0].hostname")),
  exampleIndicator("ipv4", {
    ...seenAt("ip_traffic[0]"),
    details: { hosts: ["quillet-morrow.top", "not-exported.top"] },
  }),
  exampleIndicator("endpoint", seenAt("ip_traffic[0]")),
  exampleIndicator("url", seenAt("memory_pattern_urls[0]")),
  exampleIndicator("sha256", seenAt("id")),
  exampleIndicator("sha256", { value: DROPPED, ...seenAt("files_dropped[0].sha256") }),
  exampleIndicator("mutex", seenAt("mutexes_created[0]")),
];

async function graphOf(given: Indicator[] = indicators, settings: RenderOptions = {}): Promise<Json[]> {
  const objects = readObjects((await render(stix, given, { samples: [sample], ...settings })).files);
  checkObjects(objects);
  return objects;
}

/** What a person calls an object. */
function nameOf({ type, name, value, hashes, product, key, pattern, dst_port }: Json): string {
  const what = hashes?.["SHA-256"]?.slice(0, 4) ?? value ?? product ?? pattern ?? key ?? name ?? dst_port ?? "";
  return `${type} ${what}`.trim();
}

/** Relationships as sentences. */
function sentences(objects: Json[], type?: string): string[] {
  const names = new Map(objects.map((object) => [object.id, nameOf(object)]));
  return objects
    .filter((object) => object.type === "relationship" && (type === undefined || object.relationship_type === type))
    .map((object) => `${names.get(object.source_ref)} ${object.relationship_type} ${names.get(object.target_ref)}`);
}

const find = (objects: Json[], name: string): Json => objects.find((object) => nameOf(object) === name);

describe("a sandboxed sample", () => {
  it("is malware with its file, of the most probable family", async () => {
    const objects = await graphOf();
    const file = find(objects, "file 9f2b");
    expect(file).toMatchObject({ hashes: { MD5: sample.md5, "SHA-1": sample.sha1, "SHA-256": SHA256 }, size: 68 });
    const malware = find(objects, "malware quillet sample 9f2b5c7d1e3a");
    expect(malware).toEqual({
      type: "malware",
      spec_version: "2.1",
      id: malware.id,
      created_by_ref: objects[0].id,
      created: "2026-10-01T08:00:00.000Z",
      modified: "2026-10-01T08:00:00.000Z",
      name: "quillet sample 9f2b5c7d1e3a",
      description: "Malicious by 40 of 70 engines on VirusTotal.",
      is_family: false,
      sample_refs: [file.id],
      first_seen: "2026-10-19T20:00:00.000Z",
      labels: ["loader"],
      external_references: [
        { source_name: "virustotal", external_id: SHA256, url: `https://www.virustotal.com/gui/file/${SHA256}` },
      ],
      object_marking_refs: [
        "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
        "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
      ],
    });
    expect(sentences(objects, "variant-of")).toEqual([
      "malware quillet sample 9f2b5c7d1e3a variant-of malware quillet",
    ]);
  });

  it("comes once, however many indicators it showed", async () => {
    const objects = await graphOf();
    expect(objects.filter(({ is_family }) => is_family === false)).toHaveLength(1);
    expect(objects.filter(({ type }) => type === "file").map(nameOf)).toEqual(["file 9f2b", "file abab"]);
  });

  it("communicates with what a report shows it contacted, not with a string in its memory", async () => {
    expect(sentences(await graphOf(), "communicates-with")).toEqual([
      "malware quillet sample 9f2b5c7d1e3a communicates-with domain-name quillet-morrow.top",
      "malware quillet sample 9f2b5c7d1e3a communicates-with ipv4-addr 45.32.17.9",
    ]);
  });

  it("drops files", async () => {
    expect(sentences(await graphOf(), "drops")).toEqual(["malware quillet sample 9f2b5c7d1e3a drops file abab"]);
  });

  it("uses techniques by their ATT&CK number, with the names that are known, which overwrite nothing", async () => {
    const objects = await graphOf();
    expect(sentences(objects, "uses").filter((sentence) => sentence.includes("attack-pattern"))).toEqual([
      "malware quillet sample 9f2b5c7d1e3a uses attack-pattern Web Protocols",
      "malware quillet sample 9f2b5c7d1e3a uses attack-pattern Registry Run Keys / Startup Folder",
    ]);
    expect(find(objects, "attack-pattern Registry Run Keys / Startup Folder")).toMatchObject({
      confidence: 1,
      external_references: [
        {
          source_name: "mitre-attack",
          external_id: "T1547.001",
          url: "https://attack.mitre.org/techniques/T1547/001",
        },
      ],
    });
  });

  it("uses none when the operator leaves them out", async () => {
    const objects = await graphOf(indicators, { options: { attackPatterns: false } });
    expect(objects.filter(({ type }) => type === "attack-pattern")).toEqual([]);
  });

  it("is indicated by its hash, and by what has no family", async () => {
    const loose = exampleIndicator("mutex", { value: "loose", families: [], ...seenAt("mutexes_created[0]") });
    const sample = " indicates malware quillet sample 9f2b5c7d1e3a";
    expect(sentences(await graphOf([...indicators, loose]), "indicates").filter((one) => one.endsWith(sample))).toEqual(
      [`indicator [file:hashes.'SHA-256' = '${SHA256}']${sample}`, `indicator [mutex:name = 'loose']${sample}`],
    );
  });

  it("that is known to be clean is no malware: its file and its analyses are told, and no more", async () => {
    const clean: SampleDetails = { ...sample, opinion: "clean", malicious: 1 };
    const objects = await graphOf([exampleIndicator("domain", seenAt("dns_lookups[0].hostname"))], {
      samples: [clean],
    });
    expect(objects.filter(({ type }) => type === "malware").map(nameOf)).toEqual(["malware quillet"]);
    expect(objects.filter(({ type }) => type === "malware-analysis")).toHaveLength(3);
    expect(sentences(objects, "dynamic-analysis-of")).toEqual([]);
  });

  it("never tells its file name, which may hold a mail address", async () => {
    expect(JSON.stringify(await graphOf())).not.toContain("jane.doe");
  });
});

describe("an analysis", () => {
  it("is one a sandbox, with the standard's words for product and result", async () => {
    const objects = await graphOf();
    const analyses = objects.filter(({ type }) => type === "malware-analysis");
    expect(analyses.map(({ product, result, analysis_ended }) => [product, result, analysis_ended])).toEqual([
      ["c2ae", "unknown", ANALYSED_AT],
      ["virustotal-jujubox", "benign", undefined],
      ["zenbox", "malicious", ANALYSED_AT],
    ]);
    expect(new Set(analyses.map(({ sample_ref }) => sample_ref))).toEqual(new Set([find(objects, "file 9f2b").id]));
    expect(sentences(objects, "dynamic-analysis-of")).toHaveLength(3);
  });

  it("lists what that sandbox saw, memory strings too, and not the sample itself", async () => {
    const objects = await graphOf();
    const names = new Map(objects.map((object) => [object.id, nameOf(object)]));
    const seen = (product: string) =>
      find(objects, `malware-analysis ${product}`).analysis_sco_refs?.map((id: string) => names.get(id));
    expect(seen("zenbox")).toEqual([
      "domain-name quillet-morrow.top",
      "ipv4-addr 45.32.17.9",
      "network-traffic 8443",
      "url http://quillet-morrow.top/gate.php?id=1",
      "file abab",
      "mutex Global\\quillet-4471",
    ]);
    expect(seen("c2ae")).toBeUndefined();
  });

  it("lists so many objects and no more", async () => {
    const many = Array.from({ length: MOST_ANALYSED + 50 }, (_, index) => numbered("domain", index));
    const objects = await graphOf(many);
    expect(find(objects, "malware-analysis zenbox").analysis_sco_refs).toHaveLength(MOST_ANALYSED);
  });

  it("tells samples apart by its result name, for OpenCTI merges analyses of one name", async () => {
    expect(find(await graphOf(), "malware-analysis zenbox").result_name).toBe(`malicious by Zenbox: ${SHA256}`);
  });

  it("is marked as the strictest of what it lists", async () => {
    const red = exampleIndicator("mutex", { ...seenAt("mutexes_created[0]"), tlp: "red" });
    const objects = await graphOf([exampleIndicator("domain", seenAt("dns_lookups[0].hostname")), red]);
    const markingOf = (name: string) => find(objects, name).object_marking_refs[0].slice(20, 28);
    expect(markingOf("malware-analysis zenbox")).toBe("5e57c739");
    expect(markingOf("malware-analysis c2ae")).toBe("5e57c739");
    expect(markingOf("malware quillet sample 9f2b5c7d1e3a")).toBe("f88d31f6");
  });

  it("by a sandbox without a name says so in the standard's word", async () => {
    const nameless = { ...sample, analyses: [{ sandbox: "沙箱" }] };
    expect(find(await graphOf(indicators, { samples: [nameless] }), "malware-analysis anonymized")).toMatchObject({
      result: "unknown",
    });
  });
});

describe("observed data", () => {
  it("of an address joins it to the domains of this output that resolved to it", async () => {
    const objects = await graphOf();
    expect(sentences(objects, "resolves-to")).toEqual([
      "domain-name quillet-morrow.top resolves-to ipv4-addr 45.32.17.9",
    ]);
    const resolves = objects.find(({ relationship_type }) => relationship_type === "resolves-to");
    const observed = objects.find((one) => one.type === "observed-data" && one.object_refs.includes(resolves.id));
    expect(observed.object_refs).toEqual([resolves.target_ref, resolves.source_ref, resolves.id]);
  });
});

describe("infrastructure", () => {
  it("of a family consists of what indicates it on the network; of an endpoint the traffic, not the address", async () => {
    expect(sentences(await graphOf(), "consists-of")).toEqual(
      [
        "domain-name quillet-morrow.top",
        "ipv4-addr 45.32.17.9",
        "network-traffic 8443",
        "url http://quillet-morrow.top/gate.php?id=1",
      ].map((target) => `infrastructure Network infrastructure of "quillet" consists-of ${target}`),
    );
  });
});
