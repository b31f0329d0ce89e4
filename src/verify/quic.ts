/**
 * A QUIC version 1 Initial packet with a client hello inside (RFC 9000 section 17.2.2, RFC 9001 section 5). Its keys
 * follow from the connection id that it carries, so any observer, a sensor too, can read it.
 *
 * This module makes the first packet of a client and nothing else of QUIC.
 */
import { createCipheriv, createHmac } from "node:crypto";
import { quicClientHello } from "./messages.ts";

/** RFC 9001 section 5.2. */
const INITIAL_SALT = Buffer.from("38762cf7f55934b34d179ae6a4c80cadccbb7f0a", "hex");
const CONNECTION_ID = Buffer.from("8394c8f03e515708", "hex");
/** RFC 9000 section 14.1: smaller Initials are dropped. */
const LEAST_DATAGRAM = 1200;
const HEADER_BYTES = 1 + 4 + 1 + CONNECTION_ID.length + 1 + 1 + 2 + 4;
const TAG_BYTES = 16;

const keys = initialKeys();

/** A datagram that opens a QUIC connection to a server name. */
export function quicInitial(serverName: string): Buffer {
  const hello = quicClientHello(serverName);
  const crypto = Buffer.concat([Buffer.from([0x06, 0x00]), variableInt(hello.length), hello]);
  const plain = Buffer.alloc(Math.max(crypto.length, LEAST_DATAGRAM - HEADER_BYTES - TAG_BYTES));
  crypto.copy(plain);
  const header = Buffer.concat([
    // Long header, Initial, packet number of four bytes.
    Buffer.from([0xc3, 0, 0, 0, 1, CONNECTION_ID.length]),
    CONNECTION_ID,
    Buffer.from([0, 0]),
    variableInt(4 + plain.length + TAG_BYTES),
    Buffer.from([0, 0, 0, 0]),
  ]);
  // The packet number is 0: the nonce is the initialisation vector itself.
  const seal = createCipheriv("aes-128-gcm", keys.key, keys.iv);
  seal.setAAD(header);
  const sealed = Buffer.concat([seal.update(plain), seal.final(), seal.getAuthTag()]);
  const packet = Buffer.concat([header, sealed]);
  protectHeader(packet, header.length - 4);
  return packet;
}

/** RFC 9001 section 5.4: hides the packet number and the low bits of the first byte. */
function protectHeader(packet: Buffer, numberAt: number): void {
  const sample = packet.subarray(numberAt + 4, numberAt + 20);
  const mask = createCipheriv("aes-128-ecb", keys.hp, null).update(sample);
  packet[0] = (packet[0] as number) ^ ((mask[0] as number) & 0x0f);
  for (let index = 0; index < 4; index += 1) {
    packet[numberAt + index] = (packet[numberAt + index] as number) ^ (mask[index + 1] as number);
  }
}

/** Always in the two-byte form (RFC 9000 section 16); values below 16384. */
function variableInt(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(0x4000 | value);
  return bytes;
}

function initialKeys(): { readonly key: Buffer; readonly iv: Buffer; readonly hp: Buffer } {
  const initial = createHmac("sha256", INITIAL_SALT).update(CONNECTION_ID).digest();
  const client = expandLabel(initial, "client in", 32);
  return {
    key: expandLabel(client, "quic key", 16),
    iv: expandLabel(client, "quic iv", 12),
    hp: expandLabel(client, "quic hp", 16),
  };
}

/** HKDF-Expand-Label (RFC 8446 section 7.1); every label here needs one block at most. */
function expandLabel(secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])]);
  return createHmac("sha256", secret).update(info).digest().subarray(0, length);
}
