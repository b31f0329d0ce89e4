/**
 * Writes packet captures: Ethernet frames with IPv4 or IPv6 and TCP or UDP, in the classic pcap format. Handshakes,
 * sequence numbers and checksums are those of a real connection, because an engine discards what is not.
 *
 * This module does not capture, read or interpret packets, and knows no application protocol (see traffic.ts).
 */
import { isIPv6 } from "node:net";

export interface Party {
  readonly address: string;
  readonly port: number;
}

/** A turn in a conversation: who speaks and what. */
export interface Turn {
  readonly from: "client" | "server";
  readonly payload: Uint8Array;
}

const FLAGS = { fin: 0x01, syn: 0x02, push: 0x08, ack: 0x10 } as const;
const MAX_SEGMENT = 1400;
const CLIENT_SEQUENCE = 1_000_000;
const SERVER_SEQUENCE = 5_000_000;

/** A whole TCP session: handshake, every turn acknowledged, orderly close (RFC 9293). */
export function tcpSession(client: Party, server: Party, turns: readonly Turn[]): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const next = { client: CLIENT_SEQUENCE, server: SERVER_SEQUENCE };
  const send = (from: "client" | "server", flags: number, payload: Uint8Array = new Uint8Array()) => {
    const to = from === "client" ? "server" : "client";
    const [source, destination] = from === "client" ? [client, server] : [server, client];
    const acknowledged = flags & FLAGS.ack ? next[to] : 0;
    frames.push(tcpFrame(source, destination, { sequence: next[from], acknowledged, flags, payload }));
    next[from] += payload.length + (flags & (FLAGS.syn | FLAGS.fin) ? 1 : 0);
  };
  send("client", FLAGS.syn);
  send("server", FLAGS.syn | FLAGS.ack);
  send("client", FLAGS.ack);
  for (const { from, payload } of turns) {
    for (let offset = 0; offset < payload.length; offset += MAX_SEGMENT) {
      send(from, FLAGS.push | FLAGS.ack, payload.subarray(offset, offset + MAX_SEGMENT));
      send(from === "client" ? "server" : "client", FLAGS.ack);
    }
  }
  send("client", FLAGS.fin | FLAGS.ack);
  send("server", FLAGS.fin | FLAGS.ack);
  send("client", FLAGS.ack);
  return frames;
}

/** A connection attempt that nobody answers. */
export function tcpSyn(client: Party, server: Party): Uint8Array[] {
  const segment = { sequence: CLIENT_SEQUENCE, acknowledged: 0, flags: FLAGS.syn, payload: new Uint8Array() };
  return [tcpFrame(client, server, segment)];
}

/** UDP datagrams in the order of the turns. */
export function udpDatagrams(client: Party, server: Party, turns: readonly Turn[]): Uint8Array[] {
  return turns.map(({ from, payload }) =>
    from === "client" ? udpFrame(client, server, payload) : udpFrame(server, client, payload),
  );
}

