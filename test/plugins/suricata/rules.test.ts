import { describe, expect, it } from "vitest";
import { suricata } from "../../../plugins/suricata/index.ts";
import { exampleIndicator, memorySidLedger, render } from "../../../src/testing.ts";
import { detection, RULES, rulesIn, rulesOf } from "./support.ts";

const META =
  "attack_target Client_Endpoint, confidence High, created_at 2026_10_01, deployment Perimeter, ioc_id IOC, " +
  "malware_family quillet, mitre_technique_id T1071.001, performance_impact Low, signature_severity Major, " +
  "tlp amber, updated_at 2026_10_20";
const metadataOf = (id: string) => META.replace("IOC", id);
const SAMPLE_PAGE = `www.virustotal.com/gui/file/${exampleIndicator("sha256").value}`;

describe("rules for a domain", () => {
  it("match the name and everything below it in DNS, TLS, HTTP and QUIC", async () => {
    const tail = (sid: number) =>
      `reference:url,www.virustotal.com/gui/domain/quillet-morrow.top; classtype:domain-c2; target:src_ip; sid:${sid}; rev:1; metadata:${metadataOf("domain:quillet-morrow.top")};)`;
    expect(await rulesOf([exampleIndicator("domain")])).toEqual([
      `alert dns $HOME_NET any -> any any (msg:"RULEWRIGHT DNS query quillet (quillet-morrow .top)"; dns.query; dotprefix; content:".quillet-morrow.top"; fast_pattern; nocase; endswith; ${tail(1000000)}`,
      `alert tls $HOME_NET any -> $EXTERNAL_NET any (msg:"RULEWRIGHT TLS server name quillet (quillet-morrow .top)"; flow:established,to_server; tls.sni; dotprefix; content:".quillet-morrow.top"; fast_pattern; nocase; endswith; ${tail(1000001)}`,
      `alert http $HOME_NET any -> $EXTERNAL_NET any (msg:"RULEWRIGHT HTTP host quillet (quillet-morrow .top)"; flow:established,to_server; http.host; dotprefix; content:".quillet-morrow.top"; fast_pattern; endswith; ${tail(1000002)}`,
      `alert quic $HOME_NET any -> $EXTERNAL_NET any (msg:"RULEWRIGHT QUIC server name quillet (quillet-morrow .top)"; quic.sni; dotprefix; content:".quillet-morrow.top"; fast_pattern; nocase; endswith; ${tail(1000003)}`,
    ]);
  });

  it("match exactly the name when its scope is the host", async () => {
    const rules = await rulesOf([exampleIndicator("domain", { value: "cdn.bad-host.top", scope: "host" })]);
    expect(rules.map(detection)).toEqual([
      `alert dns $HOME_NET any -> any any (dns.query; bsize:16; content:"cdn.bad-host.top"; fast_pattern; nocase; ...)`,
      `alert tls $HOME_NET any -> $EXTERNAL_NET any (flow:established,to_server; tls.sni; bsize:16; content:"cdn.bad-host.top"; fast_pattern; nocase; ...)`,
      `alert http $HOME_NET any -> $EXTERNAL_NET any (flow:established,to_server; http.host; bsize:16; content:"cdn.bad-host.top"; fast_pattern; ...)`,
      `alert quic $HOME_NET any -> $EXTERNAL_NET any (quic.sni; bsize:16; content:"cdn.bad-host.top"; fast_pattern; nocase; ...)`,
    ]);
  });

  it("leave QUIC out where it is not wanted", async () => {
    const rules = await rulesOf([exampleIndicator("domain")], { options: { quic: false } });
    expect(rules.map((rule) => rule.split(" ")[1])).toEqual(["dns", "tls", "http"]);
  });

  it("never match wider than said: no scope is the host", async () => {
    const { scope: _, ...unscoped } = exampleIndicator("domain");
    expect((await rulesOf([unscoped])).every((rule) => rule.includes("bsize:18;"))).toBe(true);
  });
});

