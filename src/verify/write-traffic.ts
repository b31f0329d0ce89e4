/** Writes the capture of a plan to disk, a piece at a time, with its digest. */
import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { createPcapRecords, pcapHeader } from "./pcap.ts";
import type { Plan } from "./plan.ts";
import { clientParty } from "./traffic.ts";

export interface Traffic {
  readonly sha256: string;
  readonly bytes: number;
  readonly packets: number;
  readonly exchanges: number;
}

const PIECE_BYTES = 1024 * 1024;

export async function writeTraffic(path: string, { groups }: Plan, signal?: AbortSignal): Promise<Traffic> {
  const hash = createHash("sha256");
  const file = openSync(path, "w");
  const record = createPcapRecords();
  let pieces: Buffer[] = [pcapHeader()];
  let pending = pieces[0]?.length ?? 0;
  let [bytes, packets, exchanges] = [0, 0, 0];
  const flush = (): void => {
    const piece = Buffer.concat(pieces);
    hash.update(piece);
    writeSync(file, piece);
    bytes += piece.length;
    pieces = [];
    pending = 0;
  };
  try {
    for (const { make } of groups) {
      for (const { isV6, frames } of make()) {
        exchanges += 1;
        for (const packet of frames(clientParty(exchanges, isV6))) {
          const written = record(packet);
          pieces.push(written);
          pending += written.length;
          packets += 1;
        }
      }
      if (pending < PIECE_BYTES) continue;
      flush();
      // Interrupts and timers get their turn.
      await new Promise((next) => setImmediate(next));
      signal?.throwIfAborted();
    }
    flush();
  } finally {
    closeSync(file);
  }
  return { sha256: hash.digest("hex"), bytes, packets, exchanges };
}
