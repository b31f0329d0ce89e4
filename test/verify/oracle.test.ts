import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { contactsOf, lookAlikesOf } from "../../src/verify/contacts.ts";
import { COMMON_JA3, everydayExchanges } from "../../src/verify/everyday.ts";
import { ja3, ja3Text } from "../../src/verify/fingerprints.ts";
import { helloOfJa3 } from "../../src/verify/messages.ts";
import { parseRuleFile, patternBytes } from "../../src/verify/rule-file.ts";
import { contacts, type Target } from "../../src/verify/target.ts";

const TARGETS: readonly Target[] = [
  { view: "dns", host: "c2.evil.example", scope: "subtree" },
  { view: "dns", host: "c2.evil.example", scope: "host" },
  { view: "tls", host: "c2.evil.example", scope: "host" },
  { view: "tls", host: "evil.example", scope: "below" },
  { view: "quic", host: "evil.example", scope: "subtree" },
  { view: "http-host", host: "evil.example", scope: "subtree" },
  { view: "http-uri", host: "evil.example", target: "/gate?a=1", proxied: true },
  { view: "http-uri", host: "evil.example", port: 8080, target: "/gate", proxied: false, method: "POST" },
  { view: "address", address: "203.0.113.9", transports: ["tcp", "udp"], onSyn: true },
  { view: "address", address: "203.0.113.64/30", transports: ["tcp"], onSyn: false },
  { view: "address", address: "2001:db8::9", port: 443, transports: ["tcp"], onSyn: true },
  { view: "user-agent", userAgent: "Quillet/1.4" },
];

describe("the oracle", () => {
  it.each(TARGETS.map((target) => [JSON.stringify(target), target] as const))(
    "knows contacts of %s from what looks like them",
    (_, target) => {
      expect(contactsOf(target).length).toBeGreaterThan(0);
      expect(contactsOf(target).filter(({ facts }) => !contacts(target, facts))).toEqual([]);
      expect(lookAlikesOf(target).length).toBeGreaterThan(0);
      expect(lookAlikesOf(target).filter(({ facts }) => contacts(target, facts))).toEqual([]);
    },
  );

  it("lets nothing but a fingerprint's own hello have it", () => {
    const hello = helloOfJa3(COMMON_JA3.Firefox as string, "www.benign.test");
    const [exchange] = everydayExchanges().filter(({ name }) => name === "TLS of Firefox");
    const facts = exchange?.facts ?? { server: { address: "", port: 0, transport: "tcp" }, isEstablished: true };
    expect(contacts({ view: "ja3", hash: ja3(hello) }, facts)).toBe(true);
    expect(contacts({ view: "ja3", hash: "0".repeat(32) }, facts)).toBe(false);
  });
});

describe("client hellos of common programs", () => {
  it("have the JA3 they were made of, which is the published one", () => {
    for (const text of Object.values(COMMON_JA3)) expect(ja3Text(helloOfJa3(text, "www.benign.test"))).toBe(text);
    const md5 = (text = "") => createHash("md5").update(text).digest("hex");
    expect(md5(COMMON_JA3["Windows SChannel with ALPN"])).toBe("28a2c9bd18a11de089ef85a160da29e4");
    expect(md5(COMMON_JA3["Chrome 83 to 109"])).toBe("b32309a26951912be7dba376398abc3b");
    expect(md5(COMMON_JA3.Firefox)).toBe("579ccef312d18482fc42e2b822ca2430");
  });
});

describe("rule files", () => {
  it("are taken apart into rules, commented rules and lines that are neither", () => {
    const file = parseRuleFile(
      "x.rules",
      [
        "# a comment",
        '# alert dns any any -> any any (msg:"off"; sid:9;)',
        'alert ip $HOME_NET any -> [198.51.100.1, 198.51.100.2] any (msg:"a\\;b"; content:"x;|3b|"; sid:1; rev:2;)',
        "alert http any any -> any any \\",
        '  (msg:"two lines"; sid:2;)',
        "nonsense",
        'alert dns any any -> any any (msg:"no number";)',
        "",
      ].join("\n"),
    );
    expect(file.rules.map(({ sid, rev, line, message }) => [sid, rev, line, message])).toEqual([
      [1, 2, 3, "a\\;b"],
      [2, 0, 4, "two lines"],
    ]);
    expect(file.rules[0]?.header.destination).toBe("[198.51.100.1, 198.51.100.2]");
    expect(file.disabled).toBe(1);
    expect(file.noRules.map(({ line, reason }) => [line, reason])).toEqual([
      [6, "a rule is an action, a header and options in parentheses"],
      [7, "it has no sid"],
    ]);
  });

  it("hold patterns of text and hex", () => {
    expect(patternBytes("a|3b 20|b")?.toString()).toBe("a; b");
    expect(patternBytes("caf|c3 a9|")?.toString()).toBe("café");
    expect(patternBytes("a|3")).toBeUndefined();
    expect(patternBytes("|616|")).toBeUndefined();
  });
});
