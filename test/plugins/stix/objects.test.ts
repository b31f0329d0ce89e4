import { describe, expect, it } from "vitest";
import { stix } from "../../../plugins/stix/index.ts";
import type { Indicator, ObservableType } from "../../../src/plugin.ts";
import { exampleIndicator, type RenderOptions, render } from "../../../src/testing.ts";
import { checkObjects, type Json, readObjects } from "./support.ts";

/** Without evidence no sample comes along. */
const evidence: Indicator["evidence"] = [];

async function objectsOf(indicators: Indicator[], settings: RenderOptions = {}): Promise<Json[]> {
  const objects = readObjects((await render(stix, indicators, settings)).files);
  checkObjects(objects);
  return objects;
}

async function only(
  objectType: string,
  type: ObservableType,
  overrides: Partial<Indicator> = {},
  settings: RenderOptions = {},
) {
  const found = (await objectsOf([exampleIndicator(type, overrides)], settings)).filter(
    ({ type }) => type === objectType,
  );
  expect(found).toHaveLength(1);
  return found[0];
}

describe("one domain", () => {
  it("becomes identity, observable, indicator, observed data, family with its infrastructure, and the sample, in this order", async () => {
    const objects = await objectsOf([exampleIndicator("domain")]);
    expect(objects.map(({ type }) => type)).toEqual([
      "identity",
      "marking-definition",
      "domain-name",
      "indicator",
      "observed-data",
      "relationship",
      "malware",
      "relationship",
      "infrastructure",
      "relationship",
      "relationship",
      "file",
      "malware",
      "relationship",
    ]);
    const [author, , domain, subject, observed, basedOn, family, indicates, network, uses, consistsOf] = objects;
    expect(domain).toEqual({ type: "domain-name", spec_version: "2.1", id: domain.id, value: "quillet-morrow.top" });
    expect(subject).toEqual({
      type: "indicator",
      spec_version: "2.1",
      id: subject.id,
      created_by_ref: author.id,
      created: "2026-10-01T08:00:00.000Z",
      modified: "2026-10-20T09:30:00.000Z",
      name: "quillet-morrow.top",
      description:
        "Seen in 1 sample by Zenbox. Family: quillet. Confidence 85 of 100: contacted by 1 sample (+60); the sample is malicious by 40 of 70 engines (+25).",
      indicator_types: ["malicious-activity"],
      pattern: "[domain-name:value = 'quillet-morrow.top']",
      pattern_type: "stix",
      pattern_version: "2.1",
      valid_from: "2026-10-01T08:00:00.000Z",
      valid_until: "2027-01-18T09:30:00.000Z",
      kill_chain_phases: [{ kill_chain_name: "lockheed-martin-cyber-kill-chain", phase_name: "command-and-control" }],
      confidence: 85,
      external_references: [
        {
          source_name: "virustotal",
          external_id: "quillet-morrow.top",
          url: "https://www.virustotal.com/gui/domain/quillet-morrow.top",
        },
      ],
      object_marking_refs: [
        "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
        "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
      ],
    });
    expect(observed).toMatchObject({
      number_observed: 1,
      object_refs: [domain.id],
      first_observed: subject.created,
      last_observed: subject.modified,
    });
    expect(basedOn).toMatchObject({ relationship_type: "based-on", source_ref: subject.id, target_ref: observed.id });
    expect(family).toMatchObject({ name: "quillet", is_family: true });
    expect(indicates).toMatchObject({ relationship_type: "indicates", source_ref: subject.id, target_ref: family.id });
    expect(network).toMatchObject({ name: 'Network infrastructure of "quillet"', infrastructure_types: ["unknown"] });
    expect(uses).toMatchObject({ relationship_type: "uses", source_ref: family.id, target_ref: network.id });
    expect(consistsOf).toMatchObject({
      relationship_type: "consists-of",
      source_ref: network.id,
      target_ref: domain.id,
    });
  });

  it("is spread over one line each, as the bundle too", async () => {
    const { files } = await render(stix, [exampleIndicator("domain")], { format: "objects" });
    const bundle = await render(stix, [exampleIndicator("domain")]);
    const lines = String(files.get("rulewright.stix.ndjson"));
    const inner = String(bundle.files.get("rulewright.stix.json")).split("\n").slice(1, -2).join("\n");
    expect(`${inner.replaceAll(/,$/gm, "")}\n`).toBe(lines);
    expect(bundle.rows).toBe(14);
  });
});

