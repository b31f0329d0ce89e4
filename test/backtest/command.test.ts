import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { rulewright, temporaryFolder } from "../support/cli.ts";
import { jsonLines } from "./support.ts";

const RULES =
  "type,value,scope\ndomain,evil.test,subtree\nurl,http://evil.test/gate,\nipv4,203.0.113.7,\nmutex,Global\\x,\n";
const query = (time: string, client: string, rrname: string) => ({
  timestamp: time,
  event_type: "dns",
  src_ip: client,
  dest_ip: "10.0.0.53",
  proto: "UDP",
  dns: { type: "query", rrname },
});
const EVE = jsonLines(
  query("2026-11-03T23:30:00.000000-0100", "10.0.0.6", "a.evil.test"),
  query("2026-11-03T08:00:00.000000+0000", "10.0.0.5", "evil.test"),
  query("2026-11-03T09:00:00.000000+0000", "10.0.0.5", "good.test"),
  { timestamp: "2026-11-03T09:00:00.000000+0000", event_type: "stats" },
);
const PROXY = "time,client,url\n2026-11-03T12:00:00Z,10.0.0.5,http://evil.test/gate\nbroken\n";

function scene(): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "rules.csv"), RULES);
  writeFileSync(join(folder, "eve.json.gz"), gzipSync(EVE));
  writeFileSync(join(folder, "proxy.csv"), PROXY);
  return folder;
}

const ARGS = ["backtest", "rules.csv", "--eve", "eve.json.gz", "--log", "proxy.csv"];

