/** Rules on addresses and endpoints: reserved space, shared infrastructure, ports, and the hosts that resolve to them. */
import { specialUseAddress } from "../enrich/special-use.ts";
import { isRentedMachine } from "../enrich/warning-list-tiers.ts";
import { parseEndpoint } from "../model/observable.ts";
import type { Facts } from "../store/store.ts";
import { companyOf, droppedHostsGate, hostsOf, isDirect, keptHosts } from "./address-company.ts";
import { ceilingOf, isOnlyInMemory, weighEvidence } from "./evidence-rules.ts";
import { memoryGate, warningListOpinion } from "./hosts.ts";
import type { Finding, Findings, Gate, JudgeContext, KnownPlaces } from "./rule.ts";

/** Ports of protocols that never leave the local network. */
const LOCAL_PORTS = new Set([67, 68, 137, 138, 139, 546, 547, 1900, 3702, 5353, 5355, 5357]);
/** Ports on which a sandbox talks to its own resolver or clock. */
const SERVICE_PORTS = new Set([53, 123]);
const WEB_PORTS = new Set([80, 443]);
const USUAL_PORTS = new Set([
  ...WEB_PORTS,
  ...SERVICE_PORTS,
  21,
  22,
  25,
  110,
  143,
  389,
  445,
  465,
  587,
  853,
  993,
  995,
  8080,
]);

const SHARED_NETWORKS = new Set(["cdn-network", "shared-hosting-network"]);

interface AddressOpinion {
  readonly gate?: Gate;
  readonly findings: readonly Finding[];
  readonly isShared?: boolean;
}

/** What the address alone says. */
export function addressOpinion(address: string, context: KnownPlaces): AddressOpinion {
  const special = specialUseAddress(address);
  if (special)
    return {
      gate: { id: "special-use-address", text: `${special.name} (${special.prefix}) is no place on the Internet` },
      findings: [],
    };
  const match = context.background.address(address);
  const isShared = match !== undefined && SHARED_NETWORKS.has(match.class);
  if (match && !isShared && !match.weak)
    return { gate: { id: match.class, text: `${match.why} (${match.source}: ${match.entry})` }, findings: [] };
  const listed = warningListOpinion(address.includes(":") ? "ipv6" : "ipv4", address, context);
  if (listed.gate && !listed.isBorrowed) return { gate: listed.gate, findings: [] };
  if (isShared) {
    const text = `${match.why} (${match.entry}): thousands of sites share it`;
    return { findings: [{ id: "shared-address", weight: match.weak ? -30 : -55, text }], isShared };
  }
  // The lists' word for "shared" is that full URLs stay.
  if (listed.gate && isRentedMachine(address)) return { findings: [] };
  if (listed.gate) return { findings: [{ ...listed.gate, id: "shared-address", weight: -55 }], isShared: true };
  return { findings: listed.findings };
}

/**
 * Owners whose addresses stand in front of unrelated sites, where our own ranges are behind the times. "Akamai
 * Connected Cloud" is Linode, which rents machines.
 */
const SHARED_OWNERS =
  /^(?:cloudflare|akamai(?! connected cloud)|fastly|incapsula|imperva|edgecast|limelight|bunny|cdn77|sucuri|gcore|stackpath)/i;
/** Owners of networks in which nobody but they themselves has machines: services and platforms, never rented. */
const OWN_NETWORKS =
  /^(?:apple(?:-|\b)|facebook|meta platforms|twitter|x corp|github|dropbox|valve|telegram|netflix|linkedin|wikimedia|pinterest|reddit|spotify|paypal|ebay|adobe|mozilla|canonical|digicert|verisign|globalsign|nist\b|internet archive|automattic|atlassian|salesforce|zoom video|roblox|riot games|twitch|snap inc|discord)/i;

