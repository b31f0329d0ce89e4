import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPrefixTable, parseAddress, parsePrefix, unwrapMapped } from "../../src/enrich/prefix-table.ts";
import { specialUseAddress, specialUseName } from "../../src/enrich/special-use.ts";

describe("specialUseAddress", () => {
  it.each([
    ["0.0.0.0", "0.0.0.0/32"],
    ["0.1.2.3", "0.0.0.0/8"],
    ["10.255.255.255", "10.0.0.0/8"],
    ["100.64.0.1", "100.64.0.0/10"],
    ["100.127.255.255", "100.64.0.0/10"],
    ["127.0.0.53", "127.0.0.0/8"],
    ["169.254.169.254", "169.254.0.0/16"],
    ["172.31.255.255", "172.16.0.0/12"],
    ["192.0.0.1", "192.0.0.0/29"],
    ["192.0.0.9", "192.0.0.9/32"],
    ["192.0.0.171", "192.0.0.171/32"],
    ["192.0.0.200", "192.0.0.0/24"],
    ["192.0.2.7", "192.0.2.0/24"],
    ["192.31.196.1", "192.31.196.0/24"],
    ["192.52.193.1", "192.52.193.0/24"],
    ["192.88.99.2", "192.88.99.2/32"],
    ["192.88.99.1", "192.88.99.0/24"],
    ["192.168.0.1", "192.168.0.0/16"],
    ["192.175.48.6", "192.175.48.0/24"],
    ["198.19.255.255", "198.18.0.0/15"],
    ["198.51.100.7", "198.51.100.0/24"],
    ["203.0.113.7", "203.0.113.0/24"],
    ["224.0.0.251", "224.0.0.0/4"],
    ["239.255.255.250", "224.0.0.0/4"],
    ["240.0.0.1", "240.0.0.0/4"],
    ["255.255.255.255", "255.255.255.255/32"],
  ])("knows %s as %s", (ip, prefix) => expect(specialUseAddress(ip)?.prefix).toBe(prefix));

  it.each([
    ["::", "::/128"],
    ["::1", "::1/128"],
    ["::7f00:1", "::/96"],
    ["::ffff:8.8.8.8", "::ffff:0:0/96"],
    ["64:ff9b::808:808", "64:ff9b::/96"],
    ["64:ff9b:1:2::1", "64:ff9b:1::/48"],
    ["100::1", "100::/64"],
    ["100:0:0:1::1", "100:0:0:1::/64"],
    ["2001::1", "2001::/32"],
    ["2001:1::1", "2001:1::1/128"],
    ["2001:1::3", "2001:1::3/128"],
    ["2001:1::9", "2001::/23"],
    ["2001:2::1", "2001:2::/48"],
    ["2001:3::1", "2001:3::/32"],
    ["2001:4:112::1", "2001:4:112::/48"],
    ["2001:1f::1", "2001:10::/28"],
    ["2001:2f::1", "2001:20::/28"],
    ["2001:3f::1", "2001:30::/28"],
    ["2001:db8:ffff::1", "2001:db8::/32"],
    ["2002:c000:204::1", "2002::/16"],
    ["2620:4f:8000::1", "2620:4f:8000::/48"],
    ["3fff:fff::1", "3fff::/20"],
    ["5f00::1", "5f00::/16"],
    ["fd12::1", "fc00::/7"],
    ["fe80::1", "fe80::/10"],
    ["fe80::1%eth0", "fe80::/10"],
    ["fec0::1", "fec0::/10"],
    ["ff02::fb", "ff00::/8"],
  ])("knows %s as %s", (ip, prefix) => expect(specialUseAddress(ip)?.prefix).toBe(prefix));

  it.each(["4000::1", "1::1", "200::1", "8000::1", "fb00::1"])("calls %s not global unicast", (ip) => {
    expect(specialUseAddress(ip)).toMatchObject({
      prefix: "::/0",
      name: expect.stringContaining("not global unicast"),
    });
  });

  it.each([
    ...["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0"],
    ...["192.0.1.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "192.167.0.1"],
    ...["2606:4700::1111", "2001:4860:4860::8888", "2003::1", "2001:200::1", "3ffd::1", "3fff:1000::1", "2a00:1450::1"],
  ])("says nothing about %s", (ip) => expect(specialUseAddress(ip)).toBeUndefined());

  it.each(["", "127.1", "0x7f.0.0.1", "010.0.0.1", "10.0.0", "10.0.0.256", "10.0.0.1.", "1.2.3.4/8", ":::", "fe80::g"])(
    "takes %j for no address",
    (ip) => expect(specialUseAddress(ip)).toBeUndefined(),
  );

  it("agrees with RFC 1918 on every address", () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(octet, octet, octet, octet, (a, b, c, d) => {
        const isPrivate = a === 10 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168);
        expect(specialUseAddress(`${a}.${b}.${c}.${d}`)?.name.includes("RFC 1918") ?? false).toBe(isPrivate);
      }),
    );
  });
});

