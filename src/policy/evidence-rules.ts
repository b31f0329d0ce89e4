/** Rules that weigh evidence and enrichment of any network observable. Each adds at most one reason. */
import type { EvidenceRole } from "../model/evidence.ts";
import type { Facts } from "../store/store.ts";
import { type Finding, type JudgeContext, plural, type Rule } from "./rule.ts";

interface Contact {
  readonly weight: number;
  readonly text: string;
}

/** The ways of showing a value, strongest first: only the strongest counts. */
const CONTACTS: readonly (readonly [EvidenceRole, Contact])[] = [
  ["http-request", { weight: 55, text: "requested over HTTP by" }],
  ["tls-session", { weight: 55, text: "contacted over TLS by" }],
  ["smtp-session", { weight: 55, text: "used for mail by" }],
  ["tunnel", { weight: 55, text: "carries a DNS tunnel of" }],
  ["dns-lookup", { weight: 50, text: "looked up by" }],
  ["contacted", { weight: 50, text: "contacted by" }],
  ["relationship", { weight: 45, text: "contacted, says VirusTotal, by" }],
  ["listed", { weight: 28, text: "listed by VirusTotal, contact not shown" }],
  ["ids-alert", { weight: 25, text: "named by an IDS alert on" }],
  ["resolution", { weight: 25, text: "only resolved, never contacted, by" }],
  ["url-host", { weight: 25, text: "host of a URL of" }],
  ["embedded", { weight: 15, text: "only a string in the file of" }],
];

export const CONTACT_ROLES: readonly EvidenceRole[] = [
  "http-request",
  "tls-session",
  "smtp-session",
  "tunnel",
  "dns-lookup",
  "contacted",
  "relationship",
  "ids-alert",
];

export function isContacted(facts: Facts): boolean {
  return CONTACT_ROLES.some((role) => facts.roles.has(role));
}

/** Shown by the sandbox itself, not only by VirusTotal's list of contacts. */
export function isSeenInTraffic(facts: Facts): boolean {
  return CONTACT_ROLES.some((role) => role !== "relationship" && role !== "ids-alert" && facts.roles.has(role));
}

export function isOnlyInMemory(facts: Facts): boolean {
  return facts.roles.size === 1 && facts.roles.has("memory");
}

const contact: Rule = ({ roles }) => {
  const strongest = CONTACTS.find(([role]) => roles.has(role));
  if (!strongest) return undefined;
  const [role, { weight, text }] = strongest;
  return { id: role, weight, text: role === "listed" ? text : `${text} ${plural(roles.get(role) ?? 1, "sample")}` };
};

const inMemory: Rule = (facts) =>
  facts.roles.has("memory") && isContacted(facts)
    ? { id: "in-memory", weight: 3, text: "also a string in memory" }
    : undefined;

const severalSamples: Rule = ({ samples }) =>
  samples >= 2
    ? {
        id: "several-samples",
        weight: Math.min(15, Math.round(5 * Math.log2(samples))),
        text: `seen in ${samples} samples`,
      }
    : undefined;

const severalSandboxes: Rule = ({ sandboxes }) =>
  sandboxes >= 2
    ? { id: "several-sandboxes", weight: Math.min(10, 5 * (sandboxes - 1)), text: `seen by ${sandboxes} sandboxes` }
    : undefined;

const oneFamily: Rule = ({ samples, familyCount, families }) =>
  samples >= 2 && familyCount === 1
    ? { id: "one-family", weight: 10, text: `its samples are of one family, ${families[0]}` }
    : undefined;

const maliciousSample: Rule = ({ maliciousSamples, samples }) =>
  maliciousSamples > 0
    ? {
        id: "malicious-sample",
        weight: 15,
        text: `${maliciousSamples} of ${plural(samples, "sample")} malicious by engines or sandbox`,
      }
    : undefined;

const cleanSamples: Rule = ({ cleanSamples: clean, maliciousSamples, samples }) =>
  samples > 0 && clean === samples && maliciousSamples === 0
    ? {
        id: "clean-samples",
        weight: -35,
        text: `${samples === 1 ? "its only sample is" : `all ${samples} samples are`} clean by engines or sandbox`,
      }
    : undefined;

const undecidedSamples: Rule = ({ undecidedSamples: undecided, samples }) =>
  samples > 0 && undecided === samples
    ? {
        id: "undecided-samples",
        weight: -15,
        text: `no engine or sandbox calls ${samples === 1 ? "its only sample" : `any of its ${samples} samples`} malicious or clean`,
      }
    : undefined;

/** Beyond this many families a value belongs to the sandbox or to everybody. */
const MANY_FAMILIES = 4;

/** Several samples without a family may be one campaign: only several families, or clean samples, make it everybody's. */
const widespread: Rule = ({ familyCount, samples, cleanSamples: clean }, { totalSamples }) => {
  if (familyCount >= MANY_FAMILIES)
    return { id: "many-families", weight: -45, text: `seen across ${familyCount} unrelated families` };
  const share = samples / Math.max(1, totalSamples);
  if ((familyCount >= 2 || clean > 0) && samples >= 5 && share >= 0.3) {
    return {
      id: "widespread",
      weight: -45,
      text: `seen in ${Math.round(share * 100)} % of all ${totalSamples} samples`,
    };
  }
  return undefined;
};

