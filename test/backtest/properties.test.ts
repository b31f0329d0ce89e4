/** The backtest's look-ups against a matcher that compares every indicator with every event, as the rules are worded. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LogEvent } from "../../src/backtest/event.ts";
import { createMatcher } from "../../src/backtest/matcher.ts";
import type { Watched } from "../../src/backtest/watched.ts";
import { parseEndpoint, parseUrl } from "../../src/model/observable.ts";
import { jsonLines, run } from "./support.ts";

const label = fc.constantFrom("a", "b", "evil", "test", "xn--e1afmkfd");
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
const address = fc.constantFrom("203.0.113.7", "203.0.113.70", "2001:db8::7", "2001:db8::70");
const port = fc.constantFrom(80, 443, 8080);
const transport = fc.constantFrom("tcp", "udp");
const target = fc.constantFrom("/", "/a", "/A", "/a?b", "/a/");
const scheme = fc.constantFrom("http", "https");
const md5 = fc.constantFrom("a".repeat(32), "b".repeat(32));
const sha256 = fc.constantFrom("c".repeat(64), "d".repeat(64));
const sha1 = fc.constantFrom("1".repeat(40), "2".repeat(40));
const agent = fc.constantFrom("Quillet", "quillet", "Quillet/1");

function literal(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

const indicator: fc.Arbitrary<Watched> = fc.oneof(
  fc.record({
    type: fc.constant("domain" as const),
    value: name,
    scope: fc.constantFrom("host" as const, "subtree" as const),
  }),
  address.map((value): Watched => ({ type: value.includes(":") ? "ipv6" : "ipv4", value })),
  fc
    .tuple(address, port, transport)
    .map(([host, at, over]): Watched => ({ type: "endpoint", value: `${literal(host)}:${at}/${over}` })),
  fc.tuple(scheme, fc.oneof(name, address), target, fc.boolean()).map(
    ([own, host, path, isUrlOnly]): Watched => ({
      type: "url",
      value: `${own}://${literal(host)}${path}`,
      isUrlOnly,
    }),
  ),
  md5.map((value): Watched => ({ type: "ja3", value })),
  md5.map((value): Watched => ({ type: "ja3s", value })),
  fc.tuple(sha256, md5).map(([value, alias]): Watched => ({ type: "sha256", value, aliases: [alias] })),
  sha1.map((value): Watched => ({ type: "certificate", value })),
  agent.map((value): Watched => ({ type: "user-agent", value })),
);

const spelled = name.chain((own) => fc.constantFrom(own, own.toUpperCase(), `${own}.`));
const event: fc.Arbitrary<LogEvent> = fc.record(
  {
    client: address,
    clientPort: port,
    server: address,
    port,
    transport: fc.constantFrom("tcp" as const, "udp" as const),
    isFlow: fc.boolean(),
    isAnswered: fc.boolean(),
    names: fc.array(spelled, { maxLength: 2 }),
    serverName: spelled,
    request: fc.record(
      {
        scheme: fc.constantFrom("http" as const, "https" as const),
        host: fc.oneof(
          spelled,
          name.map((own) => `${own}:8080`),
          address.map(literal),
        ),
        target,
      },
      { requiredKeys: ["scheme", "host"] },
    ),
    userAgent: agent,
    ja3: md5,
    ja3s: md5,
    certificate: sha1.map((own) => (own.match(/../g) as string[]).join(":")),
    hashes: fc.array(fc.oneof(sha256, md5), { maxLength: 2 }),
  },
  { requiredKeys: [] },
);

function plainHost(host: string): string {
  if (host.startsWith("[")) return host.slice(1, host.indexOf("]"));
  return host
    .toLowerCase()
    .replace(/:[0-9]+$/, "")
    .replace(/\.$/, "");
}

/** Of one indicator and one event, by the words of the documents. */
function isHit(own: Watched, seen: LogEvent): boolean {
  const { request } = seen;
  const asked = [
    ...(seen.names ?? []),
    ...(seen.serverName ? [seen.serverName] : []),
    ...(request ? [request.host] : []),
  ].map(plainHost);
  const serverNames = [
    ...(seen.serverName ? [seen.serverName] : []),
    ...(request && request.target === undefined ? [request.host] : []),
  ].map(plainHost);
  const ends: (readonly [string | undefined, number | undefined])[] = [[seen.server, seen.port]];
  if (seen.isFlow && seen.isAnswered !== false) ends.push([seen.client, seen.clientPort]);
  switch (own.type) {
    case "domain":
      return asked.some((host) => host === own.value || (own.scope === "subtree" && host.endsWith(`.${own.value}`)));
    case "ipv4":
    case "ipv6":
      return ends.some(([at]) => at === own.value);
    case "endpoint": {
      const wanted = parseEndpoint(own.value);
      return ends.some(
        ([at, number]) => at === wanted.address && number === wanted.port && seen.transport === wanted.transport,
      );
    }
    case "url": {
      const wanted = parseUrl(own.value);
      const isHostOnly = wanted.target === "/" && !own.isUrlOnly;
      const isRequested =
        request?.target !== undefined &&
        request.scheme === wanted.scheme &&
        plainHost(request.host) === wanted.host &&
        (isHostOnly || request.target === wanted.target);
      const isNamed =
        wanted.scheme === "https" && !wanted.isAddress && !own.isUrlOnly && serverNames.includes(wanted.host);
      return isRequested || isNamed;
    }
    case "sha256":
      return (seen.hashes ?? []).some((hash) => hash === own.value || own.aliases?.includes(hash));
    case "certificate":
      return seen.certificate?.replaceAll(":", "") === own.value;
    case "user-agent":
      return seen.userAgent === own.value;
    default:
      return seen[own.type as "ja3" | "ja3s"] === own.value;
  }
}

