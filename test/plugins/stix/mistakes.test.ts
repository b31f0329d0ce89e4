/**
 * The ten mistakes that are commonly made here, each as a test over one whole output. The third and fourth are made on
 * the way to a TAXII server: test/plugins/taxii has them.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { OBSERVABLE_NAMESPACE } from "../../../plugins/stix/ids.ts";
import { stix } from "../../../plugins/stix/index.ts";
import type { Indicator, SampleDetails } from "../../../src/plugin.ts";
import { exampleIndicator, exampleIndicators, type Rendered, render } from "../../../src/testing.ts";
import { checkObjects, independentUuidv5, type Json, parsePattern, readObjects } from "./support.ts";

const [{ samples: [SHA256 = ""] = [] } = {}] = exampleIndicators();
const sample: SampleDetails = {
  sha256: SHA256,
  md5: "cd".repeat(16),
  submittedAt: "2026-10-19T20:00:00.000Z",
  opinion: "undecided",
  families: ["quillet"],
  labels: [],
  techniques: ["T1071.001"],
  analyses: [
    { sandbox: "VirusTotal Jujubox", opinion: "undecided" },
    { sandbox: "Zenbox", opinion: "clean" },
  ],
};
const indicators: Indicator[] = [
  ...exampleIndicators(),
  exampleIndicator("url", { value: "http://quillet-morrow.top/'--\\x" }),
  exampleIndicator("registry-key", { value: "HKLM\\Software\\Quillet" }),
];

let objects: Json[];
let skipped: Rendered["skipped"];
beforeAll(async () => {
  const rendered = await render(stix, indicators, { samples: [sample], options: { tlp: "both" } });
  objects = readObjects(rendered.files);
  skipped = rendered.skipped;
});

const ofType = (wanted: string): Json[] => objects.filter(({ type }) => type === wanted);
const observables = (): Json[] => objects.filter(({ created }) => created === undefined);
const patterns = (): string[] => ofType("indicator").map(({ pattern }) => pattern);

describe("mistake", () => {
  it("1: the standard's namespace for domain objects, or observable ids of anything but canonical JSON", () => {
    const traffic = ofType("network-traffic")[0];
    const { dst_port, dst_ref, protocols } = traffic;
    expect(traffic.id).toBe(
      `network-traffic--${independentUuidv5(OBSERVABLE_NAMESPACE, JSON.stringify({ dst_port, dst_ref, protocols }))}`,
    );
    for (const { id, type, pattern, name } of objects.filter(({ created }) => created !== undefined)) {
      for (const meaning of [{ pattern }, { name }, { name: name?.toLowerCase() }]) {
        expect(id).not.toBe(`${type}--${independentUuidv5(OBSERVABLE_NAMESPACE, JSON.stringify(meaning))}`);
      }
    }
  });

  it("2: modified is the time of the run", async () => {
    const now = new Date("2027-03-04T05:06:07.089Z");
    const { files } = await render(stix, indicators, { samples: [sample], options: { tlp: "both" }, now });
    expect(readObjects(files)).toEqual(objects);
    expect(JSON.stringify(objects)).not.toContain("2027-03-04");
  });

  it("5: wrong escaping, a space after the bracket, several object types in one observation", () => {
    expect(patterns()).toContain("[url:value = 'http://quillet-morrow.top/\\'--\\\\x']");
    expect(patterns()).toContain(`[file:hashes.'SHA-256' = '${SHA256}']`);
    for (const pattern of patterns()) expect(parsePattern(pattern).length).toBeGreaterThan(0);
  });

  it("6: what is required is missing, times without milliseconds, empty lists, nulls", () => {
    for (const object of ofType("indicator")) {
      expect(object).toMatchObject({ name: expect.stringMatching(/./), pattern_type: "stix" });
      expect(object.valid_until > object.valid_from).toBe(true);
    }
    for (const { created, modified = created } of objects.filter((object) => object.created)) {
      expect(`${created} ${modified}`).toMatch(/^\S{19}\.\d{3}Z \S{19}\.\d{3}Z$/);
    }
    checkObjects(objects);
  });

  it("7: loose properties, and authors or times on observables", () => {
    const names = new Set(observables().flatMap((object) => Object.keys(object)));
    for (const name of ["created_by_ref", "created", "modified", "confidence", "labels", "object_marking_refs"]) {
      expect(names).not.toContain(name);
    }
    expect(JSON.stringify(objects)).not.toContain('"x_');
  });

  it("8: TLP 2.0 referred to and not shipped, or TLP 1.0 shipped", () => {
    const shipped = ofType("marking-definition");
    expect(shipped.map(({ id, name }) => [id, name])).toEqual([
      ["marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", "TLP:AMBER"],
    ]);
    expect(shipped[0]).not.toHaveProperty("definition_type");
    const used = new Set(objects.flatMap(({ object_marking_refs = [] }) => object_marking_refs));
    expect([...used].sort()).toEqual([
      "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
      "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
    ]);
  });

  it("9: words of VirusTotal where the standard has its own, short hives, endpoints as values", () => {
    expect(ofType("malware-analysis").map(({ result }) => result)).toEqual(["unknown", "benign"]);
    expect(new Set(ofType("file").flatMap(({ hashes }) => Object.keys(hashes)))).toEqual(new Set(["MD5", "SHA-256"]));
    expect(observables().some(({ mime_type }) => mime_type)).toBe(false);
    expect(observables().filter(({ value }) => /^[\d.]+:\d+|\[\.\]|hxxp/.test(value ?? ""))).toEqual([]);
    expect(skipped.map(({ indicator }) => indicator.value)).toEqual(["HKLM\\Software\\Quillet"]);
  });

  it("10: trust in validators, which let pass what is no address, has no target, or stops a consumer", async () => {
    const bad = ["999.1.1.1", "45.32.17.9/24", "045.032.017.009", ""].map((value) =>
      exampleIndicator("ipv4", { value }),
    );
    const rendered = await render(stix, bad);
    expect(rendered.skipped).toHaveLength(bad.length);
    const ids = new Set(objects.map(({ id }) => id));
    const refs = objects.flatMap((object) =>
      Object.entries(object).flatMap(([name, value]) => (/_refs?$/.test(name) ? ([value].flat() as string[]) : [])),
    );
    const builtIn = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82";
    expect(refs.filter((id) => !ids.has(id) && id !== builtIn)).toEqual([]);
    const forMisp = await render(stix, indicators, { samples: [sample], options: { profile: "misp" } });
    const analysed = readObjects(forMisp.files).flatMap(({ analysis_sco_refs = [] }) => analysis_sco_refs);
    expect(analysed.filter((id: string) => !id.startsWith("file--"))).toEqual([]);
    expect(objects.flatMap(({ version = [] }) => version)).toEqual(["1.0.0"]);
  });
});
