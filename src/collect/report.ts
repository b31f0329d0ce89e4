/** One sandbox report: every part in turn, and what it says about the sample. */
import { createHash } from "node:crypto";
import { canonicaliseHex } from "../model/canonical.ts";
import type { Collected, Sample, SandboxOpinion } from "../model/evidence.ts";
import type { ReportItem, VtItem } from "../vt/bodies.ts";
import { collectAlerts } from "./alerts.ts";
import { isPlausibleTime } from "./clock.ts";
import { collectDns } from "./dns.ts";
import { distinctFamilies } from "./families.ts";
import { gather } from "./gathering.ts";
import { collectHost } from "./host.ts";
import { collectHttp } from "./http.ts";
import { collectMemory } from "./memory.ts";
import { collectFile, collectNetwork, collectResolution } from "./relationships.ts";
import { collectSmtp } from "./smtp.ts";
import { collectTls } from "./tls.ts";
import { collectTraffic } from "./traffic.ts";

const MALICIOUS_VERDICTS = new Set([
  "MALWARE",
  "TROJAN",
  "RAT",
  "STEALER",
  "RANSOM",
  "BANKER",
  "PHISHING",
  "EXPLOIT",
  "SPREADER",
]);

/** What one item of a body gives, or undefined for an item that has nothing to collect. */
export function collect(item: VtItem): Collected | undefined {
  switch (item.kind) {
    case "report":
      return collectReport(item);
    case "file":
      return collectFile(item);
    case "resolution":
      return collectResolution(item);
    case "ignored":
      return undefined;
    default:
      return collectNetwork(item);
  }
}

export function collectReport(item: ReportItem): Collected {
  const { report } = item;
  const gathering = gather();
  collectDns(report, gathering);
  collectTraffic(report, gathering);
  collectHttp(report, gathering);
  collectTls(report, gathering);
  collectSmtp(report, gathering);
  collectAlerts(report, gathering);
  collectMemory(report, gathering);
  collectHost(report, gathering);
  if (item.sampleId) gathering.see("sample", "id", item.sampleId, canonicaliseHex("sha256", item.sampleId));
  const seenAt = [report.analysis_date, report.last_modification_date].find(isPlausibleTime);
  return {
    sample: sampleOf(item),
    ...(item.sandbox ? { sandbox: item.sandbox } : {}),
    ...(seenAt === undefined ? {} : { seenAt }),
    ...gathering.collected(),
  };
}

function sampleOf({ sampleId, report }: ReportItem): Sample {
  const verdicts = report.verdicts.filter((verdict) => verdict !== undefined);
  const techniques = [...report.mitre_attack_techniques.map((technique) => technique?.id), ...report.attack_techniques];
  return {
    id: sampleId ?? `unknown-${createHash("sha256").update(JSON.stringify(report)).digest("hex").slice(0, 16)}`,
    families: distinctFamilies(report.verdict_labels),
    techniques: [
      ...new Set(techniques.filter((id) => id !== undefined && /^T\d{4}(?:\.\d{3})?$/.test(id))),
    ].sort() as string[],
    ...opinionOf(verdicts),
  };
}

function opinionOf(verdicts: readonly string[]): { opinion?: SandboxOpinion } {
  if (verdicts.some((verdict) => MALICIOUS_VERDICTS.has(verdict))) return { opinion: "malicious" };
  if (verdicts.includes("CLEAN")) return { opinion: "clean" };
  return verdicts.includes("UNKNOWN_VERDICT") ? { opinion: "undecided" } : {};
}
