/**
 * Addresses and names that the standards set aside, so they can never be an
 * indicator.
 *
 * Does not resolve anything, does not know public suffixes, and does not judge:
 * it says what a value is reserved for.
 */
import { createPrefixTable, type PrefixTable, parseAddress, parsePrefix } from "./prefix-table.ts";

/** What a value is set aside for, and the registry row that says so. */
export interface SpecialUseAddress {
  readonly prefix: string;
  readonly name: string;
}

export interface SpecialUseName {
  readonly name: string;
  readonly why: string;
}

/**
 * IANA IPv4 Special-Purpose Address Registry
 * (https://www.iana.org/assignments/iana-ipv4-special-registry), and the
 * multicast space of https://www.iana.org/assignments/multicast-addresses.
 */
const IPV4_SPECIAL: readonly (readonly [prefix: string, name: string])[] = [
  ["0.0.0.0/8", "this network (RFC 791)"],
  ["0.0.0.0/32", "this host on this network (RFC 1122)"],
  ["10.0.0.0/8", "private use (RFC 1918)"],
  ["100.64.0.0/10", "shared address space of carrier-grade NAT (RFC 6598)"],
  ["127.0.0.0/8", "loopback (RFC 1122)"],
  ["169.254.0.0/16", "link local (RFC 3927)"],
  ["172.16.0.0/12", "private use (RFC 1918)"],
  ["192.0.0.0/24", "IETF protocol assignments (RFC 6890)"],
  ["192.0.0.0/29", "IPv4 service continuity prefix (RFC 7335)"],
  ["192.0.0.8/32", "IPv4 dummy address (RFC 7600)"],
  ["192.0.0.9/32", "Port Control Protocol anycast (RFC 7723)"],
  ["192.0.0.10/32", "TURN anycast (RFC 8155)"],
  ["192.0.0.170/32", "NAT64/DNS64 discovery (RFC 7050)"],
  ["192.0.0.171/32", "NAT64/DNS64 discovery (RFC 7050)"],
  ["192.0.2.0/24", "documentation, TEST-NET-1 (RFC 5737)"],
  ["192.31.196.0/24", "AS112-v4 (RFC 7535)"],
  ["192.52.193.0/24", "automatic multicast tunnelling (RFC 7450)"],
  ["192.88.99.0/24", "6to4 relay anycast, deprecated (RFC 7526)"],
  ["192.88.99.2/32", "6a44 relay anycast (RFC 6751)"],
  ["192.168.0.0/16", "private use (RFC 1918)"],
  ["192.175.48.0/24", "direct delegation AS112 service (RFC 7534)"],
  ["198.18.0.0/15", "benchmarking (RFC 2544)"],
  ["198.51.100.0/24", "documentation, TEST-NET-2 (RFC 5737)"],
  ["203.0.113.0/24", "documentation, TEST-NET-3 (RFC 5737)"],
  ["224.0.0.0/4", "multicast (RFC 5771)"],
  ["240.0.0.0/4", "reserved, class E (RFC 1112)"],
  ["255.255.255.255/32", "limited broadcast (RFC 919)"],
];

/**
 * IANA IPv6 Special-Purpose Address Registry
 * (https://www.iana.org/assignments/iana-ipv6-special-registry), with the
 * multicast, site-local and IPv4-compatible rows of
 * https://www.iana.org/assignments/ipv6-address-space and the returned 6bone space.
 */
