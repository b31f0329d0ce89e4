/** `sid-ledger.ndjson`: every rule ever written, in order of sid; numbers of rules that are gone are not given again. */
import { z } from "zod";
import { type LedgerFile, readLedger, restoreLedger, saveLedger } from "./ledger-file.ts";
import type { SidEntry, SidStore } from "./sid-ledger.ts";

export const SID_FILE = "sid-ledger.ndjson";

const FILE: LedgerFile<SidEntry> = {
  name: SID_FILE,
  entry: z.strictObject({
    key: z.string().min(1),
    sid: z.int().positive(),
    rev: z.int().positive(),
    fingerprint: z.string(),
  }),
  unreadable: { code: "SID_LEDGER_UNREADABLE", loss: "every rule gets a new sid" },
};

/** Takes the folder's ledger into the store; a folder without one is a first run. Throws SID_LEDGER_UNREADABLE. */
export function restoreSids(folder: string, sids: SidStore): Promise<void> {
  return restoreLedger(FILE, folder, (entries) => sids.restore(entries));
}

/** The entries of a ledger file, a few thousand at a time. Throws SID_LEDGER_UNREADABLE. */
export function readSidFile(path: string): AsyncIterable<readonly SidEntry[]> {
  return readLedger(FILE, path);
}

/** Writes the ledger atomically; nothing is written when no rule has a sid. Throws EXPORT_FAILED. */
export function saveSids(folder: string, sids: SidStore): Promise<void> {
  return saveLedger(FILE, folder, sids.entries());
}
