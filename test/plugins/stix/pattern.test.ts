import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { express } from "../../../plugins/stix/express.ts";
import { equals, observation, stringLiteral } from "../../../plugins/stix/pattern.ts";
import type { Indicator, ObservableType } from "../../../src/plugin.ts";
import { exampleIndicator } from "../../../src/testing.ts";
import { parsePattern } from "./support.ts";

function patternOf(type: ObservableType, value: string, overrides: Partial<Indicator> = {}): string {
  const expression = express(exampleIndicator(type, { ...overrides, value }));
  return "pattern" in expression ? expression.pattern : `misfit: ${expression.misfit}`;
}

describe("string literals", () => {
  it("escape the backslash first, then the quote, and nothing else", () => {
    expect(stringLiteral(String.raw`a\b'c"d`)).toBe(String.raw`'a\\b\'c"d'`);
  });

  it("become four backslashes in JSON", () => {
    expect(JSON.stringify(stringLiteral(String.raw`Global\x`))).toBe(String.raw`"'Global\\\\x'"`);
  });

  it("come back unchanged from a strict parser, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.constantFrom("\\", "'", "\\'", "]", " AND ", ""), (text, spice) => {
        const value = `${text}${spice}${text}`;
        expect(parsePattern(observation(equals("mutex:name", value)))).toEqual([{ path: "mutex:name", value }]);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("patterns", () => {
  it.each<[ObservableType, string, string]>([
    ["domain", "quillet-morrow.top", "[domain-name:value = 'quillet-morrow.top']"],
    ["ipv4", "198.51.100.3", "[ipv4-addr:value = '198.51.100.3']"],
    ["ipv6", "2001:db8::7", "[ipv6-addr:value = '2001:db8::7']"],
    ["url", "http://a.top/x?q='1'", String.raw`[url:value = 'http://a.top/x?q=\'1\'']`],
    ["url", "http://a.top/x|y", "[url:value = 'http://a.top/x|y']"],
    ["sha256", "ab".repeat(32), `[file:hashes.'SHA-256' = '${"ab".repeat(32)}']`],
    ["certificate", "ab".repeat(20), `[x509-certificate:hashes.'SHA-1' = '${"ab".repeat(20)}']`],
    ["mutex", String.raw`Global\it's`, String.raw`[mutex:name = 'Global\\it\'s']`],
    [
      "registry-key",
      String.raw`HKEY_USERS\.DEFAULT\a`,
      String.raw`[windows-registry-key:key = 'HKEY_USERS\\.DEFAULT\\a']`,
    ],
    [
      "user-agent",
      "Quillet/1.4",
      "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'[*] = 'Quillet/1.4']",
    ],
    ["command-line", "calc.exe /q", "[process:command_line = 'calc.exe /q']"],
    [
      "file-path",
      String.raw`C:\a\b.dll`,
      String.raw`[file:name = 'b.dll' AND file:parent_directory_ref.path = 'C:\\a']`,
    ],
    ["file-path", String.raw`C:\b.dll`, String.raw`[file:name = 'b.dll' AND file:parent_directory_ref.path = 'C:\\']`],
    ["file-path", "/tmp/x", "[file:name = 'x' AND file:parent_directory_ref.path = '/tmp']"],
    ["file-path", "/x", "[file:name = 'x' AND file:parent_directory_ref.path = '/']"],
  ])("of a %s %s", (type, value, pattern) => {
    expect(patternOf(type, value)).toBe(pattern);
    expect(() => parsePattern(pattern)).not.toThrow();
  });

  it("tell TCP and UDP on one port apart", () => {
    expect(patternOf("endpoint", "198.51.100.3:53/udp")).toBe(
      "[network-traffic:dst_ref.value = '198.51.100.3' AND network-traffic:dst_port = 53 AND network-traffic:protocols[*] = 'udp']",
    );
    expect(patternOf("endpoint", "[2001:db8::7]:53/tcp")).toBe(
      "[network-traffic:dst_ref.value = '2001:db8::7' AND network-traffic:dst_port = 53 AND network-traffic:protocols[*] = 'tcp']",
    );
  });

  it("of JA3, JA3S and JA4 use our extension under its fixed id", () => {
    const id = "extension-definition--4629f5e5-80d0-5157-917a-1a01eb8bcf15";
    const hash = "6734f37431670b3ab4292b8f60f29984";
    expect(patternOf("ja3", hash)).toBe(`[network-traffic:extensions.'${id}'.ja3 = '${hash}']`);
    expect(patternOf("ja3s", hash)).toBe(`[network-traffic:extensions.'${id}'.ja3s = '${hash}']`);
    expect(patternOf("ja4", "t13d1516h2_8daaf6152771_b186095e22b6")).toBe(
      `[network-traffic:extensions.'${id}'.ja4 = 't13d1516h2_8daaf6152771_b186095e22b6']`,
    );
  });
});

describe("values that do not fit", () => {
  it.each<[ObservableType, string]>([
    ["domain", "EXAMPLE.com"],
    ["domain", "single"],
    ["domain", "a_b.top"],
    ["domain", "evil[.]top"],
    ["domain", "198.51.100.3"],
    ["ipv4", "999.1.1.1"],
    ["ipv4", "198.51.100.3:80"],
    ["ipv4", "198.51.100.0/24"],
    ["ipv6", "2001:DB8::7"],
    ["ipv6", "fe80::1%eth0"],
    ["ipv6", "::ffff:198.51.100.3"],
    ["endpoint", "198.51.100.3:70000/tcp"],
    ["endpoint", "999.1.1.1:80/tcp"],
    ["url", "hxxp://a[.]top/"],
    ["url", "http://a.top/with space"],
    ["url", "http://a.top/é"],
    ["sha256", "AB".repeat(32)],
    ["ja3", "not-a-hash"],
    ["ja4", "t13d1516h2"],
    ["certificate", "ab:".repeat(20)],
    ["mutex", "nul\u0000inside"],
    ["mutex", "\ud800"],
    ["mutex", ""],
    ["registry-key", "HKLM\\Software\\x"],
    ["file-path", "relative.dll"],
    ["file-path", String.raw`%USERPROFILE%\quillet.dll`],
    ["file-path", String.raw`C:\Users\<USER>\quillet.dll`],
    ["command-line", String.raw`"%TEMP%\quillet.exe" /q`],
    ["command-line", "A".repeat(40_000)],
    ["email-address", "drop@quillet-morrow.top"],
  ])("are refused with a reason: %s %s", (type, value) => {
    expect(patternOf(type, value)).toMatch(/^misfit: .{5,}/);
  });
});