/** One detection is noise: even google.com has one. A suspicion counts half. */
const detections: Rule = ({ enrichment }) => {
  const malicious = (enrichment?.malicious ?? 0) + Math.floor((enrichment?.suspicious ?? 0) / 2);
  if (malicious < 2) return undefined;
  return {
    id: "detections",
    weight: Math.min(35, Math.round(10 * Math.log2(1 + malicious))),
    text: `${malicious} of ${enrichment?.engines ?? 0} engines say malicious`,
  };
};

const YOUNG_DAYS = 30;
const OLD_DAYS = 365;
/** Fewer answers than this say nothing by their silence. */
const ENOUGH_ENGINES = 40;

/** A name registered just before it was contacted. */
const young: Rule = ({ enrichment, lastNew }) => {
  if (enrichment?.createdAt === undefined || lastNew === undefined) return undefined;
  const days = Math.floor((lastNew - enrichment.createdAt) / 86_400);
  return days >= 0 && days < YOUNG_DAYS
    ? { id: "young", weight: 10, text: `registered ${plural(days, "day")} before it was seen` }
    : undefined;
};

/** Nobody suspects it; the more so the longer it has been around. */
const unsuspected: Rule = ({ enrichment, lastNew }) => {
  const { engines = 0, malicious = 0, suspicious = 0, createdAt } = enrichment ?? {};
  if (engines < ENOUGH_ENGINES || malicious > 0 || suspicious > 0) return undefined;
  const days = createdAt === undefined || lastNew === undefined ? 0 : Math.floor((lastNew - createdAt) / 86_400);
  return days >= OLD_DAYS
    ? {
        id: "unsuspected",
        weight: -20,
        text: `registered ${Math.floor(days / 365)} years before, and none of ${engines} engines suspects it`,
      }
    : { id: "unsuspected", weight: -10, text: `none of ${engines} engines suspects it` };
};

const gti: Rule = ({ enrichment }) => {
  switch (enrichment?.gtiVerdict) {
    case "VERDICT_MALICIOUS":
      return {
        id: "gti-malicious",
        weight: 25,
        text: `GTI assessment: malicious, score ${enrichment.gtiScore ?? "unknown"}`,
      };
    case "VERDICT_BENIGN":
      return { id: "gti-benign", weight: -50, text: "GTI assessment: benign" };
    default:
      return undefined;
  }
};

const analyst: Rule = ({ enrichment }) => {
  if (enrichment?.isAnalystMalicious)
    return { id: "analyst-malicious", weight: 25, text: "an analyst called it malicious" };
  return enrichment?.isPervasive ? { id: "pervasive", weight: -40, text: "GTI says it is pervasive" } : undefined;
};

const RANKS: readonly (readonly [number, number])[] = [
  [1_000, -60],
  [10_000, -45],
  [100_000, -25],
  [1_000_000, -5],
];

const popularity: Rule = ({ enrichment }) => {
  const rank = enrichment?.bestRank;
  const weight = rank === undefined ? undefined : RANKS.find(([limit]) => rank <= limit)?.[1];
  return weight === undefined
    ? undefined
    : { id: "popular", weight, text: `rank ${rank} of ${enrichment?.bestRankSource}` };
};

const ALERT_WEIGHTS: Readonly<Record<string, number>> = { high: 15, medium: 8 };
/** Protocol remarks and look-ups of one's own address say nothing of the peer. */
const IDLE_ALERT =
  /^(?:SURICATA |\(http_inspect\)|ET INFO|ET POLICY|PROTOCOL-ICMP|ICMP|SERVER-)|external ip|ip lookup|checkip/i;

const alerts: Rule = ({ alerts: all }) => {
  const telling = all.filter(
    ({ severity, message }) => Object.hasOwn(ALERT_WEIGHTS, severity) && !IDLE_ALERT.test(message),
  );
  const worst = telling.toSorted((a, b) => (ALERT_WEIGHTS[b.severity] ?? 0) - (ALERT_WEIGHTS[a.severity] ?? 0))[0];
  return worst
    ? { id: "ids-alerts", weight: ALERT_WEIGHTS[worst.severity] ?? 0, text: `IDS alert on it: ${worst.message}` }
    : undefined;
};

/** Who contacted it and how often: says nothing of a value that nobody contacted. */
const CONTACT_RULES: readonly Rule[] = [severalSamples, severalSandboxes, oneFamily, maliciousSample];

const OTHER_RULES: readonly Rule[] = [
  cleanSamples,
  undecidedSamples,
  widespread,
  detections,
  young,
  unsuspected,
  gti,
  analyst,
  popularity,
  alerts,
  inMemory,
];

/** Every evidence rule that speaks, in fixed order. */
export function weighEvidence(facts: Facts, context: JudgeContext): Finding[] {
  const rules = [contact, ...(isContacted(facts) ? CONTACT_RULES : []), ...OTHER_RULES];
  return rules.flatMap((rule) => rule(facts, context) ?? []);
}
