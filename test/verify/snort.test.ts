import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EngineAlert } from "../../src/verify/engine.ts";
import { parseRuleFile } from "../../src/verify/rule-file.ts";
import { openSnort, snortAlert, snortArguments, snortConfiguration, snortProblems } from "../../src/verify/snort.ts";
import { readSnortRule } from "../../src/verify/snort-rule.ts";

async function reading(text: string) {
  const rule = parseRuleFile("x.rules", `${text}\n`).rules[0];
  if (!rule) throw new Error("not a rule");
  const found = await readSnortRule(rule);
  return typeof found === "string" ? found : found.targets;
}

describe("Snort 3 on the command line, after its manual", () => {
  it("gets rules, capture, log folder and the JSON alerts", () => {
    expect(
      snortArguments({
        config: "/t/snort.lua",
        rules: ["/r/a.rules", "/r/b.rules"],
        captures: "/t/x.pcap",
        dir: "/t",
      }).join(" "),
    ).toBe("-c /t/snort.lua --warn-rules -q -k all -R /r/a.rules -R /r/b.rules -r /t/x.pcap -A alert_json -l /t");
    expect(snortArguments({ config: "/c", rules: [], captures: "/own", dir: "/t" })).toContain("--pcap-dir");
  });

  it("is configured for the synthetic clients, and for every private network", () => {
    expect(snortConfiguration("synthetic")).toContain(
      "HOME_NET = '[10.0.0.0/8,fd00::/8]'\nEXTERNAL_NET = '!$HOME_NET'",
    );
    expect(snortConfiguration("private")).toContain("EXTERNAL_NET = 'any'");
  });

  it("names the rule it refuses, and what it warns of", () => {
    expect(
      snortProblems(
        "ERROR: /r/a.rules:12 unknown rule option: nope.\nWARNING: flow tracking is off\nFATAL: see prior 1 errors (0 warnings)\nnoise",
      ),
    ).toEqual([
      { level: "error", text: "unknown rule option: nope.", file: "/r/a.rules", line: 12 },
      { level: "warning", text: "flow tracking is off" },
    ]);
  });

  it("prints alerts that are read; events of inspectors and cut lines are not", () => {
    const line =
      '{ "src_addr" : "10.0.0.1", "dst_addr" : "192.0.2.34", "gid" : 1, "sid" : 1000001, "rev" : 2, "msg" : "m" }';
    expect(snortAlert(line)).toEqual({
      sid: 1_000_001,
      rev: 2,
      message: "m",
      source: "10.0.0.1",
      destination: "192.0.2.34",
    });
    expect(snortAlert(line.replace('"gid" : 1,', '"gid" : 116,'))).toBeUndefined();
    expect(snortAlert(line.slice(0, 40))).toBeUndefined();
  });
});

describe("a program that behaves like Snort 3", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "rulewright-test-"));
  });
  afterEach(async () => {
    await rm(dir, { recursive: true });
  });

  async function programOf(body: string): Promise<string> {
    const path = join(dir, "snort");
    await writeFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    return path;
  }

  it("is run and its alert file read", async () => {
    const path = await programOf(
      `[ "$1" = -V ] && { echo '   o"  )~   Version 3.1.82.0'; exit 0; }
while [ "$1" != -l ]; do shift; done
echo '{ "src_addr" : "10.0.0.1", "dst_addr" : "192.0.2.34", "gid" : 1, "sid" : 7, "rev" : 1, "msg" : "m" }' >"$2/alert_json.txt"`,
    );
    const engine = await openSnort({ path });
    expect([engine.name, engine.version]).toEqual(["snort3", "3.1.82.0"]);
    const alerts: EngineAlert[] = [];
    const run = await engine.replay({
      rules: ["/r/a.rules"],
      captures: "/t/x.pcap",
      home: "synthetic",
      onAlert: (alert) => alerts.push(alert),
    });
    expect(run).toEqual({ problems: [], isCut: false });
    expect(alerts.map(({ sid }) => sid)).toEqual([7]);
  });

  it("is refused when it is another", async () => {
    const path = await programOf("echo Version 2.9.20");
    await expect(openSnort({ path })).rejects.toThrow("is not Snort 3: Version 2.9.20");
  });
});

describe("Snort 3 rules are read", () => {
  it("names in DNS, on either transport", async () => {
    expect(
      await reading(
        'alert udp $HOME_NET any -> any 53 (msg:"d"; flow:to_server; content:"|04|evil|07|example|00|",nocase,fast_pattern,offset 12; sid:1; rev:1;)',
      ),
    ).toEqual([{ view: "dns", host: "evil.example", scope: "subtree", transport: "udp" }]);
    expect(
      await reading(
        'alert tcp $HOME_NET any -> any 53 (msg:"d"; flow:established,to_server; content:"|04|evil|07|example|00|",nocase,fast_pattern,offset 14,depth 14; sid:1; rev:1;)',
      ),
    ).toEqual([{ view: "dns", host: "evil.example", scope: "host", transport: "tcp" }]);
  });

  it("server names, exactly and below", async () => {
    const rule = (content: string) =>
      `alert ssl $HOME_NET any -> $EXTERNAL_NET any (msg:"t"; flow:established,to_server; ssl_state:client_hello; content:"${content}",nocase,fast_pattern; sid:1; rev:1;)`;
    expect(await reading(rule("|00 00 0c|evil.example"))).toEqual([
      { view: "tls", host: "evil.example", scope: "host" },
    ]);
    expect(await reading(rule(".evil.example|00|"))).toEqual([{ view: "tls", host: "evil.example", scope: "below" }]);
    expect(await reading(rule("evil"))).toBe("its content is no server name in the form of TLS");
  });

  it("requests, endpoints, and what it does not know", async () => {
    expect(
      await reading(
        'alert http $HOME_NET any -> $EXTERNAL_NET any (msg:"u"; flow:established,to_server; http_raw_uri; content:"/a|3b|b",fast_pattern; bufferlen:4; http_header:field host; content:"evil.example|3a|8080",nocase; bufferlen:17; sid:1; rev:1;)',
      ),
    ).toEqual([{ view: "http-uri", host: "evil.example", target: "/a;b", proxied: false, port: 8080 }]);
    expect(await reading('alert tcp $HOME_NET any -> 203.0.113.9 8443 (msg:"e"; flags:S,CE; sid:1; rev:1;)')).toEqual([
      { view: "address", address: "203.0.113.9", port: 8443, transports: ["tcp"], onSyn: true },
    ]);
    expect(await reading('alert tcp any any -> any any (msg:"x"; byte_test:1,>,2,0; sid:1; rev:1;)')).toBe(
      "it uses byte_test, which is not read",
    );
  });
});
