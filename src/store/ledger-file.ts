/**
 * Ledgers beside the output: how `generate`, which has no store that remembers, keeps what must stay from one run to
 * the next. One entry a line; written atomically.
 */
import { createReadStream, createWriteStream, existsSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { z } from "zod";
import { type ErrorCode, RulewrightError } from "../errors.ts";

const BATCH = 5000;

export interface LedgerFile<T extends object> {
  readonly name: string;
  readonly entry: z.ZodType<T>;
  /** What an unreadable one is reported as, and what is lost without it. */
  readonly unreadable: { readonly code: ErrorCode; readonly loss: string };
}

/** Takes the folder's ledger over; a folder without one is a first run. Throws as `readLedger`. */
export async function restoreLedger<T extends object>(
  file: LedgerFile<T>,
  folder: string,
  restore: (entries: readonly T[]) => Promise<void>,
): Promise<void> {
  const path = join(folder, file.name);
  if (!existsSync(path)) return;
  for await (const entries of readLedger(file, path)) await restore(entries);
}

/** The entries of a ledger file, a few thousand at a time. Throws the file's `unreadable`. */
export async function* readLedger<T extends object>(
  { entry, unreadable }: LedgerFile<T>,
  path: string,
): AsyncGenerator<readonly T[]> {
  let line = 0;
  try {
    let batch: T[] = [];
    for await (const text of createInterface({ input: createReadStream(path, "utf8"), crlfDelay: Infinity })) {
      line += 1;
      batch.push(entry.parse(JSON.parse(text)));
      if (batch.length === BATCH) {
        yield batch;
        batch = [];
      }
    }
    yield batch;
  } catch (cause) {
    throw new RulewrightError(
      unreadable.code,
      `${path} cannot be read at line ${line}. Restore it from a backup; without it ${unreadable.loss}.`,
      { cause },
    );
  }
}

/** Writes the ledger, its keys in their order; nothing is written when it is empty. Throws EXPORT_FAILED. */
export async function saveLedger<T extends object>(
  { name }: LedgerFile<T>,
  folder: string,
  pages: AsyncIterable<readonly T[]>,
): Promise<void> {
  const path = join(folder, name);
  const staged = join(folder, `.${name}.${process.pid}.tmp`);
  try {
    await pipeline(Readable.from(lines(pages)), createWriteStream(staged, { flush: true }));
    if (statSync(staged).size > 0) renameSync(staged, path);
  } catch (cause) {
    throw new RulewrightError("EXPORT_FAILED", `Cannot write ${path}: ${(cause as Error).message}.`, { cause });
  } finally {
    rmSync(staged, { force: true });
  }
}

async function* lines<T>(pages: AsyncIterable<readonly T[]>): AsyncGenerator<string> {
  for await (const page of pages) yield page.map((entry) => `${JSON.stringify(entry)}\n`).join("");
}
