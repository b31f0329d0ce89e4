/** The event of one sample: objects, how they hang on its file, tags, report; and events of hunts. */
import { describe, expect, it } from "vitest";
import { misp } from "../../../plugins/misp/index.ts";
import { periodOf } from "../../../plugins/misp/placement.ts";
import type { Indicator, SampleDetails } from "../../../src/plugin.ts";
import {
  EXAMPLE_VALUES,
  exampleIndicator,
  memoryVersionLedger,
  type RenderOptions,
  render,
} from "../../../src/testing.ts";
import { checkFeed } from "./feed-reader.ts";
import { attributesOf, checkEvents, type Json, readEvents } from "./support.ts";

const SAMPLE = EXAMPLE_VALUES.sha256;
const OTHER = "cd".repeat(32);

const DETAILS: SampleDetails = {
  sha256: SAMPLE,
  md5: "ab".repeat(16),
  name: "invoice.exe",
  size: 4096,
  submittedAt: "2026-10-01T07:00:00.000Z",
  malicious: 40,
  engines: 70,
  families: ["quillet"],
  labels: [],
  techniques: ["T1071.001", "T9999"],
  analyses: [
    { sandbox: "CAPE Sandbox", analysedAt: "2026-10-03T10:00:00.000Z", opinion: "malicious" },
    { sandbox: "Zenbox", analysedAt: "2026-10-02T10:00:00.000Z" },
  ],
};

async function eventsOf(indicators: Indicator[], settings: RenderOptions = {}): Promise<Json[]> {
  const options = { events: "sample", ...settings.options };
  const {
    files,
    skipped,
    indicators: written,
  } = await render(misp, indicators, { samples: [DETAILS], ...settings, options });
  expect((written ?? 0) + skipped.length).toBe(indicators.length);
  const events = readEvents(files);
  checkEvents(events);
  return events;
}

const named = (event: Json, name: string): Json => event.Object.find((object: Json) => object.name === name);
const relations = (object: Json): string[][] =>
  object.Attribute.map((one: Json) => [one.object_relation, one.value, one.to_ids, one.disable_correlation]);

