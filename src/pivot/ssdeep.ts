/**
 * Whether two ssdeep digests can be related. Computes no digest and no 0–100 score: the score is above zero only when
 * two signatures of one block size share seven characters in a row, and that is what is asked here.
 *
 * Source: J. Kornblum, "Identifying almost identical files using context triggered piecewise hashing" (2006).
 */

export interface SsdeepDigest {
  readonly blockSize: number;
  /** Signatures at the block size and at twice the block size, runs shortened. */
  readonly single: string;
  readonly double: string;
}

const DIGEST = /^([0-9]{1,10}):([A-Za-z0-9+/]{0,64}):([A-Za-z0-9+/]{0,64})$/;
const IN_COMMON = 7;

/** Undefined when the text is no ssdeep digest. */
export function parseSsdeep(text: string): SsdeepDigest | undefined {
  const [, blockSize, single, double] = DIGEST.exec(text.trim()) ?? [];
  if (blockSize === undefined || single === undefined || double === undefined) return undefined;
  return { blockSize: Number(blockSize), single: shortened(single), double: shortened(double) };
}

export function isSsdeepRelated(a: SsdeepDigest, b: SsdeepDigest): boolean {
  if (a.blockSize === b.blockSize) return isSharing(a.single, b.single) || isSharing(a.double, b.double);
  if (a.blockSize === b.blockSize * 2) return isSharing(a.single, b.double);
  if (b.blockSize === a.blockSize * 2) return isSharing(a.double, b.single);
  return false;
}

/** Long runs of one character say nothing about the content: at most three stay. */
function shortened(signature: string): string {
  return signature.replace(/(.)\1{3,}/g, "$1$1$1");
}

function isSharing(a: string, b: string): boolean {
  for (let start = 0; start + IN_COMMON <= a.length; start += 1)
    if (b.includes(a.slice(start, start + IN_COMMON))) return true;
  return false;
}
