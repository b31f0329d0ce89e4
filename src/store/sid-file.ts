/**
 * `sid-ledger.ndjson`: how rules keep their sids from one `generate` to the next, which has no store that remembers.
 * One line per rule ever written, in order of sid; numbers of rules that are gone are not given again.
 */
import { createReadStream, createWriteStream, existsSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { RulewrightError } from "../errors.ts";
import type { SidEntry, SidStore } from "./sid-ledger.ts";

export const SID_FILE = "sid-ledger.ndjson";
const BATCH = 5000;

const Entry = z.strictObject({
  key: z.string().min(1),
  sid: z.int().positive(),
  rev: z.int().positive(),
  fingerprint: z.string(),
});

/** Takes the folder's ledger into the store; a folder without one is a first run. Throws SID_LEDGER_UNREADABLE. */
export async function restoreSids(folder: string, sids: SidStore): Promise<void> {
  const path = join(folder, SID_FILE);
  if (!existsSync(path)) return;
  for await (const entries of readSidFile(path)) await sids.restore(entries);
}

/** The entries of a ledger file, a few thousand at a time. Throws SID_LEDGER_UNREADABLE. */
export async function* readSidFile(path: string): AsyncGenerator<readonly SidEntry[]> {
  let line = 0;
  try {
    let batch: SidEntry[] = [];
    for await (const text of createInterface({ input: createReadStream(path, "utf8"), crlfDelay: Infinity })) {
      line += 1;
      batch.push(Entry.parse(JSON.parse(text)));
      if (batch.length === BATCH) {
        yield batch;
        batch = [];
      }
    }
    yield batch;
  } catch (cause) {
    throw new RulewrightError(
      "SID_LEDGER_UNREADABLE",
      `${path} cannot be read at line ${line}. Restore it from a backup; without it every rule gets a new sid.`,
      { cause },
    );
  }
}

/** Writes the ledger atomically; nothing is written when no rule has a sid. */
export async function saveSids(folder: string, sids: SidStore): Promise<void> {
  const path = join(folder, SID_FILE);
  const staged = join(folder, `.${SID_FILE}.${process.pid}.tmp`);
  try {
    await pipeline(Readable.from(lines(sids)), createWriteStream(staged, { flush: true }));
    if (statSync(staged).size > 0) renameSync(staged, path);
  } catch (cause) {
    throw new RulewrightError("EXPORT_FAILED", `Cannot write ${path}: ${(cause as Error).message}.`, { cause });
  } finally {
    rmSync(staged, { force: true });
  }
}

async function* lines(sids: SidStore): AsyncGenerator<string> {
  for await (const page of sids.entries()) {
    yield page.map(({ key, sid, rev, fingerprint }) => `${JSON.stringify({ key, sid, rev, fingerprint })}\n`).join("");
  }
}