interface Segment {
  readonly sequence: number;
  readonly acknowledged: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

function tcpFrame(source: Party, destination: Party, { sequence, acknowledged, flags, payload }: Segment): Uint8Array {
  const { packet, at } = frame(source.address, destination.address, 6, 20 + payload.length);
  packet.writeUInt16BE(source.port, at);
  packet.writeUInt16BE(destination.port, at + 2);
  packet.writeUInt32BE(sequence, at + 4);
  packet.writeUInt32BE(acknowledged, at + 8);
  packet[at + 12] = 5 << 4;
  packet[at + 13] = flags;
  packet.writeUInt16BE(64_240, at + 14);
  packet.set(payload, at + 20);
  packet.writeUInt16BE(transportChecksum(packet, at, 6), at + 16);
  return packet;
}

function udpFrame(source: Party, destination: Party, payload: Uint8Array): Uint8Array {
  const { packet, at } = frame(source.address, destination.address, 17, 8 + payload.length);
  packet.writeUInt16BE(source.port, at);
  packet.writeUInt16BE(destination.port, at + 2);
  packet.writeUInt16BE(8 + payload.length, at + 4);
  packet.set(payload, at + 8);
  // RFC 768: a checksum that comes out as zero is sent as all ones.
  packet.writeUInt16BE(transportChecksum(packet, at, 17) || 0xffff, at + 6);
  return packet;
}

const ETHERNET_V4 = Buffer.from("0200000000010200000000020800", "hex");
const ETHERNET_V6 = Buffer.from("02000000000102000000000286dd", "hex");

/** An Ethernet frame with its IP header filled in, and where its transport segment of `length` bytes begins. */
function frame(source: string, destination: string, protocol: number, length: number): { packet: Buffer; at: number } {
  const [from, to] = [addressBytes(source), addressBytes(destination)];
  const isV6 = from.length === 16;
  const at = isV6 ? 54 : 34;
  const packet = Buffer.alloc(at + length);
  packet.set(isV6 ? ETHERNET_V6 : ETHERNET_V4);
  if (isV6) {
    // RFC 8200.
    packet[14] = 0x60;
    packet.writeUInt16BE(length, 18);
    packet[20] = protocol;
    packet[21] = 64;
  } else {
    // RFC 791: version and header length, no fragments, 64 hops.
    packet[14] = 0x45;
    packet.writeUInt16BE(20 + length, 16);
    packet[20] = 0x40;
    packet[22] = 64;
    packet[23] = protocol;
  }
  packet.set(from, at - 2 * from.length);
  packet.set(to, at - to.length);
  if (!isV6) packet.writeUInt16BE(folded(sumOfWords(packet, 14, 34)), 24);
  return { packet, at };
}

/** The checksum of a segment with its pseudo header: addresses, protocol, length (RFC 9293 section 3.1). */
function transportChecksum(packet: Buffer, at: number, protocol: number): number {
  const addresses = at === 54 ? 32 : 8;
  return folded(sumOfWords(packet, at - addresses, packet.length) + protocol + packet.length - at);
}

/** The 16-bit words from an even place on, the last byte filled up with zero. */
function sumOfWords(data: Buffer, start: number, end: number): number {
  let sum = 0;
  for (let offset = start; offset + 1 < end; offset += 2) {
    sum += ((data[offset] as number) << 8) | (data[offset + 1] as number);
  }
  return (end - start) % 2 === 1 ? sum + ((data[end - 1] as number) << 8) : sum;
}

/** RFC 1071. */
function folded(words: number): number {
  let sum = words;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/** The 4 or 16 bytes of an address. */
function addressBytes(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = address.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16)));
  const [left, right] = [groups(head), groups(tail ?? "")];
  const bytes = Buffer.alloc(16);
  for (const [index, group] of left.entries()) bytes.writeUInt16BE(group, 2 * index);
  for (const [index, group] of right.entries()) bytes.writeUInt16BE(group, 16 - 2 * (right.length - index));
  return bytes;
}

/** 2026-01-01T00:00:00Z: captures are deterministic. */
const START_SECONDS = 1_767_225_600;
const FRAME_MICROSECONDS = 100;
const LINKTYPE_ETHERNET = 1;

/** A pcap file of the frames, 100 µs apart (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html). */
export function pcapFile(frames: Iterable<Uint8Array>): Buffer {
  const records = createPcapRecords();
  return Buffer.concat([pcapHeader(), ...Array.from(frames, (packet) => records(packet))]);
}

/** What a capture begins with. */
export function pcapHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(LINKTYPE_ETHERNET, 20);
  return header;
}

/** Frame → the record of a capture, each 100 µs after the one before. */
export function createPcapRecords(): (packet: Uint8Array) => Buffer {
  let microseconds = 0;
  return (packet) => {
    const record = Buffer.allocUnsafe(16 + packet.length);
    record.writeUInt32LE(START_SECONDS + Math.floor(microseconds / 1e6), 0);
    record.writeUInt32LE(microseconds % 1e6, 4);
    record.writeUInt32LE(packet.length, 8);
    record.writeUInt32LE(packet.length, 12);
    record.set(packet, 16);
    microseconds += FRAME_MICROSECONDS;
    return record;
  };
}
