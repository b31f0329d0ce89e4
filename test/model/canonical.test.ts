import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  canonicalise,
  canonicaliseAddress,
  canonicaliseEmail,
  canonicaliseEndpoint,
  canonicaliseHost,
  canonicaliseMutex,
  canonicaliseRegistryKey,
  canonicaliseUrl,
  isRejected,
  recognise,
} from "../../src/model/canonical.ts";
import { OBSERVABLE_TYPES, parseEndpoint, parseUrl } from "../../src/model/observable.ts";

const value = (result: ReturnType<typeof canonicaliseHost>): string =>
  isRejected(result) ? `rejected: ${result.rejected}` : result.value;

describe("hosts", () => {
  it.each([
    ["EVIL.Example.TOP", "evil.example.top"],
    ["evil.top.", "evil.top"],
    ["bücher.net", "xn--bcher-kva.net"],
    ["_dmarc.evil.top", "_dmarc.evil.top"],
    ["wpad", "wpad"],
  ])("%s becomes %s", (raw, canonical) => expect(value(canonicaliseHost(raw))).toBe(canonical));

  it.each([
    "",
    ".",
    "a..b",
    "evil .top",
    'evil".top',
    "evil.top\nx",
    "1.2.3.4",
    "1.2.3",
    "0x7f.1",
    `${"a".repeat(64)}.top`,
    `${"a.".repeat(130)}top`,
    "\ud800.top",
  ])("%j is no host", (raw) => expect(isRejected(canonicaliseHost(raw))).toBe(true));
});

