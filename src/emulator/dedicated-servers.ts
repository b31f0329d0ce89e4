/** Servers that belong to the malware: registered names, rented addresses, tunnels and generated names. */

import { age, alert, type CampaignInput, type Contact, detections, type Maker, ranks, selfSigned } from "./contact.ts";
import { type Host, hosting, saying } from "./internet.ts";
import { c2Domain, generatedDomain, lookalikeDomain, urlPath, word } from "./names.ts";

function dedicated(input: CampaignInput, name: string, what: string): Host {
  const { internet, random, family } = input;
  const own = saying("malicious", what, family.name);
  const ranked = ranks(input);
  const isRanked = Object.hasOwn(ranked, "Cisco Umbrella");
  const addresses = [
    internet.rent(hosting(random), saying("malicious", "c2-address", family.name), random, detections(input, 1, 9)),
  ];
  if (random.chance(0.08)) {
    const network = hosting(random);
    if (network.ipv6)
      addresses.push(
        internet.rent(network, saying("malicious", "c2-address", family.name), random, random.int(0, 3), true),
      );
  }
  return internet.host({
    name,
    saying: own,
    addresses,
    createdAt: age(input),
    detections: isRanked ? random.int(6, 12) : detections(input),
    ranks: ranked,
    registrar: random.pick([
      "NameCheap, Inc.",
      "PDR Ltd.",
      "NICENIC INTERNATIONAL GROUP CO., LIMITED",
      "GoDaddy.com, LLC",
    ]),
  });
}

export function web(input: CampaignInput, host: Host, extra: Partial<Contact> = {}, isPanel = true): Contact {
  const { random, family } = input;
  const isTls = random.chance(0.45);
  const address = random.pick(host.addresses);
  return {
    host,
    ...(address ? { address } : {}),
    port: isTls ? 443 : 80,
    transport: "tcp",
    url: `${isTls ? "https" : "http"}://${host.name}${urlPath(random, isPanel)}`,
    method: isPanel ? "POST" : "GET",
    userAgent: family.userAgent,
    ...(isTls ? { ja3: family.ja3 } : {}),
    ...extra,
  };
}

/** One way in over each address: a sandbox with IPv6 takes that. */
function overEach(input: CampaignInput, host: Host, extra: Partial<Contact> = {}): Contact[] {
  return host.addresses.map((address) => web(input, host, { address, ...extra }));
}

export const panel: Maker = (input) =>
  overEach(input, dedicated(input, c2Domain(input.random), "c2-domain"), {
    alert: alert(input, "CnC Checkin"),
    isInMemory: input.random.chance(0.4),
  });

export const lookalike: Maker = (input) =>
  overEach(input, dedicated(input, lookalikeDomain(input.random), "lookalike-domain"));

/** The server's own address is hidden behind a front end that strangers share. */
export const fronted: Maker = (input) => {
  const { internet, random, family } = input;
  const front = () => internet.frontEnd("cloudflare", saying("context", "cdn-address"), random);
  const host = internet.host({
    name: c2Domain(random),
    saying: saying("malicious", "c2-domain-behind-cdn", family.name),
    addresses: [front(), front()],
    createdAt: age(input),
    detections: detections(input),
    ranks: ranks(input),
    registrar: "NameCheap, Inc.",
  });
  return [web(input, host, { alert: alert(input, "Domain in TLS SNI") })];
};

export const directAddress: Maker = (input) => {
  const { internet, random, family } = input;
  const address = internet.rent(
    hosting(random),
    saying("malicious", "c2-address", family.name),
    random,
    detections(input, 2, 14),
  );
  const port = random.pick([443, 8080, 7080, 449, 4433, 2222, 995, 8443, 10_443, 20_000 + random.int(0, 9999)]);
  return [
    {
      address,
      port,
      transport: "tcp",
      certificate: selfSigned(input),
      ja3: family.ja3,
      alert: alert(input, "CnC Server Address"),
    },
  ];
};

/** Plain HTTP to an address and a port. */
export const directUrl: Maker = (input) => {
  const { internet, random, family } = input;
  const address = internet.rent(
    hosting(random),
    saying("malicious", "c2-address", family.name),
    random,
    detections(input, 2, 12),
  );
  const port = random.pick([80, 8080, 8888, 1337, random.int(3000, 60_000)]);
  const url = `http://${address.value}${port === 80 ? "" : `:${port}`}${urlPath(random, random.chance(0.6))}`;
  return [{ address, port, transport: "tcp", url, method: "GET", userAgent: family.userAgent }];
};

/** Payload URLs on a few dedicated servers, more of them than an embedded relationship shows. */
export const payloads: Maker = (input) => {
  const host = dedicated(input, c2Domain(input.random), "payload-domain");
  return Array.from({ length: 12 }, () => web(input, host, {}, false));
};

/** Data carried in names: the parent is wanted, the names below it are its payload. */
export const tunnel: Maker = (input) => {
  const { internet, random, family } = input;
  const parent = c2Domain(random).split(".").slice(-2).join(".");
  const base = internet.host({
    name: `${word(random, 2)}${parent}`,
    saying: saying("malicious", "dns-tunnel", family.name),
    addresses: [],
    createdAt: age(input),
    detections: random.int(3, 9),
  });
  // Nobody asks for the parent itself; so many names below it show it all the same.
  internet.truth.show("domain", base.name);
  return Array.from({ length: 18 }, () => ({
    host: internet.host({
      name: `${random.text(random.int(24, 40), "abcdefghijklmnopqrstuvwxyz234567")}.${random.int(1, 9)}.${base.name}`,
      saying: saying("context", "tunnel-payload", family.name),
      addresses: [],
    }),
  }));
};

/** Generated names: most were never registered, one answers. */
export const generated: Maker = (input) => {
  const { internet, random, family } = input;
  const dead = Array.from({ length: 22 }, () => ({
    host: internet.host({
      name: generatedDomain(random),
      saying: saying("context", "generated-unregistered", family.name),
      addresses: [],
    }),
  }));
  return [...dead, ...overEach(input, dedicated(input, generatedDomain(random), "generated-domain"))];
};
