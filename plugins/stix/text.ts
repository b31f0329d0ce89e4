/** Free text for people's eyes. Values that are matched never pass through here. */
import type { Indicator } from "../../src/plugin.ts";

const CONTROLS = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+/gu;

/** Longest text of one template field. */
const MAX_FIELD = 1000;

/** Longest name or label. */
const MAX_NAME = 250;

/** One line of well-formed Unicode without control and direction characters, cut at `max` UTF-16 units. */
export function plainText(value: unknown, max = MAX_FIELD): string {
  const text = String(value);
  const cut = text.length > max ? `${text.slice(0, max - 1)}…` : text;
  return cut.toWellFormed().replace(CONTROLS, " ").trim();
}

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
    samples: sampleCount === 1 ? "1 sample" : `${sampleCount} samples`,
    sandboxes: sandboxes.join(", "),
    hunts: hunts.join(", "),
    firstSeen,
    lastSeen,
  };
}

function signed(weight: number): string {
  return weight < 0 ? String(weight) : `+${weight}`;
}
