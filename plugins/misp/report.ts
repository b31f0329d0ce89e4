/** The event report: a sample in Markdown, for people. MISP renders it, so the attacker's texts stand in code spans. */
import { plainText, type SampleDetails, uuidv5 } from "../../src/plugin.ts";
import { techniqueName } from "../shared/attack/techniques.ts";
import { INHERIT_DISTRIBUTION, type MispReport, UNSTAMPED } from "./model.ts";
import type { EventContext } from "./subject.ts";

/** Bytes MISP's column holds, as characters: what is longer could be cut within one. */
const MAX_CONTENT = 16_000;

/** Helper of the template: a code span, in which nothing is interpreted, and nothing ends it but our own tick. */
export function code(value: unknown): string {
  return `\`${plainText(value, 300).replaceAll("`", "'") || " "}\``;
}

/** `keys` are the keys of the indicators in the event, beside the sample's own. */
export function toReport(
  event: string,
  details: SampleDetails,
  keys: readonly string[],
  { templates }: EventContext,
): MispReport {
  return {
    uuid: uuidv5(event, "report|sample"),
    name: "Sandbox summary",
    content: (templates["sample-report"]?.(reportFields(details, keys)) ?? "").slice(0, MAX_CONTENT),
    timestamp: UNSTAMPED,
    distribution: INHERIT_DISTRIBUTION,
  };
}

function reportFields(details: SampleDetails, keys: readonly string[]): Record<string, unknown> {
  const { sha256, name = "", malicious, engines, submittedAt = "", families, techniques, analyses } = details;
  const counts = new Map<string, number>();
  for (const key of keys) {
    const type = key.slice(0, key.indexOf(":")).replaceAll("-", " ");
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return {
    sha256,
    name: name || sha256,
    detections: malicious === undefined || engines === undefined ? "" : `${malicious} of ${engines} engines`,
    submitted: submittedAt.slice(0, 10),
    families,
    runs: analyses.map(({ sandbox, analysedAt, opinion }) =>
      [sandbox, analysedAt?.slice(0, 10), opinion].filter((part) => part !== undefined).join(", "),
    ),
    techniques: techniques.map((id) => [id, techniqueName(id)].filter((part) => part !== undefined).join(" ")),
    observed: [...counts].map(([type, count]) => `${count} ${type}`).join(", "),
  };
}
