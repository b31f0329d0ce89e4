import { describe, expect, it } from "vitest";
import { pcapFile, tcpSession, tcpSyn, udpDatagrams } from "../../src/verify/pcap.ts";

const V4 = [
  { address: "10.0.0.1", port: 50_000 },
  { address: "45.32.17.9", port: 443 },
] as const;
const V6 = [
  { address: "fd00::1:0:1", port: 50_000 },
  { address: "2a01:4f8:c17:7d1::2", port: 443 },
] as const;
const text = (value: string) => Buffer.from(value);

/** RFC 1071: data with a right checksum in it sums up to all ones. */
function onesComplementSum(...parts: Uint8Array[]): number {
  const data = Buffer.concat(parts);
  let sum = 0;
  for (let at = 0; at < data.length; at += 2) sum += ((data[at] as number) << 8) | (data[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

interface Decoded {
  readonly source: string;
  readonly protocol: number;
  readonly segment: Buffer;
  readonly pseudoHeader: Buffer;
  readonly ipHeader: Buffer;
}

function decode(frame: Uint8Array): Decoded {
  const bytes = Buffer.from(frame);
  const isV6 = bytes.readUInt16BE(12) === 0x86dd;
  const ipHeader = bytes.subarray(14, isV6 ? 54 : 34);
  const segment = bytes.subarray(isV6 ? 54 : 34);
  const addresses = ipHeader.subarray(isV6 ? 8 : 12);
  const protocol = ipHeader[isV6 ? 6 : 9] as number;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(segment.length);
  return {
    source: addresses.subarray(0, addresses.length / 2).toString("hex"),
    protocol,
    segment,
    ipHeader,
    pseudoHeader: Buffer.concat([addresses, length, Buffer.from([0, 0, 0, protocol])]),
  };
}

describe("frames", () => {
  const odd = [
    { from: "client", payload: text("odd") },
    { from: "server", payload: text("even") },
  ] as const;
  it.each([
    ["TCP over IPv4", tcpSession(...V4, odd)],
    ["TCP over IPv6", tcpSession(...V6, odd)],
    ["UDP over IPv4", udpDatagrams(...V4, odd)],
    ["UDP over IPv6", udpDatagrams(...V6, odd)],
  ])("%s have right checksums and lengths", (_, frames) => {
    for (const frame of frames) {
      const { segment, pseudoHeader, ipHeader } = decode(frame);
      expect(onesComplementSum(pseudoHeader, segment)).toBe(0xffff);
      if (ipHeader.length === 20) expect(onesComplementSum(ipHeader)).toBe(0xffff);
      expect(ipHeader.readUInt16BE(ipHeader.length === 20 ? 2 : 4)).toBe(
        segment.length + (ipHeader.length === 20 ? 20 : 0),
      );
    }
  });

  it("write short IPv6 addresses out", () => {
    expect(decode(tcpSyn(...V6)[0] as Uint8Array).source).toBe("fd000000000000000000000100000001");
  });
});

describe("a TCP session", () => {
  it("shakes hands, acknowledges every byte and closes", () => {
    const payload = Buffer.alloc(3000, 0x61);
    const next: Record<string, number> = {};
    const flags: number[] = [];
    for (const frame of tcpSession(...V4, [{ from: "client", payload }])) {
      const { segment, source } = decode(frame);
      const data = segment.subarray((segment[12] as number) >> 2);
      const flag = segment[13] as number;
      flags.push(flag);
      if (next[source] !== undefined) expect(segment.readUInt32BE(4)).toBe(next[source]);
      next[source] = segment.readUInt32BE(4) + data.length + (flag & 0x03 ? 1 : 0);
      const other = Object.keys(next).find((key) => key !== source);
      if (flag & 0x10) expect(segment.readUInt32BE(8)).toBe(next[other as string]);
    }
    // SYN, SYN-ACK, ACK; three segments of data with their acknowledgements; FIN both ways.
    expect(flags).toEqual([0x02, 0x12, 0x10, 0x18, 0x10, 0x18, 0x10, 0x18, 0x10, 0x11, 0x11, 0x10]);
  });
});

describe("a capture file", () => {
  it("has the pcap header and one record for each frame, and is the same each time", () => {
    const frames = tcpSyn(...V4);
    const file = pcapFile(frames);
    expect(file.subarray(0, 24).toString("hex")).toBe("d4c3b2a1020004000000000000000000ffff000001000000");
    expect(file.readUInt32LE(32)).toBe(54);
    expect(file.length).toBe(24 + 16 + 54);
    expect(pcapFile(tcpSyn(...V4))).toEqual(file);
  });
});
