import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { everydayExchanges } from "../../src/verify/everyday.ts";
import { type Proof, type ProofRequest, prove } from "../../src/verify/prove.ts";
import { readRuleFile } from "../../src/verify/rule-file.ts";
import { openSuricata } from "../../src/verify/suricata.ts";
import { itNeeds } from "../support/engines.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "rulewright-test-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

async function proofOf(rules: readonly string[], settings: Partial<ProofRequest> = {}): Promise<Proof> {
  const file = join(dir, "test.rules");
  await writeFile(file, `${rules.join("\n")}\n`);
  return prove({ files: [await readRuleFile(file)], engine: await openSuricata(), ...settings });
}

/** Status and faults of each rule, and what is no rule. */
function verdicts({ rules }: Proof): (readonly [number, string, ...string[]])[] {
  return rules.map(({ sid, status, faults }) => [sid, status, ...faults.map(({ id }) => id)] as const);
}

const dns = (name: string, sid: number, rest = "") =>
  `alert dns $HOME_NET any -> any any (msg:"${name}"; dns.query; dotprefix; content:".${name}"; fast_pattern; nocase; endswith; ${rest}sid:${sid}; rev:1;)`;
const http = (test: string, sid: number) =>
  `alert http $HOME_NET any -> $EXTERNAL_NET any (msg:"h"; flow:established,to_server; ${test} sid:${sid}; rev:1;)`;
const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("sound rules", () => {
  itNeeds("suricata")("of every form are proven, each on its own traffic once a session", async () => {
    const proof = await proofOf([
      dns("evil.example", 1),
      'alert tls $HOME_NET any -> $EXTERNAL_NET any (msg:"t"; flow:established,to_server; tls.sni; bsize:13; content:"c2.evil.test1"; nocase; sid:2; rev:1;)',
      http('http.host; dotprefix; content:".evil.example"; endswith;', 3),
      http('http.uri; bsize:9; content:"/gate?a=1"; http.host; bsize:12; content:"evil.example";', 4),
      http('http.uri.raw; bsize:6; content:"/a%20b"; http.host; bsize:12; content:"evil.example";', 5),
      http('http.user_agent; bsize:11; content:"Quillet/1.4";', 6),
      'alert quic $HOME_NET any -> $EXTERNAL_NET any (msg:"q"; quic.sni; dotprefix; content:".evil.example"; nocase; endswith; sid:7; rev:1;)',
      'alert ip $HOME_NET any -> [198.51.100.7,2001:db8::7] any (msg:"i"; threshold:type limit,track by_src,count 1,seconds 3600; sid:8; rev:1;)',
      'alert tcp $HOME_NET any -> 203.0.113.9 8443 (msg:"e"; threshold:type limit,track by_src,count 1,seconds 3600; sid:9; rev:1;)',
      'alert udp $HOME_NET any -> 203.0.113.9 53 (msg:"u"; threshold:type limit,track by_src,count 1,seconds 3600; sid:10; rev:1;)',
    ]);
    expect(verdicts(proof)).toEqual(proof.rules.map(({ sid }) => [sid, "proven"]));
    expect(proof.isProven).toBe(true);
    expect(proof.rules.map(({ contacts, fired }) => [contacts, fired])).toEqual([
      [6, 6],
      [2, 2],
      [8, 8],
      [3, 3],
      [2, 2],
      [2, 2],
      [4, 4],
      [6, 6],
      [2, 2],
      [1, 1],
    ]);
    expect(proof.rules[0]?.analysis).toEqual({
      type: "app_tx",
      prefilter: { buffer: "dns_query", pattern: ".evil.example" },
    });
    expect(proof.rules[7]?.analysis).toEqual({ type: "ip_only" });
  });

  itNeeds("suricata")("are taken by what they match where metadata cannot carry the value", async () => {
    const agent = http('http.user_agent; bsize:5; content:"Qu|c3 ab|t";', 1).replace(
      "rev:1;",
      "rev:1; metadata:ioc_id user-agent:Qut;",
    );
    expect(verdicts(await proofOf([agent]))).toEqual([[1, "proven"]]);
  });

  itNeeds("suricata")("may fire on another's traffic that is theirs too", async () => {
    const proof = await proofOf([dns("evil.example", 1), dns("cdn.evil.example", 2)]);
    expect(verdicts(proof)).toEqual([
      [1, "proven"],
      [2, "proven"],
    ]);
    expect(proof.rules.map(({ firedOnOthers }) => firedOnOthers > 0)).toEqual([true, false]);
  });

  itNeeds("suricata")("of which only a hash is known are counted apart", async () => {
    const hash = "a".repeat(32);
    const proof = await proofOf([
      `alert tls $HOME_NET any -> $EXTERNAL_NET any (msg:"j"; flow:established,to_server; ja3.hash; content:"${hash}"; sid:1; rev:1;)`,
    ]);
    expect(verdicts(proof)).toEqual([[1, "loaded"]]);
    expect(proof.isProven).toBe(true);
  });

  itNeeds("suricata")("of another version are counted apart", async () => {
    expect(verdicts(await proofOf([dns("a.example", 1), dns("b.example", 2, "requires:version >= 99; ")]))).toEqual([
      [1, "proven"],
      [2, "other-version"],
    ]);
  });
});

