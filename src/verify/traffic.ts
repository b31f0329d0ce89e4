/**
 * Synthetic traffic for proving rules: the packets of a client that contacts an indicator, and of one that contacts
 * something that only looks like it. Every exchange has a client address of its own, so one replay covers thousands
 * of indicators and each alert leads back to its exchange.
 *
 * This module runs no engine (see suricata.ts). It cannot make a file or a certificate with a given hash, nor a hello
 * with a given fingerprint: those rules are not provable by replay.
 */
import type { HostScope } from "../model/indicator.ts";
import { type ObservableType, parseEndpoint, parseUrl, type UrlParts } from "../model/observable.ts";
import {
  clientHello,
  dnsQuery,
  dnsQueryOverTcp,
  type HttpRequest,
  httpRequest,
  httpResponse,
  mixedCase,
  serverHello,
  type TlsVersion,
} from "./messages.ts";
import { type Party, pcapFile, type Turn, tcpSession, tcpSyn, udpDatagrams } from "./pcap.ts";

/** What of an indicator decides its traffic. */
export interface Contacted {
  readonly type: ObservableType;
  readonly value: string;
  readonly scope?: HostScope;
}

/** One conversation of a client that is not chosen yet. */
export interface Exchange {
  /** In words, for reports: `DNS query for evil.top`. */
  readonly name: string;
  /** Whether the far side is IPv6: then the client is, too. */
  readonly isV6: boolean;
  readonly frames: (client: Party) => Uint8Array[];
}

/** The synthetic clients' networks; an engine's HOME_NET must be these. */
export const CLIENT_NETWORKS = ["10.0.0.0/8", "fd00::/8"] as const;

/** Public addresses of nobody's interest, for exchanges where only the name counts. */
const SERVER_ADDRESS = "45.83.12.34";
const RESOLVER_ADDRESS = "45.83.12.53";

const toServer = (payload: Uint8Array): Turn => ({ from: "client", payload });
const toClient = (payload: Uint8Array): Turn => ({ from: "server", payload });

/** A DNS query over UDP or TCP. */
export function dnsExchange(name: string, transport: "udp" | "tcp" = "udp"): Exchange {
  const server = { address: RESOLVER_ADDRESS, port: 53 };
  return {
    name: `DNS query for ${name} over ${transport}`,
    isV6: false,
    frames: (client) =>
      transport === "udp"
        ? udpDatagrams(client, server, [toServer(dnsQuery(name))])
        : tcpSession(client, server, [toServer(dnsQueryOverTcp(name))]),
  };
}

/** A TLS handshake with a server name, and with a certificate when given one (TLS 1.2). */
export function tlsExchange(serverName: string, version: TlsVersion = "1.2", certificate?: Uint8Array): Exchange {
  const turns = [toServer(clientHello(serverName, version)), toClient(serverHello(version, certificate))];
  return {
    name: `TLS ${version} to ${serverName}`,
    isV6: false,
    frames: (client) => tcpSession(client, { address: SERVER_ADDRESS, port: 443 }, turns),
  };
}

/** An HTTP request and its response. */
export function httpExchange(request: HttpRequest, port = 80, body?: Uint8Array): Exchange {
  const turns = [toServer(httpRequest(request)), toClient(httpResponse(body))];
  return {
    name: `HTTP ${request.method ?? "GET"} http://${request.host}${request.target ?? "/"}`,
    isV6: false,
    frames: (client) => tcpSession(client, { address: SERVER_ADDRESS, port }, turns),
  };
}

/** A session with `rounds` questions and answers that are no known protocol. */
export function tcpExchange(server: Party, rounds = 20): Exchange {
  const turns = Array.from({ length: rounds }, (_, round) => [
    toServer(Buffer.from(`\u0000\u0001ping ${round}`)),
    toClient(Buffer.from(`\u0000\u0002pong ${round}`)),
  ]).flat();
  return addressExchange(`TCP session with ${describeParty(server)}`, server, (client) =>
    tcpSession(client, server, turns),
  );
}

/** A connection attempt without an answer. */
export function synExchange(server: Party): Exchange {
  return addressExchange(`TCP SYN to ${describeParty(server)}`, server, (client) => tcpSyn(client, server));
}

/** Ten datagrams to and fro. */
export function udpExchange(server: Party): Exchange {
  const turns = Array.from({ length: 10 }, (_, round) =>
    round % 2 === 0 ? toServer(Buffer.from(`\u0000ping ${round}`)) : toClient(Buffer.from(`\u0000pong ${round}`)),
  );
  return addressExchange(`UDP with ${describeParty(server)}`, server, (client) => udpDatagrams(client, server, turns));
}

function addressExchange(name: string, server: Party, frames: Exchange["frames"]): Exchange {
  return { name, isV6: server.address.includes(":"), frames };
}

function describeParty({ address, port }: Party): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Exchanges in each of which at least one rule of the indicator must fire; none when it is not provable so. */
export function contactExchanges({ type, value, scope }: Contacted): Exchange[] {
  switch (type) {
    case "domain":
      return [value, ...(scope === "subtree" ? [`a.b-1.${value}`] : [])].flatMap(hostExchanges);
    case "ipv4":
    case "ipv6":
      return [tcpExchange({ address: value, port: 443 }), udpExchange({ address: value, port: 9999 })];
    case "endpoint": {
      const { transport, ...server } = parseEndpoint(value);
      return transport === "tcp" ? [tcpExchange(server), synExchange(server)] : [udpExchange(server)];
    }
    case "url":
      return urlExchanges(parseUrl(value));
    case "user-agent":
      return [httpExchange({ host: "unrelated.example", userAgent: value })];
    default:
      return [];
  }
}

