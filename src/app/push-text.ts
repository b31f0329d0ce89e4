/** A push in words: what went out, what did not and why. */
import type { PushOutcome } from "./pushing.ts";

/** Objects for sinks that deliver one by one, bytes for the others. */
export function pushText({ result, heldBack, maxTlp }: PushOutcome, isDryRun = false): string {
  if (!result) return "failed";
  const { objects, files, changed } = result;
  const parts: string[] = [];
  const sent = (what: string | number): string => (isDryRun ? `would send ${what}` : `${what} sent`);
  if (objects) {
    parts.push(sent(objects.delivered), `${objects.unchanged} unchanged`);
    if (objects.failed > 0) parts.push(`${objects.failed} failed`);
  } else parts.push(changed ? sent(`${files.reduce((sum, { bytes }) => sum + bytes, 0)} bytes`) : "unchanged");
  if (heldBack && heldBack.aboveMaxTlp > 0) parts.push(`${heldBack.aboveMaxTlp} above ${maxTlp} held back`);
  if (heldBack && heldBack.byWhere > 0) parts.push(`${heldBack.byWhere} held back by where`);
  return parts.join(", ");
}

/** Undefined unless there was something and all of it was held back. */
export function heldBackWarning({ target, name, result, heldBack, maxTlp }: PushOutcome): string | undefined {
  if (!result || !heldBack || result.in > 0) return undefined;
  const { aboveMaxTlp, byWhere } = heldBack;
  if (aboveMaxTlp + byWhere === 0) return undefined;
  const above = aboveMaxTlp > 0 ? `${aboveMaxTlp} above ${maxTlp} (maxTlp)` : "";
  const others = byWhere > 0 ? `${byWhere} by where` : "";
  return `${target}: ${name}: nothing goes out, all indicators are held back: ${[above, others].filter(Boolean).join(", ")}. See sinks.${target} in the config.`;
}
