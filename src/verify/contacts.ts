/**
 * The traffic that proves one target: exchanges on each of which a rule for it must fire once, and exchanges that only
 * look like it, above, beside and around.
 */
import ipaddr from "ipaddr.js";
import {
  dnsExchange,
  dnsTextExchange,
  httpExchange,
  type KnownExchange,
  quicExchange,
  smtpExchange,
  synExchange,
  tcpExchange,
  tlsExchange,
  udpExchange,
} from "./exchange.ts";
import { mixedCase } from "./messages.ts";
import type { AddressTarget, NameTarget, NameView, RequestTarget, Target } from "./target.ts";

const ELSEWHERE = "unrelated.example";

/** Every exchange must raise one alert; none when the target cannot be contacted by made traffic. */
export function contactsOf(target: Target): KnownExchange[] {
  switch (target.view) {
    case "dns":
    case "tls":
    case "quic":
    case "http-host":
      return namesOf(target).flatMap((name) => nameContacts(target, name));
    case "http-uri":
      return requestContacts(target);
    case "address":
      return addressContacts(target);
    case "user-agent":
      return [
        httpExchange({ host: ELSEWHERE, userAgent: target.userAgent }),
        httpExchange({ host: ELSEWHERE, userAgent: target.userAgent, method: "POST", target: "/x" }, 8080, undefined, {
          isV6: true,
        }),
      ];
    default:
      return [];
  }
}

/** Names in the target's scope: itself and one far below. */
function namesOf({ host, scope }: NameTarget): string[] {
  const below = `a.b-1.${host}`;
  if (scope === "host" || !fitsDns(below)) return [host];
  return scope === "below" ? [below] : [host, below];
}

function nameContacts({ view, transport }: NameTarget, name: string): KnownExchange[] {
  switch (view) {
    case "dns":
      return [
        ...(transport === "tcp" ? [] : [dnsExchange(name), dnsExchange(mixedCase(name), "udp", { isV6: true })]),
        ...(transport === "udp" ? [] : [dnsExchange(mixedCase(name), "tcp")]),
      ];
    case "tls":
      return [tlsExchange(name), tlsExchange(mixedCase(name), "1.3", undefined, { isV6: true })];
    case "quic":
      return [quicExchange(name), quicExchange(mixedCase(name), { isV6: true })];
    case "http-host":
      return [
        httpExchange({ host: name }),
        httpExchange({ host: `${name}:8080`, target: "/any", method: "POST" }, 8080, undefined, { isV6: true }),
        httpExchange({ host: mixedCase(name) }),
        httpExchange({ host: name, target: `http://${name}/any` }, 3128),
      ];
  }
}

function requestContacts({ host, port, target, proxied, method = "GET" }: RequestTarget): KnownExchange[] {
  const named = port === undefined ? host : `${host}:${port}`;
  const request = { host: named, target, method };
  return [
    httpExchange(request, port ?? 80),
    httpExchange({ ...request, method: method === "GET" ? "POST" : method }, port ?? 80, undefined, { isV6: true }),
    ...(proxied ? [httpExchange({ ...request, target: `http://${named}${target}` }, 3128)] : []),
  ].filter(({ facts }) => method === "GET" || facts.http?.method === method);
}

const ANY_PORT = { tcp: 443, udp: 9999 } as const;

function addressContacts({ address, port, transports, onSyn }: AddressTarget): KnownExchange[] {
  const inside = firstIn(address);
  return transports.flatMap((transport) => {
    const server = { address: inside, port: port ?? ANY_PORT[transport] };
    if (transport === "udp") return [udpExchange(server)];
    return [tcpExchange(server), ...(onSyn ? [synExchange(server)] : [])];
  });
}

/** No rule for the target may fire on any. Some may be contacts of another target: the oracle tells. */
export function lookAlikesOf(target: Target): KnownExchange[] {
  switch (target.view) {
    case "dns":
    case "tls":
    case "quic":
    case "http-host":
      return nameLookAlikes(target);
    case "http-uri":
      return requestLookAlikes(target);
    case "address":
      return addressLookAlikes(target);
    case "user-agent":
      return [
        ...[`${target.userAgent}x`, `x${target.userAgent}`, target.userAgent.slice(0, -1)].map((userAgent) =>
          httpExchange({ host: ELSEWHERE, userAgent }),
        ),
        httpExchange({ host: ELSEWHERE, headers: [["X-Agent", target.userAgent]] }),
      ];
    default:
      return [];
  }
}