describe("a rule for a URL", () => {
  const url = async (value: string, labels: string[] = []) =>
    (await rulesOf([exampleIndicator("url", { value, labels })])).map(detection);

  it("matches path, query and host of http exactly", async () => {
    const value = "http://quillet-morrow.top/gate.php?id=1";
    expect(await rulesOf([exampleIndicator("url")])).toEqual([
      `alert http $HOME_NET any -> $EXTERNAL_NET any (msg:"RULEWRIGHT HTTP URL quillet (hxxp://quillet-morrow .top/gate.php?id=1)"; flow:established,to_server; http.uri; bsize:14; content:"/gate.php?id=1"; fast_pattern; http.host; bsize:18; content:"quillet-morrow.top"; reference:url,www.virustotal.com/gui/url/d58a88bc04d16c2ffee511e3059b0ad2be77c0c3f8e47a95d3f4693021a293f0; classtype:trojan-activity; target:src_ip; sid:1000000; rev:1; metadata:${metadataOf(`url:${value}`)};)`,
    ]);
  });

  it.each(["/a%20b?x=%41", "/A/../b", "//a", "/a\\b", "/.hidden"])(
    "matches %s before normalisation",
    async (target) => {
      expect((await url(`http://x.top${target}`))[0]).toContain("; http.uri.raw; bsize:");
    },
  );

  it("counts bytes of the wire, not of the pattern", async () => {
    expect(await url('http://x.top/a;b"c')).toEqual([
      `alert http $HOME_NET any -> $EXTERNAL_NET any (flow:established,to_server; http.uri; bsize:6; content:"/a|3b|b|22|c"; fast_pattern; http.host; bsize:5; content:"x.top"; ...)`,
    ]);
  });

  it("puts no port into host or header", async () => {
    expect(await url("http://x.top:8080/a")).toEqual(await url("http://x.top/a"));
  });

  it("keeps the brackets of an IPv6 host", async () => {
    expect((await url("http://[2a01:4f8::9]/a"))[0]).toContain(
      'http.host; bsize:13; content:"|5b|2a01|3a|4f8|3a 3a|9|5d|";',
    );
  });

  it("matches the host when the path is only a slash", async () => {
    expect(await url("http://x.top/")).toEqual([
      `alert http $HOME_NET any -> $EXTERNAL_NET any (flow:established,to_server; http.host; bsize:5; content:"x.top"; fast_pattern; ...)`,
    ]);
  });

  it("matches the server name of https, says so and counts less", async () => {
    const [rule] = await rulesOf([exampleIndicator("url", { value: "https://x.top/y" })]);
    expect(rule).toBe(
      `alert tls $HOME_NET any -> $EXTERNAL_NET any (msg:"RULEWRIGHT TLS server name of a URL, path not visible, quillet (hxxps://x .top/y)"; flow:established,to_server; tls.sni; bsize:5; content:"x.top"; fast_pattern; nocase; reference:url,www.virustotal.com/gui/url/f608d938546e9b4e4a7840d30fc3fef99ec21426ae69bda2a43454240a5cc6d5; classtype:bad-unknown; target:src_ip; sid:1000000; rev:1; metadata:${metadataOf("url:https://x.top/y").replace("Major", "Minor")};)`,
    );
  });

  it("is written once for all https URLs of a host, and not beside the rules of its domain", async () => {
    const urls = ["https://x.top/a", "https://x.top/b"].map((value) => exampleIndicator("url", { value }));
    expect(await rulesOf(urls)).toHaveLength(1);
    const below = exampleIndicator("url", { value: "https://a.quillet-morrow.top/" });
    const { files, skipped } = await render(suricata, [exampleIndicator("domain"), below]);
    expect(rulesIn(files)).toHaveLength(4);
    expect(skipped.map(({ reason }) => reason)).toEqual(["its host is already matched by another rule of this file"]);
  });
});

