/** File objects, network objects and resolutions: what VirusTotal itself knows about a sample or an observable. */
import { canonicaliseAddress, canonicaliseHex, canonicaliseHost, canonicaliseUrl } from "../model/canonical.ts";
import type { Collected, Enrichment, EvidenceRole, Sample, SandboxOpinion } from "../model/evidence.ts";
import { plainText } from "../model/text.ts";
import { type FileItem, type NetworkItem, networkValue, type ResolutionItem } from "../vt/bodies.ts";
import type { FileAttributes, NetworkAttributes, VtObject } from "../vt/schema.ts";
import { isPlausibleTime } from "./clock.ts";
import { familiesOf } from "./families.ts";
import { type Gathering, gather } from "./gathering.ts";
import { collectUrl } from "./http.ts";

/** Ranks older than this when the body was made are leftovers of lists that ended. */
const FRESH_RANK_DAYS = 90;

export function collectFile(item: FileItem): Collected {
  const gathering = gather();
  const { attributes } = item;
  const sample = sampleOf(item);
  gathering.see("sample", "attributes.sha256", item.id, canonicaliseHex("sha256", item.id), {
    ...(sample.md5 ? { md5: sample.md5 } : {}),
    ...(sample.sha1 ? { sha1: sample.sha1 } : {}),
    ...(sample.name ? { name: sample.name } : {}),
    ...(sample.size === undefined ? {} : { size: sample.size }),
  });
  for (const [relationship, objects] of item.relationships) collectRelated(relationship, objects, gathering);
  const seenAt = attributes?.last_analysis_date ?? attributes?.last_submission_date;
  return { sample, ...(isPlausibleTime(seenAt) ? { seenAt } : {}), ...gathering.collected() };
}

function sampleOf({ id, attributes, labels }: FileItem): Sample {
  if (!attributes) return { id, labels };
  const stats = attributes.last_analysis_stats;
  const malicious = stats?.malicious;
  const opinion = sandboxOpinion(attributes);
  return {
    id,
    labels,
    families: familiesOf(attributes),
    ...(attributes.md5 && /^[0-9a-f]{32}$/i.test(attributes.md5) ? { md5: attributes.md5.toLowerCase() } : {}),
    ...(attributes.sha1 && /^[0-9a-f]{40}$/i.test(attributes.sha1) ? { sha1: attributes.sha1.toLowerCase() } : {}),
    ...(attributes.meaningful_name ? { name: fileName(attributes.meaningful_name) } : {}),
    ...(attributes.size !== undefined && Number.isSafeInteger(attributes.size) && attributes.size >= 0
      ? { size: attributes.size }
      : {}),
    ...(isPlausibleTime(attributes.first_submission_date) ? { submittedAt: attributes.first_submission_date } : {}),
    ...(stats ? { malicious: malicious ?? 0, engines: enginesOf(stats) } : {}),
    ...(opinion === undefined ? {} : { opinion }),
  };
}

/** The name alone: a path may hold the submitter's user name. */
function fileName(name: string): string {
  return plainText(name.split(/[\\/]/).at(-1) ?? name, 200);
}

function sandboxOpinion(attributes: FileAttributes): SandboxOpinion | undefined {
  const categories = attributes.sandbox_verdicts.map(({ category }) => category);
  if (categories.includes("malicious") || attributes.gti_assessment?.verdict?.value === "VERDICT_MALICIOUS")
    return "malicious";
  return categories.includes("harmless") ? "clean" : undefined;
}

function enginesOf(stats: NonNullable<FileAttributes["last_analysis_stats"]>): number {
  return (stats.malicious ?? 0) + (stats.suspicious ?? 0) + (stats.undetected ?? 0) + (stats.harmless ?? 0);
}

/** Relationship name → in which way its members were seen; others are not used. */
const RELATIONSHIP_ROLES: ReadonlyMap<string, EvidenceRole> = new Map([
  ["contacted_domains", "relationship"],
  ["contacted_ips", "relationship"],
  ["contacted_urls", "relationship"],
  ["embedded_domains", "embedded"],
  ["embedded_ips", "embedded"],
  ["embedded_urls", "embedded"],
  ["itw_domains", "embedded"],
  ["itw_ips", "embedded"],
  ["itw_urls", "embedded"],
  ["memory_pattern_domains", "memory"],
  ["memory_pattern_ips", "memory"],
  ["memory_pattern_urls", "memory"],
  ["dropped_files", "dropped-file"],
]);

