/** What stands for one indicator: the indicator object itself, and that its observables were seen. Pure. */
import { type Indicator, virusTotalPage } from "../../src/plugin.ts";
import type { Dated } from "./entry.ts";
import { killChainPhase } from "./express.ts";
import type { Expression } from "./expression.ts";
import { authoredId } from "./ids.ts";
import type { Marking } from "./marking.ts";
import { openCtiExtensions } from "./opencti.ts";
import type { Identity, ObservedData, StixId, StixIndicator } from "./schema.ts";
import type { Templates } from "./shared-objects.ts";
import { distinctTexts, rendered, textFields } from "./text.ts";
import type { Times } from "./times.ts";

const INDICATOR_TYPES = { keep: "malicious-activity", review: "anomalous-activity", drop: "unknown" } as const;
const MAX_OBSERVED = 999_999_999;

/** The author, times and markings that the objects about one indicator share. */
export interface Provenance {
  readonly author: Identity["id"];
  readonly times: Times;
  readonly refs: Marking["refs"];
}

export function stixIndicator(
  indicator: Indicator,
  { pattern }: Expression,
  { author, times, refs }: Provenance,
  { templates, isForOpenCti }: { readonly templates: Templates; readonly isForOpenCti: boolean },
): Dated<StixIndicator> {
  const fields = textFields(indicator);
  const name = rendered(templates["indicator-name"], fields);
  const description = rendered(templates["indicator-description"], fields);
  const labels = distinctTexts(indicator.labels);
  const page = virusTotalPage(indicator);
  return {
    draft: {
      type: "indicator",
      spec_version: "2.1",
      id: authoredId(author, "indicator", pattern) as StixIndicator["id"],
      created_by_ref: author,
      ...(indicator.status === "revoked" ? { revoked: true } : {}),
      ...(name ? { name } : {}),
      ...(description ? { description } : {}),
      indicator_types: [INDICATOR_TYPES[indicator.verdict.decision]],
      pattern,
      pattern_type: "stix",
      pattern_version: "2.1",
      valid_from: times.validFrom,
      valid_until: times.validUntil,
      kill_chain_phases: [killChainPhase(indicator.type)],
      confidence: confidence(indicator),
      ...(labels.length > 0 ? { labels } : {}),
      ...(page ? { external_references: [virusTotalReference(page)] } : {}),
      object_marking_refs: refs,
      ...(isForOpenCti ? { extensions: openCtiExtensions(indicator, confidence(indicator)) } : {}),
    },
    created: times.created,
    modified: times.modified,
  };
}

function confidence({ verdict }: Indicator): number {
  return Math.min(100, Math.max(0, Math.round(verdict.confidence)));
}

export function virusTotalReference(page: string) {
  return { source_name: "virustotal", external_id: page.slice(page.lastIndexOf("/") + 1), url: page };
}

/** That the observables were seen; the standard lets an indicator be based on this, not on a bare observable. */
export function observedData(
  { sampleCount }: Indicator,
  subject: StixIndicator["id"],
  objects: readonly StixId[],
  { author, times, refs }: Provenance,
): Dated<ObservedData> {
  return {
    draft: {
      type: "observed-data",
      spec_version: "2.1",
      id: authoredId(author, "observed-data", subject) as ObservedData["id"],
      created_by_ref: author,
      first_observed: times.created,
      last_observed: times.lastSeen,
      number_observed: Math.min(MAX_OBSERVED, Math.max(1, Math.trunc(sampleCount) || 1)),
      object_refs: [...objects],
      object_marking_refs: refs,
    },
    created: times.created,
    modified: times.lastSeen,
  };
}