function distinct(indicators: readonly Watched[]): Watched[] {
  return [...new Map(indicators.map((own) => [`${own.type} ${own.value}`, own])).values()];
}

describe("the matcher", () => {
  it("agrees with comparing everything with everything", () => {
    fc.assert(
      fc.property(fc.array(indicator, { maxLength: 12 }).map(distinct), event, (indicators, seen) => {
        const found: number[] = [];
        createMatcher(indicators).match(seen, (index) => found.push(index));
        const wanted = indicators.flatMap((own, at) => (isHit(own, seen) ? at : []));
        expect(found.sort((a, b) => a - b)).toEqual(wanted);
      }),
      { numRuns: 3000 },
    );
  });

  it("agrees over an eve.json, whatever the order of its members", async () => {
    const line = fc
      .tuple(spelled, fc.constantFrom("dns", "tls", "stats", "smtp"), fc.boolean(), fc.boolean())
      .map(([host, type, isFirst, isNested]) => {
        const own =
          type === "dns"
            ? { type: "query", rrname: host }
            : { sni: host, ...(isNested ? { event_type: "stats" } : {}) };
        return isFirst ? { event_type: type, [type]: own } : { [type]: own, event_type: type };
      });
    await fc.assert(
      fc.asyncProperty(
        fc.array(name, { maxLength: 6 }),
        fc.array(line, { minLength: 1, maxLength: 20 }),
        async (names, lines) => {
          const indicators = distinct(names.map((value) => ({ type: "domain", value, scope: "subtree" })));
          const { hits } = await run(indicators, [jsonLines(...lines)], { format: "eve" });
          const wanted = indicators.flatMap((own, at) => {
            const number = lines.filter((record) => {
              const {
                event_type: type,
                dns,
                tls,
              } = record as { event_type: string; dns?: { rrname: string }; tls?: { sni: string } };
              const host = type === "dns" ? dns?.rrname : type === "tls" ? tls?.sni : undefined;
              return host !== undefined && isHit(own, { names: [host] });
            }).length;
            return number === 0 ? [] : [[at, number]];
          });
          expect([...hits].map(([at, { hits: number }]) => [at, number]).sort(([a = 0], [b = 0]) => a - b)).toEqual(
            wanted,
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});
