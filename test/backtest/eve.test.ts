import { describe, expect, it } from "vitest";
import { isIrrelevantEve } from "../../src/backtest/eve.ts";
import { hits, jsonLines, onlySource, run } from "./support.ts";

const END = { src_ip: "10.0.0.5", src_port: 50000, dest_ip: "192.0.2.9", dest_port: 443, proto: "TCP" };

function record(type: string, own: object, ends: object = {}): object {
  return { timestamp: "2026-11-03T23:30:00.000100-0100", flow_id: 1, event_type: type, ...END, ...ends, [type]: own };
}

describe("eve.json", () => {
  it("counts queries of the dns formats 1, 2 and 3, and no answers beside them", async () => {
    const log = jsonLines(
      record("dns", { type: "query", rrname: "Evil.Test" }),
      record("dns", { version: 2, type: "query", rrname: "a.evil.test" }),
      record("dns", { version: 3, type: "request", queries: [{ rrname: "b.evil.test" }, { rrname: "other.test" }] }),
      record("dns", { version: 3, type: "response", queries: [{ rrname: "b.evil.test" }] }),
      record("dns", { version: 2, type: "answer", rrname: "evil.test" }),
    );
    expect(await hits(["evil.test", "=evil.test"], log)).toEqual(["evil.test 3", "=evil.test 1"]);
  });

  it("counts answers when the log has no queries", async () => {
    expect(await hits(["evil.test"], jsonLines(record("dns", { type: "answer", rrname: "evil.test" })))).toEqual([
      "evil.test 1",
    ]);
  });

  it("hits at label boundaries only", async () => {
    const names = ["notevil.test", "evil.test.example", "evil.tes", "test", "evil-test", "vil.test"];
    const log = jsonLines(...names.map((sni) => record("tls", { sni })));
    expect(await hits(["evil.test"], log)).toEqual([]);
    expect(await hits(["=evil.test"], jsonLines(record("tls", { sni: "www.evil.test" })))).toEqual([]);
  });

  it("reads server name, fingerprints and certificate of tls and quic", async () => {
    const hello = {
      sni: "WWW.evil.test.",
      fingerprint: "01:02:03:04:05:06:07:08:09:0A:0b:0c:0d:0e:0f:10:11:12:13:14",
      ja3: { hash: "a".repeat(32), string: "771" },
      ja3s: { hash: "b".repeat(32) },
      ja4: "t13d1516h2_8daaf6152771_b186095e22b6",
    };
    const wanted = [
      "evil.test",
      "https://www.evil.test/path",
      `ja3:${"a".repeat(32)}`,
      `ja3s:${"b".repeat(32)}`,
      "ja4:t13d1516h2_8daaf6152771_b186095e22b6",
      "certificate:0102030405060708090a0b0c0d0e0f1011121314",
    ];
    expect(await hits(wanted, jsonLines(record("tls", hello)))).toEqual(wanted.map((own) => `${own} 1`));
    const quic = { sni: "evil.test", ja3: { hash: "a".repeat(32) }, ja4: hello.ja4 };
    expect(await hits(wanted, jsonLines(record("quic", quic)))).toEqual([
      "evil.test 1",
      `ja3:${"a".repeat(32)} 1`,
      "ja4:t13d1516h2_8daaf6152771_b186095e22b6 1",
    ]);
  });

  it("shows no server name of an https URL on a shared host", async () => {
    const shared = { type: "url", value: "https://paste.test/x", isUrlOnly: true } as const;
    const { hits: found } = await run([shared], [jsonLines(record("tls", { sni: "paste.test" }))]);
    expect(found.size).toBe(0);
  });

  it("matches http URLs by host, path and query, byte for byte and whatever the port", async () => {
    const url = "http://evil.test:8080/Gate.php?id=%41";
    const log = (own: object) => jsonLines(record("http", { hostname: "evil.test", ...own }));
    expect(await hits([url], log({ url: "/Gate.php?id=%41" }))).toEqual([`${url} 1`]);
    expect(await hits([url], log({ url: "http://evil.test/Gate.php?id=%41" }))).toEqual([`${url} 1`]);
    expect(await hits([url], log({ hostname: "EVIL.test:81", url: "/Gate.php?id=%41" }))).toEqual([`${url} 1`]);
    for (const near of ["/gate.php?id=%41", "/Gate.php?id=A", "/Gate.php", "/Gate.php?id=%411", "/x/Gate.php?id=%41"])
      expect(await hits([url], log({ url: near }))).toEqual([]);
    expect(await hits([url], log({ hostname: "www.evil.test", url: "/Gate.php?id=%41" }))).toEqual([]);
  });

  it("takes a URL without a path for its host", async () => {
    const log = jsonLines(record("http", { hostname: "evil.test", url: "/any" }));
    expect(await hits(["http://evil.test/", "https://evil.test/"], log)).toEqual(["http://evil.test/ 1"]);
  });

  it("reads URLs of addresses, IPv6 in any spelling", async () => {
    const log = jsonLines(
      record("http", { hostname: "203.0.113.7", url: "/a" }),
      record("http", { hostname: "[2001:DB8:0::7]:8080", url: "/a" }),
    );
    const urls = ["http://203.0.113.7/a", "http://[2001:db8::7]/a"];
    expect(await hits(urls, log)).toEqual(urls.map((url) => `${url} 1`));
  });

  it("matches user agents exactly, and those of HTTP/2 headers", async () => {
    const agent = "user-agent:Quillet/1.4 (loader)";
    const headers = [
      { name: ":authority", value: "evil.test" },
      { name: "user-agent", value: "Quillet/1.4 (loader)" },
    ];
    const log = jsonLines(
      record("http", { hostname: "a.test", url: "/", http_user_agent: "Quillet/1.4 (loader)" }),
      record("http", { hostname: "a.test", url: "/", http_user_agent: "quillet/1.4 (loader)" }),
      record("http", { hostname: "a.test", url: "/", http_user_agent: "Quillet/1.4 (loader)x" }),
      record("http", { version: "2", url: "/", request_headers: headers }),
    );
    expect(await hits([agent, "evil.test"], log)).toEqual([`${agent} 2`, "evil.test 1"]);
  });

  it("hits addresses and endpoints in flows at either end, as a packet goes there", async () => {
    const flow = (own: object, ends: object) => record("flow", { pkts_toserver: 2, pkts_toclient: 1, ...own }, ends);
    const wanted = ["203.0.113.7", "203.0.113.7:443/tcp", "203.0.113.7:443/udp", "2001:db8::7"];
    const out = { dest_ip: "203.0.113.7" };
    const inbound = { src_ip: "203.0.113.7", dest_ip: "10.0.0.5", dest_port: 22 };
    expect(await hits(wanted, jsonLines(flow({}, out)))).toEqual(["203.0.113.7 1", "203.0.113.7:443/tcp 1"]);
    expect(await hits(wanted, jsonLines(flow({}, { ...out, proto: "UDP" })))).toEqual([
      "203.0.113.7 1",
      "203.0.113.7:443/udp 1",
    ]);
    expect(await hits(wanted, jsonLines(flow({}, { ...out, dest_port: 444 })))).toEqual(["203.0.113.7 1"]);
    expect(await hits(wanted, jsonLines(flow({}, inbound)))).toEqual(["203.0.113.7 1"]);
    expect(await hits(wanted, jsonLines(flow({ pkts_toclient: 0 }, inbound)))).toEqual([]);
    expect(await hits(wanted, jsonLines(flow({ pkts_toclient: 0 }, out)))).toHaveLength(2);
    const six = {
      src_ip: "fd00:0000:0000:0000:0000:0000:0000:0001",
      dest_ip: "2001:0db8:0000:0000:0000:0000:0000:0007",
    };
    expect(await hits(wanted, jsonLines(flow({}, six)))).toEqual(["2001:db8::7 1"]);
    expect(await hits(wanted, jsonLines(flow({}, { dest_ip: "203.0.113.70" })))).toEqual([]);
  });

  it("counts addresses of other events only where no log has flows", async () => {
    const request = record("http", { hostname: "a.test", url: "/" }, { dest_ip: "203.0.113.7" });
    const flow = record("flow", { pkts_toclient: 1 }, { dest_ip: "203.0.113.7" });
    expect(await hits(["203.0.113.7"], jsonLines(request, request))).toEqual(["203.0.113.7 2"]);
    expect(await hits(["203.0.113.7"], jsonLines(request, request, flow))).toEqual(["203.0.113.7 1"]);
    expect(await hits(["203.0.113.7"], [jsonLines(request), jsonLines(flow)])).toEqual(["203.0.113.7 1"]);
  });

  it("times a flow by its start", async () => {
    const log = jsonLines(record("flow", { start: "2026-11-02T10:00:00.5+0000" }, { dest_ip: "203.0.113.7" }));
    const { hits: found } = await run(["203.0.113.7"], [log]);
    expect([...(found.get(0)?.days.values() ?? [])]).toEqual([
      { hits: 1, first: Date.UTC(2026, 10, 2, 10, 0, 0, 500), last: Date.UTC(2026, 10, 2, 10, 0, 0, 500) },
    ]);
  });

  it("matches files by any digest it knows, and names who got them", async () => {
    const sha256 = "c".repeat(64);
    const file = { type: "sha256", value: sha256, aliases: ["d".repeat(32)] } as const;
    const ends = { src_ip: "192.0.2.9", dest_ip: "10.0.0.5", app_proto: "http" };
    const log = jsonLines(
      record("fileinfo", { sha256: sha256.toUpperCase() }, ends),
      record("fileinfo", { md5: "d".repeat(32) }, ends),
      record("fileinfo", { md5: "e".repeat(32) }, ends),
      record("fileinfo", { filename: "/x" }, ends),
    );
    const { hits: found, sources } = await run([file], [log]);
    expect(found.get(0)).toMatchObject({ hits: 2, clients: new Map([["10.0.0.5", 2]]) });
    expect(sources[0]).toMatchObject({ events: 3, irrelevant: 1 });
  });

  it("counts alerts of the rules apart from hits", async () => {
    const own = { type: "domain", value: "evil.test", sids: [1000001] } as const;
    const alert = (signature_id: number, gid = 1) =>
      record("alert", { gid, signature_id, signature: "x" }, { dns: { query: [{ rrname: "evil.test" }] } });
    const { hits: found } = await run([own], [jsonLines(alert(1000001), alert(1000002), alert(1000001, 3))]);
    expect(found.get(0)).toMatchObject({ hits: 0, alerts: 1 });
  });

  it("counts events of kinds that cannot hit without reading them", async () => {
    const log = jsonLines(record("stats", { uptime: 1 }), record("smtp", { helo: "evil.test" }), record("tls", {}));
    expect(await onlySource(`${log}{"timestamp":"x","event_type":"stats","broken\n`)).toMatchObject({
      description: "eve.json",
      events: 1,
      irrelevant: 3,
      unreadable: 0,
    });
  });

  it("puts a hit on its UTC day, whatever the offset", async () => {
    const { hits: found } = await run(["evil.test"], [jsonLines(record("tls", { sni: "evil.test" }))]);
    expect([...(found.get(0)?.days.keys() ?? [])]).toEqual([Date.UTC(2026, 10, 4) / 86_400_000]);
  });
});

describe("passing over lines unread", () => {
  const verdict = (line: string) => isIrrelevantEve(Buffer.from(`##${line}\n{}`), 2, 2 + Buffer.byteLength(line));

  it.each([
    '{"timestamp":"2026","flow_id":12,"in_iface":"eth0","event_type":"stats","stats":{}}',
    '{"event_type":"smtp"}',
    '{ "a" : true , "event_type" : "anomaly" , "b":"\\"event_type\\""}',
  ])("passes over %s", (line) => expect(verdict(line)).toBe(true));

  it.each([
    '{"event_type":"dns"}',
    '{"stats":{"event_type":"stats"},"event_type":"dns"}',
    '{"a":"\\"event_type\\":\\"stats\\"","event_type":"dns"}',
    '{"a":"event_type","b":"stats","event_type":"dns"}',
    '{"event_type":"stats","event_type":"dns"}',
    '{"event_type":5}',
    '{"stats":[1],"event_type":"stats"}',
    '{"a":"x',
    "{}",
    "",
    "[]",
  ])("leaves %s to the parser", (line) => expect(verdict(line)).toBe(false));
});
