/** Reads a `.spl`: a gzipped ustar archive, header by header from POSIX 1003.1 "ustar Interchange Format". */
import { gunzipSync } from "node:zlib";

export interface SplEntry {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  /** `0` file, `5` folder; `x` and `g` are pax headers, `L` is GNU's long name, `2` a symbolic link. */
  readonly kind: string;
  readonly userName: string;
  readonly data: Buffer;
}

const BLOCK = 512;

export function readSpl(archive: Buffer): SplEntry[] {
  const tar = gunzipSync(archive);
  const entries: SplEntry[] = [];
  for (let at = 0; at < tar.length; ) {
    const header = tar.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    const text = (from: number, length: number): string =>
      header
        .subarray(from, from + length)
        .toString("latin1")
        .replace(/\0.*$/s, "");
    const octal = (from: number, length: number): number => Number.parseInt(text(from, length).trim() || "0", 8);
    const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
    if (octal(148, 8) !== sum) throw new Error(`wrong checksum at ${at}`);
    if (!text(257, 6).startsWith("ustar")) throw new Error(`not ustar at ${at}`);
    const size = octal(124, 12);
    const prefix = text(345, 155);
    entries.push({
      name: prefix ? `${prefix}/${text(0, 100)}` : text(0, 100),
      mode: octal(100, 8) & 0o7777,
      uid: octal(108, 8),
      gid: octal(116, 8),
      mtime: octal(136, 12),
      kind: text(156, 1) || "0",
      userName: text(265, 32),
      data: Buffer.from(tar.subarray(at + BLOCK, at + BLOCK + size)),
    });
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return entries;
}
