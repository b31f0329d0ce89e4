/**
 * Addresses as words and networks with a value each: the arithmetic that the enrichment tables share. It does not know
 * what a network is for, and it does not accept the historical spellings of IPv4 (`127.1`, `0x7f000001`, `010.0.0.1`):
 * canonicalising is the model's work.
 */
import { isIPv6 } from "node:net";

/** An address as unsigned 32-bit words: one for IPv4, four for IPv6. */
export interface ParsedAddress {
  readonly version: 4 | 6;
  readonly words: readonly number[];
}

/** A network as its first address and its prefix length. */
export interface ParsedPrefix extends ParsedAddress {
  readonly length: number;
  /** True if the text had bits set behind the prefix, as in `10.0.0.1/8`. */
  readonly hasHostBits: boolean;
}

const parseIpv4 = (text: string): number | undefined => {
  if (text.length < 7 || text.length > 15) return undefined;
  let value = 0;
  let part = -1;
  let parts = 1;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x2e) {
      if (part < 0) return undefined;
      value = value * 256 + part;
      part = -1;
      parts += 1;
    } else if (code >= 0x30 && code <= 0x39) {
      // A leading zero means octal to some readers: two meanings, so no address.
      if (part === 0) return undefined;
      part = (part < 0 ? 0 : part * 10) + code - 0x30;
      if (part > 255) return undefined;
    } else return undefined;
  }
  return parts === 4 && part >= 0 ? value * 256 + part : undefined;
};

const parseIpv6 = (text: string): number[] | undefined => {
  // A zone (fe80::1%eth0) names an interface of the machine that wrote it down.
  const bare = text.includes("%") ? text.slice(0, text.indexOf("%")) : text;
  if (!isIPv6(bare)) return undefined;
  let groups = bare;
  const lastColon = bare.lastIndexOf(":");
  if (bare.includes(".")) {
    const tail = parseIpv4(bare.slice(lastColon + 1));
    if (tail === undefined) return undefined;
    groups = `${bare.slice(0, lastColon + 1)}${(tail >>> 16).toString(16)}:${(tail & 0xffff).toString(16)}`;
  }
  const [head = "", tail] = groups.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const all = [...left, ...Array<string>(8 - left.length - right.length).fill("0"), ...right];
  const words: number[] = [];
  for (let at = 0; at < 8; at += 2) {
    words.push(Number.parseInt(all[at] ?? "0", 16) * 65536 + Number.parseInt(all[at + 1] ?? "0", 16));
  }
  return words;
};

/** Reads one address in its standard spelling (RFC 4291 section 2.2, dotted decimal for IPv4), else undefined. */
export const parseAddress = (text: string): ParsedAddress | undefined => {
  if (text.includes(":")) {
    const words = parseIpv6(text);
    return words && { version: 6, words };
  }
  const value = parseIpv4(text);
  return value === undefined ? undefined : { version: 4, words: [value] };
};

/** `::ffff:192.0.2.1` is 192.0.2.1 written for an IPv6 socket (RFC 4291 section 2.5.5.2); anything else is returned as it is. */
export const unwrapMapped = (address: ParsedAddress): ParsedAddress => {
  const [first, second, third, last] = address.words;
  if (address.version === 6 && first === 0 && second === 0 && third === 0xffff && last !== undefined) {
    return { version: 4, words: [last] };
  }
  return address;
};

const maskWord = (word: number, bits: number): number =>
  bits <= 0 ? 0 : bits >= 32 ? word : (word & (0xffffffff << (32 - bits))) >>> 0;

/** Reads `192.0.2.0/24`, `2001:db8::/32` or a single address, else undefined. */
export const parsePrefix = (text: string): ParsedPrefix | undefined => {
  const slash = text.indexOf("/");
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (!address) return undefined;
  const bits = address.version === 4 ? 32 : 128;
  const lengthText = slash < 0 ? String(bits) : text.slice(slash + 1);
  if (!/^(?:0|[1-9]\d{0,2})$/.test(lengthText)) return undefined;
  const length = Number(lengthText);
  if (length > bits) return undefined;
  const words = address.words.map((word, index) => maskWord(word, length - index * 32));
  return {
    version: address.version,
    words,
    length,
    hasHostBits: words.some((word, index) => word !== address.words[index]),
  };
};

/** Networks with a value each; the look-up costs one Map read per distinct prefix length. */
export interface PrefixTable<T> {
  /** Adds a network and returns undefined, or returns the value that already stands at exactly this network. */
  add(prefix: ParsedPrefix, value: T): T | undefined;
  /** The value of the most specific network around the address. */
  find(address: ParsedAddress): T | undefined;
  /** All values around the address, the most specific first. */
  findAll(address: ParsedAddress): T[];
}

type Key = number | string;
interface Level<T> {
  readonly length: number;
  readonly entries: Map<Key, T>;
}

const keyOf = (address: ParsedAddress, length: number): Key => {
  const { words } = address;
  if (address.version === 4) return maskWord(words[0] ?? 0, length);
  // Only as many words as the prefix reaches into; lengths have a Map each, so
  // keys of different lengths cannot meet.
  let key = String(maskWord(words[0] ?? 0, length));
  for (let index = 1; index * 32 < length; index += 1) key += `:${maskWord(words[index] ?? 0, length - index * 32)}`;
  return key;
};

/** An empty table for both address families; an IPv4-mapped IPv6 address must be unwrapped by the caller. */
export const createPrefixTable = <T>(): PrefixTable<T> => {
  const levels: Record<4 | 6, Level<T>[]> = { 4: [], 6: [] };
  return {
    add(prefix, value) {
      const family = levels[prefix.version];
      let level = family.find((candidate) => candidate.length === prefix.length);
      if (!level) {
        level = { length: prefix.length, entries: new Map() };
        family.push(level);
        family.sort((left, right) => right.length - left.length);
      }
      const key = keyOf(prefix, prefix.length);
      const present = level.entries.get(key);
      if (present === undefined) level.entries.set(key, value);
      return present;
    },
    find(address) {
      for (const level of levels[address.version]) {
        const value = level.entries.get(keyOf(address, level.length));
        if (value !== undefined) return value;
      }
      return undefined;
    },
    findAll(address) {
      const found: T[] = [];
      for (const level of levels[address.version]) {
        const value = level.entries.get(keyOf(address, level.length));
        if (value !== undefined) found.push(value);
      }
      return found;
    },
  };
};
