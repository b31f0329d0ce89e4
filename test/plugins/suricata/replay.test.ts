import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect } from "vitest";
import { metadataValue } from "../../../plugins/shared/ids/rule-text.ts";
import { suricata } from "../../../plugins/suricata/index.ts";
import { type Indicator, indicatorKey } from "../../../src/model/indicator.ts";
import type { ObservableType } from "../../../src/model/observable.ts";
import { exampleIndicator, type RenderedFiles, render } from "../../../src/testing.ts";
import { clientHello } from "../../../src/verify/messages.ts";
import { tcpSyn } from "../../../src/verify/pcap.ts";
import {
  contactExchanges,
  type Exchange,
  httpExchange,
  lookAlikeExchanges,
  tlsExchange,
} from "../../../src/verify/traffic.ts";
import { itNeeds } from "../../support/engines.ts";
import { analyseFiles, assertLoads, FILE_RULES, firing, play, rulesIn } from "./support.ts";

interface Proof extends Exchange {
  readonly indicator: Indicator;
  readonly isContact: boolean;
}

function proofsOf(indicator: Indicator): Proof[] {
  return [
    ...contactExchanges(indicator).map((exchange) => ({ ...exchange, indicator, isContact: true })),
    ...lookAlikeExchanges(indicator).map((exchange) => ({ ...exchange, indicator, isContact: false })),
  ];
}

/** sid → the `ioc_id` of its rule. */
function indicatorIds(files: RenderedFiles): Map<number, string> {
  return new Map(
    rulesIn(files).map((rule) => [Number(/sid:(\d+)/.exec(rule)?.[1]), /ioc_id ([^,;]+)/.exec(rule)?.[1] ?? ""]),
  );
}

/** Renders, loads, replays contacts and look-alikes; returns what is not as it should be. */
async function prove(indicators: Indicator[]): Promise<{ faults: string[]; contacts: number; lookAlikes: number }> {
  const { files, skipped } = await render(suricata, indicators);
  expect(skipped).toEqual([]);
  await assertLoads(files);
  const ids = indicatorIds(files);
  const played = await play(files, indicators.flatMap(proofsOf));
  const faults = played.flatMap(({ exchange: { indicator, isContact, name }, alerts }) => {
    const raised = alerts.map(({ sid }) => ids.get(sid));
    const expected = isContact ? [metadataValue(indicatorKey(indicator), 256)] : [];
    return JSON.stringify(raised) === JSON.stringify(expected) ? [] : [`${name}: ${raised.join(", ") || "silent"}`];
  });
  const contacts = played.filter(({ exchange }) => exchange.isContact).length;
  const fired = new Set(played.flatMap(({ alerts }) => alerts.map(({ sid }) => sid)));
  expect([...ids.keys()].filter((sid) => !fired.has(sid))).toEqual([]);
  return { faults, contacts, lookAlikes: played.length - contacts };
}

const many = (type: ObservableType, values: readonly string[]) =>
  values.map((value) => exampleIndicator(type, { value }));
const count = <T>(length: number, make: (index: number) => T) => Array.from({ length }, (_, index) => make(index));

