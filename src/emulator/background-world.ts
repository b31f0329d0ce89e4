/**
 * The honest part of a world: the well-known background, the shared platforms, and invented makers of honest software,
 * old and young, that benign samples (and bundles with malware) contact.
 */
import { BACKGROUND, type BackgroundSet, PLATFORMS, TENANT_SUFFIXES } from "./background-traffic.ts";
import type { Certificate, Contact } from "./contact.ts";
import { type Address, type Host, hosting, type Internet, type Rank, saying } from "./internet.ts";
import { softwareDomain, tenantLabel, word } from "./names.ts";
import { OPERATORS } from "./networks.ts";
import { DAY } from "./objects.ts";
import { type Random, seededRandom } from "./random.ts";

export interface BackgroundWorld {
  /** Something every machine does. */
  draw(random: Random): Contact;
  /** What a maker's software does: it asks each of the maker's hosts. */
  vendorContacts(vendor: number, random: Random): Contact[];
  readonly vendors: number;
  /** A young service with real visitors, bundled with everything. */
  youngPopular(random: Random): Contact;
  platformVisit(random: Random): Contact;
  /** The certificate a host shows, always the same. */
  certificateOf(host: Host): Certificate;
  /** A report shows an address of the machine's own network. */
  noteLocal(address: string, port: number, transport: "tcp" | "udp"): void;
  /** A hash that unrelated samples drop. */
  commonFile(random: Random): string;
}

interface BackgroundInput {
  readonly internet: Internet;
  readonly random: Random;
  /** Epoch seconds of the world's first sample and of its end. */
  readonly start: number;
  readonly end: number;
  readonly vendors: number;
}

export function createBackground(input: BackgroundInput): BackgroundWorld {
  const { internet, random } = input;
  const sets = BACKGROUND.map((set) => ({ set, hosts: set.hosts.map((name) => wellKnown(name, set, input)) }));
  const wheel = sets.flatMap((entry) => Array.from({ length: entry.set.weight }, () => entry));
  const platforms = PLATFORMS.map((platform) => ({
    platform,
    host: createPlatform(platform.host, platform.operator, platform.rank, input),
  }));
  const vendors = Array.from({ length: input.vendors }, () => createVendor(input));
  const young = Array.from({ length: 4 }, () => createYoungService(input));
  const files = Array.from({ length: 12 }, () => random.hex(64));
  const certificates = new Map<string, Certificate>();

  return {
    vendors: vendors.length,
    draw(own) {
      const { set, hosts } = own.pick(wheel);
      return contactOf(set, own.pick(hosts), own);
    },
    vendorContacts: (vendor, own) =>
      (vendors[vendor % vendors.length] as Host[]).map((host) => visit(host, `/${word(own, 2)}/version.json`, own)),
    youngPopular: (own) => visit(own.pick(young), "/", own),
    platformVisit(own) {
      const { platform, host } = own.pick(platforms);
      return visit(host, platform.benign.replaceAll("@", "a"), own);
    },
    certificateOf(host) {
      const known = certificates.get(host.name);
      if (known) return known;
      const own = seededRandom(`certificate ${host.name}`);
      const certificate = {
        subject: host.name,
        issuer: own.pick(["R11", "DigiCert TLS RSA SHA256 2020 CA1", "WE1"]),
        serial: own.hex(32),
        thumbprint: own.hex(40),
      };
      certificates.set(host.name, certificate);
      return certificate;
    },
    noteLocal(address, port, transport) {
      const host = address.includes(":") ? `[${address}]` : address;
      for (const [type, value] of [
        ["ipv4", address],
        ["endpoint", `${host}:${port}/${transport}`],
      ] as const) {
        internet.truth.note(type, value, saying("noise", "local-address"));
        internet.truth.show(type, value);
      }
    },
    commonFile(own) {
      const hash = own.pick(files);
      internet.truth.note("sha256", hash, saying("noise", "common-file"));
      internet.truth.show("sha256", hash);
      return hash;
    },
  };
}

function wellKnown(name: string, set: BackgroundSet, { internet, random, start }: BackgroundInput): Host {
  const own = saying("noise", set.class);
  const operator = set.operator === "hosting" ? "akamai" : set.operator;
  const addresses = Array.from({ length: random.int(1, 3) }, () => internet.frontEnd(operator, own, random));
  if (random.chance(0.08) && operator === "google")
    addresses.push(internet.rent(OPERATORS.google, own, random, 0, true));
  return internet.host({
    name,
    saying: own,
    addresses,
    createdAt: random.int(700_000_000, 1_300_000_000),
    detections: random.chance(0.12) ? 1 : 0,
    ranks: random.chance(0.85) ? freshRanks(set.rank * random.int(1, 30), start, random) : {},
    registrar: "MarkMonitor Inc.",
  });
}

