/**
 * Evidence: report R showed observable O at place P at time T. The judge computes verdicts from it, so a better
 * collector or a new policy re-runs over the store without asking VirusTotal again.
 */
import type { Observable } from "./observable.ts";

/** In which way a report showed a value; what the judge weighs. */
export const EVIDENCE_ROLES = [
  "dns-lookup",
  "http-request",
  "tls-session",
  "smtp-session",
  "contacted",
  "relationship",
  "resolution",
  "url-host",
  "tunnel",
  "embedded",
  "memory",
  "ids-alert",
  "listed",
  "sample",
  "dropped-file",
  "created",
  "set",
  "executed",
] as const;
export type EvidenceRole = (typeof EVIDENCE_ROLES)[number];

/** Roles that prove less than contact: a string lies in memory or in the file, whatever put it there. */
export const STRING_ROLES: ReadonlySet<EvidenceRole> = new Set(["memory", "embedded"]);

/** Whether something happened: it is neither the sample's own hash nor a mere string. */
export function showsBehaviour({ role }: Pick<Evidence, "role">): boolean {
  return role !== "sample" && !STRING_ROLES.has(role);
}

export interface Evidence {
  readonly observable: Observable;
  readonly role: EvidenceRole;
  /** Where in the report, such as `ip_traffic[3]`. */
  readonly place: string;
  /** What else the place says, for people and exporters: method, user agent, status, rule message. Small. */
  readonly note?: EvidenceNote;
}

export interface EvidenceNote {
  /** http-request: what the requests for one URL were like; at most five of each. */
  readonly methods?: readonly string[];
  readonly userAgents?: readonly string[];
  readonly statuses?: readonly number[];
  /** ids-alert: 0 for high to 4; first, so that of two notes the graver one is the smaller text. */
  readonly rank?: number;
  /** ids-alert: severity and message of the rule; never its text. */
  readonly severity?: string;
  readonly message?: string;
  readonly certificate?: {
    readonly serial?: string;
    readonly issuer?: string;
    readonly subject?: string;
    readonly isSelfSigned?: boolean;
  };
  readonly md5?: string;
  readonly sha1?: string;
  readonly name?: string;
  readonly size?: number;
}

/** How two observables of one report hang together. */
export const LINK_KINDS = [
  /** domain → address it resolved to */
  "resolves-to",
  /** url → its host (domain or address) or endpoint */
  "hosted-at",
  /** endpoint → its address */
  "at-address",
  /** domain below → parent that carries the tunnel */
  "tunnel-below",
  /** ja3, ja3s, ja4, certificate, user-agent → domain, address or endpoint of the session */
  "session-with",
] as const;
export type LinkKind = (typeof LINK_KINDS)[number];

export interface Link {
  readonly from: Observable;
  readonly kind: LinkKind;
  readonly to: Observable;
}

export const SANDBOX_OPINIONS = ["undecided", "clean", "malicious"] as const;
/** `undecided` is a sandbox that ran and would not say. */
export type SandboxOpinion = (typeof SANDBOX_OPINIONS)[number];

/** The detonated file as far as a body tells; fields of several bodies are merged. */
export interface Sample {
  /** sha256, or `unknown-…` when no body names it. */
  readonly id: string;
  readonly md5?: string;
  readonly sha1?: string;
  readonly name?: string;
  readonly size?: number;
  readonly families?: readonly string[];
  readonly labels?: readonly string[];
  readonly techniques?: readonly string[];
  /** First submission to VirusTotal, seconds since the epoch: when the sample was new. */
  readonly submittedAt?: number;
  /** Engines that say malicious, of all that answered. */
  readonly malicious?: number;
  readonly engines?: number;
  /** What the sandboxes (or GTI) say, the gravest; absent when none says anything. */
  readonly opinion?: SandboxOpinion;
}

/** What VirusTotal's own object says about a network observable. */
export interface Enrichment {
  readonly observable: Observable;
  /** When VirusTotal last worked on the object, seconds since the epoch; 0 when it does not say. The newest wins. */
  readonly seenAt: number;
  readonly malicious?: number;
  readonly suspicious?: number;
  readonly engines?: number;
  /** Best rank among sources that are fresh at the time of the body; lower is more popular. */
  readonly bestRank?: number;
  readonly bestRankSource?: string;
  /** Seconds since the epoch. */
  readonly createdAt?: number;
  /** Owner of the autonomous system an address is in. */
  readonly asOwner?: string;
  readonly gtiVerdict?: string;
  readonly gtiScore?: number;
  readonly isPervasive?: boolean;
  readonly isAnalystBenign?: boolean;
  readonly isAnalystMalicious?: boolean;
}

/** A value that has no canonical form and why; kept so that `explain` can say so. */
export interface Rejection {
  readonly value: string;
  readonly place: string;
  readonly reason: string;
}

/** Everything one report (or relationship listing, or object) gave. */
export interface Collected {
  readonly sample?: Sample;
  /** Sandbox name, absent for merged and other bodies. */
  readonly sandbox?: string;
  /** Seconds since the epoch, absent when the body does not say. */
  readonly seenAt?: number;
  readonly evidence: readonly Evidence[];
  readonly links: readonly Link[];
  readonly enrichments: readonly Enrichment[];
  readonly rejections: readonly Rejection[];
}