describe("replay of own traffic", () => {
  itNeeds("suricata")("every rule for a name fires on its own traffic, none on a look-alike", async () => {
    const subtrees = many("domain", [
      ...count(60, (index) => `h${index}.zone${index}.top`),
      "xn--80ak6aa92e.com",
      "_dmarc.under-score.net",
      `${"a".repeat(63)}.${"b".repeat(63)}.long.org`,
      "a.io",
    ]);
    const hosts = count(40, (index) =>
      exampleIndicator("domain", { value: `cdn${index}.host${index}.net`, scope: "host" }),
    );
    const { faults, contacts, lookAlikes } = await prove([...subtrees, ...hosts]);
    expect(faults).toEqual([]);
    expect(contacts).toBe(64 * 22 + 40 * 11);
    expect(lookAlikes).toBeGreaterThan(3000);
  });

  itNeeds("suricata")(
    "an address or endpoint alerts once in a session of 20 exchanges, its neighbours never",
    async () => {
      const { faults, contacts } = await prove([
        ...many(
          "ipv4",
          count(40, (index) => `45.32.${index}.9`),
        ),
        ...many(
          "ipv6",
          count(20, (index) => `2a01:4f8:c17:${(index + 1).toString(16)}::2`),
        ),
        ...many(
          "endpoint",
          count(40, (index) => `91.92.${index}.7:${8000 + index}/${index % 2 === 0 ? "tcp" : "udp"}`),
        ),
        ...many("endpoint", ["[2a01:4f8:ffff::9]:443/tcp", "[2a01:4f8:fffe::9]:53/udp", "91.93.1.1:65535/tcp"]),
      ]);
      expect(faults).toEqual([]);
      expect(contacts).toBe(40 * 3 + 20 * 3 + 20 * 3 + 4 + 1);
    },
  );

  itNeeds("suricata")("a URL matches exactly its path, query and host, whatever bytes it holds", async () => {
    const target = fc
      .array(fc.constantFrom(..."abcXYZ019;:'\"|\\(){}[]<>`^~!$%&*+,-./=?@_".split("")), { maxLength: 40 })
      .map((letters) => `/${letters.join("")}`)
      .filter((path) => path !== "/");
    const targets = [
      ...["/gate.php?id=1", "/a;b", "/a%20b?x=%41", "/A/../b", "//a//b", "/a\\b", "/caf%C3%A9", "/%ZZ", "/?", "/x?"],
      ...["/a%2Fb", "/a%u0041", "/a+b", '/"quoted"', "/|pipe|", "/(x)", "/?u=http://other.top/"],
      ...fc.sample(target, { numRuns: 150, seed: 20_261_124 }),
    ];
    const hosts = (index: number) =>
      index % 10 === 0 ? `45.77.${index}.1` : index % 10 === 1 ? `u${index}.top:8080` : `u${index}.top`;
    const { faults } = await prove([
      ...many(
        "url",
        targets.map((path, index) => `http://${hosts(index)}${path}`),
      ),
      ...many("url", ["http://[2a01:4f8::9]/v6", "http://slash.top/", "https://secure.top/hidden/path?x=1"]),
      exampleIndicator("url", { value: `http://long.top/${"a".repeat(3999)}` }),
    ]);
    expect(faults).toEqual([]);
  });

  itNeeds("suricata")("a user agent matches exactly", async () => {
    const random = fc
      .string({ unit: "grapheme", minLength: 2, maxLength: 60 })
      .filter((text) => text.trim() === text && text.length > 1 && !/[\u0000-\u001f\u007f]/.test(text));
    const { faults } = await prove(
      many("user-agent", [
        ...new Set([
          "Quillet/1.4 (loader)",
          'a"b;c|d\\e',
          "agent: x, y",
          ...fc.sample(random, { numRuns: 80, seed: 7 }),
        ]),
      ]),
    );
    expect(faults).toEqual([]);
  });

  itNeeds("suricata")("fingerprints and certificates fire on theirs, in the right direction", async () => {
    const hello = clientHello("print.example", "1.2");
    const certificate = Buffer.from(CERTIFICATE, "base64");
    const { files } = await render(suricata, [
      exampleIndicator("ja3", { value: ja3(hello) }),
      exampleIndicator("ja4", { value: ja4(hello) }),
      // 771,49199,11: the synthetic server's version, cipher and extensions.
      exampleIndicator("ja3s", { value: createHash("md5").update("771,49199,11").digest("hex") }),
      exampleIndicator("certificate", { value: createHash("sha1").update(certificate).digest("hex") }),
    ]);
    await assertLoads(files);
    const played = await play(files, [tlsExchange("print.example", "1.2", certificate), tlsExchange("", "1.3")]);
    const kinds = played.map(({ alerts }) => alerts.map(({ message }) => message.split(" ").slice(1, 3).join(" ")));
    expect(kinds.map((list) => list.sort())).toEqual([
      ["JA3 quillet", "JA3S quillet", "JA4 quillet", "TLS certificate"],
      [],
    ]);
  });

  itNeeds("suricata")("a downloaded file fires by its SHA-256, another byte does not", async () => {
    const body = Buffer.from("MZ quillet payload ".repeat(400));
    const value = createHash("sha256").update(body).digest("hex");
    const { files } = await render(suricata, [exampleIndicator("sha256", { value })]);
    const download = (bytes: Buffer) => httpExchange({ host: "files.example", target: "/a.exe" }, 80, bytes);
    const played = await play(files, [download(body), download(body.subarray(1))], FILE_RULES);
    expect(played.map(({ alerts }) => alerts.map(({ message }) => message))).toEqual([
      ["RULEWRIGHT file known by SHA-256, over http"],
      [],
    ]);
  });
});