/** Names above, beside and around a name, and the name where it is not one. */
function nameLookAlikes({ view, host, scope }: NameTarget): KnownExchange[] {
  const parent = host.slice(host.indexOf(".") + 1);
  const names = [
    ...[`not${host}`, `x-${host}`, `${host}.benign.test`, `${host}x`, `${host.replaceAll(".", "-")}.example`],
    ...(parent.includes(".") ? [parent, `sibling-of.${parent}`] : []),
    ...(scope === "host" ? [`www.${host}`, `a.b-1.${host}`] : []),
  ];
  const beside = names.filter((name) => name !== host && fitsDns(name)).map((name) => plainExchange(view, name));
  if (view === "dns") return [...beside, dnsTextExchange(ELSEWHERE, host)];
  if (view !== "http-host") return beside;
  return [
    ...beside,
    ...[
      { host: ELSEWHERE, target: `/?u=http://${host}/` },
      { host: ELSEWHERE, target: `/${host}/` },
      { host: ELSEWHERE, headers: [["Referer", `http://${host}/`]] as const },
      { host: ELSEWHERE, headers: [["X-Forwarded-Host", host]] as const },
      { host: ELSEWHERE, userAgent: host },
    ].map((request) => httpExchange(request)),
    smtpExchange({ helo: host, from: `someone@${host}` }),
  ];
}

function plainExchange(view: NameView, name: string): KnownExchange {
  if (view === "dns") return dnsExchange(name);
  if (view === "tls") return tlsExchange(name);
  return view === "quic" ? quicExchange(name) : httpExchange({ host: name });
}

export function fitsDns(name: string): boolean {
  return name.length <= 253 && name.split(".").every((label) => label.length <= 63);
}

function requestLookAlikes({ host, port, target }: RequestTarget): KnownExchange[] {
  const named = port === undefined ? host : `${host}:${port}`;
  const path = target.split("?")[0] as string;
  const others = [
    `${target}x`,
    `/x${target}`,
    "/",
    target.slice(0, -1) || "/",
    path,
    `${target}${target.includes("?") ? "&" : "?"}x=1`,
  ];
  const hosts = host.startsWith("[") ? [ELSEWHERE] : [ELSEWHERE, `not${host}`, `www.${host}`, `${host}.benign.test`];
  return [
    ...[...new Set(others)]
      .filter((other) => other !== target)
      .map((other) => httpExchange({ host: named, target: other }, port ?? 80)),
    ...hosts.map((other) => httpExchange({ host: other, target })),
    httpExchange({ host: ELSEWHERE, target: `/?u=http://${named}${target}` }),
    httpExchange({ host: ELSEWHERE, headers: [["Referer", `http://${named}${target}`]] }),
  ];
}

function addressLookAlikes({ address, port, transports }: AddressTarget): KnownExchange[] {
  const inside = firstIn(address);
  const usual = port ?? ANY_PORT.tcp;
  const beside = neighbours(address).map((other) => tcpExchange({ address: other, port: usual }, 1));
  const mentioned = httpExchange({ host: ELSEWHERE, headers: [["X-Forwarded-For", inside]] });
  if (port === undefined) return [...beside, mentioned];
  const other = port === 65_535 ? port - 1 : port + 1;
  return [
    tcpExchange({ address: inside, port: other }, 1),
    udpExchange({ address: inside, port: other }),
    ...(transports.includes("udp") ? [] : [udpExchange({ address: inside, port })]),
    ...(transports.includes("tcp") ? [] : [tcpExchange({ address: inside, port }, 1)]),
    ...beside,
    mentioned,
  ];
}

/** The address, or the first host of a network. */
function firstIn(network: string): string {
  const [first, last] = rangeOf(network);
  return fromNumber(first === last ? first : first + 1n, network.includes(":"));
}

/** The addresses just below and above; those that no host has are left out. */
function neighbours(network: string): string[] {
  const isV6 = network.includes(":");
  const [first, last] = rangeOf(network);
  const most = (1n << (isV6 ? 128n : 32n)) - 1n;
  return [first - 1n, last + 1n]
    .filter((value) => value > 0n && value < most)
    .map((value) => fromNumber(value, isV6))
    .filter((address) => ["unicast", "reserved"].includes(ipaddr.parse(address).range()));
}

function rangeOf(network: string): [bigint, bigint] {
  const [address = "", bits] = network.split("/");
  const parsed = ipaddr.parse(address);
  const width = BigInt(8 * parsed.toByteArray().length);
  const value = parsed.toByteArray().reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const size = 1n << (width - BigInt(bits ?? width));
  const first = (value / size) * size;
  return [first, first + size - 1n];
}

function fromNumber(value: bigint, isV6: boolean): string {
  const bytes = Array.from({ length: isV6 ? 16 : 4 }, (_, index) =>
    Number((value >> BigInt(8 * ((isV6 ? 15 : 3) - index))) & 255n),
  );
  return ipaddr.fromByteArray(bytes).toString();
}
