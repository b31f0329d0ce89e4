/** What a report holds besides contacts: the sandbox's own network, and strings out of memory. */
import { LOCAL_ADDRESSES, LOCAL_NAMES, MEMORY_JUNK } from "./background-traffic.ts";
import { type Internet, saying } from "./internet.ts";
import { type Lists, push, type ReportInput, showEndpoint, tell } from "./report-parts.ts";

type Entry = Record<string, unknown>;

/** The machine's own network: resolvers, agents, local names and addresses. */
export function renderSurroundings({ sandbox, random, internet, background }: ReportInput, lists: Lists): void {
  const flow = (address: string, port: number, transport: "tcp" | "udp"): Entry => ({
    destination_ip: address,
    destination_port: port,
    transport_layer_protocol: transport.toUpperCase(),
  });
  if (sandbox.resolver && random.chance(sandbox.resolverShare ?? 0)) {
    internet.truth.show("ipv4", sandbox.resolver.value);
    showEndpoint(internet.truth, sandbox.resolver, 53, "udp");
    push(lists, "ip_traffic", flow(sandbox.resolver.value, 53, "udp"));
  }
  if (sandbox.agent && random.chance(sandbox.agentShare ?? 0)) {
    internet.truth.show("ipv4", sandbox.agent.address.value);
    showEndpoint(internet.truth, sandbox.agent.address, sandbox.agent.port, "tcp");
    push(lists, "ip_traffic", flow(sandbox.agent.address.value, sandbox.agent.port, "tcp"));
  }
  for (const [address, port, transport] of random.sample(LOCAL_ADDRESSES, random.pick([0, 0, 1, 2]))) {
    background.noteLocal(address, port, transport);
    push(lists, "ip_traffic", flow(address, port, transport));
  }
  for (const name of random.sample(LOCAL_NAMES, random.pick([0, 0, 0, 1]))) {
    tell(internet.truth, "domain", name, saying("noise", "local-name"));
    push(lists, "dns_lookups", { hostname: name });
  }
  if (random.chance(0.04)) {
    const query = `${random.int(1, 254)}.${random.int(1, 254)}.${random.int(1, 254)}.${random.int(1, 223)}.zen.spamhaus.org`;
    tell(internet.truth, "domain", query, saying("noise", "block-list-query"));
    push(lists, "dns_lookups", { hostname: query });
  }
  if (random.chance(0.03))
    push(lists, "dns_lookups", {
      hostname: `${random.int(11, 99)}.${random.int(1, 254)}.${random.int(1, 254)}.${random.int(1, 254)}`,
    });
  if (sandbox.hasGarbledIpv6 && random.chance(0.5)) {
    const garbled = `a83f:8110:${random.hex(4)}:${random.hex(4)}:${random.hex(4)}:${random.hex(4)}:${random.hex(4)}:${random.hex(4)}`;
    tell(internet.truth, "ipv6", garbled, saying("noise", "garbled-address"));
    tell(internet.truth, "endpoint", `[${garbled}]:443/tcp`, saying("noise", "garbled-address"));
    push(lists, "ip_traffic", flow(garbled, 443, "tcp"));
  }
}

/** Strings: no proof of contact. A real server's address may stand there cut off by its last digit. */
export function renderMemory({ contacts, random, internet }: ReportInput, lists: Lists): void {
  const junk = (type: "domain" | "ipv4" | "url", value: string) => {
    tell(internet.truth, type, value, saying("noise", "memory-junk"));
    if (type === "url") noteUrlHost(value, internet);
  };
  if (random.chance(0.42)) {
    for (const value of random.sample(MEMORY_JUNK.domains, random.int(1, 4))) {
      junk("domain", value);
      push(lists, "memory_pattern_domains", value);
    }
  }
  if (random.chance(0.24)) {
    for (const value of random.sample(MEMORY_JUNK.ips, random.int(1, 4))) {
      junk("ipv4", value);
      push(lists, "memory_pattern_ips", value);
    }
  }
  if (random.chance(0.5)) {
    for (const value of random.sample(MEMORY_JUNK.urls, random.int(1, 4))) {
      junk("url", value);
      push(lists, "memory_pattern_urls", value);
    }
  }
  for (const { host, address, port, isInMemory } of contacts) {
    if (host && isInMemory)
      push(lists, "memory_pattern_domains", random.chance(0.5) && port ? `${host.name}:${port}` : host.name);
    if (!host && address && !address.value.includes(":") && random.chance(0.1)) {
      const cut = address.value.slice(0, -1);
      junk("ipv4", cut);
      push(lists, "memory_pattern_ips", cut);
    }
  }
}

function noteUrlHost(url: string, internet: Internet): void {
  const host = /^[a-z]+:\/\/([^/:]+)(?::(\d+))?/.exec(url);
  if (!host?.[1]) return;
  for (const type of ["domain", "ipv4"] as const) tell(internet.truth, type, host[1], saying("noise", "memory-junk"));
}
