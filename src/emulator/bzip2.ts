/**
 * Compresses to bzip2: Node has no encoder, and the behaviour feed speaks it. Correct and small rather than fast: two
 * equal code tables a block, no tuning.
 *
 * Format: run-length, Burrows–Wheeler, move-to-front, run-length of zeros, Huffman (bzip2 1.0.8 `compress.c`).
 */

/** Bytes of a block behind the first run-length step; level 1 allows 100 000 less a margin. */
const BLOCK = 99_900;
const LONGEST_CODE = 17;
const BLOCK_MAGIC = 0x314159265359n;
const END_MAGIC = 0x177245385090n;

export function bzip2(data: Uint8Array): Buffer {
  const out = createBitWriter();
  for (const letter of "BZh1") out.write(letter.charCodeAt(0), 8);
  let streamCrc = 0;
  for (let at = 0; at < data.length; ) {
    const { bytes, end } = encodeRuns(data, at);
    const crc = crc32(data.subarray(at, end));
    streamCrc = ((((streamCrc << 1) | (streamCrc >>> 31)) >>> 0) ^ crc) >>> 0;
    writeBlock(bytes, crc, out);
    at = end;
  }
  out.writeLong(END_MAGIC, 48);
  out.writeLong(BigInt(streamCrc), 32);
  return out.finish();
}

/** Four equal bytes are followed by how many more there were; answers one block's worth. */
function encodeRuns(data: Uint8Array, from: number): { bytes: Uint8Array; end: number } {
  const bytes: number[] = [];
  let at = from;
  while (at < data.length && bytes.length < BLOCK) {
    const byte = data[at] as number;
    let run = 1;
    while (run < 255 && data[at + run] === byte) run += 1;
    for (let index = 0; index < Math.min(run, 4); index += 1) bytes.push(byte);
    if (run >= 4) bytes.push(run - 4);
    at += run;
  }
  return { bytes: Uint8Array.from(bytes), end: at };
}

function writeBlock(bytes: Uint8Array, crc: number, out: BitWriter): void {
  const { last, origin } = transform(bytes);
  const used = [...new Set(bytes)].sort((left, right) => left - right);
  const symbols = moveToFront(last, used);
  out.writeLong(BLOCK_MAGIC, 48);
  out.writeLong(BigInt(crc), 32);
  out.write(0, 1);
  out.write(origin, 24);
  writeUsed(used, out);
  const lengths = codeLengths(symbols, used.length + 2);
  const selectors = Math.ceil(symbols.length / 50);
  out.write(2, 3);
  out.write(selectors, 15);
  // Every selector names the first table, which move-to-front spells 0.
  for (let index = 0; index < selectors; index += 1) out.write(0, 1);
  writeTable(lengths, out);
  writeTable(lengths, out);
  const codes = canonicalCodes(lengths);
  for (const symbol of symbols) out.write(codes[symbol] as number, lengths[symbol] as number);
}

/** Last column of the sorted rotations, and the row of the text itself. Prefix doubling: no text is a worst case. */
function transform(bytes: Uint8Array): { last: Uint8Array; origin: number } {
  const size = bytes.length;
  const order = sortRotations(bytes);
  const last = new Uint8Array(size);
  let origin = 0;
  for (let row = 0; row < size; row += 1) {
    const start = order[row] as number;
    last[row] = bytes[(start + size - 1) % size] as number;
    if (start === 0) origin = row;
  }
  return { last, origin };
}

function sortRotations(bytes: Uint8Array): Int32Array {
  const size = bytes.length;
  let order = new Int32Array(size);
  let rank = Int32Array.from(bytes);
  let counts = new Int32Array(Math.max(256, size) + 1);
  const place = (source: ArrayLike<number>) => {
    counts.fill(0);
    for (let at = 0; at < size; at += 1)
      counts[(rank[at] as number) + 1] = (counts[(rank[at] as number) + 1] as number) + 1;
    for (let at = 1; at < counts.length; at += 1) counts[at] = (counts[at] as number) + (counts[at - 1] as number);
    const placed = new Int32Array(size);
    for (let at = 0; at < size; at += 1) {
      const start = source[at] as number;
      const slot = counts[rank[start] as number] as number;
      placed[slot] = start;
      counts[rank[start] as number] = slot + 1;
    }
    order = placed;
  };
  place(Array.from({ length: size }, (_, at) => at));
  for (let width = 1; ; width *= 2) {
    const half = Math.floor(width / 2);
    const next = new Int32Array(size);
    let classes = 0;
    for (let row = 1; row < size; row += 1) {
      const [left, right] = [order[row - 1] as number, order[row] as number];
      const isSame =
        rank[left] === rank[right] && (width === 1 || rank[(left + half) % size] === rank[(right + half) % size]);
      if (!isSame) classes += 1;
      next[right] = classes;
    }
    next[order[0] as number] = 0;
    rank = next;
    if (classes + 1 >= size || width >= size) return order;
    counts = new Int32Array(size + 1);
    // Sorted by the second half already; a stable sort by the first half does the rest.
    place(order.map((start) => (start + size - (width % size)) % size));
  }
}

