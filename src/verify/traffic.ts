/**
 * Captures of synthetic traffic: every exchange has a client address of its own, so one replay covers thousands of
 * targets and each alert leads back to its exchange; and the traffic that proves a whole indicator.
 *
 * This module runs no engine (see engine.ts). It cannot make a file or a certificate with a given hash, nor a hello
 * with a given fingerprint: those rules are not provable by replay.
 */
import type { HostScope } from "../model/indicator.ts";
import { type ObservableType, parseEndpoint, parseUrl } from "../model/observable.ts";
import { contactsOf, lookAlikesOf } from "./contacts.ts";
import type { Exchange, KnownExchange } from "./exchange.ts";
import { type Party, pcapFile } from "./pcap.ts";
import type { NameView, Target } from "./target.ts";

export {
  dnsExchange,
  type Exchange,
  httpExchange,
  type KnownExchange,
  quicExchange,
  synExchange,
  tcpExchange,
  tlsExchange,
  udpExchange,
} from "./exchange.ts";

/** What of an indicator decides its traffic. */
export interface Contacted {
  readonly type: ObservableType;
  readonly value: string;
  readonly scope?: HostScope;
}

/** Exchanges in each of which at least one rule of the indicator must fire; none when it is not provable so. */
export function contactExchanges(contacted: Contacted): KnownExchange[] {
  return targetsOf(contacted).flatMap(contactsOf);
}

/** Exchanges that only look like the indicator: no rule of it may fire. */
export function lookAlikeExchanges(contacted: Contacted): KnownExchange[] {
  return targetsOf(contacted).flatMap(lookAlikesOf);
}

const NAME_VIEWS: readonly NameView[] = ["dns", "tls", "quic", "http-host"];

/** What a sensor can see of an indicator; empty for what leaves no trace of its own on the wire. */
export function targetsOf({ type, value, scope = "host" }: Contacted): Target[] {
  switch (type) {
    case "domain":
      return NAME_VIEWS.map((view) => ({ view, host: value, scope }));
    case "ipv4":
    case "ipv6":
      return [{ view: "address", address: value, transports: ["tcp", "udp"], onSyn: true }];
    case "endpoint": {
      const { address, port, transport } = parseEndpoint(value);
      return [{ view: "address", address, port, transports: [transport], onSyn: true }];
    }
    case "url":
      return urlTargets(value);
    case "user-agent":
      return [{ view: "user-agent", userAgent: value }];
    case "ja3":
    case "ja3s":
    case "ja4":
    case "certificate":
      return [{ view: type, hash: value }];
    case "sha256":
      return [{ view: "file", hash: value }];
    default:
      return [];
  }
}

function urlTargets(value: string): Target[] {
  const url = parseUrl(value);
  const host = url.host.includes(":") ? `[${url.host}]` : url.host;
  if (url.scheme === "https") return url.isAddress ? [] : [{ view: "tls", host, scope: "host" }];
  if (url.scheme !== "http") return [];
  if (url.target === "/") return [{ view: "http-host", host, scope: "host" }];
  const port = url.port === undefined ? {} : { port: url.port };
  return [{ view: "http-uri", host, target: url.target, proxied: false, ...port }];
}

/** The synthetic clients' networks; an engine's HOME_NET must be these. */
export const CLIENT_NETWORKS = ["10.0.0.0/8", "fd00::/8"] as const;

/** A capture and which client had which exchange. */
export interface Capture<E extends Exchange = Exchange> {
  readonly pcap: Buffer;
  readonly byClient: ReadonlyMap<string, E>;
}

/** Gives every exchange a client of its own; at most 16 million. */
export function capture<E extends Exchange>(exchanges: Iterable<E>): Capture<E> {
  const byClient = new Map<string, E>();
  const frames: Uint8Array[] = [];
  let index = 0;
  for (const exchange of exchanges) {
    index += 1;
    const client = clientParty(index, exchange.isV6);
    byClient.set(client.address, exchange);
    for (const packet of exchange.frames(client)) frames.push(packet);
  }
  return { pcap: pcapFile(frames), byClient };
}

/** The client of the exchange with a number from 1 on. */
export function clientParty(index: number, isV6: boolean): Party {
  const [high, middle, low] = [(index >> 16) & 255, (index >> 8) & 255, index & 255];
  const port = 49_152 + (index % 16_000);
  return isV6
    ? { address: `fd00::1:${((high << 8) | middle).toString(16)}:${low.toString(16)}`, port }
    : { address: `10.${high}.${middle}.${low}`, port };
}

/** The number of a client, or undefined for an address that is none; `fd00::1:x:y` in any spelling. */
export function clientIndex(address: string): number | undefined {
  const v4 = /^10\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  if (v4) return (Number(v4[1]) << 16) | (Number(v4[2]) << 8) | Number(v4[3]);
  const v6 = /^fd00:.*:0*1:([0-9a-f]+):([0-9a-f]+)$/i.exec(address);
  return v6 ? (Number.parseInt(v6[1] as string, 16) << 8) | Number.parseInt(v6[2] as string, 16) : undefined;
}