const IPV6_SPECIAL: readonly (readonly [prefix: string, name: string])[] = [
  ["::/128", "unspecified address (RFC 4291)"],
  ["::1/128", "loopback (RFC 4291)"],
  ["::/96", "IPv4-compatible address, deprecated (RFC 4291)"],
  ["::ffff:0:0/96", "IPv4-mapped address (RFC 4291)"],
  ["64:ff9b::/96", "IPv4/IPv6 translation, NAT64 (RFC 6052)"],
  ["64:ff9b:1::/48", "IPv4/IPv6 translation, local NAT64 (RFC 8215)"],
  ["100::/64", "discard only (RFC 6666)"],
  ["100:0:0:1::/64", "dummy IPv6 prefix (RFC 9780)"],
  ["2001::/23", "IETF protocol assignments (RFC 2928)"],
  ["2001::/32", "Teredo (RFC 4380)"],
  ["2001:1::1/128", "Port Control Protocol anycast (RFC 7723)"],
  ["2001:1::2/128", "TURN anycast (RFC 8155)"],
  ["2001:1::3/128", "DNS-SD service registration anycast (RFC 9665)"],
  ["2001:2::/48", "benchmarking (RFC 5180)"],
  ["2001:3::/32", "automatic multicast tunnelling (RFC 7450)"],
  ["2001:4:112::/48", "AS112-v6 (RFC 7535)"],
  ["2001:10::/28", "ORCHID, deprecated (RFC 4843)"],
  ["2001:20::/28", "ORCHIDv2 (RFC 7343)"],
  ["2001:30::/28", "drone remote identification (RFC 9374)"],
  ["2001:db8::/32", "documentation (RFC 3849)"],
  ["2002::/16", "6to4 (RFC 3056)"],
  ["2620:4f:8000::/48", "direct delegation AS112 service (RFC 7534)"],
  ["3ffe::/16", "6bone, returned (RFC 3701)"],
  ["3fff::/20", "documentation (RFC 9637)"],
  ["5f00::/16", "segment routing (SRv6) SIDs (RFC 9602)"],
  ["fc00::/7", "unique local (RFC 4193)"],
  ["fe80::/10", "link local (RFC 4291)"],
  ["fec0::/10", "site local, deprecated (RFC 3879)"],
  ["ff00::/8", "multicast (RFC 4291)"],
];

const NOT_GLOBAL_UNICAST: SpecialUseAddress = Object.freeze({
  prefix: "::/0",
  name: "not global unicast: outside 2000::/3 (RFC 4291, IANA IPv6 address space)",
});

const SPECIAL_ADDRESSES: PrefixTable<SpecialUseAddress> = (() => {
  const table = createPrefixTable<SpecialUseAddress>();
  for (const [prefix, name] of [...IPV4_SPECIAL, ...IPV6_SPECIAL]) {
    const parsed = parsePrefix(prefix);
    if (parsed) table.add(parsed, Object.freeze({ prefix, name }));
  }
  return table;
})();

/**
 * The most specific special-purpose block around an address, or undefined for
 * ordinary global unicast and for text that is no address.
 *
 * Rows whose registry column "globally reachable" says true (AS112, 6to4, NAT64,
 * the anycast services) are in as well: the address then belongs to a protocol,
 * not to whoever answers.
 *
 * Source: the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890).
 */
export const specialUseAddress = (ip: string): SpecialUseAddress | undefined => {
  const address = parseAddress(ip);
  if (!address) return undefined;
  const found = SPECIAL_ADDRESSES.find(address);
  if (found) return found;
  const isOutsideGlobalUnicast = address.version === 6 && (address.words[0] ?? 0) >>> 29 !== 1;
  return isOutsideGlobalUnicast ? NOT_GLOBAL_UNICAST : undefined;
};

// --- special-use names --------------------------------------------------------

/**
 * Suffixes that no public name server may answer for. From the IANA Special-Use
 * Domain Names registry (https://www.iana.org/assignments/special-use-domain-names),
 * RFC 6762 appendix G, ICANN's name-collision decisions, and the undelegated
 * names that routers and container tools hand out.
 */
