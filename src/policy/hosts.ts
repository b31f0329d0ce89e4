/** Rules on host names: what can never be an indicator, what is borrowed, and how wide a name may be matched. */
import type { BackgroundClass, BackgroundMatch } from "../enrich/background.ts";
import { type SuffixFacts, suffixOf } from "../enrich/public-suffix.ts";
import { isOnionService, specialUseName } from "../enrich/special-use.ts";
import type { HostScope } from "../model/indicator.ts";
import type { Facts } from "../store/store.ts";
import { isOnlyInMemory, weighEvidence } from "./evidence-rules.ts";
import type { Finding, Findings, Gate, JudgeContext, KnownPlaces, Tenancy } from "./rule.ts";

/** Where many customers share one host: its URLs may be indicators, the host never. */
const BORROWED: ReadonlySet<BackgroundClass> = new Set<BackgroundClass>(["platform", "shortener"]);
/** Where each name below belongs to another customer. */
const TENANTED: ReadonlySet<BackgroundClass> = new Set<BackgroundClass>(["tenant-suffix", "dynamic-dns"]);

export interface HostOpinion {
  /** The name cannot be an indicator. */
  readonly gate?: Gate;
  /** The gate is only that others share the host: URLs on it are judged by themselves. */
  readonly isBorrowed?: boolean;
  readonly findings: readonly Finding[];
  readonly scope: HostScope;
  readonly labels: readonly string[];
}

/** What the name alone says; `host` is canonical. */
export function hostOpinion(host: string, context: KnownPlaces): HostOpinion {
  if (isOnionService(host)) return onionOpinion(host, context);
  const special = specialUseName(host);
  if (special) return gated({ id: "special-use-name", text: `${special.name}: ${special.why}` });
  if (isMachineName(host)) {
    const finding = {
      id: "machine-name",
      weight: 0,
      text: "a cloud's name for one machine, by its address: matched exactly",
    };
    return { findings: [finding], scope: "host", labels: [] };
  }
  const suffix = suffixOf(host);
  const match = context.background.host(host);
  if (suffix.suffix === host)
    return gated({ id: "public-suffix", text: `${host} is a public suffix: many owners below it` });
  if (!suffix.isKnown) return gated({ id: "unknown-suffix", text: `no registry runs .${host.split(".").at(-1)}` });
  const known = match && !match.weak ? backgroundGate(host, match) : undefined;
  if (known) return known;
  const listed = warningListOpinion("domain", host, context, sharedParent(suffix, match));
  if (listed.gate) return listed;
  return tenancyOpinion(host, suffix, match, listed.findings);
}

/** The suffix that a host is one customer's name below, if it is. */
function sharedParent(suffix: SuffixFacts, match: BackgroundMatch | undefined): string | undefined {
  if (match && TENANTED.has(match.class)) return match.entry;
  return suffix.isPrivate ? suffix.suffix : undefined;
}

function onionOpinion(host: string, context: KnownPlaces): HostOpinion {
  const listed = warningListOpinion("domain", host, context);
  if (listed.gate) return listed;
  const text = "a Tor onion service: seen on the wire where a look-up leaks or a gateway serves it";
  return { ...listed, findings: [...listed.findings, { id: "onion-service", weight: 0, text }] };
}

/**
 * `ec2-52-3-3-9.compute-1.amazonaws.com`: rented to one customer at a time, whatever the Public Suffix List makes of
 * the name, and the address in it is that customer's alone.
 */
function isMachineName(host: string): boolean {
  return /^ec2-\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3}\.(?:[a-z0-9-]+\.compute|compute-1)\.amazonaws\.com(?:\.cn)?$/.test(host);
}

/** How trades name themselves that malware meets and seldom is; who imitates a bank mostly adds hyphens and digits. */
const TRADE_NAMES: readonly (readonly [trade: string, name: RegExp])[] = [
  ["banks", /^(?:[a-z]+bank(?:s|ers)?|bank[a-z]+|banque[a-z]+)$/],
  ["registrars, domain dealers and parking services", /domain|parking/],
];

/** `173.160.99.20.zen.spamhaus.org`: RFC 5782 section 2.1. */
function isBlockListQuery(host: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1?\d{1,2})\.){4}[a-z0-9-]+\./.test(host);
}

function backgroundGate(host: string, match: BackgroundMatch): HostOpinion | undefined {
  if (BORROWED.has(match.class)) {
    return {
      ...gated({
        id: "borrowed-host",
        text: `${host} is shared by many (${match.why}): a URL on it may be an indicator, the host never`,
      }),
      isBorrowed: true,
    };
  }
  if (!TENANTED.has(match.class))
    return gated({ id: match.class, text: `${match.why} (${match.source}: ${match.entry})` });
  if (!match.isEntryItself) return undefined;
  return gated({
    id: `${match.class}-parent`,
    text: `${host} itself belongs to ${match.why}; only names below it can be indicators`,
  });
}

