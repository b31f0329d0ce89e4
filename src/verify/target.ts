/**
 * What a rule stands for, and the oracle of the proof: whether an exchange truly contacts it. The oracle reads the
 * facts an exchange was made from, never packets and never a rule's text, so it cannot share a mistake with a rule.
 */
import ipaddr from "ipaddr.js";
import type { Transport } from "../model/observable.ts";
import { ja3, ja3s, sha1 } from "./fingerprints.ts";

/** The name itself, only names below it, or both. */
export type NameScope = "host" | "below" | "subtree";

/** Where a name is looked for. */
export type NameView = "dns" | "tls" | "quic" | "http-host";

/** Marks that only a whole session, file or certificate has: nothing that has a given one can be made. */
export type MarkView = "ja3" | "ja3s" | "ja4" | "certificate" | "file";

export interface NameTarget {
  readonly view: NameView;
  readonly host: string;
  readonly scope: NameScope;
  /** DNS rules of Snort are one for each transport; default both. */
  readonly transport?: Transport;
}

export interface RequestTarget {
  readonly view: "http-uri";
  /** As in a URL, IPv6 in brackets. */
  readonly host: string;
  /** Port in the Host header, when the rule wants one. */
  readonly port?: number;
  /** Path and query, byte for byte. */
  readonly target: string;
  /** Whether requests to a proxy, whose target is the whole URL, are matched too. */
  readonly proxied: boolean;
  /** Only requests with it; default any. */
  readonly method?: string;
}

export interface AddressTarget {
  readonly view: "address";
  /** An address or a network, `198.51.100.0/24`. */
  readonly address: string;
  /** Default any. */
  readonly port?: number;
  readonly transports: readonly Transport[];
  /** False when the rule waits for an established session. */
  readonly onSyn: boolean;
}

export interface UserAgentTarget {
  readonly view: "user-agent";
  readonly userAgent: string;
}

export interface MarkTarget {
  readonly view: MarkView;
  /** Lower hex without colons, or a JA4. */
  readonly hash: string;
}

export type Target = NameTarget | RequestTarget | AddressTarget | UserAgentTarget | MarkTarget;

/** What an exchange is, as the one who made it knows it. */
export interface Facts {
  readonly dns?: string;
  readonly sni?: string;
  readonly quicSni?: string;
  readonly http?: {
    readonly host: string;
    readonly target: string;
    readonly method: string;
    readonly userAgent: string;
  };
  readonly clientHello?: Uint8Array;
  readonly serverHello?: Uint8Array;
  readonly certificate?: Uint8Array;
  readonly server: { readonly address: string; readonly port: number; readonly transport: Transport };
  /** Whether the server answered the opening of the connection. */
  readonly isEstablished: boolean;
}

/** Whether the exchange contacts the target. */
export function contacts(target: Target, facts: Facts): boolean {
  switch (target.view) {
    case "dns":
      return (target.transport ?? facts.server.transport) === facts.server.transport && holds(target, facts.dns);
    case "tls":
      return holds(target, facts.sni);
    case "quic":
      return holds(target, facts.quicSni);
    case "http-host":
      return facts.http !== undefined && holds(target, requestHost(facts.http).host);
    case "http-uri":
      return facts.http !== undefined && isRequestFor(target, facts.http);
    case "address":
      return isContactTo(target, facts);
    case "user-agent":
      return facts.http?.userAgent.trim() === target.userAgent;
    default:
      return hasMark(target, facts);
  }
}

/** Whether a name, of any case, is in the target's scope. */
function holds({ host, scope }: NameTarget, name: string | undefined): boolean {
  if (name === undefined) return false;
  const plain = name.toLowerCase();
  return (scope !== "below" && plain === host) || (scope !== "host" && plain.endsWith(`.${host}`));
}

type Request = NonNullable<Facts["http"]>;

/** Host without port, port and path of a request; those of an absolute target win (RFC 9112 section 3.2.2). */
function requestHost({ host, target }: Request): { host: string; port: string; target: string } {
  const absolute = /^http:\/\/([^/?]*)(.*)$/s.exec(target);
  const authority = (absolute?.[1] ?? host).toLowerCase();
  const [, name = authority, port = ""] = /^(\[[^\]]*\]|[^:]*):([0-9]+)$/.exec(authority) ?? [];
  return { host: name, port, target: absolute ? (absolute[2] as string) || "/" : target };
}

function isRequestFor({ host, port, target, proxied, method }: RequestTarget, http: Request): boolean {
  const asked = requestHost(http);
  return (
    asked.host === host &&
    asked.target === target &&
    (proxied || http.target === target) &&
    (method === undefined || method === http.method) &&
    (port === undefined || asked.port === String(port))
  );
}

function isContactTo({ address, port, transports, onSyn }: AddressTarget, { server, isEstablished }: Facts): boolean {
  return (
    transports.includes(server.transport) &&
    (port === undefined || port === server.port) &&
    (onSyn || isEstablished) &&
    isInNetwork(server.address, address)
  );
}

/** Whether an address is another or in a network. */
export function isInNetwork(address: string, network: string): boolean {
  if (!network.includes("/")) return address === network;
  const [own, [base, bits]] = [ipaddr.parse(address), ipaddr.parseCIDR(network)];
  return own.kind() === base.kind() && own.match(base, bits);
}

function hasMark({ view, hash }: MarkTarget, { clientHello, serverHello, certificate }: Facts): boolean {
  if (view === "ja3") return clientHello !== undefined && ja3(clientHello) === hash;
  if (view === "ja3s") return serverHello !== undefined && ja3s(serverHello) === hash;
  if (view === "certificate") return certificate !== undefined && sha1(certificate) === hash;
  return false;
}

/** A short name for reports: `dns evil.example and below`. */
export function describeTarget(target: Target): string {
  switch (target.view) {
    case "http-uri":
      return `http-uri http://${target.host}${target.port === undefined ? "" : `:${target.port}`}${target.target}`;
    case "address": {
      const { address, port, transports } = target;
      const shown = port !== undefined && address.includes(":") ? `[${address}]` : address;
      return port === undefined ? `address ${shown}` : `endpoint ${shown}:${port}/${transports.join("+")}`;
    }
    case "user-agent":
      return `user-agent ${target.userAgent}`;
    case "dns":
    case "tls":
    case "quic":
    case "http-host":
      return `${target.view} ${target.host}${target.scope === "host" ? "" : target.scope === "below" ? ", only below" : " and below"}`;
    default:
      return `${target.view} ${target.hash}`;
  }
}
