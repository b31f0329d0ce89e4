import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { labelBytes, labels, lengthBytes, pcre } from "../../../plugins/snort/encodings.ts";
import { snort } from "../../../plugins/snort/index.ts";
import { exampleIndicator, memorySidLedger, render } from "../../../src/testing.ts";
import { dnsQuery } from "../../../src/verify/messages.ts";
import { detections, rulesOf } from "./support.ts";

const META =
  "attack_target Client_Endpoint, confidence High, created_at 2026_10_01, deployment Perimeter, " +
  "ioc_id domain:quillet-morrow.top, malware_family quillet, mitre_technique_id T1071.001, performance_impact Low, " +
  "signature_severity Major, tlp amber, updated_at 2026_10_20";

describe("Snort 3", () => {
  it("a domain is matched in its DNS encoding, in client hellos and in the Host field", async () => {
    const tail = (sid: number) =>
      `reference:url,www.virustotal.com/gui/domain/quillet-morrow.top; classtype:trojan-activity; sid:${sid}; rev:1; metadata:${META};)`;
    expect(await rulesOf([exampleIndicator("domain")])).toEqual([
      `alert udp $HOME_NET any -> any 53 (msg:"RULEWRIGHT DNS query quillet (quillet-morrow .top)"; flow:to_server; content:"|0e|quillet-morrow|03|top|00|",nocase,fast_pattern,offset 12; ${tail(1000000)}`,
      `alert tcp $HOME_NET any -> any 53 (msg:"RULEWRIGHT DNS query quillet (quillet-morrow .top)"; flow:established,to_server; content:"|0e|quillet-morrow|03|top|00|",nocase,fast_pattern,offset 14; ${tail(1000001)}`,
      `alert ssl $HOME_NET any -> $EXTERNAL_NET any (msg:"RULEWRIGHT TLS server name quillet (quillet-morrow .top)"; flow:established,to_server; ssl_state:client_hello; content:"|00 00 12|quillet-morrow.top",nocase,fast_pattern; ${tail(1000002)}`,
      `alert ssl $HOME_NET any -> $EXTERNAL_NET any (msg:"RULEWRIGHT TLS server name below quillet (quillet-morrow .top)"; flow:established,to_server; ssl_state:client_hello; content:"|00 00|"; byte_jump:1,0,relative; content:".quillet-morrow.top",nocase,fast_pattern,distance -19,within 19; ${tail(1000003)}`,
      `alert http $HOME_NET any -> $EXTERNAL_NET any (msg:"RULEWRIGHT HTTP host quillet (quillet-morrow .top)"; flow:established,to_server; http_header:field host; content:"quillet-morrow.top",nocase,fast_pattern; pcre:"/(?:^|\\.)quillet-morrow\\.top(?::\\d+)?$/i"; ${tail(1000004)}`,
    ]);
  });

  it("exactly one host ends where it begins", async () => {
    expect(await detections([exampleIndicator("domain", { value: "cdn.bad-host.top", scope: "host" })])).toEqual([
      `alert udp $HOME_NET any -> any 53 (flow:to_server; content:"|03|cdn|08|bad-host|03|top|00|",nocase,fast_pattern,offset 12,depth 18;`,
      `alert tcp $HOME_NET any -> any 53 (flow:established,to_server; content:"|03|cdn|08|bad-host|03|top|00|",nocase,fast_pattern,offset 14,depth 18;`,
      `alert ssl $HOME_NET any -> $EXTERNAL_NET any (flow:established,to_server; ssl_state:client_hello; content:"|00 00 10|cdn.bad-host.top",nocase,fast_pattern;`,
      `alert http $HOME_NET any -> $EXTERNAL_NET any (flow:established,to_server; http_header:field host; content:"cdn.bad-host.top",nocase,fast_pattern; pcre:"/^cdn\\.bad-host\\.top(?::\\d+)?$/i";`,
    ]);
  });

  it("a URL is matched raw, with the port that its Host field carries", async () => {
    expect(await detections([exampleIndicator("url", { value: "http://q.top:8080/a%20b;c" })])).toEqual([
      `alert http $HOME_NET any -> $EXTERNAL_NET any (flow:established,to_server; http_raw_uri; content:"/a%20b|3b|c",fast_pattern; bufferlen:8; http_header:field host; content:"q.top|3a|8080",nocase; bufferlen:10;`,
    ]);
  });

  it("an https URL is a server name, with lower class", async () => {
    const [rule] = await rulesOf([exampleIndicator("url", { value: "https://x.top/y" })]);
    expect(rule).toContain('content:"|00 00 05|x.top",nocase,fast_pattern; reference:');
    expect(rule).toContain("classtype:bad-unknown;");
  });

  it("an endpoint alerts on the connection attempt or the first datagram, not on every packet", async () => {
    const values = ["45.32.17.9:8443/tcp", "[2a01:4f8::9]:53/udp"];
    expect(await detections(values.map((value) => exampleIndicator("endpoint", { value })))).toEqual([
      "alert tcp $HOME_NET any -> 45.32.17.9 8443 (flags:S,CE;",
      "alert udp $HOME_NET any -> [2a01:4f8::9] 53 (flow:to_server; flowbits:isnotset,rulewright.contact; flowbits:set,rulewright.contact;",
    ]);
  });

  it("a user agent is its whole field", async () => {
    expect(await detections([exampleIndicator("user-agent")])).toEqual([
      `alert http $HOME_NET any -> $EXTERNAL_NET any (flow:established,to_server; http_header:field user-agent; content:"Quillet/1.4|20 28|loader|29|",fast_pattern; bufferlen:20;`,
    ]);
  });

  it("a URL is matched after normalisation when that leaves it as it is: an evasion is found too", async () => {
    const targets = ["/gate.php?id=1", "/a+b", "/a%20b", "/a//b", "/.a", "/a\\b"];
    const rules = await detections(
      targets.map((target) => exampleIndicator("url", { value: `http://q.top${target}` })),
    );
    expect(rules.map((rule) => /(http_\w+); content:"([^"]*)"/.exec(rule)?.slice(1).join(" ")).sort()).toEqual([
      "http_raw_uri /.a",
      "http_raw_uri /a%20b",
      "http_raw_uri /a//b",
      "http_raw_uri /a|2b|b",
      "http_raw_uri /a|5c|b",
      "http_uri /gate.php?id=1",
    ]);
  });

  it("an address is two rules: one of the protocol ip would cost an evaluation per packet", async () => {
    expect(await detections([exampleIndicator("ipv4"), exampleIndicator("ipv6")])).toEqual([
      "alert tcp $HOME_NET any -> 45.32.17.9 any (flags:S,CE;",
      "alert udp $HOME_NET any -> 45.32.17.9 any (flow:to_server; flowbits:isnotset,rulewright.contact; flowbits:set,rulewright.contact;",
      "alert tcp $HOME_NET any -> [2a01:4f8:c17:7d1::2] any (flags:S,CE;",
      "alert udp $HOME_NET any -> [2a01:4f8:c17:7d1::2] any (flow:to_server; flowbits:isnotset,rulewright.contact; flowbits:set,rulewright.contact;",
    ]);
  });

  it("metadata holds nothing that ends the file for one of the parsers", async () => {
    for (const value of ["[x", "#x", "/*x", "$HOME_NETT", "!x"]) {
      const [rule] = await rulesOf([exampleIndicator("user-agent", { value, families: [value] })]);
      expect(rule).toMatch(/, ioc_id user-agent:\/?_[A-Zx_]+, malware_family \/?_[A-Zx_]+, /);
    }
    const [endpoint] = await rulesOf([exampleIndicator("endpoint", { value: "[2a01:4f8::9]:53/udp" })]);
    expect(endpoint).toContain("ioc_id endpoint:[2a01:4f8::9]:53/udp,");
  });
});

