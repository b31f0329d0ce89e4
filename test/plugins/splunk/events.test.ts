import { describe, expect, it } from "vitest";
import { splunk } from "../../../plugins/splunk/index.ts";
import { sha256 } from "../../../src/plugin.ts";
import { describeExporter, exampleIndicator, type RenderedFiles, render } from "../../../src/testing.ts";

function eventsOf(files: RenderedFiles): Record<string, unknown>[] {
  expect([...files.keys()]).toEqual(["events.json"]);
  const text = new TextDecoder("utf-8", { fatal: true }).decode(files.get("events.json"));
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describeExporter(splunk, {
  runner: { describe, it },
  formats: ["hec"],
  check: (files) => {
    for (const event of eventsOf(files)) {
      expect(Object.keys(event)).toEqual(["time", "source", "sourcetype", "event"]);
      expect(event.time).toBeTypeOf("number");
    }
  },
});

describe("splunk: events", () => {
  it("say what was found, at the time of its newest report", async () => {
    const { files } = await render(splunk, [exampleIndicator("domain")], { format: "hec" });
    expect(eventsOf(files)).toEqual([
      {
        time: Date.UTC(2026, 9, 20, 9, 30) / 1000,
        source: "rulewright",
        sourcetype: "rulewright:ioc",
        event: {
          id: sha256("domain:quillet-morrow.top"),
          type: "domain",
          value: "quillet-morrow.top",
          status: "active",
          detect: true,
          decision: "keep",
          confidence: 85,
          reasons: ["contacted by 1 sample", "the sample is malicious by 40 of 70 engines"],
          tlp: "amber",
          malware_family: ["quillet"],
          labels: [],
          hunts: [],
          attack_ids: ["T1071.001"],
          sandboxes: ["Zenbox"],
          sample_count: 1,
          sample_sha256: [exampleIndicator("sha256").value],
          first_seen: "2026-10-01T08:00:00.000Z",
          last_seen: "2026-10-20T09:30:00.000Z",
          expires: "2027-01-18T09:30:00.000Z",
        },
      },
    ]);
  });

  it("say what was withdrawn", async () => {
    const { files } = await render(splunk, [exampleIndicator("domain", { status: "revoked" })], { format: "hec" });
    expect(eventsOf(files)[0]?.event).toMatchObject({ status: "revoked", detect: false });
  });

  it("carry values that no lookup row can", async () => {
    const value = "%TEMP%\\one\ntwo\0\ud800";
    const { files } = await render(splunk, [exampleIndicator("command-line", { value })], { format: "hec" });
    expect(eventsOf(files)[0]?.event).toMatchObject({ value });
  });
});
