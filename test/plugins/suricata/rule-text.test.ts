import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ruleParts } from "../../../plugins/shared/ids/rule-parts.ts";
import {
  bytes,
  content,
  defangForMessage,
  escapeText,
  metadata,
  metadataValue,
  ruleText,
} from "../../../plugins/shared/ids/rule-text.ts";
import { exampleIndicator, HOSTILE_TEXTS } from "../../../src/testing.ts";

/** The bytes a content pattern matches, read as Suricata's manual describes it. */
function matchedBytes(pattern: string): Buffer {
  return Buffer.concat(
    pattern
      .split("|")
      .map((part, index) => (index % 2 === 1 ? Buffer.from(part.replaceAll(" ", ""), "hex") : Buffer.from(part))),
  );
}

const anyText = fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), fc.constantFrom(...HOSTILE_TEXTS));

describe("content", () => {
  it.each([
    ["/gate.php?id=1&x=a_b-c~%41", "/gate.php?id=1&x=a_b-c~%41"],
    ["a;b", "a|3b|b"],
    ['";|\\', "|22 3b 7c 5c|"],
    ["caf\u00e9", "caf|c3 a9|"],
    ["a b:c", "a|20|b|3a|c"],
    ["", ""],
  ])("%s → %s", (text, pattern) => {
    expect(content(text)).toBe(pattern);
  });

  it("matches exactly the UTF-8 bytes of any text, and bytes counts them", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const pattern = content(text);
        expect(pattern).toMatch(/^(?:[A-Za-z0-9._/=?&%~-]|\|[0-9a-f]{2}(?: [0-9a-f]{2})*\|)*$/);
        expect(matchedBytes(pattern)).toEqual(Buffer.from(text, "utf8"));
        expect(Number(bytes(text))).toBe(Buffer.byteLength(text));
      }),
    );
  });
});

describe("plain text", () => {
  it.each([
    ["a\nb\r\nc\u0000d", "a b c d"],
    ['"; sid:1;)', "_ sid_1_"],
    ["\u202egnp.exe", "gnp.exe"],
    ["A".repeat(200), `${"A".repeat(157)}...`],
  ])("%j → %j", (text, plain) => {
    expect(ruleText(text)).toBe(plain);
  });

  it("is printable ASCII without rule syntax, and stays what it is", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const plain = ruleText(text);
        expect(plain).toMatch(/^[^\u0000-\u001f\u007f-\uffff;"\\|()]{0,160}$/);
        expect(ruleText(plain)).toBe(plain);
        expect(escapeText(plain)).toBe(plain);
      }),
    );
  });
});

describe("metadata", () => {
  it("keeps one key and one value in each entry, whatever the texts", () => {
    fc.assert(
      fc.property(anyText, anyText, (family, technique) => {
        const indicator = exampleIndicator("user-agent", {
          value: family,
          families: [family],
          techniques: [technique],
          firstSeen: technique,
        });
        for (const entry of String(metadata(indicator, "Major")).split(", ")) {
          expect(entry).toMatch(/^[a-z_]+ [^\s,;"\\|()]+$/);
        }
      }),
    );
  });

  it("names techniques that a network shows, and none of the host", () => {
    const indicator = exampleIndicator("domain", { techniques: ["T1055", "T1071.004", "T1497", "T1555.003", "T1568"] });
    expect(String(metadata(indicator, "Major")).match(/T\d+(?:\.\d+)?/g)).toEqual(["T1071.004", "T1568"]);
  });

  it("takes spaces and commas out of a value", () => {
    expect(metadataValue("Agent Tesla, v3")).toBe("Agent_Tesla_v3");
  });
});

describe("defanging in messages", () => {
  it.each([
    ["evil.top", "evil .top"],
    ["http://a.evil.top/x.php", "hxxp://a .evil .top/x.php"],
    ["https://evil.top:8443/a;b", "hxxps://evil .top:8443/a_b"],
    ["2a01:4f8::9", "2a01:4f8::9"],
  ])("%s → %s", (value, defanged) => {
    expect(defangForMessage(value)).toBe(defanged);
  });
});

describe("the parts of a rule", () => {
  it("the fingerprint is what matches", () => {
    const rule =
      'alert dns any any -> any any (msg:"a (b .c)"; dns.query; content:"/sid:1"; reference:url,x.example/a; classtype:t; sid:1; rev:2; metadata:a b;)';
    expect(ruleParts(rule)).toEqual({
      message: "a (b .c)",
      references: " || url,x.example/a",
      classtype: "t",
      fingerprint: 'alert dns any any -> any any (dns.query;content:"/sid:1";)',
    });
  });
});
