/** The words beside a value, for people who meet it in an alert. This module does not escape for any format. */
import { type Indicator, plainText } from "../../../src/plugin.ts";

/** A confidence from 0 to 100 in words. Source: STIX 2.1 Appendix A, the None / Low / Med / High scale. */
export function confidenceWord(confidence: number): "none" | "low" | "medium" | "high" {
  if (confidence >= 70) return "high";
  if (confidence >= 30) return "medium";
  return confidence >= 1 ? "low" : "none";
}

/** What the judge adds to make the sum right, to let it age, or to say whose thresholds held: no cause of a detection. */
const ARITHMETIC: ReadonlySet<string> = new Set(["bounds", "decay", "hunt-policy"]);

/** Why it was judged so, in words, without what only a reader of the weights needs. */
export function reasonTexts({ reasons }: Indicator["verdict"]): string[] {
  const texts: string[] = [];
  for (const { id, text } of reasons) if (!ARITHMETIC.has(id)) texts.push(text);
  return texts;
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