describe("faulty rules are named", () => {
  itNeeds("suricata")("broken, silent, too wide, noisy, warned about, twice, not understood", async () => {
    const proof = await proofOf([
      dns("fine.example", 1),
      dns("broken.example", 2, "nonsense; "),
      dns("silent.example", 3).replace("nocase; endswith; ", "endswith; "),
      dns("wide.example", 4).replace("endswith; ", ""),
      'alert tcp $HOME_NET any -> 203.0.113.9 8443 (msg:"n"; flow:established,to_server; sid:5; rev:1;)',
      dns("warned.example", 6, "classtype:no-such-class; "),
      dns("twice.example", 7),
      dns("again.example", 7),
      http('http.cookie; content:"a";', 8),
      "this is no rule",
    ]);
    expect(verdicts(proof)).toEqual([
      [1, "proven"],
      [2, "failed", "not-loaded"],
      [3, "failed", "silent"],
      [4, "failed", "too-wide"],
      [5, "failed", "noisy"],
      [6, "failed", "warning"],
      [7, "failed", "duplicate-sid"],
      [7, "failed", "duplicate-sid", "not-loaded"],
      [8, "failed", "not-understood"],
    ]);
    expect(proof.noRules.map(({ line }) => line)).toEqual([10]);
    const texts = proof.rules.flatMap(({ faults }) => faults.map(({ text }) => text));
    expect(texts).toContain(
      "no alert on 4 of 6 contacts: DNS query for SiLeNt.eXaMpLe over udp and IPv6; DNS query for SiLeNt.eXaMpLe over tcp; DNS query for A.B-1.SiLeNt.eXaMpLe over udp and IPv6; and 1 more",
    );
    expect(texts).toContain(
      "an alert on what is not its own: DNS query for wide.example.benign.test over udp; DNS query for wide.examplex over udp",
    );
  });

  itNeeds("suricata")("a rule that names one indicator and matches another", async () => {
    const proof = await proofOf([dns("evli.example", 1, "metadata:ioc_id domain:evil.example; ")]);
    expect(verdicts(proof)).toEqual([[1, "failed", "other-indicator", "silent"]]);
  });

  itNeeds("suricata")("a wrong sid, by the ledger, which knows whose it is, and a sid it does not know", async () => {
    const ledger = new Map([
      [1, "suricata:dns:domain:a.example"],
      [2, "suricata:dns:domain:b.example"],
      [9, "snort3:dns-udp:domain:a.example"],
    ]);
    const proof = await proofOf([dns("a.example", 2), dns("c.example", 3)], { ledger });
    expect(verdicts(proof)).toEqual([
      [2, "failed", "wrong-sid", "silent"],
      [3, "failed", "unknown-sid"],
    ]);
    expect(proof.rules[0]?.faults[0]?.text).toBe(
      "the ledger gives the sid to suricata:dns:domain:b.example, and the rule matches dns a.example and below, whose sid is 1",
    );
  });

  itNeeds("suricata")("a rule that fires on everyday traffic", async () => {
    const proof = await proofOf([dns("www.microsoft.com", 1), dns("fine.example", 2)], {
      everyday: everydayExchanges(),
    });
    expect(verdicts(proof)).toEqual([
      [1, "failed", "fired-on-benign"],
      [2, "proven"],
    ]);
  });

  itNeeds("suricata")("a rule that fires on the operator's own captures", async () => {
    await mkdir(join(dir, "own"));
    await proofOf([dns("partner.example", 1)], { pcap: join(dir, "own", "monday.pcap") });
    const proof = await proofOf([dns("partner.example", 1), dns("fine.example", 2)], { captures: join(dir, "own") });
    expect(verdicts(proof)).toEqual([
      [1, "failed", "fired-on-benign"],
      [2, "proven"],
    ]);
  });
});