describe("addresses and prefixes", () => {
  it("reads every address in its standard spelling", () => {
    fc.assert(fc.property(fc.ipV4(), (ip) => parseAddress(ip)?.version === 4));
    fc.assert(fc.property(fc.ipV6(), (ip) => parseAddress(ip)?.version === 6));
  });

  it("reads every spelling of an IPv6 address as the same words", () => {
    fc.assert(
      fc.property(fc.ipV6(), (ip) => {
        const compressed = new URL(`http://[${ip}]/`).hostname.slice(1, -1);
        expect(parseAddress(compressed)).toEqual(parseAddress(ip));
      }),
    );
  });

  it("unwraps IPv4-mapped addresses and leaves others", () => {
    expect(unwrapMapped(parseAddress("::ffff:192.0.2.1")!)).toEqual(parseAddress("192.0.2.1"));
    expect(unwrapMapped(parseAddress("::1")!)).toEqual(parseAddress("::1"));
  });

  it.each(["10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/08", "2001:db8::/129", "x/8", "/8"])(
    "refuses the network %j",
    (text) => expect(parsePrefix(text)).toBeUndefined(),
  );

  it("sees host bits", () => {
    expect(parsePrefix("10.0.0.1/8")?.hasHostBits).toBe(true);
    expect(parsePrefix("2001:db8::1/64")?.hasHostBits).toBe(true);
    expect(parsePrefix("10.0.0.0/8")?.hasHostBits).toBe(false);
    expect(parsePrefix("0.0.0.0/0")?.hasHostBits).toBe(false);
    expect(parsePrefix("2001:db8::7")?.length).toBe(128);
  });

  it("finds in a table what a scan over all prefixes finds", () => {
    const prefix = fc.tuple(
      fc.oneof(fc.ipV4(), fc.constantFrom("10.1.2.3", "10.1.99.9")),
      fc.integer({ min: 0, max: 32 }),
    );
    fc.assert(
      fc.property(
        fc.array(prefix, { maxLength: 20 }),
        fc.constantFrom("10.1.2.3", "10.200.0.1", "77.1.1.1"),
        (all, ip) => {
          const table = createPrefixTable<number>();
          const lengths: number[] = [];
          const bits = (text: string) =>
            text
              .split(".")
              .map((part) => Number(part).toString(2).padStart(8, "0"))
              .join("");
          for (const [address, length] of all) {
            const parsed = parsePrefix(`${address}/${length}`)!;
            table.add(parsed, length);
            if (bits(address).slice(0, length) === bits(ip).slice(0, length)) lengths.push(length);
          }
          const expected = [...new Set(lengths)].sort((left, right) => right - left);
          expect(table.findAll(parseAddress(ip)!)).toEqual(expected);
          expect(table.find(parseAddress(ip)!)).toBe(expected[0]);
        },
      ),
    );
  });
});

describe("specialUseName", () => {
  it.each([
    ["localhost", "localhost"],
    ["a.localhost", "localhost"],
    ["printer.local", "local"],
    ["wpad.local", "local"],
    ["x.invalid", "invalid"],
    ["a.test", "test"],
    ["example.com", "example.com"],
    ["www.example.org", "example.org"],
    ["a.example", "example"],
    ["abcdefghij234567.onion", "onion"],
    ["a.alt", "alt"],
    ["nas.home.arpa", "home.arpa"],
    ["1.0.168.192.in-addr.arpa", "in-addr.arpa"],
    ["8.b.d.0.1.0.0.2.ip6.arpa", "ip6.arpa"],
    ["_dns.resolver.arpa", "resolver.arpa"],
    ["e164.arpa", "arpa"],
    ["db.internal", "internal"],
    ["pc.lan", "lan"],
    ["dc01.corp", "corp"],
    ["pc.home", "home"],
    ["pc.localdomain", "localdomain"],
    ["pc.workgroup", "workgroup"],
    ["desktop-4f2a", "desktop-4f2a"],
    ["wpad", "wpad"],
    ["wpad.office.contoso.com", "wpad."],
    ["isatap.contoso.com", "isatap."],
    ["_ldap._tcp.dc._msdcs.contoso.com", "_tcp"],
    ["gc._msdcs.contoso.com", "_msdcs"],
  ])("knows %s as %s", (host, name) => expect(specialUseName(host)?.name).toBe(name));

  it.each([
    ...["evil.top", "local.evil.top", "example.com.evil.top", "notexample.com", "myexample.net", "test.com", "lan.io"],
    ...["wpad-update.com", "localhost.evil.ru", "in-addr.arpa.evil.top", "_dmarc.evil.top", "isatapx.evil.top"],
    ...["onion.ly", "corp.evil.com", "8.8.8.8", "2001:db8::1", ""],
  ])("says nothing about %j", (host) => expect(specialUseName(host)).toBeUndefined());

  it("gives a reason in words", () => {
    expect(specialUseName("x.onion")?.why).toContain("RFC 7686");
    expect(specialUseName("fileserver")?.why).toContain("single label");
  });

  it("never judges an ordinary name below a common suffix", () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9]{3,10}$/).filter((text) => text !== "wpad" && text !== "isatap");
    fc.assert(
      fc.property(label, label, fc.constantFrom("com", "net", "ru", "top", "co.uk"), (first, second, suffix) => {
        fc.pre(second !== "example");
        expect(specialUseName(`${first}.${second}.${suffix}`)).toBeUndefined();
      }),
    );
  });
});