describe("the event of a sample", () => {
  it("is about the sample", async () => {
    const [event] = await eventsOf([exampleIndicator("domain")], { options: { pap: "green" } });
    expect(event).toMatchObject({
      uuid: "fc41d91b-c64d-54d4-8674-6d23479d6428",
      info: `Sandboxed sample invoice.exe (quillet), SHA-256 ${SAMPLE}`,
      date: "2026-10-02",
      timestamp: "1791021600",
    });
    expect(event.Tag.map(({ name }: Json) => name)).toEqual([
      "tlp:amber",
      "PAP:GREEN",
      'rulewright:family="quillet"',
      'misp-galaxy:mitre-attack-pattern="Web Protocols - T1071.001"',
      'rulewright:technique="T9999"',
    ]);
  });

  it("has its file, and what VirusTotal and each sandbox say of it", async () => {
    const [event] = await eventsOf([exampleIndicator("domain")]);
    const [file, report, cape, zenbox] = event.Object;
    expect([file, report, cape, zenbox].map(({ name }: Json) => name)).toEqual([
      "file",
      "virustotal-report",
      "sandbox-report",
      "sandbox-report",
    ]);
    // Nobody judged the sample itself, so its hashes tie events together and alert nobody.
    expect(relations(file)).toEqual([
      ["sha256", SAMPLE, false, false],
      ["md5", "ab".repeat(16), false, false],
      ["size-in-bytes", "4096", false, true],
      ["filename", "invoice.exe", false, true],
    ]);
    expect(relations(report)).toEqual([
      ["permalink", `https://www.virustotal.com/gui/file/${SAMPLE}`, false, true],
      ["detection-ratio", "40/70", false, true],
      ["first-submission", "2026-10-01T07:00:00.000000+0000", false, true],
    ]);
    expect(relations(cape)).toEqual([
      ["saas-sandbox", "CAPE Sandbox", false, true],
      ["sandbox-type", "saas", false, true],
      ["results", "malicious", false, true],
    ]);
    expect(relations(zenbox)).toHaveLength(2);
  });

  it("alerts on the sample's hashes when the sample is an indicator, and has it once", async () => {
    const own = exampleIndicator("sha256", { details: { sha1: "ef".repeat(20), names: ["first.exe"] } });
    const [event] = await eventsOf([own]);
    expect(event.Object.filter(({ name }: Json) => name === "file")).toHaveLength(1);
    expect(relations(named(event, "file"))).toEqual([
      ["sha256", SAMPLE, true, false],
      ["sha1", "ef".repeat(20), true, false],
      ["filename", "first.exe", false, true],
      ["md5", "ab".repeat(16), true, false],
      ["size-in-bytes", "4096", false, true],
      ["filename", "invoice.exe", false, true],
    ]);
  });

  it.each<[Partial<Indicator> & { type: Indicator["type"] }, string, string, unknown[][]]>([
    [
      { type: "domain", details: { addresses: ["45.32.17.9", "not an address"] } },
      "domain-ip",
      "communicates-with",
      [
        ["domain", "quillet-morrow.top", true, false],
        ["ip", "45.32.17.9", false, true],
      ],
    ],
    [
      { type: "ipv4", details: { ports: ["443/tcp", "443/udp"], hosts: ["quillet-morrow.top"] } },
      "ip-port",
      "communicates-with",
      [
        ["ip-dst", "45.32.17.9", true, false],
        ["dst-port", "443", false, true],
        ["hostname", "quillet-morrow.top", false, true],
      ],
    ],
    [
      { type: "endpoint", details: { hosts: ["quillet-morrow.top"] } },
      "network-connection",
      "connects-to",
      [
        ["ip-dst", "45.32.17.9", false, true],
        ["dst-port", "8443", false, true],
        ["layer4-protocol", "TCP", false, true],
        ["hostname-dst", "quillet-morrow.top", false, true],
      ],
    ],
    [
      { type: "url", value: "https://45.32.17.9:8443/a/gate.php?id=1?2" },
      "url",
      "communicates-with",
      [
        ["url", "https://45.32.17.9:8443/a/gate.php?id=1?2", true, false],
        ["ip", "45.32.17.9", false, true],
        ["port", "8443", false, true],
        ["scheme", "https", false, true],
        ["resource_path", "/a/gate.php", false, true],
        ["query_string", "id=1?2", false, true],
      ],
    ],
    [
      { type: "certificate", details: { certificate: { serial: "0a1b", issuer: "CN=Quillet", subject: "CN=Morrow" } } },
      "x509",
      "related-to",
      [
        ["x509-fingerprint-sha1", EXAMPLE_VALUES.certificate, true, false],
        ["serial-number", "0a1b", false, true],
        ["issuer", "CN=Quillet", false, true],
        ["subject", "CN=Morrow", false, true],
      ],
    ],
    [{ type: "ja3" }, "ja3", "uses", [["ja3-fingerprint-md5", EXAMPLE_VALUES.ja3, false, false]]],
    [{ type: "registry-key" }, "registry-key", "writes", [["key", EXAMPLE_VALUES["registry-key"], false, false]]],
    [
      { type: "command-line" },
      "command-line",
      "executes",
      [["command_line", EXAMPLE_VALUES["command-line"], false, false]],
    ],
  ])("hangs %o on the file", async (overrides, name, relation, attributes) => {
    const [event] = await eventsOf([exampleIndicator(overrides.type, overrides)]);
    const object = named(event, name);
    expect(relations(object)).toEqual(attributes);
    const reference = named(event, "file").ObjectReference.find((one: Json) => one.referenced_uuid === object.uuid);
    expect(reference.relationship_type).toBe(relation);
    expect(object.comment).toBe(overrides.type === "endpoint" ? "tcp; seen by Zenbox" : "seen by Zenbox");
  });

  it("has an endpoint that alerts once, beside its connections over TCP and UDP", async () => {
    const both = ["45.32.17.9:53/tcp", "45.32.17.9:53/udp"].map((value) => exampleIndicator("endpoint", { value }));
    const [event] = await eventsOf(both);
    expect(event.Attribute.map((one: Json) => [one.type, one.value, one.to_ids])).toEqual([
      ["ip-dst|port", "45.32.17.9|53", true],
    ]);
    expect(event.Object.filter(({ name }: Json) => name === "network-connection")).toHaveLength(2);
  });

  it.each([
    ["files_dropped[0].sha256", "drops"],
    ["relationships.dropped_files[3]", "drops"],
    ["memory_pattern_urls[0]", "contains"],
    ["relationships.itw_urls[0]", "downloaded-from"],
    ["somewhere else", "related-to"],
  ])("says what a file was doing at %s: %s", async (place, relation) => {
    const evidence = [{ sample: SAMPLE, place }];
    const [event] = await eventsOf([exampleIndicator("sha256", { value: OTHER, evidence })]);
    expect(named(event, "file").ObjectReference.at(-1).relationship_type).toBe(relation);
  });

  it("does not move by what another sample shows", async () => {
    const versions = memoryVersionLedger(new Date("2026-11-24T00:00:00.000Z"));
    const before = await eventsOf([exampleIndicator("domain")], { versions });
    const after = await eventsOf(
      [
        exampleIndicator("domain", {
          samples: [SAMPLE, OTHER].sort(),
          sampleCount: 2,
          sandboxes: ["CAPE Sandbox", "Zenbox"],
          lastSeen: "2026-11-20T00:00:00.000Z",
          verdict: {
            decision: "keep",
            confidence: 90,
            reasons: [{ id: "contacted", weight: 90, text: "by 2 samples" }],
          },
        }),
      ],
      { versions },
    );
    expect(after).toHaveLength(2);
    expect(after.find(({ uuid }) => uuid === before[0].uuid)).toEqual(before[0]);
  });

  it("moves one attribute and what holds it when that alerts no longer", async () => {
    const now = new Date("2026-11-24T00:00:00.000Z");
    const versions = memoryVersionLedger(now);
    const indicators = [exampleIndicator("domain"), exampleIndicator("ipv4"), exampleIndicator("mutex")];
    const [before] = await eventsOf(indicators, { versions });
    const [after] = await eventsOf(
      [exampleIndicator("domain"), exampleIndicator("ipv4", { status: "expired" }), exampleIndicator("mutex")],
      { versions },
    );
    const moved = (old: Json[], fresh: Json[]) =>
      fresh.filter(({ uuid, timestamp }) => old.find((one) => one.uuid === uuid).timestamp !== timestamp);
    const seconds = String(now.getTime() / 1000);
    expect(moved(attributesOf(before), attributesOf(after)).map(({ value, timestamp }) => [value, timestamp])).toEqual([
      ["45.32.17.9", seconds],
    ]);
    expect(moved(before.Object, after.Object).map(({ name }) => name)).toEqual(["ip-port"]);
    expect(after.timestamp).toBe(seconds);
  });

  it("withdraws an indicator, its object and the reference to it, and keeps the file", async () => {
    const versions = memoryVersionLedger(new Date("2026-11-24T00:00:00.000Z"));
    const [before] = await eventsOf([exampleIndicator("domain")], { versions });
    const [after] = await eventsOf([exampleIndicator("domain", { status: "revoked" })], { versions });
    const [old, fresh] = [before, after].map((event) => named(event, "domain-ip"));
    expect(fresh).toMatchObject({ uuid: old.uuid, deleted: true });
    expect(fresh.Attribute[0]).toMatchObject({ deleted: true, to_ids: false });
    expect(Number(fresh.Attribute[0].timestamp)).toBeGreaterThan(Number(old.Attribute[0].timestamp));
    expect(named(after, "file")).not.toHaveProperty("deleted");
    expect(named(after, "file").ObjectReference.at(-1)).toMatchObject({ deleted: true, timestamp: fresh.timestamp });
  });

  it("says that an indicator has expired, and who saw it when asked", async () => {
    const domain = exampleIndicator("domain", { status: "expired" });
    const [silent] = await eventsOf([domain]);
    expect(named(silent, "domain-ip").Attribute[0].Sighting).toMatchObject([
      { type: "2", date_sighting: "1800264600", source: "Rulewright" },
    ]);
    const [event] = await eventsOf([exampleIndicator("domain")], { options: { sightings: true } });
    expect(named(event, "domain-ip").Attribute[0].Sighting).toMatchObject([
      { type: "0", date_sighting: "1790935200", source: "Zenbox" },
    ]);
  });

  it("has a report in which the attacker's texts are interpreted by nobody", async () => {
    const name = "a`b](javascript:x) <img src=x onerror=y> @[tag](tlp:clear)\n# heading";
    const [event] = await eventsOf([exampleIndicator("domain"), exampleIndicator("mutex")], {
      samples: [{ ...DETAILS, name }],
    });
    expect(
      event.EventReport[0].content,
    ).toBe(`# \`a'b](javascript:x) <img src=x onerror=y> @[tag](tlp:clear) # heading\`

- SHA-256: \`${SAMPLE}\`
- VirusTotal: 40 of 70 engines, first submitted 2026-10-01
- In this event: 1 domain, 1 mutex

## Families

- \`quillet\`

## Sandbox runs

- \`CAPE Sandbox, 2026-10-03, malicious\`
- \`Zenbox, 2026-10-02\`

## ATT&CK techniques

- \`T1071.001 Web Protocols\`
- \`T9999\`
`);
    expect((await eventsOf([exampleIndicator("domain")], { options: { report: false } }))[0]).not.toHaveProperty(
      "EventReport",
    );
  });
});