function hostExchanges(host: string): Exchange[] {
  return [
    dnsExchange(host),
    dnsExchange(mixedCase(host)),
    dnsExchange(host, "tcp"),
    tlsExchange(host, "1.2"),
    tlsExchange(mixedCase(host), "1.3"),
    httpExchange({ host }),
    httpExchange({ host: `${host}:8080`, target: "/any", method: "POST" }, 8080),
  ];
}

function urlExchanges(url: UrlParts): Exchange[] {
  if (url.scheme === "https") return url.isAddress ? [] : [tlsExchange(url.host), tlsExchange(url.host, "1.3")];
  if (url.scheme !== "http") return [];
  const request = { host: hostHeader(url), target: url.target };
  const port = url.port ?? 80;
  return [httpExchange(request, port), httpExchange({ ...request, method: "POST" }, port)];
}

/** What a client puts into Host: brackets around IPv6, the port when it is not the default. */
function hostHeader({ host, port }: UrlParts): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return port === undefined ? name : `${name}:${port}`;
}

/** Exchanges that only look like the indicator: no rule of it may fire. */
export function lookAlikeExchanges({ type, value, scope }: Contacted): Exchange[] {
  switch (type) {
    case "domain":
      return domainLookAlikes(value, scope);
    case "ipv4":
    case "ipv6":
      return neighbours(value).flatMap((address) => [tcpExchange({ address, port: 443 }, 1)]);
    case "endpoint": {
      const { transport, address, port } = parseEndpoint(value);
      const other = port === 65_535 ? port - 1 : port + 1;
      return [
        ...[tcpExchange, udpExchange].map((exchange) => exchange({ address, port: other })),
        transport === "tcp" ? udpExchange({ address, port }) : tcpExchange({ address, port }, 1),
        ...neighbours(address).map((neighbour) => tcpExchange({ address: neighbour, port }, 1)),
      ];
    }
    case "url":
      return urlLookAlikes(parseUrl(value));
    case "user-agent":
      return [`${value}x`, `x${value}`, value.slice(0, -1)].map((userAgent) =>
        httpExchange({ host: "unrelated.example", userAgent }),
      );
    default:
      return [];
  }
}

/** Names above, beside and around a name. */
function domainLookAlikes(name: string, scope: HostScope | undefined): Exchange[] {
  const parent = name.slice(name.indexOf(".") + 1);
  const names = [`not${name}`, `x-${name}`, `${name}.example`, `${name}x`, `${name.replaceAll(".", "-")}.example`];
  if (scope !== "subtree") names.push(`www.${name}`);
  if (parent.includes(".")) names.push(parent, `sibling-of.${parent}`);
  return [
    ...names.filter(fitsDns).flatMap(hostExchanges),
    ...[
      { host: "unrelated.example", target: `/?u=http://${name}/` },
      { host: "unrelated.example", headers: [["Referer", `http://${name}/`]] as const },
      { host: "unrelated.example", headers: [["X-Host", name]] as const },
      { host: "unrelated.example", userAgent: name },
    ].map((request) => httpExchange(request)),
  ];
}

function fitsDns(name: string): boolean {
  return name.length <= 253 && name.split(".").every((label) => label.length <= 63);
}

function urlLookAlikes(url: UrlParts): Exchange[] {
  const host = hostHeader(url);
  if (url.scheme === "https") {
    if (url.isAddress) return [];
    return [`not${url.host}`, `www.${url.host}`, `${url.host}.example`]
      .filter(fitsDns)
      .map((name) => tlsExchange(name));
  }
  if (url.scheme !== "http") return [];
  const { target } = url;
  const elsewhere = httpExchange({ host: "unrelated.example", target });
  if (target === "/") return [elsewhere, httpExchange({ host: `not${host}` })];
  return [
    elsewhere,
    ...[`${target}x`, `/x${target}`, "/", target.slice(0, -1) || "/"]
      .filter((other) => other !== target)
      .map((other) => httpExchange({ host, target: other })),
    ...[`not${host}`, `www.${host}`].map((other) => httpExchange({ host: other, target })),
    httpExchange({ host: "unrelated.example", target: `/?u=http://${host}${target}` }),
    httpExchange({ host: "unrelated.example", headers: [["Referer", `http://${host}${target}`]] }),
  ];
}

/** The addresses just below and above. */
function neighbours(address: string): string[] {
  const isV6 = address.includes(":");
  const at = Math.max(address.lastIndexOf(":"), address.lastIndexOf("."));
  const last = Number.parseInt(address.slice(at + 1) || "0", isV6 ? 16 : 10);
  return [last - 1, last + 1]
    .filter((value) => value > 0 && value < (isV6 ? 0xffff : 255))
    .map((value) => `${address.slice(0, at + 1)}${value.toString(isV6 ? 16 : 10)}`);
}

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

function clientParty(index: number, isV6: boolean): Party {
  const [high, middle, low] = [(index >> 16) & 255, (index >> 8) & 255, index & 255];
  const port = 49_152 + (index % 16_000);
  return isV6
    ? { address: `fd00::1:${((high << 8) | middle).toString(16)}:${low.toString(16)}`, port }
    : { address: `10.${high}.${middle}.${low}`, port };
}