describe("Snort 2.9", () => {
  it("a domain", async () => {
    expect(await detections([exampleIndicator("domain")], { format: "snort2" })).toEqual([
      `alert udp $HOME_NET any -> any 53 (flow:to_server; byte_test:1,!&,0xF8,2; content:"|0e|quillet-morrow|03|top|00|"; nocase; fast_pattern; offset:12;`,
      `alert tcp $HOME_NET any -> any 53 (flow:established,to_server; byte_test:1,!&,0xF8,4; content:"|0e|quillet-morrow|03|top|00|"; nocase; fast_pattern; offset:14;`,
      `alert tcp $HOME_NET any -> $EXTERNAL_NET 443 (flow:established,to_server; ssl_state:client_hello; content:"|00 00 12|quillet-morrow.top"; nocase; fast_pattern;`,
      `alert tcp $HOME_NET any -> $EXTERNAL_NET 443 (flow:established,to_server; ssl_state:client_hello; content:"|00 00|"; byte_jump:1,0,relative; content:".quillet-morrow.top"; nocase; distance:-19; within:19; fast_pattern;`,
      `alert tcp $HOME_NET any -> $EXTERNAL_NET $HTTP_PORTS (flow:established,to_server; content:"quillet-morrow.top"; http_header; nocase; fast_pattern; pcre:"/^Host\\x3a\\s*(?:[^\\r\\n]*\\.)?quillet-morrow\\.top(?:\\x3a\\d+)?\\r?$/Hmi";`,
    ]);
  });

  it("a URL, an endpoint and a user agent", async () => {
    const indicators = [exampleIndicator("endpoint"), exampleIndicator("url"), exampleIndicator("user-agent")];
    expect(await detections(indicators, { format: "snort2" })).toEqual([
      "alert tcp $HOME_NET any -> 45.32.17.9 8443 (flags:S,12;",
      `alert tcp $HOME_NET any -> $EXTERNAL_NET $HTTP_PORTS (flow:established,to_server; urilen:14,raw; content:"/gate.php?id=1"; http_raw_uri; content:"quillet-morrow.top"; http_header; nocase; fast_pattern; pcre:"/^Host\\x3a\\s*quillet-morrow\\.top\\r?$/Hmi";`,
      `alert tcp $HOME_NET any -> $EXTERNAL_NET $HTTP_PORTS (flow:established,to_server; content:"User-Agent|3a 20|Quillet/1.4|20 28|loader|29||0d 0a|"; http_header; fast_pattern;`,
    ]);
  });

  it("says the service for target-based sensors", async () => {
    const rules = await rulesOf([exampleIndicator("domain")], { format: "snort2" });
    expect(rules.map((rule) => /, service (\w+);\)$/.exec(rule)?.[1])).toEqual(["dns", "dns", "ssl", "ssl", "http"]);
  });

  it("has sids of its own: the same ledger serves both formats", async () => {
    const sids = memorySidLedger();
    const [three] = await rulesOf([exampleIndicator("user-agent")], { sids });
    const [two] = await rulesOf([exampleIndicator("user-agent")], { sids, format: "snort2" });
    const [again] = await rulesOf([exampleIndicator("user-agent")], { sids });
    expect(two).toContain("sid:1000001; rev:1;");
    expect(again).toBe(three);
  });
});

