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
  const header = Buffer.alloc(20);
  header.writeUInt16BE(source.port, 0);
  header.writeUInt16BE(destination.port, 2);
  header.writeUInt32BE(sequence, 4);
  header.writeUInt32BE(acknowledged, 8);
  header[12] = 5 << 4;
  header[13] = flags;
  header.writeUInt16BE(64_240, 14);
  return frame(source.address, destination.address, 6, Buffer.concat([header, payload]), 16);
}

function udpFrame(source: Party, destination: Party, payload: Uint8Array): Uint8Array {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(source.port, 0);
  header.writeUInt16BE(destination.port, 2);
  header.writeUInt16BE(8 + payload.length, 4);
  return frame(source.address, destination.address, 17, Buffer.concat([header, payload]), 6);
}

/** Ethernet and IP around a transport segment, whose checksum stands at `checksumAt`. */
function frame(source: string, destination: string, protocol: number, segment: Buffer, checksumAt: number): Uint8Array {
  const [from, to] = [addressBytes(source), addressBytes(destination)];
  const pseudoHeader = Buffer.alloc(4);
  pseudoHeader[1] = protocol;
  pseudoHeader.writeUInt16BE(segment.length, 2);
  // RFC 768: a UDP checksum that comes out as zero is sent as all ones.
  const checksum = internetChecksum(Buffer.concat([from, to, pseudoHeader, segment])) || (protocol === 17 ? 0xffff : 0);
  segment.writeUInt16BE(checksum, checksumAt);
  const isV6 = from.length === 16;
  const ethernet = Buffer.from(`020000000001020000000002${isV6 ? "86dd" : "0800"}`, "hex");
  const ip = isV6 ? ipv6Header(protocol, segment.length) : ipv4Header(protocol, segment.length);
  const packet = Buffer.concat([ethernet, ip, from, to, segment]);
  if (!isV6) packet.writeUInt16BE(internetChecksum(packet.subarray(14, 34)), 24);
  return packet;
}

/** RFC 791, up to the addresses. */
function ipv4Header(protocol: number, length: number): Buffer {
  const header = Buffer.from([0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, protocol, 0, 0]);
  header.writeUInt16BE(20 + length, 2);
  return header;
}

/** RFC 8200, up to the addresses. */
function ipv6Header(protocol: number, length: number): Buffer {
  const header = Buffer.from([0x60, 0, 0, 0, 0, 0, protocol, 64]);
  header.writeUInt16BE(length, 4);
  return header;
}

/** RFC 1071. */
function internetChecksum(data: Buffer): number {
  let sum = 0;
  for (let offset = 0; offset + 1 < data.length; offset += 2) sum += data.readUInt16BE(offset);
  if (data.length % 2 === 1) sum += (data.at(-1) as number) << 8;
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
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(LINKTYPE_ETHERNET, 20);
  const parts: Uint8Array[] = [header];
  let microseconds = 0;
  for (const packet of frames) {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(START_SECONDS + Math.floor(microseconds / 1e6), 0);
    record.writeUInt32LE(microseconds % 1e6, 4);
    record.writeUInt32LE(packet.length, 8);
    record.writeUInt32LE(packet.length, 12);
    parts.push(record, packet);
    microseconds += FRAME_MICROSECONDS;
  }
  return Buffer.concat(parts);
}