describe("events of several samples", () => {
  it("have an indicator each, count it once, and share no uuid", async () => {
    const indicators = [
      exampleIndicator("domain", { samples: [SAMPLE, OTHER] }),
      exampleIndicator("ipv4", { samples: [OTHER] }),
    ];
    const { files, indicators: written } = await render(misp, indicators, {
      options: { events: "sample" },
      samples: [DETAILS],
    });
    expect([...files.keys()].sort()).toEqual([`${SAMPLE}.event.json`, `${OTHER}.event.json`].sort());
    expect(written).toBe(2);
    checkEvents(readEvents(files));
  });

  it("are beside a rolling one for what has no sample", async () => {
    const { files } = await render(misp, [exampleIndicator("domain", { samples: ["unknown-0123456789abcdef"] })], {
      options: { events: "sample" },
    });
    expect([...files.keys()]).toEqual(["rulewright.event.json"]);
  });

  it("are split above 10,000 attributes, each part with the file", async () => {
    const indicators = Array.from({ length: 12_000 }, (_, index) =>
      exampleIndicator("mutex", { value: `quillet-${index}` }),
    );
    const events = await eventsOf(indicators, { options: { report: false } });
    expect(events.length).toBeGreaterThan(1);
    for (const event of events) expect(named(event, "file").Attribute[0].value).toBe(SAMPLE);
    expect(events.flatMap(({ Attribute }) => Attribute)).toHaveLength(12_000);
  });

  it("make a feed that reads back to the same values", async () => {
    const indicators = [exampleIndicator("domain", { samples: [SAMPLE, OTHER] }), exampleIndicator("endpoint")];
    const { files } = await render(misp, indicators, {
      format: "feed",
      options: { events: "sample" },
      samples: [DETAILS],
    });
    checkFeed(files);
    const values = readEvents(files)
      .flatMap(attributesOf)
      .filter(({ to_ids }) => to_ids)
      .map(({ value }) => value);
    expect(new Set(values)).toEqual(new Set(["quillet-morrow.top", "45.32.17.9|8443"]));
  });
});

