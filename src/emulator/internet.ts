/**
 * The servers of a world: hosts, their addresses and URLs, with what is true of them. Samples contact these; the
 * domain, ip_address and url objects are made of them (network-objects.ts).
 */
import { canonicaliseUrl, isRejected } from "../model/canonical.ts";
import { HOSTING, inventAddress, inventAddress6, type Network, OPERATORS, type Operator } from "./networks.ts";
import type { Random } from "./random.ts";
import { type Label, openTruthBook, type Saying, type TruthBook } from "./truth.ts";

export interface Address {
  readonly value: string;
  readonly network: Network;
  readonly saying: Saying;
  readonly detections: number;
}

export interface Rank {
  readonly rank: number;
  /** Epoch seconds. */
  readonly timestamp: number;
}

export interface Host {
  readonly name: string;
  readonly saying: Saying;
  /** None: the name does not resolve. */
  readonly addresses: readonly Address[];
  /** Epoch seconds of registration; absent below other people's suffixes. */
  readonly createdAt?: number;
  readonly detections: number;
  readonly ranks: Readonly<Record<string, Rank>>;
  readonly registrar?: string;
}

export interface Url {
  readonly value: string;
  readonly saying: Saying;
  readonly detections: number;
}

export interface HostInput {
  readonly name: string;
  readonly saying: Saying;
  readonly addresses: readonly Address[];
  readonly createdAt?: number | undefined;
  readonly detections?: number;
  readonly ranks?: Readonly<Record<string, Rank>>;
  readonly registrar?: string;
}

export interface Internet {
  readonly truth: TruthBook;
  readonly hosts: ReadonlyMap<string, Host>;
  readonly addresses: ReadonlyMap<string, Address>;
  readonly urls: ReadonlyMap<string, Url>;
  /** The host of that name, made when there is none yet. */
  host(input: HostInput): Host;
  /** A new address that nothing else in the world has. */
  rent(network: Network, saying: Saying, random: Random, detections?: number, isIpv6?: boolean): Address;
  /** One of a few front-end addresses that an operator's customers share. */
  frontEnd(operator: Operator, saying: Saying, random: Random): Address;
  /** An address known by its number. */
  known(value: string, network: Network, saying: Saying): Address;
  /** A URL; answers undefined when it has no canonical form. */
  url(raw: string, saying: Saying, detections?: number): Url | undefined;
}

/** Front-end addresses an operator has in one world: few, so that strangers meet on them. */
const FRONT_ENDS = 14;

export function openInternet(): Internet {
  const truth = openTruthBook();
  const hosts = new Map<string, Host>();
  const addresses = new Map<string, Address>();
  const urls = new Map<string, Url>();
  const fronts = new Map<Operator, Address[]>();

  const noteAddress = (value: string, saying: Saying) => truth.note("ipv4", value, saying);
  const add = (address: Address): Address => {
    addresses.set(address.value, address);
    noteAddress(address.value, address.saying);
    return address;
  };

  return {
    truth,
    hosts,
    addresses,
    urls,
    host(input) {
      const before = hosts.get(input.name);
      if (before) return before;
      const { createdAt, ...rest } = input;
      const host: Host = { detections: 0, ranks: {}, ...rest, ...(createdAt === undefined ? {} : { createdAt }) };
      hosts.set(host.name, host);
      truth.note("domain", host.name, host.saying);
      return host;
    },
    rent(network, saying, random, detections = 0, isIpv6 = false) {
      for (;;) {
        const value = isIpv6 ? inventAddress6(network, random) : inventAddress(network, random);
        if (!addresses.has(value)) return add({ value, network, saying, detections });
      }
    },
    frontEnd(operator, saying, random) {
      const pool = fronts.get(operator) ?? [];
      fronts.set(operator, pool);
      const at = random.int(0, FRONT_ENDS - 1);
      // Whose customers meet on an address is known only in the end: the truth book keeps the most forceful saying.
      const known = pool[at];
      if (known) {
        noteAddress(known.value, saying);
        return { ...known, saying };
      }
      const network: Network = OPERATORS[operator];
      const address = add({ value: unusedAddress(network, addresses, random), network, saying, detections: 0 });
      pool[at] = address;
      return address;
    },
    known(value, network, saying) {
      return addresses.get(value) ?? add({ value, network, saying, detections: 0 });
    },
    url(raw, saying, detections = 0) {
      const canonical = canonicaliseUrl(raw);
      if (isRejected(canonical)) return undefined;
      const before = urls.get(canonical.value);
      if (before) return before;
      const url: Url = { value: canonical.value, saying, detections };
      urls.set(url.value, url);
      truth.note("url", url.value, saying);
      return url;
    },
  };
}

function unusedAddress(network: Network, addresses: ReadonlyMap<string, Address>, random: Random): string {
  for (;;) {
    const value = inventAddress(network, random);
    if (!addresses.has(value)) return value;
  }
}

/** A place in rented space. */
export function hosting(random: Random): Network {
  return random.pick(HOSTING);
}

export function saying(label: Label, what: string, family?: string): Saying {
  return { label, class: what, ...(family === undefined ? {} : { family }) };
}
