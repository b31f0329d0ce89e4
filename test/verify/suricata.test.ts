import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { analyse, loadCheck, replay } from "../../src/verify/suricata.ts";
import { capture, dnsExchange, synExchange, tcpExchange } from "../../src/verify/traffic.ts";
import { itNeeds } from "../support/engines.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "rulewright-test-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true });
});

async function rulesFile(...rules: string[]): Promise<string> {
  const file = join(dir, "test.rules");
  await writeFile(file, `${rules.join("\n")}\n`);
  return file;
}

const DNS =
  'alert dns $HOME_NET any -> any any (msg:"evil"; dns.query; bsize:8; content:"evil.top"; nocase; sid:1; rev:3;)';
const V6 = 'alert ip $HOME_NET any -> 2a01:4f8::9 any (msg:"six"; sid:2; rev:1;)';

describe("load check", () => {
  itNeeds("suricata")("passes good rules", async () => {
    expect(await loadCheck(await rulesFile(DNS))).toEqual({ ok: true, errors: [], warnings: [] });
  });

  itNeeds("suricata")("names the rule that the engine refuses", async () => {
    const check = await loadCheck(await rulesFile(DNS, 'alert http any any -> any any (msg:"a;b"; sid:2;)'));
    expect(check.ok).toBe(false);
    expect(check.errors.join("\n")).toContain('msg:"a;b"');
  });

  itNeeds("suricata")("fails on a warning: an unknown classtype", async () => {
    const check = await loadCheck(await rulesFile(DNS.replace("sid:1;", "classtype:not-a-class; sid:1;")));
    expect(check).toMatchObject({ ok: false, errors: [] });
    expect(check.warnings.join("\n")).toContain("not-a-class");
  });

  it("says what to install when the program is missing", async () => {
    const check = loadCheck(await rulesFile(DNS), { program: "no-such-suricata" });
    await expect(check).rejects.toThrow("Cannot find no-such-suricata: install Suricata 7.0.3 or later.");
  });

  itNeeds("suricata")("leaves no folder behind", async () => {
    const file = await rulesFile(DNS);
    vi.stubEnv("TMPDIR", dir);
    await loadCheck(file);
    expect(await readdir(dir)).toEqual(["test.rules"]);
  });
});

describe("analysis", () => {
  itNeeds("suricata")("tells type and pattern of each rule, in the order of sids", async () => {
    expect(await analyse(await rulesFile(V6, DNS))).toEqual([
      {
        sid: 1,
        rev: 3,
        message: "evil",
        type: "app_tx",
        prefilter: { buffer: "dns_query", pattern: "evil.top" },
        warnings: [],
      },
      { sid: 2, rev: 1, message: "six", type: "ip_only", warnings: [] },
    ]);
  });

  itNeeds("suricata")("refuses what does not load", async () => {
    await expect(analyse(await rulesFile("alert nonsense"))).rejects.toThrow(/Suricata refuses the rules/);
  });
});

describe("replay", () => {
  itNeeds("suricata")("leads each alert back to its client, over IPv4 and IPv6", async () => {
    const exchanges = [
      dnsExchange("evil.top"),
      dnsExchange("fine.top"),
      synExchange({ address: "2a01:4f8::9", port: 80 }),
    ];
    const { pcap, byClient } = capture([...exchanges, tcpExchange({ address: "2a01:4f8::8", port: 80 }, 1)]);
    const file = join(dir, "test.pcap");
    await writeFile(file, pcap);
    const alerts = await replay(await rulesFile(DNS, V6), file);
    expect(alerts.map(({ sid, message, client }) => [sid, message, byClient.get(client)?.name])).toEqual([
      [1, "evil", "DNS query for evil.top over udp"],
      [2, "six", "TCP SYN to [2a01:4f8::9]:80"],
    ]);
  });

  itNeeds("suricata")("says so when the capture cannot be read", async () => {
    await expect(replay(await rulesFile(DNS), join(dir, "missing.pcap"))).rejects.toThrow(/cannot replay/);
  });
});
