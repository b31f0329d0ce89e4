import { describe, expect, it } from "vitest";
import { clientHello, dnsQuery, httpRequest, mixedCase } from "../../src/verify/messages.ts";
import { capture, contactExchanges, dnsExchange, lookAlikeExchanges, synExchange } from "../../src/verify/traffic.ts";

const namesOf = (exchanges: readonly { name: string }[]) => exchanges.map(({ name }) => name);

describe("messages", () => {
  it("a DNS query holds the name as labels", () => {
    expect(dnsQuery("a.evil.top").toString("hex")).toBe("1234010000010000000000000161046576696c03746f700000010001");
  });

  it("a client hello holds the server name after its lengths", () => {
    const hello = clientHello("evil.top");
    expect(hello.includes(Buffer.concat([Buffer.from("0000000d000b000008", "hex"), Buffer.from("evil.top")]))).toBe(
      true,
    );
    expect(hello.readUInt16BE(3)).toBe(hello.length - 5);
  });

  it("an HTTP request holds target and host byte for byte", () => {
    expect(httpRequest({ host: "x.top:8080", target: "/a%20;b", userAgent: "U" }).toString()).toBe(
      "GET /a%20;b HTTP/1.1\r\nHost: x.top:8080\r\nUser-Agent: U\r\nAccept: */*\r\n\r\n",
    );
  });

  it("resolvers mix the case of names", () => {
    expect(mixedCase("evil.top")).toBe("EvIl.tOp");
  });
});

describe("contacts", () => {
  it("of a subtree include names below it, of a host do not", () => {
    const subtree = namesOf(contactExchanges({ type: "domain", value: "evil.top", scope: "subtree" }));
    expect(subtree).toContain("DNS query for EvIl.tOp over udp and IPv6");
    expect(subtree).toContain("TLS 1.3 to A.B-1.EvIl.tOp over IPv6");
    expect(contactExchanges({ type: "domain", value: "evil.top", scope: "host" })).toHaveLength(11);
  });

  it("of an https URL to an address there are none to see", () => {
    expect(contactExchanges({ type: "url", value: "https://45.32.17.9/a" })).toEqual([]);
  });

  it("of a fingerprint cannot be made", () => {
    expect(contactExchanges({ type: "ja3", value: "6734f37431670b3ab4292b8f60f29984" })).toEqual([]);
  });
});

describe("look-alikes", () => {
  it("of a domain stand above, beside and around it", () => {
    const names = namesOf(lookAlikeExchanges({ type: "domain", value: "c2.evil.top", scope: "subtree" }));
    for (const host of [
      "evil.top",
      "sibling-of.evil.top",
      "notc2.evil.top",
      "c2.evil.top.benign.test",
      "c2.evil.topx",
    ]) {
      expect(names).toContain(`DNS query for ${host} over udp`);
    }
    expect(names).toContain("HTTP GET http://unrelated.example/?u=http://c2.evil.top/");
    expect(names).not.toContain("DNS query for www.c2.evil.top over udp");
  });

  it("never hold the contact itself", () => {
    for (const contacted of [
      { type: "domain", value: "evil.top", scope: "host" },
      { type: "url", value: "http://evil.top/a" },
      { type: "url", value: "http://evil.top/" },
      { type: "url", value: "https://evil.top/a" },
      { type: "endpoint", value: "45.32.17.9:65535/tcp" },
      { type: "ipv6", value: "2a01:4f8::2" },
      { type: "user-agent", value: "U" },
    ] as const) {
      const contacts = new Set(namesOf(contactExchanges(contacted)));
      expect(
        namesOf(lookAlikeExchanges(contacted)).filter((name) => contacts.has(name) && name.includes("evil")),
      ).toEqual([]);
    }
  });
});

describe("a capture", () => {
  it("gives every exchange a client of its own, of the far side's family", () => {
    const { byClient } = capture([
      dnsExchange("a.top"),
      synExchange({ address: "2a01:4f8::9", port: 443 }),
      ...Array.from({ length: 300 }, (_, index) => dnsExchange(`n${index}.top`)),
    ]);
    expect([...byClient.keys()].slice(0, 3)).toEqual(["10.0.0.1", "fd00::1:0:2", "10.0.0.3"]);
    expect(byClient.size).toBe(302);
    expect(byClient.get("10.0.1.0")?.name).toBe("DNS query for n253.top over udp");
  });
});