describe("addresses beside endpoints", () => {
  const address = exampleIndicator("ipv4", { details: { ports: ["8443/tcp"] } });

  it("leave an address whose ports are known to the rules of its endpoints", async () => {
    const { files, skipped } = await render(suricata, [address, exampleIndicator("endpoint")]);
    expect(rulesIn(files)).toHaveLength(1);
    expect(skipped.map(({ reason }) => reason)).toEqual([
      "its ports are known, and the rules of its endpoints are narrower (option addresses)",
    ]);
  });

  it("give it one when asked to", async () => {
    const { files } = await render(suricata, [address], { options: { addresses: "all" } });
    expect(rulesIn(files)).toHaveLength(1);
  });
});

describe("rules for other indicators", () => {
  it.each([
    [
      "ipv4",
      `alert ip $HOME_NET any -> 45.32.17.9 any (msg:"RULEWRIGHT address contact attempt quillet (45 .32 .17 .9)"; threshold:type limit,track by_src,count 1,seconds 3600; reference:url,www.virustotal.com/gui/ip-address/45.32.17.9; classtype:command-and-control; target:src_ip;`,
    ],
    [
      "ipv6",
      `alert ip $HOME_NET any -> 2a01:4f8:c17:7d1::2 any (msg:"RULEWRIGHT address contact attempt quillet (2a01:4f8:c17:7d1::2)"; threshold:type limit,track by_src,count 1,seconds 3600; reference:url,www.virustotal.com/gui/ip-address/2a01:4f8:c17:7d1::2; classtype:command-and-control; target:src_ip;`,
    ],
    [
      "endpoint",
      `alert tcp $HOME_NET any -> 45.32.17.9 8443 (msg:"RULEWRIGHT endpoint contact attempt quillet (45 .32 .17 .9:8443/tcp)"; threshold:type limit,track by_src,count 1,seconds 3600; reference:url,www.virustotal.com/gui/ip-address/45.32.17.9; classtype:command-and-control; target:src_ip;`,
    ],
    [
      "ja3",
      `alert tls $HOME_NET any -> $EXTERNAL_NET any (msg:"RULEWRIGHT JA3 quillet (6734f37431670b3ab4292b8f60f29984)"; flow:established,to_server; ja3.hash; content:"6734f37431670b3ab4292b8f60f29984"; fast_pattern; reference:url,${SAMPLE_PAGE}; classtype:trojan-activity; target:src_ip;`,
    ],
    [
      "ja3s",
      `alert tls $EXTERNAL_NET any -> $HOME_NET any (msg:"RULEWRIGHT JA3S quillet (e35df3e00ca4ef31d42b34bebaa2f86e)"; flow:established,to_client; ja3s.hash; content:"e35df3e00ca4ef31d42b34bebaa2f86e"; fast_pattern; reference:url,${SAMPLE_PAGE}; classtype:command-and-control; target:dest_ip;`,
    ],
    [
      "ja4",
      `alert tls $HOME_NET any -> $EXTERNAL_NET any (msg:"RULEWRIGHT JA4 quillet (t13d1516h2_8daaf6152771_b186095e22b6)"; requires:feature ja4; flow:established,to_server; ja4.hash; content:"t13d1516h2_8daaf6152771_b186095e22b6"; fast_pattern; reference:url,${SAMPLE_PAGE}; classtype:trojan-activity; target:src_ip;`,
    ],
    [
      "certificate",
      `alert tls $EXTERNAL_NET any -> $HOME_NET any (msg:"RULEWRIGHT TLS certificate quillet (3f1d2c4b5a69788796a5b4c3d2e1f00112233445)"; flow:established,to_client; tls.cert_fingerprint; content:"3f:1d:2c:4b:5a:69:78:87:96:a5:b4:c3:d2:e1:f0:01:12:23:34:45"; fast_pattern; reference:url,${SAMPLE_PAGE}; classtype:command-and-control; target:dest_ip;`,
    ],
    [
      "user-agent",
      `alert http $HOME_NET any -> $EXTERNAL_NET any (msg:"RULEWRIGHT HTTP user agent quillet (Quillet/1 .4 _loader_)"; flow:established,to_server; http.user_agent; bsize:20; content:"Quillet/1.4|20 28|loader|29|"; fast_pattern; reference:url,${SAMPLE_PAGE}; classtype:trojan-activity; target:src_ip;`,
    ],
  ] as const)("%s", async (type, expected) => {
    const rules = await rulesOf([exampleIndicator(type)]);
    expect(rules).toHaveLength(1);
    expect(rules[0]?.slice(0, expected.length)).toBe(expected);
  });

  it("an IPv6 endpoint over UDP is split at the port, not at the first colon", async () => {
    const [rule] = await rulesOf([exampleIndicator("endpoint", { value: "[2a01:4f8::9]:53/udp" })]);
    expect(rule).toContain("alert udp $HOME_NET any -> 2a01:4f8::9 53 (");
    expect(rule).toContain("reference:url,www.virustotal.com/gui/ip-address/2a01:4f8::9;");
  });

  it("file hashes are one list and one rule for each protocol", async () => {
    const other = exampleIndicator("sha256", { value: "a".repeat(64) });
    const { files, rows } = await render(suricata, [exampleIndicator("sha256"), other]);
    expect(files.get("rulewright-sha256.lst")?.toString()).toBe(
      `9f2b5c7d1e3a4f60817263544536271809fadbecdcbdae9f8071625344352617\n${"a".repeat(64)}\n`,
    );
    expect(rulesIn(files).map(detection)).toEqual([
      "alert http $EXTERNAL_NET any -> $HOME_NET any (flow:established; filesha256:rulewright-sha256.lst; ...)",
      "alert smtp any any -> $HOME_NET any (flow:established; filesha256:rulewright-sha256.lst; ...)",
      "alert smb any any -> $HOME_NET any (flow:established; filesha256:rulewright-sha256.lst; ...)",
      "alert ftp-data $EXTERNAL_NET any -> $HOME_NET any (flow:established; filesha256:rulewright-sha256.lst; ...)",
    ]);
    expect(rows).toBe(6);
    expect(files.get(RULES)?.toString()).not.toContain("filesha256");
  });
});

