/**
 * The zone's serial: the same while the records are, and greater whenever they are not, so that secondaries transfer
 * what has changed and nothing else. The digest of the records stands in the file for the next run to compare.
 */
import type { PreviousOutput } from "../../src/plugin.ts";

const DIGEST = /^; sha256 of the records above: ([0-9a-f]{64})$/;
const SOA = /^@ SOA \S+ \S+ \( (\d{1,10}) /;
/** Serials are 32 bits (RFC 1982), and 0 is best left out. */
const SERIALS = 2 ** 32;

export function digestLine(digest: string): string {
  return `; sha256 of the records above: ${digest}\n`;
}

/** The serial for records of this digest: the last one, or the next that seconds since 1970 allow. */
export async function serialOf(digest: string, path: string, previous: PreviousOutput, now: Date): Promise<number> {
  const seconds = Math.floor(now.getTime() / 1000);
  if (!previous.paths.includes(path)) return seconds;
  let last: number | undefined;
  let lastDigest: string | undefined;
  for await (const line of previous.lines(path)) {
    lastDigest = DIGEST.exec(line)?.[1] ?? lastDigest;
    const serial = SOA.exec(line)?.[1];
    if (serial !== undefined) last = Number(serial);
  }
  if (last === undefined) return seconds;
  if (lastDigest === digest) return last;
  return Math.max(seconds, last + 1) % SERIALS || 1;
}
