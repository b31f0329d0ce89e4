import { describe, expect, it } from "vitest";
import { mapIndicator } from "../../../plugins/misp/attributes.ts";
import { misp } from "../../../plugins/misp/index.ts";
import type { Indicator, ObservableType } from "../../../src/plugin.ts";
import { exampleIndicator, type RenderOptions, render } from "../../../src/testing.ts";
import { attributesOf, checkEvents, type Json, readEvents } from "./support.ts";

async function eventOf(indicators: Indicator[], settings: RenderOptions = {}): Promise<Json> {
  const events = readEvents((await render(misp, indicators, settings)).files);
  checkEvents(events);
  expect(events).toHaveLength(1);
  return events[0];
}

async function attributeOf(type: ObservableType, overrides: Partial<Indicator> = {}): Promise<Json> {
  const event = await eventOf([exampleIndicator(type, overrides)]);
  expect(event.Object).toEqual([]);
  expect(event.Attribute).toHaveLength(1);
  return event.Attribute[0];
}

async function objectOf(type: ObservableType, overrides: Partial<Indicator> = {}): Promise<Json> {
  const event = await eventOf([exampleIndicator(type, overrides)]);
  expect(event.Attribute).toEqual([]);
  expect(event.Object).toHaveLength(1);
  return event.Object[0];
}

describe("an attribute", () => {
  it("of a domain, whole", async () => {
    expect(await attributeOf("domain")).toEqual({
      uuid: "4f5afc12-9a28-563f-8e9e-9a86968f4de2",
      type: "domain",
      category: "Network activity",
      value: "quillet-morrow.top",
      to_ids: true,
      disable_correlation: false,
      comment: "quillet; confidence 85: contacted by 1 sample",
      timestamp: "1792488600",
      distribution: "5",
      first_seen: "2026-10-01T08:00:00.000000+00:00",
      last_seen: "2026-10-20T09:30:00.000000+00:00",
      Tag: [{ name: 'rulewright:family="quillet"', colour: "#5b6770", exportable: true }],
    });
  });

  it.each<[ObservableType, string, string, string, boolean]>([
    ["ipv4", "198.51.100.3", "ip-dst", "Network activity", true],
    ["ipv6", "2001:db8::7", "ip-dst", "Network activity", true],
    ["url", "http://a.top/x?q='1'|2", "url", "Network activity", true],
    ["ja3", "ab".repeat(16), "ja3-fingerprint-md5", "Network activity", false],
    ["certificate", "ab".repeat(20), "x509-fingerprint-sha1", "Network activity", true],
    ["mutex", String.raw`Global\x|y`, "mutex", "Artifacts dropped", false],
    ["registry-key", String.raw`HKEY_CURRENT_USER\Software\Run`, "regkey", "Persistence mechanism", false],
    ["user-agent", "Quillet/1.4", "user-agent", "Network activity", false],
  ])("of a %s %s", async (type, value, mispType, category, toIds) => {
    expect(await attributeOf(type, { value })).toMatchObject({ type: mispType, category, value, to_ids: toIds });
  });

  it("of a domain is a hostname when only this name is meant", async () => {
    expect((await attributeOf("domain", { scope: "host" })).type).toBe("hostname");
    expect((await attributeOf("domain", { scope: "subtree" })).type).toBe("domain");
  });

  it("of an endpoint separates the port by a bar and says the transport in the comment", async () => {
    expect(await attributeOf("endpoint", { value: "198.51.100.3:53/udp" })).toMatchObject({
      type: "ip-dst|port",
      value: "198.51.100.3|53",
      comment: "quillet; udp; confidence 85: contacted by 1 sample",
    });
    expect((await attributeOf("endpoint", { value: "[2001:db8::7]:443/tcp" })).value).toBe("2001:db8::7|443");
  });

  it("of one port over TCP and UDP comes once, since the server keeps only one", async () => {
    const both = ["198.51.100.3:53/tcp", "198.51.100.3:53/udp"].map((value) => exampleIndicator("endpoint", { value }));
    const { files, skipped } = await render(misp, both);
    checkEvents(readEvents(files));
    expect(skipped.map(({ indicator }) => indicator.value)).toEqual(["198.51.100.3:53/udp"]);
  });

  it("of a user agent neither alerts nor correlates", async () => {
    expect(await attributeOf("user-agent")).toMatchObject({ to_ids: false, disable_correlation: true });
  });

  it("alerts only while it is kept and valid", async () => {
    const verdict = { decision: "review" as const, confidence: 40, reasons: [] };
    expect((await attributeOf("domain", { verdict })).to_ids).toBe(false);
    expect((await attributeOf("domain", { status: "expired" })).to_ids).toBe(false);
  });

  it("that is withdrawn stays, deleted and newer", async () => {
    const active = await attributeOf("domain");
    expect(active).not.toHaveProperty("deleted");
    expect(await attributeOf("domain", { status: "revoked" })).toMatchObject({
      uuid: active.uuid,
      deleted: true,
      to_ids: false,
      timestamp: String(Number(active.timestamp) + 1),
    });
  });

  it("never has last_seen before first_seen", async () => {
    const attribute = await attributeOf("domain", { lastSeen: "2026-09-01T00:00:00.000Z" });
    expect(attribute.last_seen).toBe(attribute.first_seen);
  });

  it("names its families in tags that cannot be broken out of", async () => {
    const { Tag } = await attributeOf("domain", { families: ['a" tlp:clear "', "two\nlines", "two lines", "\u202e"] });
    expect(Tag.map(({ name }: Json) => name)).toEqual([
      "rulewright:family=\"a' tlp:clear '\"",
      'rulewright:family="two lines"',
    ]);
  });
});