describe("options", () => {
  it("destination any reaches proxies", async () => {
    const indicators = [exampleIndicator("domain"), exampleIndicator("certificate")];
    const rules = await rulesOf(indicators, { options: { destination: "any" } });
    expect(rules.map((rule) => rule.slice(0, rule.indexOf(" (")))).toEqual([
      "alert dns $HOME_NET any -> any any",
      "alert tls $HOME_NET any -> any any",
      "alert http $HOME_NET any -> any any",
      "alert quic $HOME_NET any -> any any",
      "alert tls any any -> $HOME_NET any",
    ]);
  });

  it("thresholdSeconds and classtypes reach their rules", async () => {
    const options = { thresholdSeconds: 60, classtypes: { address: "misc-attack" } };
    const [address, endpoint] = await rulesOf([exampleIndicator("ipv4"), exampleIndicator("endpoint")], { options });
    expect(address).toContain("count 1,seconds 60; ");
    expect(address).toContain("classtype:misc-attack;");
    expect(endpoint).toContain("classtype:command-and-control;");
  });

  it("an unknown option, kind or classtype text is refused", () => {
    expect(suricata.options.safeParse({ minConfidence: 50 }).success).toBe(false);
    expect(suricata.options.safeParse({ classtypes: { icmp: "misc-attack" } }).success).toBe(false);
    expect(suricata.options.safeParse({ classtypes: { dns: "x; sid:1" } }).success).toBe(false);
  });
});