describe("encodings", () => {
  const label = fc.stringMatching(/^[a-z0-9_-]{1,63}$/);
  const name = fc.array(label, { minLength: 2, maxLength: 4 }).map((parts) => parts.join("."));

  it("the labels are the bytes of a query, and their length is counted right", () => {
    fc.assert(
      fc.property(name, (host) => {
        const pattern = labels(host)
          .split("|")
          .map((part, index) => (index % 2 === 1 ? Buffer.from(part, "hex") : Buffer.from(part)));
        const encoded = Buffer.concat(pattern);
        expect(encoded).toEqual(dnsQuery(host).subarray(12, -4));
        expect(Number(labelBytes(host))).toBe(encoded.length);
      }),
    );
  });

  it("the server name's length takes two bytes", () => {
    expect(lengthBytes("x.top")).toBe("00 05");
    expect(lengthBytes("a".repeat(253))).toBe("00 fd");
  });

  it("a host in an expression matches only itself", () => {
    const expression = (host: string) => new RegExp(`(?:^|\\.)${pcre(host)}(?::\\d+)?$`, "i");
    expect(expression("mail.com").test("www.MAIL.com:8080")).toBe(true);
    for (const other of ["hotmail.com", "mailxcom", "mail.com.example"])
      expect(expression("mail.com").test(other)).toBe(false);
    expect(expression("[2a01:4f8::9]").test("[2a01:4f8::9]")).toBe(true);
  });
});

describe("what is skipped, and why", () => {
  it.each([
    ["url", "https://1.2.3.4/x", [], "https to an address shows neither path nor server name on the wire"],
    ["url", "https://t.co/abc", ["shared-host"], "only the host is visible, and it is shared with others"],
    ["domain", "Evil.top", [], "not a canonical domain name"],
    ["ipv4", "1.2.3.0/24", [], "not a canonical address"],
    ["endpoint", "1.2.3.4:70000/tcp", [], "not a canonical endpoint"],
    ["user-agent", "a\nb", [], "not a value that fits an HTTP header"],
  ] as const)("%s %s", async (type, value, tags, reason) => {
    const { skipped } = await render(snort, [exampleIndicator(type, { value, labels: [...tags] })]);
    expect(skipped.map((skip) => skip.reason)).toEqual([reason]);
  });

  it("a withdrawn address, which a list cannot mark", async () => {
    const { skipped } = await render(snort, [exampleIndicator("ipv4", { status: "revoked" })], {
      format: "reputation",
    });
    expect(skipped.map(({ reason }) => reason)).toEqual(["the address is revoked, and a list cannot say so"]);
  });

  it.each([
    ["email-address", "a mailbox may be a victim's: it is never written into a rule"],
    ["ja3", "Snort has no rule option for JA3"],
    ["ja3s", "Snort has no rule option for JA3S"],
    ["ja4", "Snort has no rule option for JA4"],
    ["certificate", "Snort has no rule option for certificates"],
    ["mutex", "a mutex stays on its host: no sensor sees it"],
    ["registry-key", "a registry key stays on its host: no sensor sees it"],
    ["file-path", "a file path stays on its host: no sensor sees it"],
    ["command-line", "a command line stays on its host: no sensor sees it"],
  ] as const)("%s: %s", async (type, reason) => {
    for (const format of ["auto", "snort2"]) {
      const { skipped } = await render(snort, [exampleIndicator(type)], { format });
      expect(skipped.map((skip) => skip.reason)).toEqual([reason]);
    }
  });

  it("file hashes on Snort 2.9, and addresses whose ports are known", async () => {
    const hash = await render(snort, [exampleIndicator("sha256")], { format: "snort2" });
    expect(hash.skipped.map(({ reason }) => reason)).toEqual(["Snort 2.9 matches no file hashes in a stock build"]);
    const known = [exampleIndicator("ipv4", { details: { ports: ["443/tcp"] } })];
    expect((await render(snort, known)).skipped.map(({ reason }) => reason)).toEqual([
      "its ports are known, and the rules of its endpoints are narrower (option addresses)",
    ]);
    for (const settings of [{ options: { addresses: "all" } }, { format: "reputation" }]) {
      expect((await render(snort, known, settings)).skipped).toEqual([]);
    }
  });
});