const SPECIAL_SUFFIXES: ReadonlyMap<string, string> = new Map([
  ["arpa", "infrastructure zone: reverse look-ups and protocol names (RFC 3172)"],
  ["in-addr.arpa", "reverse zone of IPv4 (RFC 1035)"],
  ["ip6.arpa", "reverse zone of IPv6 (RFC 3596)"],
  ["home.arpa", "home networks (RFC 8375)"],
  ["ipv4only.arpa", "NAT64 discovery (RFC 8880)"],
  ["resolver.arpa", "discovery of designated resolvers (RFC 9462)"],
  ["service.arpa", "service registration (RFC 9665)"],
  ["eap.arpa", "Extensible Authentication Protocol (RFC 9965)"],
  ["eap-noob.arpa", "Extensible Authentication Protocol (RFC 9140)"],
  ["6tisch.arpa", "6TiSCH networks (RFC 9031)"],
  ["alt", "names outside the DNS (RFC 9476)"],
  ["example", "documentation (RFC 6761)"],
  ["example.com", "documentation (RFC 6761)"],
  ["example.net", "documentation (RFC 6761)"],
  ["example.org", "documentation (RFC 6761)"],
  ["invalid", "never a valid name (RFC 6761)"],
  ["local", "multicast DNS on the local link (RFC 6762)"],
  ["localhost", "the machine itself (RFC 6761)"],
  ["onion", "Tor onion service: never resolved by DNS (RFC 7686)"],
  ["test", "testing (RFC 6761)"],
  ["internal", "private networks (reserved by ICANN, 2024)"],
  ["corp", "private networks, never delegated (ICANN name collision, RFC 6762 appendix G)"],
  ["home", "private networks, never delegated (ICANN name collision, RFC 6762 appendix G)"],
  ["mail", "private networks, never delegated (ICANN name collision)"],
  ["intranet", "private networks (RFC 6762 appendix G)"],
  ["lan", "private networks (RFC 6762 appendix G)"],
  ["private", "private networks (RFC 6762 appendix G)"],
  ["localdomain", "default domain of a machine without one, not delegated"],
  ["workgroup", "default Windows work group, not delegated"],
  ["domain", "default Active Directory domain, not delegated"],
  ["localnet", "private networks, not delegated"],
  ["internet", "private networks, not delegated"],
  ["dhcp", "handed out by DHCP servers, not delegated"],
  ["router", "handed out by home routers, not delegated"],
  ["gateway", "handed out by home routers, not delegated"],
  ["modem", "handed out by home routers, not delegated"],
  ["belkin", "handed out by home routers, not delegated"],
  ["dlink", "handed out by home routers, not delegated"],
  ["fritz.box", "local name of a home router, answered by the router itself"],
  ["speedport.ip", "local name of a home router, answered by the router itself"],
  ["openstacklocal", "default domain of OpenStack instances, not delegated"],
  ["docker", "container networks, not delegated"],
  ["consul", "service discovery inside a cluster, not delegated"],
  ["sandbox", "analysis machines, not delegated"],
  ["vm", "virtual machines, not delegated"],
]);

/**
 * First labels that Windows asks for in whatever domain the machine believes it
 * is in: the answer says something about the sandbox, not about the sample.
 */
const SPECIAL_FIRST_LABELS: ReadonlyMap<string, string> = new Map([
  ["wpad", "proxy auto-discovery, asked for by Windows in its own domain"],
  ["isatap", "ISATAP router discovery, asked for by Windows in its own domain (RFC 5214)"],
]);

/**
 * Whether a name is that of an onion service, of version 2 or 3, or below one: an address that somebody operates,
 * other than the rest of `.onion`.
 */
export const isOnionService = (host: string): boolean => /(?:^|\.)(?:[a-z2-7]{16}|[a-z2-7]{55}d)\.onion$/.test(host);

/**
 * What a host name is set aside for, or undefined for an ordinary name, an
 * address literal and the empty text. The host must be canonical: lower case,
 * punycode, no trailing dot.
 *
 * Source: the IANA Special-Use Domain Names registry (RFC 6761, 6762, 7686, 8375, 9476).
 */
export const specialUseName = (host: string): SpecialUseName | undefined => {
  if (host === "" || parseAddress(host)) return undefined;
  let found: SpecialUseName | undefined;
  let suffix = host;
  // The most specific suffix wins, so that home.arpa is not called infrastructure.
  for (;;) {
    const why = SPECIAL_SUFFIXES.get(suffix);
    if (why !== undefined) {
      found = { name: suffix, why };
      break;
    }
    const dot = suffix.indexOf(".");
    if (dot < 0) break;
    suffix = suffix.slice(dot + 1);
  }
  if (found) return found;

  const firstDot = host.indexOf(".");
  if (firstDot < 0) return { name: host, why: "single label: a name of the local network, not of the Internet" };
  const first = host.slice(0, firstDot);
  const why = SPECIAL_FIRST_LABELS.get(first);
  if (why !== undefined) return { name: `${first}.`, why };
  const service = /(?:^|\.)(_tcp|_udp|_msdcs)(?:\.|$)/.exec(host);
  if (service?.[1] !== undefined) {
    return { name: service[1], why: "service look-up, the owner of a record and not a host (RFC 2782, RFC 8552)" };
  }
  return undefined;
};
