/**
 * The distance between two TLSH digests. Computes no digest: VirusTotal sends them.
 *
 * Source: J. Oliver, C. Cheng, Y. Chen, "TLSH – A Locality Sensitive Hash" (CTC 2013), sections III and IV, for the 128
 * buckets and one-byte checksum that VirusTotal uses: `T1`, checksum, length, two quartile ratios, 32 bytes of body.
 */

export interface TlshDigest {
  readonly checksum: number;
  /** Logarithm of the file's length, on a circle of 256. */
  readonly length: number;
  /** Quartile ratios, each on a circle of 16. */
  readonly q1Ratio: number;
  readonly q2Ratio: number;
  /** 32 bytes, four buckets of two bits in each. */
  readonly body: Uint8Array;
}

const DIGEST = /^(?:T1)?([0-9A-F]{70})$/i;

/** Reads a digest with or without the version `T1`; undefined when it is none (`TNULL`, 256 buckets, cut off). */
export function parseTlsh(text: string): TlshDigest | undefined {
  const hex = DIGEST.exec(text.trim())?.[1];
  if (hex === undefined) return undefined;
  const [checksum = 0, length = 0, ratios = 0, ...body] = Buffer.from(hex, "hex");
  // The header is written with the halves of each byte swapped; the ratios share one.
  return {
    checksum: swapped(checksum),
    length: swapped(length),
    q1Ratio: ratios >> 4,
    q2Ratio: ratios & 0x0f,
    body: Uint8Array.from(body),
  };
}

/** 0 for equal digests, and growing with what differs; symmetric. Files of one build mostly stay below 50. */
export function tlshDistance(a: TlshDigest, b: TlshDigest): number {
  let distance = lengthDistance(circular(a.length, b.length, 256));
  distance += ratioDistance(circular(a.q1Ratio, b.q1Ratio, 16));
  distance += ratioDistance(circular(a.q2Ratio, b.q2Ratio, 16));
  distance += Number(a.checksum !== b.checksum);
  for (let i = 0; i < a.body.length; i += 1)
    distance += BYTE_DISTANCE[((a.body[i] as number) << 8) | (b.body[i] as number)] as number;
  return distance;
}

const LENGTH_FACTOR = 12;
const RATIO_FACTOR = 12;
/** Buckets at opposite ends (0 and 3) count double. */
const OPPOSITE_BUCKETS = 6;

function lengthDistance(difference: number): number {
  return difference <= 1 ? difference : difference * LENGTH_FACTOR;
}

function ratioDistance(difference: number): number {
  return difference <= 1 ? difference : (difference - 1) * RATIO_FACTOR;
}

/** The shorter way round a circle of `size`. */
function circular(a: number, b: number, size: number): number {
  const way = Math.abs(a - b);
  return Math.min(way, size - way);
}

function swapped(byte: number): number {
  return ((byte & 0x0f) << 4) | (byte >> 4);
}

/** `a << 8 | b` → how far apart the four buckets of two body bytes are. */
const BYTE_DISTANCE = Uint8Array.from({ length: 65_536 }, (_, pair) => {
  let distance = 0;
  for (let shift = 0; shift < 8; shift += 2) {
    const difference = Math.abs(((pair >> (8 + shift)) & 3) - ((pair >> shift) & 3));
    distance += difference === 3 ? OPPOSITE_BUCKETS : difference;
  }
  return distance;
});
