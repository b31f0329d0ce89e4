/** DNS: looked-up names, the addresses they resolved to, and names that carry a tunnel. */
import { getDomain } from "tldts";
import { canonicaliseAddress, canonicaliseHost } from "../model/canonical.ts";
import type { BehaviourReport } from "../vt/schema.ts";
import type { Gathering } from "./gathering.ts";

/** So many distinct long names below one registrable domain in one report are data, not hosts. */
const TUNNEL_NAMES = 10;
const TUNNEL_LABEL = 16;

export function collectDns(report: BehaviourReport, gathering: Gathering): void {
  const looked: string[] = [];
  for (const [index, lookup] of report.dns_lookups.entries()) {
    if (!lookup?.hostname) continue;
    const place = `dns_lookups[${index}]`;
    const host = gathering.see("dns-lookup", `${place}.hostname`, lookup.hostname, canonicaliseHost(lookup.hostname));
    if (host) looked.push(host.value);
    for (const [at, raw] of lookup.resolved_ips.entries()) {
      if (!raw) continue;
      const address = gathering.see("resolution", `${place}.resolved_ips[${at}]`, raw, canonicaliseAddress(raw));
      gathering.link(host, "resolves-to", address);
    }
  }
  collectTunnels(looked, gathering);
}

/** DNS tunnels: the parent is the indicator, the names below it are its payload. */
function collectTunnels(hosts: readonly string[], gathering: Gathering): void {
  const below = new Map<string, string[]>();
  for (const host of new Set(hosts)) {
    const parent = getDomain(host, { allowPrivateDomains: true });
    if (!parent || parent === host) continue;
    const longest = Math.max(
      ...host
        .slice(0, -parent.length - 1)
        .split(".")
        .map((label) => label.length),
    );
    if (longest < TUNNEL_LABEL) continue;
    const names = below.get(parent);
    if (names) names.push(host);
    else below.set(parent, [host]);
  }
  for (const [parent, names] of below) {
    if (names.length < TUNNEL_NAMES) continue;
    const carrier = gathering.see("tunnel", "dns_lookups", parent, { type: "domain", value: parent });
    for (const name of names) gathering.link({ type: "domain", value: name }, "tunnel-below", carrier);
  }
}
