import { describe, expect, it } from "vitest";
import { hits, jsonLines, onlySource, run } from "./support.ts";

describe("DNS logs", () => {
  it.each([
    ["JSON Lines", jsonLines({ ts: "2026-11-03T10:00:00Z", client_ip: "10.0.0.5", qname: "a.evil.test." })],
    [
      "nested JSON",
      jsonLines({ "@timestamp": 1762210800, source: { ip: "10.0.0.5" }, dns: { question: { name: "evil.test" } } }),
    ],
    ["CSV", 'timestamp,client,query,type\r\n2026-11-03 10:00:00,10.0.0.5,"evil.test",A\r\n'],
    ["TSV", "Time\tSrc_IP\tQName\n2026-11-03T10:00:00+02:00\t10.0.0.5#51000\tEVIL.TEST\n"],
    ["semicolons", "time;client;domain\n2026-11-03T10:00:00Z;10.0.0.5;evil.test\n"],
  ])("reads %s", async (_, log) => {
    const { hits: found, sources } = await run(["evil.test"], [log]);
    expect(sources[0]).toMatchObject({ format: "dns", events: 1, unreadable: 0, problems: [] });
    expect(found.get(0)).toMatchObject({ hits: 1, clients: new Map([["10.0.0.5", 1]]) });
    expect(found.get(0)?.days.size).toBe(1);
  });

  it("takes the columns it is told", async () => {
    const log = "when,who,what\n2026-11-03T10:00:00Z,10.0.0.5,evil.test\n";
    const columns = { time: "when", client: "who", name: "what" };
    expect(await hits(["evil.test"], log, { format: "dns", columns })).toEqual(["evil.test 1"]);
    expect(await onlySource(log)).toMatchObject({ events: 0, unreadable: 2, description: "not recognised" });
  });
});

describe("proxy logs", () => {
  const URL = "http://evil.test/gate?id=1";

  it.each([
    ["JSON Lines", jsonLines({ time: "2026-11-03T10:00:00Z", src_ip: "10.0.0.5", url: URL, method: "GET" })],
    [
      "CSV with host and path",
      "date,time,c-ip,cs-host,cs-uri-path,cs-uri-query\n2026-11-03,10:00:00,10.0.0.5,evil.test,/gate,id=1\n",
    ],
    ["CSV with a quoted URL", 'time,client_ip,url\n2026-11-03T10:00:00Z,10.0.0.5,"http://evil.test/gate?id=1"\n'],
    ["a URL without scheme", "time\tclient\turl\n2026-11-03T10:00:00Z\t10.0.0.5\tevil.test/gate?id=1\n"],
    [
      "W3C extended",
      '#Software: SGOS\n#Fields: date time c-ip cs-method cs-uri-scheme cs-host cs-uri-path cs-uri-query cs(User-Agent)\n2026-11-03 10:00:00 10.0.0.5 GET http evil.test /gate ?id=1 "Mozilla/5.0 (X11)"\n',
    ],
    [
      "Squid",
      "1793700000.123    310 10.0.0.5 TCP_MISS/200 1234 GET http://EVIL.test/gate?id=1 - HIER_DIRECT/203.0.113.7 text/html\n",
    ],
  ])("reads %s", async (_, log) => {
    const { hits: found, sources } = await run([URL, "evil.test"], [log]);
    expect(sources[0]).toMatchObject({ format: "proxy", events: 1, unreadable: 0, problems: [] });
    expect([found.get(0)?.hits, found.get(1)?.hits]).toEqual([1, 1]);
    expect(found.get(0)?.clients).toEqual(new Map([["10.0.0.5", 1]]));
    expect([...(found.get(0)?.days.keys() ?? [])]).toEqual([Date.UTC(2026, 10, 3) / 86_400_000]);
  });

  it("knows of a tunnel no more than its host", async () => {
    const squid = "1793700000.123 310 10.0.0.5 TCP_TUNNEL/200 1234 CONNECT evil.test:443 - HIER_DIRECT/203.0.113.7 -\n";
    const csv = "time,client,method,url\n2026-11-03T10:00:00Z,10.0.0.5,CONNECT,evil.test:443\n";
    const wanted = ["https://evil.test/a", "http://evil.test/", "evil.test"];
    for (const log of [squid, csv]) expect(await hits(wanted, log)).toEqual(["https://evil.test/a 1", "evil.test 1"]);
    expect(await hits(["203.0.113.7", "203.0.113.7:443/tcp"], squid)).toEqual([
      "203.0.113.7 1",
      "203.0.113.7:443/tcp 1",
    ]);
  });

  it("compares the whole https URL where a proxy shows it", async () => {
    const log = jsonLines({ time: 1793700000, client: "10.0.0.5", url: "https://evil.test/a?b" });
    expect(await hits(["https://evil.test/a?b", "https://evil.test/a", "https://evil.test/"], log)).toEqual([
      "https://evil.test/a?b 1",
      "https://evil.test/ 1",
    ]);
  });

  it("takes the columns it is told, and user agents, servers and hashes", async () => {
    const log = `ua|peer|peerport|hash|who|site\nQuillet|203.0.113.7|8080|${"c".repeat(64)}|10.0.0.5|evil.test\n`;
    const columns = {
      "user-agent": "ua",
      server: "peer",
      port: "peerport",
      sha256: "hash",
      client: "who",
      host: "site",
    };
    const wanted = ["user-agent:Quillet", "203.0.113.7:8080/tcp", `sha256:${"c".repeat(64)}`, "evil.test"];
    expect(await hits(wanted, log, { format: "proxy", columns })).toEqual(wanted.map((own) => `${own} 1`));
  });

  it("names rows that do not fit the header", async () => {
    const log = "time,client,url\n1793700000,10.0.0.5\n1793700000,10.0.0.5,http://evil.test/,x\n";
    expect(await onlySource(log)).toMatchObject({
      unreadable: 2,
      problems: ["line 2: 2 cells where the header names 3", "line 3: 4 cells where the header names 3"],
    });
  });
});