describe("what the engine makes of the rules", () => {
  itNeeds("suricata")("addresses are checked once per flow, names are found by their own pattern", async () => {
    const types = [
      "domain",
      "ipv4",
      "ipv6",
      "endpoint",
      "url",
      "ja3",
      "ja3s",
      "ja4",
      "certificate",
      "user-agent",
    ] as const;
    const { files } = await render(
      suricata,
      types.map((type) => exampleIndicator(type)),
    );
    const analysis = await analyseFiles(files);
    expect(analysis.flatMap(({ warnings }) => warnings)).toEqual([]);
    expect(analysis.map(({ type, prefilter }) => [type, prefilter?.buffer, prefilter?.pattern])).toEqual([
      ["app_tx", "dns_query", ".quillet-morrow.top"],
      ["app_tx", "tls.sni", ".quillet-morrow.top"],
      ["app_tx", "http_host", ".quillet-morrow.top"],
      ["app_tx", "quic_sni", ".quillet-morrow.top"],
      ["ip_only", undefined, undefined],
      ["ip_only", undefined, undefined],
      ["ip_only", undefined, undefined],
      ["app_tx", "http_uri", "|2F|gate.php?id=1"],
      ["app_tx", "ja3.hash", "6734f37431670b3ab4292b8f60f29984"],
      ["app_tx", "ja3s.hash", "e35df3e00ca4ef31d42b34bebaa2f86e"],
      ["app_tx", "ja4.hash", "t13d1516h2_8daaf6152771_b186095e22b6"],
      ["app_tx", "tls.cert_fingerprint", "3f1d2c4b5a69788796a5b4c3d2e1f00112233445".match(/../g)?.join("|3A|")],
      ["app_tx", "http_user_agent", "Quillet|2F|1.4|20|(loader)"],
    ]);
  });
});

/** Faults that other exporters of such rules have; each has an issue somewhere. */
describe("faults of other exporters", () => {
  const domain = (value: string) => exampleIndicator("domain", { value });
  const url = (value: string) => exampleIndicator("url", { value });

  itNeeds("suricata")("rs.sh does not hit api-sensors.shein.com (MISP 5718)", async () => {
    const hosts = ["rs.sh", "api-sensors.shein.com"];
    const exchanges = hosts.flatMap((host) => [httpExchange({ host }), tlsExchange(host)]);
    expect(await firing([domain("rs.sh")], exchanges)).toEqual(["HTTP GET http://rs.sh/", "TLS 1.2 to rs.sh"]);
    expect(await firing([url("http://rs.sh/")], exchanges)).toEqual(["HTTP GET http://rs.sh/"]);
  });

  itNeeds("suricata")("https://t.co/… does not hit microsoft.com (MISP 10258)", async () => {
    const exchanges = ["t.co", "microsoft.com", "www.microsoft.com"].map((host) => tlsExchange(host));
    expect(await firing([url("https://t.co/abc")], exchanges)).toEqual(["TLS 1.2 to t.co"]);
  });

  itNeeds("suricata")("mail.com does not hit hotmail.com (opnsense rules 26)", async () => {
    const exchanges = ["mail.com", "hotmail.com"].map((host) => httpExchange({ host }));
    expect(await firing([domain("mail.com")], exchanges)).toEqual(["HTTP GET http://mail.com/"]);
  });

  itNeeds("suricata")("a semicolon in a path loads and matches (MISP 9756)", async () => {
    const exchanges = [httpExchange({ host: "x.top", target: "/a;jsessionid=1" })];
    expect(await firing([url("http://x.top/a;jsessionid=1")], exchanges)).toHaveLength(1);
  });

  itNeeds("suricata")("the query is part of the URL (MISP drops it)", async () => {
    const exchanges = ["/a?id=1", "/a?id=2", "/a"].map((target) => httpExchange({ host: "x.top", target }));
    expect(await firing([url("http://x.top/a?id=1")], exchanges)).toEqual(["HTTP GET http://x.top/a?id=1"]);
  });

  itNeeds("suricata")("a name in Referer or another header is no hit (MISP matches all headers)", async () => {
    const headers = [
      ["Referer", "http://evil.top/"],
      ["X-Forwarded-Host", "evil.top"],
    ] as const;
    expect(await firing([domain("evil.top")], [httpExchange({ host: "fine.example", headers })])).toEqual([]);
  });

  itNeeds("suricata")("bsize is the pattern's own length (urlhaus-filter has a constant 32)", async () => {
    for (const host of ["a.io", "exactly-thirty-two-characters.io", `${"l".repeat(60)}.top`]) {
      const indicator = exampleIndicator("domain", { value: host, scope: "host" });
      expect(await firing([indicator], [tlsExchange(host), tlsExchange(`x${host}`)])).toEqual([`TLS 1.2 to ${host}`]);
    }
  });

  itNeeds("suricata")("an unanswered scan from the address is no contact (MISP's ip-src rules)", async () => {
    const scanner = { address: "45.32.17.9", port: 40_000 };
    const scan: Exchange = { name: "inbound SYN", isV6: false, frames: (client) => tcpSyn(scanner, client) };
    expect(await firing([exampleIndicator("ipv4")], [scan])).toEqual([]);
  });
});