/** Move-to-front with zeros as runs in bijective base two; ends with the end-of-block symbol. */
function moveToFront(last: Uint8Array, used: readonly number[]): number[] {
  const queue = [...used];
  const symbols: number[] = [];
  let zeros = 0;
  const flush = () => {
    for (; zeros > 0; zeros = Math.floor((zeros - 1) / 2)) symbols.push(zeros % 2 === 1 ? 0 : 1);
  };
  for (const byte of last) {
    const at = queue.indexOf(byte);
    if (at === 0) {
      zeros += 1;
      continue;
    }
    flush();
    symbols.push(at + 1);
    queue.splice(at, 1);
    queue.unshift(byte);
  }
  flush();
  symbols.push(used.length + 1);
  return symbols;
}

function writeUsed(used: readonly number[], out: BitWriter): void {
  const groups = Array.from({ length: 16 }, (_, group) => used.some((byte) => byte >> 4 === group));
  for (const isUsed of groups) out.write(isUsed ? 1 : 0, 1);
  for (const [group, isUsed] of groups.entries()) {
    if (!isUsed) continue;
    for (let low = 0; low < 16; low += 1) out.write(used.includes(group * 16 + low) ? 1 : 0, 1);
  }
}

/** Huffman code lengths; frequencies are flattened until no code is too long. Every symbol gets a code. */
function codeLengths(symbols: readonly number[], alphabet: number): number[] {
  let weights = Array.from({ length: alphabet }, () => 1);
  for (const symbol of symbols) weights[symbol] = (weights[symbol] as number) + 1;
  for (;;) {
    const lengths = huffman(weights);
    if (Math.max(...lengths) <= LONGEST_CODE) return lengths;
    weights = weights.map((weight) => Math.ceil(weight / 2));
  }
}

function huffman(weights: readonly number[]): number[] {
  const lengths = weights.map(() => 0);
  let trees = weights.map((weight, symbol) => ({ weight, symbols: [symbol] }));
  while (trees.length > 1) {
    trees.sort((left, right) => left.weight - right.weight);
    const [first, second, ...rest] = trees as [(typeof trees)[0], (typeof trees)[0], ...typeof trees];
    const symbols = [...first.symbols, ...second.symbols];
    for (const symbol of symbols) lengths[symbol] = (lengths[symbol] as number) + 1;
    trees = [...rest, { weight: first.weight + second.weight, symbols }];
  }
  return lengths;
}

/** The first length, then each by steps of one up (`10`) or down (`11`), `0` ends. */
function writeTable(lengths: readonly number[], out: BitWriter): void {
  let current = lengths[0] as number;
  out.write(current, 5);
  for (const length of lengths) {
    for (; current < length; current += 1) out.write(0b10, 2);
    for (; current > length; current -= 1) out.write(0b11, 2);
    out.write(0, 1);
  }
}

function canonicalCodes(lengths: readonly number[]): number[] {
  const codes = lengths.map(() => 0);
  let code = 0;
  for (let length = 1; length <= LONGEST_CODE; length += 1) {
    for (const [symbol, own] of lengths.entries()) if (own === length) codes[symbol] = code++;
    code <<= 1;
  }
  return codes;
}

interface BitWriter {
  /** The `bits` low bits of `value`, at most 24. */
  write(value: number, bits: number): void;
  writeLong(value: bigint, bits: number): void;
  finish(): Buffer;
}

function createBitWriter(): BitWriter {
  const bytes: number[] = [];
  let pending = 0;
  let held = 0;
  const write = (value: number, bits: number) => {
    for (let bit = bits - 1; bit >= 0; bit -= 1) {
      pending = (pending << 1) | ((value >>> bit) & 1);
      held += 1;
      if (held === 8) {
        bytes.push(pending);
        pending = 0;
        held = 0;
      }
    }
  };
  return {
    write,
    writeLong(value, bits) {
      for (let bit = BigInt(bits - 8); bit >= 0n; bit -= 8n) write(Number((value >> bit) & 0xffn), 8);
    },
    finish() {
      if (held > 0) write(0, 8 - held);
      return Buffer.from(bytes);
    },
  };
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc >>> 0;
});

/** CRC-32 with the highest bit first, unlike zlib's. */
function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = ((crc << 8) ^ (CRC_TABLE[((crc >>> 24) ^ byte) & 0xff] as number)) >>> 0;
  return ~crc >>> 0;
}