describe("lists", () => {
  const byList = (sid: number, file: string) =>
    `alert dns $HOME_NET any -> any any (msg:"l"; dns.query; to_lowercase; dataset:isset,set${sid},type string,load ${file}; sid:${sid}; rev:1;)`;

  itNeeds("suricata")("one rule stands for every entry, and one bad list does not spoil the rest", async () => {
    await writeFile(join(dir, "names.lst"), `${base64("a.example")}\n${base64("b.example")}\n`);
    await writeFile(join(dir, "bad.lst"), `${base64("a.example")}\n# comment\n`);
    await writeFile(join(dir, "hashes.lst"), `${"b".repeat(64)}\n`);
    const proof = await proofOf([
      byList(1, "names.lst"),
      byList(2, "bad.lst"),
      byList(3, "missing.lst"),
      'alert http any any -> any any (msg:"f"; flow:established; filesha256:hashes.lst; sid:4; rev:1;)',
      dns("fine.example", 5),
    ]);
    expect(verdicts(proof)).toEqual([
      [1, "proven"],
      [2, "failed", "list-broken"],
      [3, "failed", "list-broken"],
      [4, "loaded"],
      [5, "proven"],
    ]);
    expect(proof.rules.map(({ entries, contacts, fired }) => [entries, contacts, fired])).toEqual([
      [2, 6, 6],
      [1, 3, 0],
      [0, 0, 0],
      [1, 0, 0],
      [1, 6, 6],
    ]);
    expect(proof.rules[1]?.faults[0]?.text).toBe(`${join(dir, "bad.lst")}: line 2 is no entry: # comment`);
  });

  itNeeds("suricata")("addresses by a set and by reputation", async () => {
    await writeFile(join(dir, "ips.lst"), "198.51.100.7\n2001:db8::7\n");
    await writeFile(join(dir, "categories.txt"), "1,Malware,from sandboxes\n");
    await writeFile(join(dir, "reputation.list"), "203.0.113.9,1,100\n203.0.113.64/30,1,100\n203.0.113.99,1,10\n");
    const proof = await proofOf([
      'alert tcp $HOME_NET any -> any any (msg:"s"; flags:S,12; ip.dst; dataset:isset,ips,type ip,load ips.lst; sid:1; rev:1;)',
      'alert ip $HOME_NET any -> any any (msg:"r"; iprep:dst,Malware,>,50; threshold:type limit,track by_src,count 1,seconds 3600; sid:2; rev:1;)',
    ]);
    expect(verdicts(proof)).toEqual([
      [1, "proven"],
      [2, "proven"],
    ]);
    expect(proof.rules.map(({ entries }) => entries)).toEqual([2, 2]);
  });
});

describe("a proof", () => {
  it("needs an engine", async () => {
    await expect(openSuricata({ path: "no-such-suricata" })).rejects.toThrow(
      "Cannot find no-such-suricata: install Suricata 7.0.3 or later.",
    );
    await expect(openSuricata({ root: dir })).rejects.toThrow(`There is no suricata in ${dir}.`);
  });

  itNeeds("suricata")("is the same each time, and its traffic is told", async () => {
    const rules = [dns("evil.example", 1)];
    const [first, second] = [await proofOf(rules), await proofOf(rules)];
    expect(second).toEqual(first);
    expect(first.traffic).toMatchObject({ exchanges: 13, packets: 28 });
  });
});
