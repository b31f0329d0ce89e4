/**
 * A set of texts that only grows, by 64 bits of their digest in one table: a million take 16 MiB, where the texts
 * themselves would take a hundred. Two of a million are taken for one with a chance of 1 in 37 million.
 */
import { hash } from "node:crypto";

export interface KeySet {
  has(key: string): boolean;
  /** False for a key that is there. */
  add(key: string): boolean;
}

/** Slots at first; a power of two, as every later number. */
const FEWEST = 1024;

export function createKeySet(): KeySet {
  let table = new BigUint64Array(FEWEST);
  let size = 0;
  /** The slot of a digest, or the empty one where it belongs. */
  const slotOf = (digest: bigint): number => {
    const mask = table.length - 1;
    let slot = Number(BigInt.asUintN(32, digest)) & mask;
    while (table[slot] !== 0n && table[slot] !== digest) slot = (slot + 1) & mask;
    return slot;
  };
  const grow = (): void => {
    const before = table;
    table = new BigUint64Array(2 * before.length);
    for (const digest of before) if (digest !== 0n) table[slotOf(digest)] = digest;
  };
  return {
    has: (key) => table[slotOf(digestOf(key))] !== 0n,
    add(key) {
      const digest = digestOf(key);
      const slot = slotOf(digest);
      if (table[slot] === digest) return false;
      table[slot] = digest;
      size += 1;
      // At half full a slot is found in about two looks.
      if (2 * size > table.length) grow();
      return true;
    },
  };
}

/** Never 0, which is an empty slot. */
function digestOf(key: string): bigint {
  return hash("sha256", key, "buffer").readBigUInt64LE(0) || 1n;
}