/** What a popular name has: fresh sources beside leftovers of sources that ended years ago. */
function freshRanks(rank: number, at: number, random: Random): Record<string, Rank> {
  return {
    "Cisco Umbrella": { rank, timestamp: at + random.int(0, 5) * DAY },
    ...(random.chance(0.6)
      ? { Majestic: { rank: rank * random.int(1, 9), timestamp: at + random.int(0, 5) * DAY } }
      : {}),
    ...(random.chance(0.4)
      ? {
          "Cloudflare Radar": {
            rank: [200, 1000, 5000, 50_000, 500_000].find((bucket) => bucket >= rank) ?? 1_000_000,
            timestamp: at,
          },
        }
      : {}),
    ...(random.chance(0.4) ? { Alexa: { rank: rank * random.int(1, 4), timestamp: 1_684_083_480 } } : {}),
    ...(random.chance(0.2) ? { Quantcast: { rank: rank * random.int(1, 4), timestamp: 1_585_841_705 } } : {}),
  };
}

function contactOf(set: BackgroundSet, host: Host, random: Random): Contact {
  const address = random.pick(host.addresses);
  const path = set.paths ? random.pick(set.paths) : undefined;
  const isNamed = random.chance(0.25);
  if (isNamed) return { host };
  const port = set.port ?? (path ? 80 : 443);
  return {
    host,
    ...(address ? { address } : {}),
    port,
    transport: set.transport ?? "tcp",
    ...(set.port ? {} : { url: path ? `http://${host.name}${path}` : `https://${host.name}/`, method: "GET" }),
    ...(set.userAgent ? { userAgent: set.userAgent } : {}),
  };
}

function createPlatform(
  name: string,
  operator: keyof typeof OPERATORS,
  rank: number,
  { internet, random, start }: BackgroundInput,
): Host {
  const own = saying("noise", "platform");
  return internet.host({
    name,
    saying: own,
    addresses: Array.from({ length: 2 }, () => internet.frontEnd(operator, own, random)),
    createdAt: random.int(900_000_000, 1_450_000_000),
    detections: random.int(0, 2),
    ranks: freshRanks(rank, start, random),
    registrar: "MarkMonitor Inc.",
  });
}

/** A maker of honest software with an update host, a site and a bucket at a provider. */
function createVendor({ internet, random, start }: BackgroundInput): Host[] {
  const domain = softwareDomain(random);
  const own = saying("noise", "honest-software");
  const isFronted = random.chance(0.4);
  const address = (): Address =>
    isFronted ? internet.frontEnd("cloudflare", own, random) : internet.rent(hosting(random), own, random);
  const createdAt = start - random.int(500, 6000) * DAY;
  const ranks = random.chance(0.7) ? freshRanks(random.int(8_000, 600_000), start, random) : {};
  const { suffix, operator } = random.pick(TENANT_SUFFIXES);
  const named = (name: string) =>
    internet.host({
      name,
      saying: own,
      addresses: [address()],
      createdAt,
      ranks,
      detections: random.chance(0.06) ? 1 : 0,
      registrar: "GoDaddy.com, LLC",
    });
  const bucket = internet.host({
    name: `${tenantLabel(random)}.${suffix}`,
    saying: saying("noise", "honest-tenant"),
    addresses: [internet.frontEnd(operator, own, random)],
  });
  return [named(`update.${domain}`), named(`www.${domain}`), ...(random.chance(0.5) ? [bucket] : [])];
}

/** Registered last month, and already among the most visited: young is not malicious. */
function createYoungService({ internet, random, start }: BackgroundInput): Host {
  const own = saying("noise", "young-popular");
  return internet.host({
    name: `${random.pick(["www", "app", "api"])}.${word(random, 3)}.${random.pick(["ai", "app", "io", "com"])}`,
    saying: own,
    addresses: [internet.frontEnd(random.pick(["cloudflare", "fastly", "cloudfront"] as const), own, random)],
    createdAt: start - random.int(15, 60) * DAY,
    ranks: freshRanks(random.int(2_000, 60_000), start, random),
    registrar: "Cloudflare, Inc.",
  });
}

function visit(host: Host, path: string, random: Random): Contact {
  const address = random.pick(host.addresses);
  return {
    host,
    ...(address ? { address } : {}),
    port: 443,
    transport: "tcp",
    url: `https://${host.name}${path}`,
    method: "GET",
    userAgent: "Updater/1.0",
  };
}