/** ipv4 and ipv6. */
export function judgeAddress(facts: Facts, context: JudgeContext): Findings {
  const opinion = ownerOpinion(addressOpinion(facts.observable.value, context), facts);
  const gate = opinion.gate ?? memoryOrBenign(facts) ?? droppedHostsGate(facts);
  if (gate) return { gate, findings: [] };
  const ports = facts.links
    .filter(({ kind, observable }) => kind === "at-address" && observable.type === "endpoint")
    .map(({ observable }) => parseEndpoint(observable.value));
  const company = companyOf(facts, context);
  const findings = [...weighEvidence(facts, context), ...company.findings];
  const isOnlyWeb = ports.every(({ port }) => WEB_PORTS.has(port));
  const isNamed = hostsOf(facts).length > 0;
  if (opinion.isShared ? isOnlyWeb || !isDirect(facts) : true) findings.push(...asNamed(opinion, isNamed));
  if (ports.length > 0 && ports.every(({ port }) => LOCAL_PORTS.has(port)))
    return { gate: localGate(ports[0]?.port as number), findings: [] };
  if (ports.length > 0 && ports.every(({ port }) => SERVICE_PORTS.has(port)) && keptHosts(facts).length === 0)
    findings.push(serviceFinding(ports[0]?.port as number));
  return { findings, ...(company.ceiling ? { ceiling: company.ceiling } : {}) };
}

/** Who knows a name on a shared address has no need of the address. */
function asNamed({ findings, isShared }: AddressOpinion, isNamed: boolean): readonly Finding[] {
  return isShared && isNamed ? findings.map((finding) => ({ ...finding, weight: -55 })) : findings;
}

function ownerOpinion(opinion: AddressOpinion, { enrichment }: Facts): AddressOpinion {
  const owner = enrichment?.asOwner;
  if (opinion.gate || opinion.isShared || owner === undefined) return opinion;
  const text = SHARED_OWNERS.test(owner)
    ? `in the network of ${owner}, shared by many sites`
    : OWN_NETWORKS.test(owner)
      ? `in the network of ${owner}, which rents nobody a machine`
      : undefined;
  return text === undefined ? opinion : { isShared: true, findings: [{ id: "shared-address", weight: -55, text }] };
}

function memoryOrBenign(facts: Facts): Gate | undefined {
  if (isOnlyInMemory(facts)) return memoryGate;
  return facts.enrichment?.isAnalystBenign ? { id: "analyst-benign", text: "an analyst called it benign" } : undefined;
}

function localGate(port: number): Gate {
  return { id: "local-protocol", text: `port ${port} belongs to a protocol of the local network` };
}

function serviceFinding(port: number): Finding {
  return {
    id: "service-port",
    weight: -35,
    text: `only port ${port}, on which a sandbox talks to its own ${port === 53 ? "resolver" : "clock"}`,
  };
}

/** Endpoints: the address's opinion, sharpened by the port. */
export function judgeEndpoint(facts: Facts, context: JudgeContext): Findings {
  const { address, port } = parseEndpoint(facts.observable.value);
  const opinion = addressOpinion(address, context);
  const on = facts.links.find(({ kind }) => kind === "at-address");
  const gate = opinion.gate ?? (LOCAL_PORTS.has(port) ? localGate(port) : undefined) ?? memoryOrBenign(facts);
  if (gate) return { gate, findings: [] };
  if (on?.decision === "drop")
    return {
      gate: { id: "address-dropped", text: `its address ${address} is dropped (${on.because ?? "no reason"})` },
      findings: [],
    };
  const findings = weighEvidence(facts, context);
  const ceiling = on?.reasonIds.includes("resolved-from-review")
    ? ceilingOf(facts, "review", `its address ${address}`, context)
    : undefined;
  const isWeb = WEB_PORTS.has(port);
  const inherited = on?.reasonIds ?? [];
  const isNamed = inherited.some((id) => id === "resolved-from-kept" || id === "resolved-from-review");
  if (opinion.isShared ? isWeb : true) findings.push(...asNamed(opinion, isNamed));
  if (!opinion.isShared && inherited.includes("shared-address"))
    findings.push({ id: "shared-address", weight: -35, text: `its address ${address} is shared by many customers` });
  if (inherited.includes("resolved-from-review"))
    findings.push({
      id: "resolved-from-review",
      weight: -20,
      text: `its address ${address} is that of a host in review`,
    });
  if (inherited.includes("resolved-from-kept"))
    findings.push({ id: "resolved-from-kept", weight: 3, text: `its address ${address} is that of a kept host` });
  if (inherited.includes("by-address"))
    findings.push({ id: "by-address", weight: 5, text: "contacted by address, without a DNS lookup" });
  if (SERVICE_PORTS.has(port) && !inherited.includes("resolved-from-kept")) findings.push(serviceFinding(port));
  if (!USUAL_PORTS.has(port)) findings.push({ id: "unusual-port", weight: 5, text: `port ${port} is unusual` });
  return { findings, ...(ceiling ? { ceiling } : {}) };
}
