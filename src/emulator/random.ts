/**
 * A seeded generator: the same seed gives the same world on every machine. Not for secrets: it is sfc32, chosen for
 * being small and good enough to spread names and dates.
 */

export interface Random {
  /** At least 0, below 1. */
  next(): number;
  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** `count` different members (fewer when the list is shorter), in random order. */
  sample<T>(list: readonly T[], count: number): T[];
  /** Lower-case hexadecimal digits. */
  hex(digits: number): string;
  /** `count` characters out of an alphabet. */
  text(count: number, alphabet: string): string;
  /** A generator of its own for one part: what one part draws does not move the others. */
  fork(label: string): Random;
}

export function seededRandom(seed: string | number): Random {
  const name = String(seed);
  const next = sfc32(hash128(name));
  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  const text = (count: number, alphabet: string) =>
    Array.from({ length: count }, () => alphabet.charAt(int(0, alphabet.length - 1))).join("");
  return {
    next,
    int,
    text,
    chance: (probability) => next() < probability,
    pick: <T>(list: readonly T[]) => list[int(0, list.length - 1)] as T,
    sample: <T>(list: readonly T[], count: number) => shuffled(list, next).slice(0, count),
    hex: (digits) => text(digits, "0123456789abcdef"),
    fork: (label) => seededRandom(`${name}/${label}`),
  };
}

/** A number from 0 to below 1 that only depends on the words. */
export function hashFraction(...words: readonly (string | number)[]): number {
  return hash128(words.join("\0"))[0] / 2 ** 32;
}

/** Fisher–Yates on a copy. */
function shuffled<T>(list: readonly T[], next: () => number): T[] {
  const result = [...list];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(next() * (last + 1));
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}

type Words = readonly [number, number, number, number];

/** sfc32 of PractRand: 128 bits of state, 32 bits out. */
function sfc32([first, second, third, fourth]: Words): () => number {
  let [a, b, c, counter] = [first, second, third, fourth];
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let round = 0; round < 12; round += 1) next();
  return next;
}

/** Four words of FNV-1a with different offsets, mixed. */
function hash128(text: string): Words {
  const words = [0x811c9dc5, 0x9e3779b9, 0x85ebca6b, 0xc2b2ae35].map((offset) => {
    let hash = offset;
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    hash ^= hash >>> 16;
    hash = Math.imul(hash, 0x7feb352d);
    hash ^= hash >>> 15;
    hash = Math.imul(hash, 0x846ca68b);
    return (hash ^ (hash >>> 16)) >>> 0;
  });
  return words as unknown as Words;
}
