/** `version-ledger.ndjson`: which object was last written with which content and times, in order of export and id. */
import { z } from "zod";
import { type LedgerFile, restoreLedger, saveLedger } from "./ledger-file.ts";
import type { VersionEntry, VersionStore } from "./version-ledger.ts";

export const VERSION_FILE = "version-ledger.ndjson";

const FILE: LedgerFile<VersionEntry> = {
  name: VERSION_FILE,
  entry: z.strictObject({
    kind: z.string().min(1),
    id: z.string().min(1),
    hash: z.string(),
    created: z.iso.datetime(),
    modified: z.iso.datetime(),
    revoked: z.literal([0, 1]),
  }),
  unreadable: {
    code: "VERSION_LEDGER_UNREADABLE",
    loss: "objects whose content changed keep the version they had, and receivers leave them as they are",
  },
};

/** Takes the folder's ledger into the store; a folder without one is a first run. Throws VERSION_LEDGER_UNREADABLE. */
export function restoreVersions(folder: string, versions: VersionStore): Promise<void> {
  return restoreLedger(FILE, folder, (entries) => versions.restore(entries));
}

/** Writes the ledger atomically; nothing is written when no object has a version. Throws EXPORT_FAILED. */
export function saveVersions(folder: string, versions: VersionStore): Promise<void> {
  return saveLedger(FILE, folder, versions.entries());
}
