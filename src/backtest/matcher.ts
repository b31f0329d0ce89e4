/**
 * Which indicators a log event hits, as the rules of this project would: names at label boundaries, URLs by exact host
 * and byte-exact path and query whatever the port, addresses at either end, endpoints by address, port and transport,
 * fingerprints, certificates, files and user agents exactly.
 *
 * Look-ups only: their cost does not grow with the number of indicators.
 */
import { domainToASCII } from "node:url";
import { canonicaliseAddress, isRejected } from "../model/canonical.ts";
import { parseEndpoint, parseUrl, type Transport } from "../model/observable.ts";
import type { LogEvent, LogRequest } from "./event.ts";
import type { Watched } from "./watched.ts";

/** Called with the index of an indicator; `isAddress` when only the far side's address or endpoint was seen. */
export type OnHit = (index: number, isAddress: boolean) => void;

export interface Matcher {
  /** An indicator is reported at most once for each event. */
  match(event: LogEvent, onHit: OnHit): void;
}

interface AtAddress {
  address?: number;
  endpoints?: Map<string, number>;
}

interface Index {
  readonly exactNames: Map<string, number>;
  readonly subtrees: Map<string, number>;
  /** Names of the log that are no indicator's and below none: logs repeat them, and each costs a look-up a label. */
  readonly strangers: Set<string>;
  readonly addresses: Map<string, AtAddress>;
  /** `host target` of http and https URLs whose path counts. */
  readonly http: Map<string, number>;
  readonly https: Map<string, number>;
  /** Hosts of URLs without a path: any request to them counts, any session with them. */
  readonly httpHosts: Map<string, number>;
  readonly httpsHosts: Map<string, number>;
  /** Hosts of https URLs, where a sensor sees no more than the server name. */
  readonly serverNames: Map<string, number[]>;
  readonly fingerprints: Readonly<Record<"ja3" | "ja3s" | "ja4", Map<string, number>>>;
  readonly certificates: Map<string, number>;
  readonly hashes: Map<string, number[]>;
  readonly userAgents: Map<string, number>;
  readonly sids: Map<number, number[]>;
}

export function createMatcher(indicators: readonly Watched[]): Matcher {
  const index = buildIndex(indicators);
  const hits: number[] = [];
  const byAddress: number[] = [];
  const addresses = new AddressCache();
  return {
    match(event, onHit) {
      hits.length = 0;
      byAddress.length = 0;
      if (event.names) for (const name of event.names) matchName(index, canonicalName(name), hits);
      if (event.serverName) matchServerName(index, canonicalName(event.serverName), hits);
      if (event.request) matchRequest(index, event.request, addresses, hits);
      matchArtefacts(index, event, hits);
      matchAddresses(index, event, addresses, byAddress);
      // Most events are about nobody.
      if (hits.length + byAddress.length === 0) return;
      for (const [at, hit] of hits.entries()) if (hits.indexOf(hit) === at) onHit(hit, false);
      for (const [at, hit] of byAddress.entries())
        if (byAddress.indexOf(hit) === at && !hits.includes(hit)) onHit(hit, true);
    },
  };
}

function buildIndex(indicators: readonly Watched[]): Index {
  const index: Index = {
    exactNames: new Map(),
    subtrees: new Map(),
    strangers: new Set(),
    addresses: new Map(),
    http: new Map(),
    https: new Map(),
    httpHosts: new Map(),
    httpsHosts: new Map(),
    serverNames: new Map(),
    fingerprints: { ja3: new Map(), ja3s: new Map(), ja4: new Map() },
    certificates: new Map(),
    hashes: new Map(),
    userAgents: new Map(),
    sids: new Map(),
  };
  for (const [at, indicator] of indicators.entries()) {
    addIndicator(index, indicator, at);
    for (const sid of indicator.sids ?? []) push(index.sids, sid, at);
  }
  return index;
}

function addIndicator(index: Index, indicator: Watched, at: number): void {
  const { type, value } = indicator;
  switch (type) {
    case "domain":
      (indicator.scope === "host" ? index.exactNames : index.subtrees).set(value, at);
      break;
    case "ipv4":
    case "ipv6":
      atAddress(index, value).address = at;
      break;
    case "endpoint": {
      const { address, port, transport } = parseEndpoint(value);
      const entry = atAddress(index, address);
      entry.endpoints ??= new Map();
      entry.endpoints.set(`${port}/${transport}`, at);
      break;
    }
    case "url":
      addUrl(index, indicator, at);
      break;
    case "sha256":
      for (const hash of [value, ...(indicator.aliases ?? [])]) push(index.hashes, hash, at);
      break;
    case "ja3":
    case "ja3s":
    case "ja4":
      index.fingerprints[type].set(value, at);
      break;
    case "certificate":
      index.certificates.set(value, at);
      break;
    case "user-agent":
      index.userAgents.set(value, at);
      break;
    default:
  }
}

function addUrl(index: Index, { value, isUrlOnly }: Watched, at: number): void {
  const { scheme, host, target, isAddress } = parseUrl(value);
  if (scheme !== "http" && scheme !== "https") return;
  const isHostOnly = target === "/" && !isUrlOnly;
  if (isHostOnly) setFirst(scheme === "http" ? index.httpHosts : index.httpsHosts, host, at);
  else setFirst(scheme === "http" ? index.http : index.https, `${host} ${target}`, at);
  if (scheme === "https" && !isUrlOnly && !isAddress) push(index.serverNames, host, at);
}

/** URLs that differ in their port only are one to a sensor: the first stands for all. */
function setFirst(map: Map<string, number>, key: string, at: number): void {
  if (!map.has(key)) map.set(key, at);
}

