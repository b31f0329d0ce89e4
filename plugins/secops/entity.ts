/**
 * An indicator as an entity of the Unified Data Model.
 * Source: Google SecOps documentation, "Unified Data Model field list": Entity, EntityMetadata, SecurityResult.
 */
import { type Indicator, indicatorKey, plainText, virusTotalPage } from "../../src/plugin.ts";
import { hashesByAlgorithm } from "../shared/rows/value.ts";
import { aboutText, confidenceWord } from "../shared/rows/words.ts";

export interface EntitySettings {
  readonly vendorName: string;
  readonly productName: string;
  /** ISO 8601. */
  readonly collected: string;
}

const SEVERITIES = { none: "INFORMATIONAL", low: "LOW", medium: "MEDIUM", high: "HIGH" } as const;
const CONFIDENCES = {
  none: "UNKNOWN_CONFIDENCE",
  low: "LOW_CONFIDENCE",
  medium: "MEDIUM_CONFIDENCE",
  high: "HIGH_CONFIDENCE",
} as const;

/** The entity of a domain, address, URL or file. Fields that are undefined are not there. */
export function entity(indicator: Indicator, { vendorName, productName, collected }: EntitySettings): object {
  const word = confidenceWord(indicator.verdict.confidence);
  const [entityType, noun] = nounOf(indicator);
  return {
    metadata: {
      collectedTimestamp: collected,
      vendorName,
      productName,
      productEntityId: indicatorKey(indicator),
      entityType,
      interval: { startTime: indicator.firstSeen, endTime: indicator.validUntil },
      threat: [
        {
          category: [indicator.type === "sha256" ? "SOFTWARE_MALICIOUS" : "NETWORK_COMMAND_AND_CONTROL"],
          severity: SEVERITIES[word],
          confidence: CONFIDENCES[word],
          threatName: plainText(indicator.families.join(", "), 200) || undefined,
          summary: "Seen in malware sandbox",
          description: aboutText(indicator),
          urlBackToProduct: virusTotalPage(indicator),
        },
      ],
    },
    entity: noun,
  };
}

function nounOf(indicator: Indicator): readonly [string, object] {
  switch (indicator.type) {
    case "domain":
      return ["DOMAIN_NAME", { hostname: indicator.value }];
    case "url":
      return ["URL", { url: indicator.value }];
    case "sha256":
      return ["FILE", { file: hashesByAlgorithm(indicator) }];
    default:
      return ["IP_ADDRESS", { ip: [indicator.value] }];
  }
}