describe("times", () => {
  it("do not depend on the day of the export", async () => {
    const indicators = [exampleIndicator("domain"), exampleIndicator("ja3")];
    const days = ["2026-11-24T00:00:00.000Z", "2027-05-01T12:00:00.000Z"].map((day) =>
      render(stix, indicators, { now: new Date(day) }),
    );
    const [first, second] = await Promise.all(days);
    expect(second?.files).toEqual(first?.files);
  });

  it("keep valid_until later than valid_from", async () => {
    const subject = await only("indicator", "ipv4", { validUntil: "2026-10-01T08:00:00.000Z" });
    expect([subject.valid_from, subject.valid_until]).toEqual(["2026-10-01T08:00:00.000Z", "2026-10-01T08:00:00.001Z"]);
  });

  it("keep modified no earlier than created", async () => {
    const subject = await only("indicator", "ipv4", { lastSeen: "2026-09-01T08:00:00.000Z" });
    expect(subject.modified).toBe(subject.created);
  });

  it("make a revocation a newer version of the same object", async () => {
    const active = await only("indicator", "domain");
    const revoked = await only("indicator", "domain", { status: "revoked" });
    expect(active).not.toHaveProperty("revoked");
    expect(revoked).toMatchObject({
      id: active.id,
      created: active.created,
      revoked: true,
      modified: "2026-10-20T09:30:00.001Z",
    });
  });

  it("that are not canonical skip the indicator", async () => {
    for (const firstSeen of ["2026-10-01T08:00:00Z", "2026-13-01T08:00:00.000Z", "yesterday"]) {
      const { skipped } = await render(stix, [exampleIndicator("domain", { firstSeen })]);
      expect(skipped.map(({ reason }) => reason)).toEqual(["a date is not ISO 8601 in UTC with milliseconds"]);
    }
  });
});

describe("markings", () => {
  const refs = async (tlp: Indicator["tlp"], version: string) => {
    const objects = await objectsOf([exampleIndicator("domain", { tlp })], { options: { tlp: version } });
    const shipped = objects.filter(({ type }) => type === "marking-definition").map(({ name }) => name);
    const subject = objects.find(({ type }) => type === "indicator");
    return [subject.object_marking_refs.map((id: string) => id.slice("marking-definition--".length, -28)), shipped];
  };

  it("1.0 are referenced by the built-in ids and never shipped", async () => {
    expect(await refs("clear", "1.0")).toEqual([["613f2e26"], []]);
    expect(await refs("green", "1.0")).toEqual([["34098fce"], []]);
    expect(await refs("amber", "1.0")).toEqual([["f88d31f6"], []]);
    expect(await refs("red", "1.0")).toEqual([["5e57c739"], []]);
  });

  it("2.0 travel as objects", async () => {
    expect(await refs("clear", "2.0")).toEqual([["94868c89"], ["TLP:CLEAR"]]);
    expect(await refs("red", "2.0")).toEqual([["e828b379"], ["TLP:RED"]]);
  });

  it("both are two references", async () => {
    expect(await refs("green", "both")).toEqual([["34098fce", "bab4a63c"], ["TLP:GREEN"]]);
  });

  it("say amber+strict in 2.0 whatever was asked, for 1.0 has no word for it", async () => {
    for (const version of ["1.0", "2.0", "both"])
      expect(await refs("amber+strict", version)).toEqual([["939a9414"], ["TLP:AMBER+STRICT"]]);
  });

  it("stand on what we say, not on the bare observable, the family and its infrastructure, or the author", async () => {
    const marked = (await objectsOf([exampleIndicator("domain")]))
      .filter((object) => object.object_marking_refs)
      .map(({ type }) => type);
    expect(marked).toEqual([
      "indicator",
      "observed-data",
      ...["relationship", "relationship", "relationship"],
      "malware",
      "relationship",
    ]);
  });
});

