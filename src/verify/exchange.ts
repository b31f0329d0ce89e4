/**
 * Single conversations of synthetic traffic: one client, one server, a few messages, and the facts of what was said.
 * Which conversations prove a rule is decided elsewhere (see contacts.ts).
 */
import {
  clientHello,
  dnsQuery,
  dnsQueryOverTcp,
  dnsTextAnswer,
  type HttpRequest,
  httpRequest,
  httpResponse,
  serverHello,
  type TlsVersion,
} from "./messages.ts";
import { type Party, type Turn, tcpSession, tcpSyn, udpDatagrams } from "./pcap.ts";
import { quicInitial } from "./quic.ts";
import type { Facts } from "./target.ts";

/** One conversation of a client that is not chosen yet. */
export interface Exchange {
  /** In words, for reports: `DNS query for evil.top`. */
  readonly name: string;
  /** Whether the far side is IPv6: then the client is, too. */
  readonly isV6: boolean;
  readonly frames: (client: Party) => Uint8Array[];
}

/** One whose content the oracle knows. */
export interface KnownExchange extends Exchange {
  readonly facts: Facts;
}

/** How a name travels: over IPv4 by default. */
export interface Carrier {
  readonly isV6?: boolean;
  readonly port?: number;
}

/**
 * Far sides of exchanges where only the name counts, from the documentation ranges (RFC 5737, RFC 3849): no indicator
 * is one of them.
 */
const SERVERS = { v4: "192.0.2.34", v6: "2001:db8:34::34" } as const;
const RESOLVERS = { v4: "192.0.2.53", v6: "2001:db8:53::53" } as const;

const toServer = (payload: Uint8Array): Turn => ({ from: "client", payload });
const toClient = (payload: Uint8Array): Turn => ({ from: "server", payload });
const overV6 = (isV6: boolean): string => (isV6 ? " and IPv6" : "");

/** A DNS query over UDP or TCP. */
export function dnsExchange(
  name: string,
  transport: "udp" | "tcp" = "udp",
  { isV6 = false }: Carrier = {},
): KnownExchange {
  const server = { address: RESOLVERS[isV6 ? "v6" : "v4"], port: 53 };
  return {
    name: `DNS query for ${name} over ${transport}${overV6(isV6)}`,
    isV6,
    facts: { dns: name, server: { ...server, transport }, isEstablished: true },
    frames: (client) =>
      transport === "udp"
        ? udpDatagrams(client, server, [toServer(dnsQuery(name))])
        : tcpSession(client, server, [toServer(dnsQueryOverTcp(name))]),
  };
}

/** A DNS query for TXT records, whose answer holds a text. */
export function dnsTextExchange(name: string, text: string): KnownExchange {
  const server = { address: RESOLVERS.v4, port: 53 };
  return {
    name: `DNS answer for ${name} with the text ${text}`,
    isV6: false,
    facts: { dns: name, server: { ...server, transport: "udp" }, isEstablished: true },
    frames: (client) => udpDatagrams(client, server, [toServer(dnsQuery(name)), toClient(dnsTextAnswer(name, text))]),
  };
}

/** A TLS handshake with a server name, and with a certificate when given one (TLS 1.2). */
export function tlsExchange(
  serverName: string,
  version: TlsVersion = "1.2",
  certificate?: Uint8Array,
  carrier: Carrier = {},
): KnownExchange {
  return helloExchange(serverName, `TLS ${version} to ${serverName}`, {
    ...carrier,
    client: clientHello(serverName, version),
    server: serverHello(version, certificate),
    ...(certificate ? { certificate } : {}),
  });
}

interface Hellos extends Carrier {
  readonly client: Uint8Array;
  readonly server: Uint8Array;
  readonly certificate?: Uint8Array;
}

/** A TLS handshake made of given hellos. */
export function helloExchange(
  sni: string,
  name: string,
  { client: hello, server: answer, certificate, isV6 = false, port = 443 }: Hellos,
): KnownExchange {
  const server = { address: SERVERS[isV6 ? "v6" : "v4"], port };
  return {
    name: `${name}${isV6 ? " over IPv6" : ""}`,
    isV6,
    facts: {
      ...(sni === "" ? {} : { sni }),
      clientHello: hello,
      serverHello: answer,
      ...(certificate ? { certificate } : {}),
      server: { ...server, transport: "tcp" },
      isEstablished: true,
    },
    frames: (client) => tcpSession(client, server, [toServer(hello), toClient(answer)]),
  };
}

