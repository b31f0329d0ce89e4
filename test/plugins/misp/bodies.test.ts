/** Whole runs over bodies: our samples, and real ones when they are there. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { rulewright, samples, temporaryFolder } from "../../support/cli.ts";
import { itNeedsReference, referenceDir } from "../../support/engines.ts";
import { exportedRows } from "../../support/exported.ts";
import { checkFeed } from "./feed-reader.ts";
import { attributesOf, checkEvents, type Json, readEvents } from "./support.ts";

const EVENTS = ["rolling", "sample", "hunt"];
let config: string;

beforeAll(() => {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  config = join(folder, "rulewright.yaml");
  const exports = EVENTS.map(
    (events) => `  misp-${events}: { exporter: misp, format: feed, options: { events: ${events} } }`,
  );
  writeFileSync(config, `exports:\n${exports.join("\n")}\n`);
});

/** Kinds of events → what of them alerts, as a reader of the feed folder sees it; and the same of the CSV export. */
async function alertsOf(reports: string): Promise<Map<string, Set<string>>> {
  const out = temporaryFolder();
  const to = ["csv", ...EVENTS.map((events) => `misp-${events}`)].join(",");
  const { code, stderr } = await rulewright(["generate", reports, "--config", config, "--to", to, "--out", out]);
  expect(code, stderr).toBe(0);
  const rows = exportedRows(out).filter(({ detect }) => detect === "true");
  const alerts = new Map([["csv", new Set(rows.map(({ type, value }) => mispValue(type, value)))]]);
  for (const events of EVENTS) {
    const folder = join(out, `misp-${events}`);
    const files = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
    checkFeed(files);
    const read = readEvents(files);
    checkEvents(read);
    const values = read
      .flatMap(attributesOf)
      // Other hashes of the same file.
      .filter(({ type, to_ids }: Json) => to_ids && type !== "md5" && type !== "sha1")
      .map(({ value }: Json) => value);
    alerts.set(events, new Set(values));
  }
  return alerts;
}

function mispValue(type: string, value: string): string {
  return type === "endpoint" ? value.replace(/^\[?(.*?)\]?:(\d+)\/(?:tcp|udp)$/, "$1|$2") : value;
}

describe("feeds fit the lax schema, describeTypes and the object templates, and alert on what the CSV export detects,", () => {
  it("for the samples", async () => {
    const alerts = await alertsOf(samples);
    expect(alerts.get("csv")?.size).toBeGreaterThan(60);
    for (const events of EVENTS) expect(alerts.get(events)).toEqual(alerts.get("csv"));
  }, 60_000);

  itNeedsReference(
    "for real bodies",
    async () => {
      const alerts = await alertsOf(join(referenceDir as string, "virustotal"));
      expect(alerts.get("csv")?.size).toBeGreaterThan(20);
      for (const events of EVENTS) expect(alerts.get(events)).toEqual(alerts.get("csv"));
    },
    120_000,
  );
});