describe("addresses", () => {
  it.each([
    ["198.51.100.7", "198.51.100.7"],
    ["2001:0DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["::ffff:198.51.100.7", "198.51.100.7"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ])("%s becomes %s", (raw, canonical) => expect(value(canonicaliseAddress(raw))).toBe(canonical));

  it.each(["192.168.1", "01.2.3.4", "256.1.1.1", "1.2.3.4:80", "fe80::1%eth0", "2.5.4.3.", "::g", "1.2.3.4/32"])(
    "%s is no address",
    (raw) => expect(isRejected(canonicaliseAddress(raw))).toBe(true),
  );
});

describe("endpoints", () => {
  it("writes IPv6 in brackets", () =>
    expect(value(canonicaliseEndpoint("2001:DB8::7", 443, "tcp"))).toBe("[2001:db8::7]:443/tcp"));
  it.each([0, 65_536, 1.5, -1])("refuses port %d", (port) =>
    expect(isRejected(canonicaliseEndpoint("198.51.100.7", port, "tcp"))).toBe(true),
  );
  it("splits back", () =>
    expect(parseEndpoint("[2001:db8::7]:443/udp")).toEqual({ address: "2001:db8::7", port: 443, transport: "udp" }));
});

describe("URLs", () => {
  it.each([
    ["HTTP://Evil.Top:80/A%20b?X=%41&y", "http://evil.top/A%20b?X=%41&y"],
    ["https://evil.top:443", "https://evil.top/"],
    ["https://evil.top:8443/x;y", "https://evil.top:8443/x;y"],
    ["http://user:secret@evil.top/a#frag", "http://evil.top/a"],
    ["http://[2001:DB8::1]:8080/x", "http://[2001:db8::1]:8080/x"],
    ["http://evil.top?x=1", "http://evil.top/?x=1"],
    ["http://evil.top/café x", "http://evil.top/caf%C3%A9%20x"],
    ["http://evil.top/a/../b//c\\d", "http://evil.top/a/../b//c\\d"],
  ])("%s becomes %s", (raw, canonical) => expect(value(canonicaliseUrl(raw))).toBe(canonical));

  it.each([
    "evil.top/x",
    "http:///x",
    "file:///etc/passwd",
    "smtp://mail.top/",
    "http://evil.top/\u0000",
    "http://evil.top/\nHost: x",
    "http://evil.top/\ud800",
    "http://evil.top:99999/",
    `http://evil.top/${"a".repeat(9000)}`,
  ])("refuses %j", (raw) => expect(isRejected(canonicaliseUrl(raw))).toBe(true));

  it("splits back without touching the target", () =>
    expect(parseUrl("http://[2001:db8::1]:8080/a%20b?c=d")).toEqual({
      scheme: "http",
      host: "2001:db8::1",
      isAddress: true,
      port: 8080,
      target: "/a%20b?c=d",
    }));
});

describe("host artefacts", () => {
  it.each([
    ["\\REGISTRY\\MACHINE\\SOFTWARE\\X\\", "HKEY_LOCAL_MACHINE\\SOFTWARE\\X"],
    ["\\Registry\\User\\S-1-5-21-1-2-3-1001\\Software\\X", "HKEY_CURRENT_USER\\Software\\X"],
    ["HKCU\\Software\\\\X", "HKEY_CURRENT_USER\\Software\\X"],
  ])("registry key %s", (raw, canonical) => expect(value(canonicaliseRegistryKey(raw))).toBe(canonical));

  it("takes the session directory off a mutex", () =>
    expect(value(canonicaliseMutex("\\Sessions\\1\\BaseNamedObjects\\Quillet-1"))).toBe("Quillet-1"));
  it("keeps the local part of a mailbox as written", () =>
    expect(value(canonicaliseEmail("<Drop@Evil.TOP>"))).toBe("Drop@evil.top"));
});

describe("recognise", () => {
  it.each([
    ["198.51.100.7:8080", "endpoint", "198.51.100.7:8080/tcp"],
    ["[2001:db8::7]:53/udp", "endpoint", "[2001:db8::7]:53/udp"],
    ["2001:db8::7", "ipv6", "2001:db8::7"],
    ["hxxp", "domain", "hxxp"],
    ["http://evil.top", "domain", "evil.top"],
    ["https://[2001:db8::7]", "ipv6", "2001:db8::7"],
    ["http://198.51.100.7", "ipv4", "198.51.100.7"],
    ["http://evil.top/", "url", "http://evil.top/"],
    ["http://evil.top:8080", "url", "http://evil.top:8080/"],
    ["http://evil.top?a", "url", "http://evil.top/?a"],
    ["A".repeat(64), "sha256", "a".repeat(64)],
    ["t13d1516h2_8daaf6152771_b186095e22b6", "ja4", "t13d1516h2_8daaf6152771_b186095e22b6"],
  ])("%s is %s", (raw, type, canonical) => expect(recognise(raw)).toEqual({ type, value: canonical }));
});

describe("properties", () => {
  const written = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.domain(),
    fc.ipV4(),
    fc.ipV6(),
    fc.emailAddress(),
  );

  it.each(OBSERVABLE_TYPES)("%s: canonical forms are stable", (type) => {
    fc.assert(
      fc.property(written, (raw) => {
        const first = canonicalise(type, raw);
        if (!isRejected(first)) expect(canonicalise(first.type, first.value)).toEqual(first);
      }),
      { numRuns: 500 },
    );
  });

  it.each(OBSERVABLE_TYPES)("%s: nothing canonical holds a control character", (type) => {
    fc.assert(
      fc.property(written, (raw) => {
        const result = canonicalise(type, raw);
        if (!isRejected(result)) expect(result.value).not.toMatch(/[\x00-\x1f\x7f]/);
      }),
      { numRuns: 500 },
    );
  });

  it("path and query of an ASCII URL stay byte for byte", () => {
    const target = fc.stringMatching(/^\/[!-"$-~]{0,40}$/);
    fc.assert(
      fc.property(fc.domain(), target, (host, path) => {
        const result = canonicaliseUrl(`http://${host}${path}`);
        if (!isRejected(result)) expect(parseUrl(result.value).target).toBe(path);
      }),
    );
  });

  it("case and a trailing dot never make another host", () => {
    fc.assert(
      fc.property(fc.domain(), (host) => {
        expect(canonicaliseHost(`${host.toUpperCase()}.`)).toEqual(canonicaliseHost(host));
      }),
    );
  });
});