/** The first packet of a QUIC connection to a server name. */
export function quicExchange(serverName: string, { isV6 = false }: Carrier = {}): KnownExchange {
  const server = { address: SERVERS[isV6 ? "v6" : "v4"], port: 443 };
  return {
    name: `QUIC to ${serverName}${isV6 ? " over IPv6" : ""}`,
    isV6,
    facts: { quicSni: serverName, server: { ...server, transport: "udp" }, isEstablished: true },
    frames: (client) => udpDatagrams(client, server, [toServer(quicInitial(serverName))]),
  };
}

/** An HTTP request and its response. */
export function httpExchange(
  request: HttpRequest,
  port = 80,
  body?: Uint8Array,
  { isV6 = false }: Carrier = {},
): KnownExchange {
  const server = { address: SERVERS[isV6 ? "v6" : "v4"], port };
  const { host, target = "/", method = "GET", userAgent = "" } = request;
  const isProxied = target.startsWith("http:");
  const where = isProxied ? `${target} by a proxy` : `http://${host}${target}`;
  return {
    name: `HTTP ${method} ${where}${isV6 ? " over IPv6" : ""}${oddities(request)}`,
    isV6,
    facts: {
      http: { host, target, method, userAgent },
      server: { ...server, transport: "tcp" },
      isEstablished: true,
    },
    frames: (client) => tcpSession(client, server, [toServer(httpRequest(request)), toClient(httpResponse(body))]),
  };
}

/** What else a request carries, in words. */
function oddities({ userAgent, headers = [] }: HttpRequest): string {
  const parts = [
    ...(userAgent === undefined ? [] : [`user agent ${userAgent}`]),
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

/** A mail that a client hands to a server, which speaks first (RFC 5321). */
export function smtpExchange({ helo, from }: { readonly helo: string; readonly from: string }): KnownExchange {
  const server = { address: SERVERS.v4, port: 25 };
  const line = (text: string): Buffer => Buffer.from(`${text}\r\n`);
  const turns = [
    toClient(line("220 mail.benign.test ESMTP")),
    toServer(line(`EHLO ${helo}`)),
    toClient(line("250 mail.benign.test")),
    toServer(line(`MAIL FROM:<${from}>`)),
    toClient(line("250 OK")),
    toServer(line("QUIT")),
    toClient(line("221 Bye")),
  ];
  return {
    name: `SMTP EHLO ${helo}, MAIL FROM ${from}`,
    isV6: false,
    facts: { server: { ...server, transport: "tcp" }, isEstablished: true },
    frames: (client) => tcpSession(client, server, turns),
  };
}

/** A session with `rounds` questions and answers that are no known protocol. */
export function tcpExchange(server: Party, rounds = 20): KnownExchange {
  const turns = Array.from({ length: rounds }, (_, round) => [
    toServer(Buffer.from(`\u0000\u0001ping ${round}`)),
    toClient(Buffer.from(`\u0000\u0002pong ${round}`)),
  ]).flat();
  return addressExchange("TCP session with", server, "tcp", true, (client) => tcpSession(client, server, turns));
}

/** A connection attempt without an answer. */
export function synExchange(server: Party): KnownExchange {
  return addressExchange("TCP SYN to", server, "tcp", false, (client) => tcpSyn(client, server));
}

/** Ten datagrams to and fro. */
export function udpExchange(server: Party): KnownExchange {
  const turns = Array.from({ length: 10 }, (_, round) =>
    round % 2 === 0 ? toServer(Buffer.from(`\u0000ping ${round}`)) : toClient(Buffer.from(`\u0000pong ${round}`)),
  );
  return addressExchange("UDP with", server, "udp", true, (client) => udpDatagrams(client, server, turns));
}

function addressExchange(
  what: string,
  server: Party,
  transport: "tcp" | "udp",
  isEstablished: boolean,
  frames: Exchange["frames"],
): KnownExchange {
  const isV6 = server.address.includes(":");
  const shown = isV6 ? `[${server.address}]` : server.address;
  return {
    name: `${what} ${shown}:${server.port}`,
    isV6,
    facts: { server: { ...server, transport }, isEstablished },
    frames,
  };
}
