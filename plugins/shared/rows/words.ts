/** The words beside a value, for people who meet it in an alert. This module does not escape for any format. */
import { type Indicator, plainText } from "../../../src/plugin.ts";

/** A confidence from 0 to 100 in words. Source: STIX 2.1 Appendix A, the None / Low / Med / High scale. */
export function confidenceWord(confidence: number): "none" | "low" | "medium" | "high" {
  if (confidence >= 70) return "high";
  if (confidence >= 30) return "medium";
  return confidence >= 1 ? "low" : "none";
}

/** What the judge adds where a sum would leave 0 to 100: arithmetic, and no reason to a reader without the weights. */
const BOUNDS = "bounds";

/** Why it was judged so, in words. */
export function reasonTexts({ reasons }: Indicator["verdict"]): string[] {
  return reasons.filter(({ id }) => id !== BOUNDS).map(({ text }) => text);
}

/** `quillet: contacted by 1 sample; the sample is malicious by 40 of 70 engines (Zenbox)`, on one line. */
export function aboutText({ families, verdict, sandboxes }: Indicator, longest = 1000): string {
  const who = families.length > 0 ? `${families.join(", ")}: ` : "";
  const where = sandboxes.length > 0 ? ` (${sandboxes.join(", ")})` : "";
  return plainText(`${who}${reasonTexts(verdict).join("; ")}${where}`, longest);
}

/** Why a target that refuses what has ended, or forgets it at once, gets no row, or undefined. */
export function ended({ validUntil }: Indicator, now: Date): string | undefined {
  return validUntil <= now.toISOString() ? "its validity has ended" : undefined;
}