describe("what is skipped, and why", () => {
  it.each([
    ["domain", "Evil.top", "not a canonical domain name"],
    ["domain", "localhost", "not a canonical domain name"],
    ["domain", `${"a".repeat(64)}.top`, "not a canonical domain name"],
    ["domain", "1.2.3.4", "not a canonical domain name"],
    ["ipv4", "01.2.3.4", "not a canonical address"],
    ["ipv4", "1.2.3.0/24", "not a canonical address"],
    ["ipv6", "fe80::1%eth0", "not a canonical address"],
    ["endpoint", "github.com:443/tcp", "not a canonical endpoint"],
    ["endpoint", "1.2.3.4:65536/tcp", "not a canonical endpoint"],
    ["endpoint", "1.2.3.4:0/tcp", "not a canonical endpoint"],
    ["url", "https://1.2.3.4/x", "https to an address shows neither path nor server name on the wire"],
    ["url", "ftp://x.top/a", "only http and https URLs can be matched"],
    ["url", "http://user@x.top/a", "the URL's host is not canonical"],
    ["url", "http://x.top/a b", "the URL holds characters that no client sends as they are"],
    ["url", `http://x.top/${";".repeat(3000)}`, "the rule would be longer than the 8191 bytes an engine reads"],
    ["url", `http://x.top/${"a".repeat(4000)}`, "the pattern is longer than the 4000 bytes the engine's matcher takes"],
    ["user-agent", "a".repeat(4001), "the pattern is longer than the 4000 bytes the engine's matcher takes"],
    ["ja3", "6734F37431670B3AB4292B8F60F29984", "not an MD5 in lower hex"],
    ["ja4", "t13d", "not a JA4 fingerprint"],
    ["ja4", "d12d1516h2_8daaf6152771_b186095e22b6", "Suricata computes no JA4 of DTLS"],
    ["certificate", "a".repeat(64), "only certificates with a SHA-1 thumbprint can be matched"],
    ["user-agent", "a\r\nb", "not a value that fits an HTTP header"],
    ["user-agent", " a", "not a value that fits an HTTP header"],
    ["sha256", "abc", "not a SHA-256 in lower hex"],
  ] as const)("%s %s", async (type, value, reason) => {
    const { files, skipped, rows } = await render(suricata, [exampleIndicator(type, { value })]);
    expect(skipped.map((skip) => skip.reason)).toEqual([reason]);
    expect(rulesIn(files)).toEqual([]);
    expect(rows).toBe(0);
  });

  it.each([
    ["shared-host", "only the host is visible, and it is shared with others"],
    ["host-not-kept", "only the host is visible, and it is no indicator itself"],
  ])("the host of an https URL with the label %s", async (label, why) => {
    const indicator = exampleIndicator("url", { value: "https://t.co/abc", labels: [label] });
    const { skipped } = await render(suricata, [indicator]);
    expect(skipped.map(({ reason }) => reason)).toEqual([why]);
  });

  it("but not the path of an http URL there", async () => {
    const indicator = exampleIndicator("url", { value: "http://t.co/abc", labels: ["shared-host"] });
    expect(await rulesOf([indicator])).toHaveLength(1);
  });

  it("a second indicator of the same value, which would repeat a sid", async () => {
    const { files, skipped } = await render(suricata, [exampleIndicator("ja3"), exampleIndicator("ja3")]);
    expect(skipped.map(({ reason }) => reason)).toEqual(["the same indicator came twice"]);
    expect(rulesIn(files)).toHaveLength(1);
  });
});