function collectRelated(relationship: string, objects: readonly VtObject[], gathering: Gathering): void {
  const role = RELATIONSHIP_ROLES.get(relationship);
  if (!role) return;
  for (const [index, object] of objects.entries()) {
    const place = `relationships.${relationship}[${index}]`;
    const value = networkValue(object);
    if (object.type === "domain") gathering.see(role, place, object.id, canonicaliseHost(object.id));
    else if (object.type === "ip_address") gathering.see(role, place, object.id, canonicaliseAddress(object.id));
    else if (object.type === "url" && value) collectUrl(value, role, place, gathering);
    else if (object.type === "file") gathering.see(role, place, object.id, canonicaliseHex("sha256", object.id));
  }
}

/** A domain, address or URL object or descriptor; evidence of contact when it stood in a file's relationship. */
export function collectNetwork(item: NetworkItem): Collected {
  const gathering = gather();
  const { contactedBy, attributes } = item;
  const role = contactedBy ? (RELATIONSHIP_ROLES.get(contactedBy.relationship) ?? "listed") : "listed";
  const place = contactedBy ? contactedBy.relationship : `${item.kind} object`;
  if (item.kind === "url") collectUrl(item.value, role, place, gathering);
  else gathering.see(role, place, item.value, networkCanonical(item));
  const observable = gathering.collected().evidence[0]?.observable;
  const seenAt = [
    attributes?.last_analysis_date,
    attributes?.last_modification_date,
    attributes?.last_submission_date,
  ].find(isPlausibleTime);
  if (attributes && observable) gathering.enrich({ observable, seenAt: seenAt ?? 0, ...enrichmentOf(attributes) });
  return {
    ...(contactedBy ? { sample: { id: contactedBy.sampleId } } : {}),
    ...(seenAt !== undefined && !contactedBy ? { seenAt } : {}),
    ...gathering.collected(),
  };
}

function networkCanonical({ kind, value }: NetworkItem) {
  if (kind === "url") return canonicaliseUrl(value);
  return kind === "domain" ? canonicaliseHost(value) : canonicaliseAddress(value);
}

function enrichmentOf(attributes: NetworkAttributes): Omit<Enrichment, "observable" | "seenAt"> {
  const stats = attributes.last_analysis_stats;
  const gti = attributes.gti_assessment;
  const factors = gti?.contributing_factors;
  const rank = bestFreshRank(attributes);
  return {
    ...(stats ? { malicious: stats.malicious ?? 0, suspicious: stats.suspicious ?? 0, engines: enginesOf(stats) } : {}),
    ...(rank ? { bestRank: rank.rank, bestRankSource: rank.source } : {}),
    ...(isPlausibleTime(attributes.creation_date) ? { createdAt: attributes.creation_date } : {}),
    ...(attributes.as_owner ? { asOwner: plainText(attributes.as_owner, 120) } : {}),
    ...(gti?.verdict?.value ? { gtiVerdict: gti.verdict.value } : {}),
    ...(gti?.threat_score?.value === undefined ? {} : { gtiScore: gti.threat_score.value }),
    ...(factors?.pervasive_indicator ? { isPervasive: true } : {}),
    ...(factors?.mandiant_analyst_benign ? { isAnalystBenign: true } : {}),
    ...(factors?.mandiant_analyst_malicious ? { isAnalystMalicious: true } : {}),
  };
}

/** The best rank of a source that was still counting when the body was made; a mean would let one stale list decide. */
function bestFreshRank(attributes: NetworkAttributes): { source: string; rank: number } | undefined {
  const times = [
    attributes.last_analysis_date,
    attributes.last_modification_date,
    ...attributes.popularity_ranks.map(({ timestamp }) => timestamp),
  ];
  const newest = times.filter(isPlausibleTime).reduce((latest, time) => Math.max(latest, time), 0);
  const fresh = attributes.popularity_ranks.filter(
    ({ timestamp }) => isPlausibleTime(timestamp) && newest - timestamp <= FRESH_RANK_DAYS * 86_400,
  );
  return fresh.toSorted((a, b) => a.rank - b.rank || (a.source < b.source ? -1 : 1))[0];
}

export function collectResolution(item: ResolutionItem): Collected {
  const gathering = gather();
  gathering.see("listed", "resolution.host_name", item.host, canonicaliseHost(item.host));
  gathering.see("resolution", "resolution.ip_address", item.address, canonicaliseAddress(item.address));
  // No link: a host that once stood on the address says nothing of who stands there now.
  return { ...(isPlausibleTime(item.date) ? { seenAt: item.date } : {}), ...gathering.collected() };
}
