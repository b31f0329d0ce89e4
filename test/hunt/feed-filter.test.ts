import { describe, expect, it } from "vitest";
import { type FeedFilter, feedMatcher } from "../../src/hunt/feed-filter.ts";

const SAMPLE = "a".repeat(64);

/** A line of the feed, its secret links taken out. */
const LINE = {
  type: "file_behaviour",
  id: `${SAMPLE}_VirusTotal Jujubox`,
  attributes: {
    sandbox_name: "VirusTotal Jujubox",
    verdicts: ["STEALER", "TROJAN"],
    verdict_labels: ["Agent Tesla", "Mal/HTMLGen-A"],
    tags: ["SMTP_COMMUNICATION", "LONG_SLEEPS"],
    mitre_attack_techniques: [{ id: "T1071.001" }, { id: "T1055" }],
  },
  context_attributes: { file_md5: "b".repeat(32), file_sha1: "c".repeat(40), file_type_tag: "peexe" },
};

describe("a filter of the feed", () => {
  it.each<[string, FeedFilter, boolean]>([
    ["a verdict in any case", { verdicts: ["stealer"] }, true],
    ["one of several", { verdicts: ["RANSOM", "TROJAN"] }, true],
    ["none of several", { verdicts: ["RANSOM", "RAT"] }, false],
    ["a family in any spelling", { families: ["agenttesla"] }, true],
    ["a family as it is written", { families: ["Agent Tesla"] }, true],
    ["a label that is no family", { families: ["mal/htmlgen-a"] }, true],
    ["another family", { families: ["emotet"] }, false],
    ["a tag", { tags: ["SMTP_COMMUNICATION"] }, true],
    ["a technique with what is below it", { techniques: ["T1071"] }, true],
    ["a technique below", { techniques: ["T1071.001"] }, true],
    ["another below the same", { techniques: ["T1055.012"] }, false],
    ["a sandbox", { sandboxes: ["virustotal jujubox"] }, true],
    ["a part of a name", { sandboxes: ["Jujubox"] }, false],
    ["a file type", { fileTypes: ["peexe"] }, true],
    ["a sha256", { hashes: [SAMPLE.toUpperCase()] }, true],
    ["an md5", { hashes: ["b".repeat(32)] }, true],
    ["a sha1", { hashes: ["c".repeat(40)] }, true],
    ["another hash", { hashes: ["d".repeat(64)] }, false],
    ["all lists at once", { verdicts: ["TROJAN"], tags: ["LONG_SLEEPS"], fileTypes: ["peexe"] }, true],
    ["one list that does not fit", { verdicts: ["TROJAN"], fileTypes: ["elf"] }, false],
  ])("by %s", (_what, filter, isWanted) => {
    expect(feedMatcher(filter)(LINE)).toBe(isWanted ? SAMPLE : undefined);
  });

  it.each([
    ["no object", "text"],
    ["another object", { type: "file", id: SAMPLE, attributes: {} }],
    ["a report of nobody", { ...LINE, id: "x" }],
    ["a report without anything", { type: "file_behaviour", id: `${SAMPLE}_Zenbox` }],
    ["fields of other types", { ...LINE, attributes: { verdicts: "STEALER" }, context_attributes: 7 }],
  ])("takes no line that is %s", (_what, line) => {
    expect(feedMatcher({ verdicts: ["STEALER"] })(line)).toBeUndefined();
  });
});
