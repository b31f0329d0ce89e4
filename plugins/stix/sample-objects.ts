/** What stands for one detonated sample: its file, the malware it is, and what each sandbox said. Pure. */
import type { Analysis, SampleDetails } from "../../src/plugin.ts";
import type { Dated } from "./entry.ts";
import { fileObservable } from "./expression.ts";
import { authoredId } from "./ids.ts";
import { virusTotalReference } from "./indicator-objects.ts";
import type { Marking } from "./marking.ts";
import type { Identity, Malware, MalwareAnalysis, StixFile, StixId } from "./schema.ts";
import type { Templates } from "./shared-objects.ts";
import { distinctTexts, rendered } from "./text.ts";
import { isIso } from "./times.ts";

/** How a sandbox's opinion is called in the vocabulary of malware-result-ov (STIX 2.1 section 10.19). */
const RESULTS = { malicious: "malicious", clean: "benign", undecided: "unknown" } as const;

export interface SampleStated {
  readonly author: Identity["id"];
  readonly created: string;
  readonly refs: Marking["refs"];
  readonly templates: Templates;
}

export function sampleFile(sample: SampleDetails): StixFile {
  return fileObservable(sample.sha256, sample);
}

/**
 * Whether a sample may be called malware: not when sandboxes or engines call it clean, of whom two engines may differ
 * from the sandbox and one from all the others. One that nobody judged showed the behaviour that made an indicator.
 */
export function isMalware({ opinion, malicious = 0, engines = 0 }: SampleDetails): boolean {
  if (opinion === "malicious") return true;
  return !(opinion === "clean" && malicious <= 2) && !(engines >= 20 && malicious <= 1);
}

export function malwareId(sha256: string, author: Identity["id"]): Malware["id"] {
  return authoredId(author, "malware", `sample:${sha256}`) as Malware["id"];
}

export function malwareSample(
  sample: SampleDetails,
  file: StixFile["id"],
  { author, created, refs, templates }: SampleStated,
): Dated<Malware> {
  const { sha256, submittedAt } = sample;
  const fields = sampleFields(sample);
  const description = rendered(templates["sample-description"], fields);
  const labels = distinctTexts(sample.labels);
  return {
    draft: {
      type: "malware",
      spec_version: "2.1",
      id: malwareId(sha256, author),
      created_by_ref: author,
      name: rendered(templates["sample-name"], fields) || sha256,
      ...(description ? { description } : {}),
      is_family: false,
      sample_refs: [file],
      ...(submittedAt !== undefined && isIso(submittedAt) ? { first_seen: submittedAt } : {}),
      ...(labels.length > 0 ? { labels } : {}),
      external_references: [virusTotalReference(pageOf(sha256))],
      object_marking_refs: refs,
    },
    created,
    modified: created,
  };
}

/** The row of the sample templates; its keys are in the `fields` table of the exporter. */
function sampleFields({ sha256, families, malicious, engines }: SampleDetails) {
  return {
    family: families[0] ?? "",
    sha256,
    hash: sha256.slice(0, 12),
    detections: malicious === undefined || engines === undefined ? "" : `${malicious} of ${engines} engines`,
  };
}

export function malwareAnalysis(
  sha256: string,
  { sandbox, analysedAt, opinion }: Analysis,
  { file, seen }: { readonly file: StixFile["id"]; readonly seen: readonly StixId[] },
  { author, created, refs, templates }: SampleStated,
): Dated<MalwareAnalysis> {
  const result = RESULTS[opinion ?? "undecided"];
  const fields = { sandbox, result, sha256 };
  const endedAt = analysedAt !== undefined && isIso(analysedAt) ? analysedAt : undefined;
  return {
    draft: {
      type: "malware-analysis",
      spec_version: "2.1",
      id: authoredId(author, "malware-analysis", `${sha256}|${sandbox}`) as MalwareAnalysis["id"],
      created_by_ref: author,
      product: productOf(sandbox),
      ...(endedAt ? { analysis_ended: endedAt } : {}),
      // OpenCTI takes two analyses of one product with the same name for one: the name tells the samples apart.
      result_name: rendered(templates["analysis-name"], fields) || `${result} ${sha256}`,
      result,
      sample_ref: file,
      ...(seen.length > 0 ? { analysis_sco_refs: [...seen] } : {}),
      external_references: [virusTotalReference(pageOf(sha256))],
      object_marking_refs: refs,
    },
    created: endedAt ?? created,
    modified: endedAt ?? created,
  };
}

/** Lower case with hyphens; `anonymized` is the standard's word for a product without a name. */
function productOf(sandbox: string): string {
  const words = sandbox
    .toLowerCase()
    .slice(0, 250)
    .match(/[a-z0-9]+/g);
  return words ? words.join("-") : "anonymized";
}

function pageOf(sha256: string): string {
  return `https://www.virustotal.com/gui/file/${sha256}`;
}