describe("events of hunts", () => {
  it("are by hunt and the period an indicator was first seen in", async () => {
    const indicators = [
      exampleIndicator("domain", { hunts: ["loaders", "Stealers EU"] }),
      exampleIndicator("ipv4", { hunts: ["loaders"], firstSeen: "2026-09-30T23:59:59.999Z" }),
      exampleIndicator("mutex"),
    ];
    const { files } = await render(misp, indicators, { options: { events: "hunt" } });
    const events = readEvents(files);
    checkEvents(events);
    expect([...files.keys()]).toEqual([
      "rulewright.event.json",
      "hunt-loaders-2026-09-e4ad37d6.event.json",
      "hunt-stealers-eu-2026-10-032b197b.event.json",
      "hunt-loaders-2026-10-053b066d.event.json",
    ]);
    expect(events.map(({ info }) => info)[2]).toBe("Rulewright: hunt Stealers EU, first seen 2026-10");
    expect(events[2].Tag.map(({ name }: Json) => name)).toEqual(["tlp:amber", 'rulewright:hunt="Stealers EU"']);
  });

  it.each([
    ["day", "2026-10-20"],
    ["week", "2026-W43"],
    ["month", "2026-10"],
    ["all", ""],
  ] as const)("of a %s are called %s", (period, name) => {
    expect(periodOf("2026-10-20T09:30:00.000Z", period)).toBe(name);
  });

  it("know the weeks at the turn of the year", () => {
    expect(periodOf("2027-01-03T23:59:59.000Z", "week")).toBe("2026-W53");
    expect(periodOf("2027-01-04T00:00:00.000Z", "week")).toBe("2027-W01");
    expect(periodOf("2024-12-30T00:00:00.000Z", "week")).toBe("2025-W01");
  });
});
