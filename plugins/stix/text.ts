/** Free text for people's eyes. Values that are matched never pass through here. */
import { type Indicator, plainText, type RowTemplate } from "../../src/plugin.ts";

/** Longest name or label. */
const MAX_NAME = 250;

/** Whether a text can be passed on as it is. */
export function isPlainText(text: string): boolean {
  return text !== "" && plainText(text) === text;
}

/** Names and labels: clean, none empty, each once. */
export function distinctTexts(texts: readonly string[]): string[] {
  return [...new Set(texts.map((text) => plainText(text, MAX_NAME)))].filter((text) => text !== "");
}

/** The row of the indicator templates; its keys are in the `fields` table of the exporter. */
export function textFields(indicator: Indicator): Record<string, string | number> {
  const { type, value, verdict, families, sampleCount, sandboxes, hunts, firstSeen, lastSeen } = indicator;
  return {
    type: type.replaceAll("-", " "),
    value: plainText(value, MAX_NAME),
    confidence: verdict.confidence,
    decision: verdict.decision,
    reasons: verdict.reasons.map(({ text, weight }) => `${text} (${signed(weight)})`).join("; "),
    families: families.join(", "),
    samples: sampleCount === 0 ? "" : sampleCount === 1 ? "1 sample" : `${sampleCount} samples`,
    sandboxes: sandboxes.join(", "),
    hunts: hunts.join(", "),
    firstSeen,
    lastSeen,
  };
}

/** A row of a template, trimmed; empty without the template. */
export function rendered(template: RowTemplate | undefined, fields: Readonly<Record<string, unknown>>): string {
  return template?.(fields).trim() ?? "";
}

function signed(weight: number): string {
  return weight < 0 ? String(weight) : `+${weight}`;
}