/** The JA3 of a client hello: version, ciphers, extensions, groups, point formats (github.com/salesforce/ja3). */
function ja3(record: Buffer): string {
  const { version, ciphers, extensions, groups, formats } = readHello(record);
  const fields = [version, ciphers.join("-"), extensions.join("-"), groups.join("-"), formats.join("-")];
  return createHash("md5").update(fields.join(",")).digest("hex");
}

/** The JA4 of a TLS 1.2 client hello over TCP with a server name (github.com/FoxIO-LLC/ja4). */
function ja4(record: Buffer): string {
  const { ciphers, extensions, signatures } = readHello(record);
  const hex = (values: number[]) => values.map((value) => value.toString(16).padStart(4, "0"));
  const short = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 12);
  const two = (value: number) => String(value).padStart(2, "0");
  const named = extensions.filter((type) => type !== 0 && type !== 16);
  return [
    `t12d${two(ciphers.length)}${two(extensions.length)}h1`,
    short(hex(ciphers).sort().join(",")),
    short(`${hex(named).sort().join(",")}_${hex(signatures).join(",")}`),
  ].join("_");
}

function readHello(record: Buffer) {
  const words = (bytes: Buffer) => count(bytes.length / 2, (index) => bytes.readUInt16BE(2 * index));
  const body = record.subarray(9);
  const cipherEnd = 37 + body.readUInt16BE(35);
  const bodies = new Map<number, Buffer>();
  for (let at = cipherEnd + 4; at < body.length; ) {
    const length = body.readUInt16BE(at + 2);
    bodies.set(body.readUInt16BE(at), body.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return {
    version: body.readUInt16BE(0),
    ciphers: words(body.subarray(37, cipherEnd)),
    extensions: [...bodies.keys()],
    groups: words((bodies.get(10) as Buffer).subarray(2)),
    formats: [...(bodies.get(11) as Buffer).subarray(1)],
    signatures: words((bodies.get(13) as Buffer).subarray(2)),
  };
}

/** A self-signed certificate for CN=quillet, DER. */
const CERTIFICATE =
  "MIIBejCCAR+gAwIBAgIUWp7kWEPOgCb9mhTOjf5pIpTpkxcwCgYIKoZIzj0EAwIwEjEQMA4GA1UEAwwHcXVpbGxldDAeFw0yNjExMjQwNDQxMDNa" +
  "Fw0zNjExMjEwNDQxMDNaMBIxEDAOBgNVBAMMB3F1aWxsZXQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAShBYJlW1/2U8QJrB5Lu2f0n1/UGsYk" +
  "z1cdqN/B0+z10zJ96BX//6sL3Snnznt0MMEHu4E1gN3qRfy0aEQw4LSno1MwUTAdBgNVHQ4EFgQU7M/E4G287k0+AawjKHqmAQOhqEQwHwYDVR0j" +
  "BBgwFoAU7M/E4G287k0+AawjKHqmAQOhqEQwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAm9JxGMVvvXiG8aCAt9nSxxSkqmfg" +
  "JiXjdgSFgdWpZ6ACIQDWi/mJK1cbVC2ipWjb+JfGCPqCmFXDeRmF+ros7d4X8g==";