describe("rulewright backtest", () => {
  it("prints hits by indicator, day and client", async () => {
    const { code, stdout, stderr } = await rulewright(ARGS, { cwd: scene() });
    expect(stdout).toBe(`eve.json.gz: eve.json, 3 events, 1 of kinds that cannot hit, 0 unreadable
proxy.csv: proxy log, CSV, 1 event, 0 of kinds that cannot hit, 1 unreadable

indicator                  type  hits  alerts  days  clients                 first                  last
evil[.]test              domain     3       0     2        2  2026-11-03T08:00:00Z  2026-11-04T00:30:00Z
hxxp://evil[.]test/gate     url     1       0     1        1  2026-11-03T12:00:00Z  2026-11-03T12:00:00Z

day (UTC)   hits  indicators
2026-11-03     3           2
2026-11-04     1           1

client    hits  indicators
10.0.0.5     3           2
10.0.0.6     1           1

2 of 4 indicators hit, 1 never, 1 of types that such logs do not show.
`);
    expect(stderr).toBe("warning: proxy.csv: line 3: 1 cells where the header names 3\n");
    expect(code).toBe(0);
  });

  it("prints JSON", async () => {
    const { stdout } = await rulewright([...ARGS, "--json", "--top", "1"], { cwd: scene() });
    expect(JSON.parse(stdout)).toEqual({
      indicators: { given: 4, hit: 2, neverHit: 1, notVisible: 1 },
      events: 4,
      irrelevant: 1,
      unreadable: 1,
      hits: 4,
      alerts: 0,
      first: "2026-11-03T08:00:00.000Z",
      last: "2026-11-04T00:30:00.000Z",
      sources: [
        {
          name: "eve.json.gz",
          description: "eve.json",
          format: "eve",
          events: 3,
          irrelevant: 1,
          unreadable: 0,
          problems: [],
          hits: 2,
        },
        {
          name: "proxy.csv",
          description: "proxy log, CSV",
          format: "proxy",
          events: 1,
          irrelevant: 0,
          unreadable: 1,
          problems: ["line 3: 1 cells where the header names 3"],
          hits: 2,
        },
      ],
      days: [
        { day: "2026-11-03", hits: 3, indicators: 2 },
        { day: "2026-11-04", hits: 1, indicators: 1 },
      ],
      clients: [{ client: "10.0.0.5", hits: 3, indicators: 2 }],
      byIndicator: [
        {
          type: "domain",
          value: "evil.test",
          scope: "subtree",
          hits: 3,
          alerts: 0,
          first: "2026-11-03T08:00:00.000Z",
          last: "2026-11-04T00:30:00.000Z",
          days: { "2026-11-03": 2, "2026-11-04": 1 },
          clientCount: 2,
          hitsByOtherClients: 0,
          clients: [{ client: "10.0.0.5", hits: 2 }],
        },
        {
          type: "url",
          value: "http://evil.test/gate",
          hits: 1,
          alerts: 0,
          first: "2026-11-03T12:00:00.000Z",
          last: "2026-11-03T12:00:00.000Z",
          days: { "2026-11-03": 1 },
          clientCount: 1,
          hitsByOtherClients: 0,
          clients: [{ client: "10.0.0.5", hits: 1 }],
        },
      ],
    });
  });

  it("reads standard input, and the same twice gives the same bytes", async () => {
    const args = ["backtest", "rules.csv", "--json", "--eve", "-"];
    const [one, other] = await Promise.all([1, 2].map(() => rulewright(args, { cwd: scene(), input: EVE })));
    expect(one?.code).toBe(0);
    expect(JSON.parse(one?.stdout ?? "").hits).toBe(2);
    expect(one?.stdout).toBe(other?.stdout);
  });

  it("takes the store's indicators when no rules are named", async () => {
    const cwd = scene();
    const eve = jsonLines(query("2026-11-03T08:00:00Z", "10.0.0.5", "sub.evil-c2.com"));
    writeFileSync(join(cwd, "eve.json"), eve);
    expect((await rulewright(["allow", "ours.example.org", "--reason", "ours"], { cwd })).code).toBe(0);
    const empty = await rulewright(["backtest", "--eve", "eve.json"], { cwd });
    expect([empty.code, empty.stderr]).toEqual([
      2,
      "error: The store has no indicator. Name a release: rulewright backtest out --eve eve.json [INPUT_EMPTY]\n",
    ]);
    await rulewright(["deny", "evil-c2.com", "--reason", "seen"], { cwd });
    const { code, stdout } = await rulewright(["backtest", "--eve", "eve.json", "--json"], { cwd });
    expect(code).toBe(0);
    expect(JSON.parse(stdout).byIndicator).toMatchObject([{ type: "domain", value: "evil-c2.com", hits: 1 }]);
  });

  it.each([
    [
      [],
      "There is nothing to look at. Give logs with --eve, --zeek, --dns, --proxy or --log, or captures with --pcap. [USAGE]",
      2,
    ],
    [["--eve", "none.json"], "There is no file none.json. Give logs or captures. [INPUT_MISSING]", 2],
    [["--eve", "."], ". is a folder. Name its logs: --eve ./*.json [USAGE]", 2],
    [["--eve", "-", "--dns", "-"], "Standard input can be read once. Give - once. [USAGE]", 2],
    [["--eve", "-"], "There is no event in -: nothing was compared. Give logs with content. [INPUT_EMPTY]", 2],
    [
      ["--dns", "proxy.csv", "--columns", "hots=x"],
      '--columns hots=x: it looks like host=cs-host, and the fields are time, date, client, name, url, scheme, host, path, query, method, user-agent, server, port, transport, sha256 (did you mean "host"?). [USAGE]',
      2,
    ],
    [
      ["--zeek", "proxy.csv"],
      "Nothing in proxy.csv could be read; see above. Say what it is with --eve, --zeek, --dns or --proxy, and name columns with --columns. [INPUT_UNREADABLE]",
      3,
    ],
  ])("%j: %s", async (args, message, code) => {
    const ran = await rulewright(["backtest", "rules.csv", ...args], { cwd: scene() });
    expect(ran.stderr.split("\n").at(-2)).toBe(`error: ${message}`);
    expect([ran.code, ran.stdout]).toEqual([code, ""]);
  });
});
