/** What the hosts that resolve to an address say of it. */
import type { Facts, Linked } from "../store/store.ts";
import { ceilingOf, isContacted, isSeenInTraffic, isSuspectItself } from "./evidence-rules.ts";
import { type Finding, type Findings, type Gate, isGated, type JudgeContext } from "./rule.ts";

/** Hosts that resolve to it and could be contacted; a name that cannot exist, or a tunnel's, says nothing of an address. */
export function hostsOf(facts: Facts): readonly Linked[] {
  const hosts = facts.links.filter(({ kind, observable }) => kind === "resolves-to" && observable.type === "domain");
  return isSeenInTraffic(facts) ? hosts.filter((host) => !isNameGated(host)) : hosts;
}

function isNameGated(host: Linked): boolean {
  return host.decision === "drop" && isGated(host) && !OWNER_GATES.has(host.because as string);
}

export function keptHosts(facts: Facts): readonly Linked[] {
  return hostsOf(facts).filter(({ decision }) => decision === "keep");
}

export function isDirect(facts: Facts): boolean {
  return isContacted(facts) && hostsOf(facts).length === 0;
}

/** Gates on a host that say whose it is, and so whose its addresses are; the others speak of the name alone. */
const OWNER_GATES: ReadonlySet<string> = new Set([
  "os-telemetry",
  "connectivity-check",
  "certificate-service",
  "time-service",
  "public-resolver",
  "ip-echo",
  "sinkhole",
  "parking",
  "security-vendor",
  "popular-service",
  "cdn-network",
  "borrowed-host",
  "warning-list",
  "analyst-benign",
  "allowed",
  "popular",
  "gti-benign",
  "pervasive",
  "many-families",
  "widespread",
  "clean-samples",
  "sandbox-own",
  "unsuspected",
]);

/** An address that only ever appears as the resolution of dropped hosts is dropped with it. */
export function droppedHostsGate(facts: Facts): Gate | undefined {
  const hosts = hostsOf(facts);
  if (hosts.length === 0 || !hosts.every(({ decision }) => decision === "drop")) return undefined;
  const owner = hosts.find(isOwned);
  // Hosts that only want for evidence leave an address that somebody found malicious itself to be judged.
  if (!owner && isSuspectItself(facts)) return undefined;
  const names = hosts.slice(0, 3).map(({ observable }) => observable.value);
  const because = (owner ?? hosts[0])?.because ?? "no reason";
  return {
    id: "resolved-from-dropped",
    text: `address of ${names.join(", ")}${hosts.length > 3 ? " and others" : ""}, dropped (${because})`,
  };
}

/** Dropped for whose it is. */
function isOwned({ decision, because }: Linked): boolean {
  return decision === "drop" && because !== undefined && OWNER_GATES.has(because);
}

/** What the hosts that resolve to it say of an address. */
export function companyOf(facts: Facts, context: JudgeContext): Pick<Findings, "findings" | "ceiling"> {
  const hosts = hostsOf(facts);
  if (hosts.length === 0)
    return {
      findings: isSeenInTraffic(facts)
        ? [{ id: "by-address", weight: 5, text: "contacted by address, without a DNS lookup" }]
        : [],
    };
  const shared = sharedFinding(hosts);
  if (shared) return { findings: [shared] };
  const best = hosts.find(({ decision }) => decision === "keep") ?? hosts.find(({ decision }) => decision === "review");
  if (!best) return { findings: [] };
  const name = best.observable.value;
  if (best.decision === "keep")
    return { findings: [{ id: "resolved-from-kept", weight: 3, text: `address of ${name}, which is kept` }] };
  const ceiling = ceilingOf(facts, best.decision, name, context);
  return {
    findings: [{ id: "resolved-from-review", weight: -20, text: `address of ${name}, which is in review` }],
    ...(ceiling ? { ceiling } : {}),
  };
}

/** Where a hoster's customer stands, or a host of somebody else's beside a kept one, strangers share the address. */
function sharedFinding(hosts: readonly Linked[]): Finding | undefined {
  const tenant = hosts.find(({ decision, labels }) => decision !== "drop" && labels.includes("tenant-host"));
  const stranger = hosts.find(isOwned);
  const named = tenant ?? stranger;
  if (!named) return undefined;
  const text = tenant
    ? `address of ${tenant.observable.value}, one of many customers there`
    : `also the address of ${stranger?.observable.value}, dropped (${stranger?.because})`;
  return { id: "shared-address", weight: -35, text };
}