describe("sid and rev", () => {
  it("stay when only dates, families or confidence change", async () => {
    const sids = memorySidLedger();
    await rulesOf([exampleIndicator("domain")], { sids });
    const later = exampleIndicator("domain", {
      lastSeen: "2026-11-20T00:00:00.000Z",
      families: ["renamed"],
      samples: [],
      verdict: { decision: "keep", confidence: 40, reasons: [] },
    });
    const rules = await rulesOf([later], { sids });
    expect(rules.map((rule) => /sid:\d+; rev:\d+;/.exec(rule)?.[0])).toEqual([
      "sid:1000000; rev:1;",
      "sid:1000001; rev:1;",
      "sid:1000002; rev:1;",
      "sid:1000003; rev:1;",
    ]);
    expect(rules[0]).toContain("updated_at 2026_11_20");
  });

  it("the rev moves when what is matched changes, the sid never", async () => {
    const sids = memorySidLedger();
    await rulesOf([exampleIndicator("domain")], { sids });
    const [rule] = await rulesOf([exampleIndicator("domain", { scope: "host" })], { sids });
    expect(rule).toContain("sid:1000000; rev:2;");
  });

  it("belong to the indicator, whatever else is in the file", async () => {
    const sids = memorySidLedger();
    const [before] = await rulesOf([exampleIndicator("ipv4")], { sids });
    const rules = await rulesOf([exampleIndicator("domain"), exampleIndicator("ipv4")], { sids });
    expect(rules).toContain(before);
  });

  it("cannot be forged by a value that holds their slots", async () => {
    const family = "\u0001\u0002";
    const [rule] = await rulesOf([exampleIndicator("url", { value: "http://x.top/%01", families: [family] })]);
    expect(rule).toContain('msg:"RULEWRIGHT HTTP URL malware (');
    expect(rule).toContain("sid:1000000; rev:1;");
  });
});

describe("files", () => {
  it("a withdrawn rule stays as a comment with its sid, and leaves the map", async () => {
    const { files } = await render(suricata, [exampleIndicator("ja3", { status: "revoked" })]);
    expect(files.get(RULES)?.toString()).toMatch(/^# alert tls .*; sid:1000000; rev:1; /m);
    expect(files.get("sid-msg.map")?.toString()).toBe("");
  });

  it("a withdrawn URL neither hides nor disables the rule of its host", async () => {
    const urls = ["https://x.top/a", "https://x.top/b"].map((value, index) =>
      exampleIndicator("url", { value, status: index === 0 ? "revoked" : "active" }),
    );
    const { files, skipped } = await render(suricata, urls);
    expect(files.get(RULES)?.toString().match(/sid:/g)).toHaveLength(1);
    expect(rulesIn(files)).toHaveLength(1);
    expect(skipped.map(({ reason }) => reason)).toEqual([
      "the URL is revoked, and the rule of its host would stand for other URLs too",
    ]);
  });

  it("a withdrawn domain hides no URL", async () => {
    const domain = exampleIndicator("domain", { value: "x.top", status: "expired" });
    expect(await rulesOf([domain, exampleIndicator("url", { value: "https://x.top/a" })])).toHaveLength(1);
  });

  it("sid-msg.map names message and references", async () => {
    const { files } = await render(suricata, [exampleIndicator("ipv4")]);
    expect(files.get("sid-msg.map")?.toString()).toBe(
      "1000000 || RULEWRIGHT address contact attempt quillet (45 .32 .17 .9) || url,www.virustotal.com/gui/ip-address/45.32.17.9\n",
    );
  });

  it("its version 2 has rev, classtype and priority too", async () => {
    const { files } = await render(suricata, [exampleIndicator("ipv4")]);
    expect(files.get("sid-msg-v2.map")?.toString()).toBe(
      "#v2\n1 || 1000000 || 1 || command-and-control || 0 || RULEWRIGHT address contact attempt quillet (45 .32 .17 .9) || url,www.virustotal.com/gui/ip-address/45.32.17.9\n",
    );
  });

  it("the header has no date", async () => {
    const { files } = await render(suricata, []);
    expect(files.get(RULES)?.toString()).toBe(
      "# Rulewright: Suricata rules for what malware contacted in sandboxes.\n" +
        "# For Suricata 7.0.3 and later. A rule for one indicator names it and leads to VirusTotal.\n" +
        "# A rule keeps its sid for life; rev moves only when what it matches changes.\n" +
        "# Rules of withdrawn and expired indicators stay as comments.\n",
    );
  });
});