describe("an object", () => {
  it("holds a file also when only its SHA-256 is known, so that more of it does not move it", async () => {
    const alone = await objectOf("sha256");
    const known = await objectOf("sha256", { details: { md5: "cd".repeat(16) } });
    expect(known.uuid).toBe(alone.uuid);
    expect(known.Attribute[0]).toEqual(alone.Attribute[0]);
  });

  it("of a file holds all hashes, the size and the names", async () => {
    const details = { md5: "cd".repeat(16), sha1: "ef".repeat(20), size: 68, names: ["invoice.exe", "two\nlines"] };
    const file = await objectOf("sha256", { value: "ab".repeat(32), details });
    expect(file).toMatchObject({
      name: "file",
      template_uuid: "688c46fb-5edb-40a3-8273-1af7923e2215",
      template_version: "25",
    });
    expect(
      file.Attribute.map((one: Json) => [
        one.object_relation,
        one.category,
        one.value,
        one.to_ids,
        one.disable_correlation,
      ]),
    ).toEqual([
      ["sha256", "Payload delivery", "ab".repeat(32), true, false],
      ["md5", "Payload delivery", "cd".repeat(16), true, false],
      ["sha1", "Payload delivery", "ef".repeat(20), true, false],
      ["size-in-bytes", "Other", "68", false, true],
      ["filename", "Payload delivery", "invoice.exe", false, true],
    ]);
  });

  it("of a JA4 does not tie all JA4 objects together by their type", async () => {
    const object = await objectOf("ja4");
    expect(object.name).toBe("ja4-plus");
    expect(
      object.Attribute.map((one: Json) => [one.object_relation, one.type, one.value, one.disable_correlation]),
    ).toEqual([
      ["ja4-fingerprint", "text", "t13d1516h2_8daaf6152771_b186095e22b6", false],
      ["ja4-type", "text", "JA4", true],
    ]);
  });

  it("of a file path and of a command line is context", async () => {
    const path = await objectOf("file-path");
    expect(path.Attribute.map((one: Json) => [one.object_relation, one.value, one.to_ids])).toEqual([
      ["fullpath", "C:\\Users\\Public\\quillet.dll", false],
      ["filename", "quillet.dll", false],
    ]);
    expect((await objectOf("command-line")).name).toBe("command-line");
  });

  it("carries its tags on the attribute that identifies it", async () => {
    const object = await objectOf("sha256", { details: { md5: "cd".repeat(16) } });
    expect(object.Attribute.map((one: Json) => one.Tag?.length)).toEqual([1, undefined]);
  });
});

describe("values that do not fit", () => {
  it.each<[ObservableType, string]>([
    ["domain", "EVIL.top"],
    ["domain", "single"],
    ["domain", ".evil.top"],
    ["domain", "198.51.100.3"],
    ["ipv4", "198.51.100.3:80"],
    ["ipv4", "198.51.100.3/32"],
    ["ipv6", "2001:DB8::7"],
    ["endpoint", "198.51.100.3:70000/tcp"],
    ["url", "http://a.top/two\nlines"],
    ["url", "http://a.top/x[.]y"],
    ["url", "http://a.top/?u=hxxp://b"],
    ["url", "http://a.top/x(dot)y"],
    ["url", "http://a.top/x[:]y"],
    ["mutex", "beyond \u{1f600} U+FFFF"],
    ["sha256", "AB".repeat(32)],
    ["certificate", "ab:".repeat(20)],
    ["ja4", "t13d1516h2"],
    ["mutex", " padded "],
    ["mutex", "nul\u0000inside"],
    ["mutex", "A".repeat(65_536)],
    ["registry-key", "HKCU\\Software"],
    ["file-path", "C:\\folder\\"],
    ["ja3s", "ab".repeat(16)],
    ["email-address", "drop@quillet-morrow.top"],
  ])("are refused with a reason: %s %s", (type, value) => {
    expect(mapIndicator(exampleIndicator(type, { value }))).toEqual({ misfit: expect.stringMatching(/.{5,}/) });
  });

  it("never include mail addresses or JA3S, which have no place", () => {
    expect(misp.accepts).not.toContain("email-address");
    expect(misp.accepts).not.toContain("ja3s");
  });
});

describe("markings", () => {
  it("of the event are the strictest of its attributes, which say theirs only where it differs", async () => {
    const event = await eventOf([
      exampleIndicator("domain", { tlp: "green", families: [] }),
      exampleIndicator("ipv4", { tlp: "amber+strict", families: [] }),
    ]);
    expect(event.Tag).toEqual([{ name: "tlp:amber+strict", colour: "#FFC000", exportable: true }]);
    expect(event.Attribute.map((one: Json) => one.Tag)).toEqual([
      [{ name: "tlp:green", colour: "#33FF00", exportable: true }],
      undefined,
    ]);
  });

  it("have a PAP tag when asked", async () => {
    const event = await eventOf([exampleIndicator("domain")], { options: { pap: "amber" } });
    expect(event.Tag.map(({ name }: Json) => name)).toEqual(["tlp:amber", "PAP:AMBER"]);
  });
});

describe("every attribute", () => {
  it("inherits its distribution and has its own uuid under its parent", async () => {
    const indicators = [exampleIndicator("domain"), exampleIndicator("sha256", { details: { md5: "cd".repeat(16) } })];
    const one = await eventOf(indicators);
    const other = await eventOf(indicators, { options: { eventKey: "other" } });
    const uuids = [one, other].flatMap(attributesOf).map(({ uuid }: Json) => uuid);
    expect(new Set(uuids).size).toBe(6);
  });
});
