/** Rules that weigh evidence and enrichment of any network observable. Each adds at most one reason. */
import type { EvidenceRole } from "../model/evidence.ts";
import type { Decision } from "../model/verdict.ts";
import type { Facts } from "../store/store.ts";
import { type Ceiling, type Finding, type JudgeContext, plural, type Rule, type Tenancy } from "./rule.ts";
import { COMPANY, CORROBORATION } from "./sample-rules.ts";

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

/**
 * Nobody suspects it; one engine's word is noise. The more so the longer it has been around, the more visitors it has,
 * and where honest names are as common as others.
 */
const unsuspected: Rule = ({ enrichment, lastNew }, _context, { isHosted, isBorrowed, ...tenancy }) => {
  const { engines = 0, malicious = 0, suspicious = 0, createdAt } = enrichment ?? {};
  if (engines < ENOUGH_ENGINES || malicious + suspicious > 1) return undefined;
  const say = (weight: number, what = ""): Finding => ({
    id: "unsuspected",
    weight,
    text: `${what}${malicious + suspicious === 0 ? "none" : "only one"} of ${engines} engines suspects it`,
  });
  if (isBorrowed) return say(-40, "one of many strangers' pages, and ");
  const days = createdAt === undefined || lastNew === undefined ? 0 : Math.floor((lastNew - createdAt) / 86_400);
  const isRanked = rankOf(enrichment, tenancy) !== undefined;
  if (days >= OLD_DAYS) {
    const since = `registered ${plural(Math.floor(days / 365), "year")} before, `;
    return isRanked ? say(-50, `${since}with a rank among the visited, and `) : say(-35, `${since}and `);
  }
  if (isRanked) return say(-35, "with a rank among the visited, and ");
  return isHosted ? say(-35, "one of many customers' names, and ") : say(-10);
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
    case "VERDICT_SUSPICIOUS":
      return { id: "gti-suspicious", weight: 10, text: "GTI assessment: suspicious" };
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
  [100_000, -30],
  [1_000_000, -10],
];
/** The source that ranks host names as they are asked for; the others rank the registered domain, here the hoster's. */
const RANKS_HOSTS = "Cisco Umbrella";

function rankOf(enrichment: Facts["enrichment"], { isCustomers }: Tenancy): number | undefined {
  const { bestRank, bestRankSource } = enrichment ?? {};
  if (bestRank === undefined || bestRank > 1_000_000) return undefined;
  return isCustomers && bestRankSource !== RANKS_HOSTS ? undefined : bestRank;
}

const popularity: Rule = ({ enrichment }, _context, tenancy) => {
  const rank = rankOf(enrichment, tenancy);
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

const OTHER_RULES: readonly Rule[] = [
  ...COMPANY,
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
export function weighEvidence(facts: Facts, context: JudgeContext, tenancy: Tenancy = {}): Finding[] {
  const rules = [contact, ...(isContacted(facts) ? CORROBORATION : []), ...OTHER_RULES];
  return rules.flatMap((rule) => rule(facts, context, tenancy) ?? []);
}

/** Engines that make a value suspect by itself, whatever is thought of the host or address it stands on. */
const ENGINES_OF_ITS_OWN = 3;

/** Whether somebody looked at this value itself and found it malicious. */
export function isSuspectItself({ enrichment }: Facts): boolean {
  return (
    (enrichment?.malicious ?? 0) >= ENGINES_OF_ITS_OWN ||
    enrichment?.gtiVerdict === "VERDICT_MALICIOUS" ||
    enrichment?.isAnalystMalicious === true
  );
}

/**
 * A value known by the company of another is no surer than that one, unless somebody found it malicious itself.
 * `decision` is that other's, `whose` names it in words.
 */
export function ceilingOf(
  facts: Facts,
  decision: Decision | undefined,
  whose: string,
  { policy: { keepAt, reviewAt } }: JudgeContext,
): Ceiling | undefined {
  if (decision === undefined || decision === "keep" || isSuspectItself(facts)) return undefined;
  const [most, where] = decision === "review" ? [keepAt - 1, "in review"] : [reviewAt - 1, "dropped"];
  return { id: "no-surer", most: Math.max(0, most), text: `no surer than ${whose}, which is ${where}` };
}