function tenancyOpinion(
  host: string,
  suffix: SuffixFacts,
  match: BackgroundMatch | undefined,
  listed: readonly Finding[],
): HostOpinion {
  const findings = [...listed];
  if (match?.weak)
    findings.push({
      id: "looks-like-background",
      weight: -25,
      text: `named like ${match.why} (${match.source}: ${match.entry})`,
    });
  const isTenanted = match !== undefined && TENANTED.has(match.class);
  if (match?.class === "dynamic-dns") {
    findings.push({
      id: "dynamic-dns",
      weight: 5,
      text: `dynamic DNS below ${match.entry}: ${host} is one customer's`,
    });
    return { findings, scope: "host", labels: ["dynamic-dns"] };
  }
  if (isTenanted || suffix.isPrivate) {
    findings.push({
      id: "tenant-host",
      weight: 0,
      text: `one customer's name below ${isTenanted ? match.entry : suffix.suffix}: matched exactly, its addresses are shared`,
    });
    return { findings, scope: "host", labels: ["tenant-host"] };
  }
  const trade = TRADE_NAMES.find(([, name]) => name.test(suffix.domain?.split(".")[0] ?? ""))?.[0];
  if (trade)
    findings.push({ id: "trade-name", weight: -25, text: `${suffix.domain} is named as ${trade} name themselves` });
  return { findings, scope: "subtree", labels: [] };
}

/**
 * What the operator's warning lists say of a value. That the parent which customers share is well known says nothing of
 * one customer's name below `parent`.
 */
export function warningListOpinion(type: string, value: string, context: KnownPlaces, parent?: string): HostOpinion {
  const matches = (context.warningLists?.match(type, value) ?? []).filter(
    ({ tier, entry }) => tier === "drop" || parent === undefined || !isAtOrAbove(entry, parent),
  );
  const say = (tier: string) => {
    const match = matches.find((candidate) => candidate.tier === tier);
    return match && { id: "warning-list", text: `on the warning list ${match.list} ${match.version} (${match.entry})` };
  };
  const drop = say("drop");
  if (drop) return gated(drop);
  const shared = say("keep-url");
  if (shared)
    return { ...gated({ ...shared, text: `${shared.text}: shared by many, full URLs stay` }), isBorrowed: true };
  const demoted = say("demote");
  return { findings: demoted ? [{ ...demoted, weight: -30 }] : [], scope: "subtree", labels: [] };
}

function isAtOrAbove(entry: string, parent: string): boolean {
  const name = entry.replace(/^\./, "");
  return parent === name || parent.endsWith(`.${name}`);
}

function gated(gate: Gate): HostOpinion {
  return { gate, findings: [], scope: "subtree", labels: [] };
}

/** Domain observables. */
export function judgeDomain(facts: Facts, context: JudgeContext): Findings {
  const host = facts.observable.value;
  const opinion = hostOpinion(host, context);
  if (opinion.gate) return { gate: opinion.gate, findings: [], labels: opinion.labels };
  if (isOnlyInMemory(facts)) return { gate: memoryGate, findings: [] };
  if (isBlockListQuery(host) && !isPeer(facts) && opinion.scope === "subtree")
    return { gate: blockListGate, findings: [] };
  if (facts.enrichment?.isAnalystBenign)
    return { gate: { id: "analyst-benign", text: "an analyst called it benign" }, findings: [] };
  const carrier = facts.links.find(({ kind, observable }) => kind === "tunnel-below" && observable.value !== host);
  if (carrier && !hostOpinion(carrier.observable.value, context).gate) {
    return {
      gate: {
        id: "tunnel-payload",
        text: `one of the names that carry a DNS tunnel: ${carrier.observable.value} stands for all of them`,
      },
      findings: [],
    };
  }
  return {
    findings: [...weighEvidence(facts, context, tenancyOf(opinion)), ...opinion.findings],
    scope: opinion.scope,
    labels: opinion.labels,
  };
}

/** What `hostOpinion` found out about whose the host is. */
export function tenancyOf({ labels, isBorrowed }: HostOpinion): Tenancy {
  const isHosted = labels.includes("tenant-host");
  return { isHosted, isCustomers: isHosted || labels.includes("dynamic-dns"), isBorrowed: isBorrowed === true };
}

const blockListGate: Gate = { id: "block-list-query", text: "an address asked of a DNS block list, not a host" };

/** Somebody talked to it: then it is a host, whatever its name looks like. */
function isPeer({ roles }: Facts): boolean {
  return roles.has("http-request") || roles.has("tls-session") || roles.has("smtp-session");
}

export const memoryGate: Gate = { id: "memory-only", text: "only a string in memory, which proves no contact" };
