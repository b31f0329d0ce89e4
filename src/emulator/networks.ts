/**
 * Address space of real operators, in whose ordinary ranges a world invents addresses. Rented machines (C2 servers,
 * small firms), access lines (dynamic DNS), front ends of content networks and of the big services.
 * Nothing here is contacted; which single address comes out of a range is the seed's.
 */
import type { Random } from "./random.ts";

export interface Network {
  readonly owner: string;
  readonly asn: number;
  readonly country: string;
  /** First and last IPv4 prefix bits that are invented in: `159.65.0.0/16`. */
  readonly prefixes: readonly string[];
  /** IPv6 /48 under which interface addresses are invented. */
  readonly ipv6?: string;
}

export const HOSTING: readonly Network[] = [
  {
    owner: "DIGITALOCEAN-ASN",
    asn: 14061,
    country: "US",
    prefixes: ["134.209.0.0/16", "159.65.0.0/16", "167.99.0.0/16", "206.189.0.0/16"],
    ipv6: "2604:a880:2",
  },
  {
    owner: "OVH SAS",
    asn: 16276,
    country: "FR",
    prefixes: ["51.38.0.0/16", "51.75.0.0/16", "54.36.0.0/16", "145.239.0.0/16"],
    ipv6: "2001:41d0:305",
  },
  {
    owner: "Hetzner Online GmbH",
    asn: 24940,
    country: "DE",
    prefixes: ["95.216.0.0/16", "116.202.0.0/16", "135.181.0.0/16", "168.119.0.0/16"],
    ipv6: "2a01:4f8:c17",
  },
  {
    owner: "AS-CHOOPA",
    asn: 20473,
    country: "US",
    prefixes: ["45.76.0.0/16", "149.28.0.0/16", "207.148.0.0/17", "155.138.128.0/17"],
    ipv6: "2001:19f0:7001",
  },
  {
    owner: "Akamai Connected Cloud",
    asn: 63949,
    country: "US",
    prefixes: ["172.104.0.0/16", "139.162.0.0/16", "45.33.0.0/17"],
    ipv6: "2a01:7e00:e000",
  },
  {
    owner: "M247 Europe SRL",
    asn: 9009,
    country: "RO",
    prefixes: ["146.70.0.0/16", "185.244.212.0/22", "37.120.128.0/17"],
  },
  {
    owner: "Contabo GmbH",
    asn: 51167,
    country: "DE",
    prefixes: ["167.86.64.0/18", "173.212.192.0/18", "161.97.64.0/18"],
  },
  {
    owner: "LeaseWeb Netherlands B.V.",
    asn: 60781,
    country: "NL",
    prefixes: ["85.17.0.0/16", "5.79.64.0/18", "95.211.0.0/16"],
  },
  {
    owner: "JSC Selectel",
    asn: 49505,
    country: "RU",
    prefixes: ["185.91.52.0/22", "95.213.128.0/17", "92.53.64.0/18"],
  },
  {
    owner: "Alexhost Srl",
    asn: 200019,
    country: "MD",
    prefixes: ["176.123.0.0/20", "91.208.162.0/24", "193.233.48.0/22"],
  },
];

/** Home and small office lines: where dynamic names point. */
export const ACCESS: readonly Network[] = [
  { owner: "Turk Telekom", asn: 9121, country: "TR", prefixes: ["78.160.0.0/12", "88.224.0.0/12"] },
  { owner: "Telefonica Brasil S.A", asn: 26599, country: "BR", prefixes: ["177.92.0.0/15", "189.46.0.0/15"] },
  { owner: "Telecom Algeria", asn: 36947, country: "DZ", prefixes: ["41.96.0.0/13", "105.96.0.0/13"] },
  {
    owner: "COLOMBIA TELECOMUNICACIONES S.A. ESP",
    asn: 3816,
    country: "CO",
    prefixes: ["181.128.0.0/13", "190.144.0.0/14"],
  },
];

/** Web servers with hundreds of small firms on one address. */
export const SHARED_HOSTING: readonly Network[] = [
  { owner: "UNIFIEDLAYER-AS-1", asn: 46606, country: "US", prefixes: ["162.241.0.0/16", "192.185.0.0/16"] },
  {
    owner: "Hostinger International Limited",
    asn: 47583,
    country: "LT",
    prefixes: ["153.92.0.0/20", "185.224.136.0/22"],
  },
  { owner: "GODADDY", asn: 398101, country: "US", prefixes: ["160.153.128.0/17", "184.168.96.0/19"] },
];