function atAddress({ addresses }: Index, address: string): AtAddress {
  const known = addresses.get(address);
  if (known) return known;
  const entry: AtAddress = {};
  addresses.set(address, entry);
  return entry;
}

function push<K>(map: Map<K, number[]>, key: K, at: number): void {
  const known = map.get(key);
  if (known) known.push(at);
  else map.set(key, [at]);
}

const MOST_STRANGERS = 65_536;

function matchName(index: Index, name: string, hits: number[]): void {
  const { strangers } = index;
  if (strangers.has(name)) return;
  const before = hits.length;
  lookUpName(index, name, hits);
  if (hits.length > before) return;
  if (strangers.size >= MOST_STRANGERS) strangers.clear();
  strangers.add(name);
}

function lookUpName({ exactNames, subtrees }: Index, name: string, hits: number[]): void {
  const exact = exactNames.get(name);
  if (exact !== undefined) hits.push(exact);
  if (subtrees.size === 0) return;
  for (let below = name; below !== ""; ) {
    const hit = subtrees.get(below);
    if (hit !== undefined) hits.push(hit);
    const dot = below.indexOf(".");
    if (dot === -1) return;
    below = below.slice(dot + 1);
  }
}

function matchServerName(index: Index, name: string, hits: number[]): void {
  matchName(index, name, hits);
  for (const hit of index.serverNames.get(name) ?? []) hits.push(hit);
}

function matchRequest(
  index: Index,
  { scheme, host, target }: LogRequest,
  addresses: AddressCache,
  hits: number[],
): void {
  const name = canonicalAuthority(host, addresses);
  if (target === undefined) {
    matchServerName(index, name, hits);
    return;
  }
  matchName(index, name, hits);
  const [urls, hosts] = scheme === "http" ? [index.http, index.httpHosts] : [index.https, index.httpsHosts];
  const atHost = hosts.get(name);
  if (atHost !== undefined) hits.push(atHost);
  if (urls.size === 0) return;
  const exact = urls.get(`${name} ${target}`);
  if (exact !== undefined) hits.push(exact);
}

function matchArtefacts(index: Index, event: LogEvent, hits: number[]): void {
  const one = (hit: number | undefined): void => {
    if (hit !== undefined) hits.push(hit);
  };
  if (event.userAgent && index.userAgents.size > 0) one(index.userAgents.get(event.userAgent.trim()));
  if (event.ja3) one(index.fingerprints.ja3.get(event.ja3.toLowerCase()));
  if (event.ja3s) one(index.fingerprints.ja3s.get(event.ja3s.toLowerCase()));
  if (event.ja4) one(index.fingerprints.ja4.get(event.ja4.toLowerCase()));
  if (event.certificate && index.certificates.size > 0)
    one(index.certificates.get(event.certificate.replaceAll(":", "").toLowerCase()));
  if (event.hashes && index.hashes.size > 0)
    for (const hash of event.hashes) for (const hit of index.hashes.get(hash.toLowerCase()) ?? []) hits.push(hit);
  if (event.sid !== undefined) for (const hit of index.sids.get(event.sid) ?? []) hits.push(hit);
}

/**
 * A rule for an address fires on what goes to it: on a connection to it, and on our answer to one from it. Of an
 * unanswered one nothing goes there.
 */
function matchAddresses({ addresses }: Index, event: LogEvent, cache: AddressCache, hits: number[]): void {
  if (addresses.size === 0) return;
  if (event.server) matchEnd(addresses.get(cache.canonical(event.server)), event.port, event.transport, hits);
  if (event.isFlow && event.client && event.isAnswered !== false)
    matchEnd(addresses.get(cache.canonical(event.client)), event.clientPort, event.transport, hits);
}

function matchEnd(
  at: AtAddress | undefined,
  port: number | undefined,
  transport: Transport | undefined,
  hits: number[],
): void {
  if (at === undefined) return;
  if (at.address !== undefined) hits.push(at.address);
  const endpoint = at.endpoints?.get(`${port}/${transport}`);
  if (endpoint !== undefined) hits.push(endpoint);
}

/** Lower case, A-labels, no trailing dot. */
function canonicalName(raw: string): string {
  const last = raw.length - 1;
  const name = (raw.charCodeAt(last) === 0x2e ? raw.slice(0, last) : raw).toLowerCase();
  return /[\u0080-\uffff]/.test(name) ? domainToASCII(name) : name;
}

/** The host of a Host header or a URL: without port and brackets, an IPv6 address in canonical form. */
function canonicalAuthority(raw: string, addresses: AddressCache): string {
  const colon = raw.indexOf(":");
  if (colon === -1) return canonicalName(raw);
  if (raw.startsWith("[")) return addresses.canonical(raw.slice(1, raw.indexOf("]")));
  return raw.indexOf(":", colon + 1) === -1 ? canonicalName(raw.slice(0, colon)) : addresses.canonical(raw);
}

const MOST_CACHED = 4096;

/** Canonical addresses: engines write IPv6 in full groups, and a log repeats its own hosts. */
class AddressCache {
  readonly #known = new Map<string, string>();

  canonical(raw: string): string {
    if (!raw.includes(":")) return raw;
    const known = this.#known.get(raw);
    if (known !== undefined) return known;
    const address = canonicaliseAddress(raw);
    const text = isRejected(address) ? raw : address.value;
    if (this.#known.size >= MOST_CACHED) this.#known.clear();
    this.#known.set(raw, text);
    return text;
  }
}

/** The same for what is printed. */
export function canonicalClient(raw: string): string {
  const address = canonicaliseAddress(raw);
  return isRejected(address) ? raw : address.value;
}
