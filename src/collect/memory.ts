/**
 * Strings found in memory. They are no proof of contact: they hold object identifiers, version numbers, cut-off names
 * and library text. They may only support what traffic shows.
 */
import { canonicaliseAddress, canonicaliseHost } from "../model/canonical.ts";
import type { BehaviourReport } from "../vt/schema.ts";
import { type Gathering, splitPort } from "./gathering.ts";
import { collectUrl } from "./http.ts";

export function collectMemory(report: BehaviourReport, gathering: Gathering): void {
  for (const [index, raw] of report.memory_pattern_domains.entries()) {
    if (raw) gathering.see("memory", `memory_pattern_domains[${index}]`, raw, canonicaliseHost(splitPort(raw).host));
  }
  for (const [index, raw] of report.memory_pattern_ips.entries()) {
    if (raw) gathering.see("memory", `memory_pattern_ips[${index}]`, raw, canonicaliseAddress(splitPort(raw).host));
  }
  for (const [index, raw] of report.memory_pattern_urls.entries()) {
    if (raw) collectUrl(raw, "memory", `memory_pattern_urls[${index}]`, gathering);
  }
}
