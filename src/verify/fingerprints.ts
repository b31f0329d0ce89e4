/**
 * Fingerprints of TLS sessions, computed from their messages: JA3 and JA3S (https://github.com/salesforce/ja3). A
 * fingerprint cannot be turned back into a message; only the full JA3 text can (see `helloOfJa3` in messages.ts).
 */
import { createHash } from "node:crypto";

export function sha1(data: Uint8Array): string {
  return createHash("sha1").update(data).digest("hex");
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

/** Values that clients strew in at random (RFC 8701); JA3 leaves them out. */
function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff);
}

/** The JA3 of a TLS record that holds a whole client hello. */
export function ja3(record: Uint8Array): string {
  return md5(ja3Text(record));
}

/** The text that is hashed: version, ciphers, extensions, groups, point formats. */
export function ja3Text(record: Uint8Array): string {
  const body = Buffer.from(record).subarray(9);
  const sessionEnd = 35 + (body[34] as number);
  const cipherEnd = sessionEnd + 2 + body.readUInt16BE(sessionEnd);
  const extensions = readExtensions(body, cipherEnd + 1 + (body[cipherEnd] as number) + 2);
  const groups = extensions.get(10)?.subarray(2) ?? Buffer.alloc(0);
  const formats = extensions.get(11)?.subarray(1) ?? Buffer.alloc(0);
  return [
    body.readUInt16BE(0),
    words(body.subarray(sessionEnd + 2, cipherEnd)),
    [...extensions.keys()].filter((type) => !isGrease(type)).join("-"),
    words(groups),
    [...formats].join("-"),
  ].join(",");
}

/** The JA3S of a TLS record that begins with a server hello: version, cipher, extensions. */
export function ja3s(record: Uint8Array): string {
  const body = Buffer.from(record).subarray(9);
  const sessionEnd = 35 + (body[34] as number);
  const extensions = readExtensions(body, sessionEnd + 5, sessionEnd + 5 + body.readUInt16BE(sessionEnd + 3));
  return md5([body.readUInt16BE(0), body.readUInt16BE(sessionEnd), [...extensions.keys()].join("-")].join(","));
}

function words(bytes: Buffer): string {
  return Array.from({ length: bytes.length >> 1 }, (_, index) => bytes.readUInt16BE(2 * index))
    .filter((value) => !isGrease(value))
    .join("-");
}

function readExtensions(body: Buffer, start: number, end = body.length): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = start; at + 4 <= end; ) {
    const length = body.readUInt16BE(at + 2);
    found.set(body.readUInt16BE(at), body.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return found;
}