describe("shared objects come once", () => {
  it("an indicator that comes twice, whose second is skipped", async () => {
    const { files, skipped } = await render(stix, [exampleIndicator("domain"), exampleIndicator("domain")]);
    checkObjects(readObjects(files));
    expect(skipped.map(({ reason }) => reason)).toEqual(["the same pattern as the indicator before it"]);
  });

  it("the address of an IP indicator and of its endpoints", async () => {
    const objects = await objectsOf([
      exampleIndicator("ipv4", { value: "198.51.100.3" }),
      exampleIndicator("endpoint", { value: "198.51.100.3:443/tcp" }),
      exampleIndicator("endpoint", { value: "198.51.100.3:8443/tcp" }),
    ]);
    expect(objects.filter(({ type }) => type === "ipv4-addr")).toHaveLength(1);
    expect(objects.filter(({ type }) => type === "network-traffic")).toHaveLength(2);
  });

  it("families, markings and the extension definition", async () => {
    const objects = await objectsOf(
      [
        exampleIndicator("domain", { evidence }),
        exampleIndicator("ja3", { evidence }),
        exampleIndicator("ja4", { evidence, families: ["quillet", "quillet\n", "morrow"] }),
      ],
      { options: { tlp: "2.0" } },
    );
    const count = (wanted: string) => objects.filter(({ type }) => type === wanted).length;
    expect([count("malware"), count("marking-definition"), count("extension-definition"), count("identity")]).toEqual([
      2, 1, 1, 1,
    ]);
  });
});

describe("objects", () => {
  it("of a file carry all hashes and the size, and no name", async () => {
    const value = "ab".repeat(32);
    const details = { md5: "cd".repeat(16), sha1: "ef".repeat(20), size: 68, names: ["invoice.exe"] };
    const file = await only("file", "sha256", { value, details, evidence });
    expect(file).toEqual({
      type: "file",
      spec_version: "2.1",
      id: file.id,
      hashes: { MD5: "cd".repeat(16), "SHA-1": "ef".repeat(20), "SHA-256": value },
      size: 68,
    });
  });

  it("of an endpoint is network traffic to the address", async () => {
    const traffic = await only("network-traffic", "endpoint", { value: "[2001:db8::7]:443/udp" });
    expect(traffic).toMatchObject({
      dst_port: 443,
      protocols: ["ipv6", "udp"],
      dst_ref: expect.stringMatching(/^ipv6-addr--/),
    });
  });

  it("of a certificate leave the serial number out of the id", async () => {
    const certificate = { serial: "01", issuer: "CN=Let's Fake", subject: "line\nbreak" };
    const object = await only("x509-certificate", "certificate", { details: { certificate } });
    expect(object).toMatchObject({ issuer: "CN=Let's Fake" });
    expect(object).not.toHaveProperty("serial_number");
    expect(object).not.toHaveProperty("subject");
    expect(object.id).toBe((await only("x509-certificate", "certificate")).id);
  });

  it("are left out where RFC 3986 or the registry schema forbid the value, the indicator stays", async () => {
    for (const [type, value] of [
      ["url", "http://a.top/{x}"],
      ["registry-key", "HKEY_CURRENT_USER\\Software\\HKUST"],
    ] as const) {
      const types = (await objectsOf([exampleIndicator(type, { value, evidence })])).map(({ type }) => type);
      expect(types).toEqual(["identity", "marking-definition", "indicator", "malware", "relationship"]);
    }
  });

  it("link host indicators to the page of the first sample", async () => {
    const subject = await only("indicator", "mutex");
    expect(subject.external_references[0].url).toBe(
      "https://www.virustotal.com/gui/file/9f2b5c7d1e3a4f60817263544536271809fadbecdcbdae9f8071625344352617",
    );
  });

  it("carry clean labels, or none at all", async () => {
    expect((await only("indicator", "domain", { labels: ["c2", "c2", "\u202e", "two\nlines"] })).labels).toEqual([
      "c2",
      "two lines",
    ]);
    expect(await only("indicator", "domain", { labels: [] })).not.toHaveProperty("labels");
  });

  it("name the author as asked", async () => {
    const options = { identityName: "Example SOC", identityClass: "organization", contact: "soc@example.org" };
    const author = await only("identity", "domain", {}, { options });
    expect(author).toMatchObject({
      name: "Example SOC",
      identity_class: "organization",
      contact_information: "soc@example.org",
      created_by_ref: author.id,
    });
  });
});

describe("formats", () => {
  it("have media types that tell sinks a bundle from a stream of objects", () => {
    const mediaTypes = Object.entries(stix.formats).map(([name, { mediaType }]) => [name, mediaType]);
    expect(mediaTypes).toEqual([
      ["bundle", "application/stix+json;version=2.1"],
      ["objects", "application/stix+x-ndjson;version=2.1"],
    ]);
  });
});