export type Operator = keyof typeof OPERATORS;

/** Front ends of the big services and content networks. */
export const OPERATORS = {
  cloudflare: {
    owner: "CLOUDFLARENET",
    asn: 13335,
    country: "US",
    prefixes: ["104.21.0.0/17", "172.67.128.0/17", "104.16.0.0/14"],
    ipv6: "2606:4700:3030",
  },
  akamai: {
    owner: "Akamai International B.V.",
    asn: 20940,
    country: "NL",
    prefixes: ["23.40.0.0/14", "23.52.0.0/14", "2.16.0.0/14"],
  },
  fastly: { owner: "FASTLY", asn: 54113, country: "US", prefixes: ["151.101.0.0/16", "199.232.0.0/16"] },
  cloudfront: {
    owner: "AMAZON-02",
    asn: 16509,
    country: "US",
    prefixes: ["13.224.0.0/14", "99.84.0.0/16", "143.204.0.0/16"],
  },
  edgecast: {
    owner: "EDGECAST",
    asn: 15133,
    country: "US",
    prefixes: ["192.229.211.0/24", "93.184.220.0/24", "152.199.4.0/24"],
  },
  microsoft: {
    owner: "MICROSOFT-CORP-MSN-AS-BLOCK",
    asn: 8075,
    country: "US",
    prefixes: ["13.107.21.0/24", "204.79.197.0/24", "20.190.159.0/24", "40.126.31.0/24"],
  },
  google: {
    owner: "GOOGLE",
    asn: 15169,
    country: "US",
    prefixes: ["142.250.0.0/16", "172.217.0.0/16", "216.58.192.0/19"],
    ipv6: "2a00:1450:4009",
  },
  apple: { owner: "APPLE-ENGINEERING", asn: 714, country: "US", prefixes: ["17.253.0.0/16"] },
  facebook: { owner: "FACEBOOK", asn: 32934, country: "US", prefixes: ["157.240.0.0/17"], ipv6: "2a03:2880:f11c" },
  telegram: { owner: "Telegram Messenger Inc", asn: 62041, country: "GB", prefixes: ["149.154.167.0/24"] },
  github: { owner: "GITHUB", asn: 36459, country: "US", prefixes: ["140.82.112.0/20"] },
  valve: { owner: "VALVE-CORPORATION", asn: 32590, country: "US", prefixes: ["155.133.248.0/21"] },
  canonical: { owner: "CANONICAL-AS", asn: 41231, country: "GB", prefixes: ["185.125.188.0/22", "91.189.91.0/24"] },
  yandex: { owner: "YANDEX LLC", asn: 13238, country: "RU", prefixes: ["77.88.55.0/24", "5.255.255.0/24"] },
  tencent: {
    owner: "Tencent Building, Kejizhongyi Avenue",
    asn: 45090,
    country: "CN",
    prefixes: ["113.96.202.0/24", "203.205.254.0/24"],
  },
  dropbox: { owner: "DROPBOX", asn: 19679, country: "US", prefixes: ["162.125.0.0/16"] },
  ntp: { owner: "NIST-ASN", asn: 49, country: "US", prefixes: ["132.163.96.0/23"] },
} as const satisfies Readonly<Record<string, Network>>;

/** An address out of one of the network's ranges; network and broadcast looking ends are left out. */
export function inventAddress(network: Network, random: Random): string {
  const [base = "0.0.0.0", length = "24"] = random.pick(network.prefixes).split("/");
  const first = toNumber(base);
  const size = 2 ** (32 - Number(length));
  const address = first + random.int(0, size - 1);
  const last = address % 256;
  return toText(last === 0 || last === 255 ? address - last + random.int(2, 253) : address);
}

/** An IPv6 address of the network, which must have a prefix. */
export function inventAddress6(network: Network, random: Random): string {
  const group = () => random.int(1, 0xffff).toString(16);
  return `${network.ipv6}::${group()}:${group()}`;
}

function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toText(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}
