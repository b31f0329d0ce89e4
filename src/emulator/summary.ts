/**
 * The merged behaviour summary of several reports: lists joined without repeats; what belongs to one sandbox (name,
 * dates, behash, has_*) is left out, and `attack_techniques` is added, as VirusTotal does.
 */
import type { VtBody } from "./objects.ts";

/** The bare dictionary that stands under `data`, or null when no sandbox ran. */
export function summarise(reports: readonly VtBody[]): Record<string, unknown> | null {
  if (reports.length === 0) return null;
  const merged = new Map<string, Map<string, unknown>>();
  for (const { attributes } of reports) {
    for (const [key, value] of Object.entries(attributes)) {
      if (!Array.isArray(value)) continue;
      const entries = merged.get(key) ?? new Map<string, unknown>();
      merged.set(key, entries);
      for (const entry of value) entries.set(JSON.stringify(entry), entry);
    }
  }
  const lists = [...merged].map(([key, entries]) => [key, [...entries.values()]] as const);
  return { ...Object.fromEntries(lists), ...techniques(reports) };
}

interface Technique {
  readonly id: string;
  readonly signature_description: string;
  readonly severity?: string;
}

function techniques(reports: readonly VtBody[]): { attack_techniques?: Record<string, unknown[]> } {
  const found: Record<string, unknown[]> = {};
  for (const { attributes } of reports) {
    for (const { id, signature_description: description, severity } of (attributes.mitre_attack_techniques ??
      []) as Technique[]) {
      found[id] ??= [{ severity: severity?.replace("IMPACT_SEVERITY_", "") ?? "UNKNOWN", description }];
    }
  }
  return Object.keys(found).length > 0 ? { attack_techniques: found } : {};
}
