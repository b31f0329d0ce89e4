import { describe, expect, it } from "vitest";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { collectBody, fileObject, report, sampleId } from "../support/reports.ts";

describe("samples of the store", () => {
  it("come with what all bodies say of them, and the sandboxes that ran them", async () => {
    const store = await openSqliteStore();
    const bodies = [
      report({ verdicts: ["MALWARE"], verdict_labels: ["quillet"], mitre_attack_techniques: [{ id: "T1071" }] }),
      report({ verdicts: ["CLEAN"], analysis_date: 1_760_000_000 }, { sandbox: "CAPE Sandbox" }),
      report({ analysis_date: 1_750_000_000 }, { sandbox: "CAPE Sandbox" }),
      fileObject(1, {
        popular_threat_classification: { suggested_threat_label: "trojan.morrow" },
        last_analysis_stats: { malicious: 9, undetected: 60 },
        first_submission_date: 1_759_000_000,
        md5: "a".repeat(32),
      }),
    ];
    await store.add(bodies.flatMap(collectBody));
    const samples = await store.samples([sampleId(1), "f".repeat(64)]);
    expect([...samples.keys()]).toEqual([sampleId(1)]);
    expect(samples.get(sampleId(1))).toMatchObject({
      sha256: sampleId(1),
      md5: "a".repeat(32),
      malicious: 9,
      engines: 69,
      opinion: "malicious",
      submittedAt: "2025-09-27T19:06:40.000Z",
      families: ["morrow", "quillet"],
      techniques: ["T1071"],
      analyses: [
        { sandbox: "CAPE Sandbox", analysedAt: "2025-10-09T08:53:20.000Z", opinion: "clean" },
        { sandbox: "Zenbox", opinion: "malicious" },
      ],
    });
    await store.close();
  });
});
