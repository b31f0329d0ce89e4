/**
 * Writes chunks into the staging area and finds out which files differ from what is published. Nothing published is
 * touched here.
 */
import { createReadStream } from "node:fs";
import { type FileHandle, lstat, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { Chunk } from "../../src/plugin.ts";
import type { Folder } from "./folder.ts";

export interface StagedFile {
  readonly path: string;
  readonly bytes: number;
  /** Whether the published file differs or is missing. */
  readonly isChanged: boolean;
}

const BUFFER_BYTES = 64 * 1024;
/** Exports of one file per event have thousands; the default limit of open files is 1024. */
const MAX_OPEN_FILES = 64;

interface Writer {
  readonly path: string;
  handle: FileHandle | undefined;
  buffered: Uint8Array[];
  bufferedBytes: number;
  bytes: number;
}

/** Stages all chunks. The files that will be swapped in are on disk (fsync) when it returns. */
export async function stage(folder: Folder, chunks: AsyncIterable<Chunk>, signal: AbortSignal): Promise<StagedFile[]> {
  const writers = new Map<string, Writer>();
  // In order of last use.
  const openWriters = new Set<Writer>();
  // Also for an export without files, whose check gets the folder.
  await mkdir(folder.stagingDir);
  try {
    for await (const { path, data } of chunks) {
      signal.throwIfAborted();
      const writer = writers.get(path) ?? (await createWriter(folder, path));
      writers.set(path, writer);
      const piece = typeof data === "string" ? Buffer.from(data) : data;
      writer.buffered.push(piece);
      writer.bufferedBytes += piece.length;
      openWriters.delete(writer);
      openWriters.add(writer);
      if (writer.bufferedBytes >= BUFFER_BYTES) await flush(folder, writer);
      if (openWriters.size > MAX_OPEN_FILES) {
        const oldest = openWriters.values().next().value as Writer;
        openWriters.delete(oldest);
        await flushAndClose(folder, oldest);
      }
    }
    for (const writer of openWriters) await flushAndClose(folder, writer);
  } finally {
    for (const { handle } of openWriters) await handle?.close().catch(() => {});
  }
  const staged: StagedFile[] = [];
  for (const { path, bytes } of writers.values()) {
    signal.throwIfAborted();
    const isChanged = !(await isPublished(folder, path, bytes));
    if (isChanged) await sync(folder.staged(path));
    staged.push({ path, bytes, isChanged });
  }
  return staged;
}

async function createWriter(folder: Folder, path: string): Promise<Writer> {
  const staged = folder.staged(path);
  await mkdir(dirname(staged), { recursive: true });
  return { path, handle: await open(staged, "ax"), buffered: [], bufferedBytes: 0, bytes: 0 };
}

async function flush(folder: Folder, writer: Writer): Promise<void> {
  writer.handle ??= await open(folder.staged(writer.path), "a");
  const data = Buffer.concat(writer.buffered, writer.bufferedBytes);
  writer.buffered = [];
  writer.bufferedBytes = 0;
  // writeFile goes on after a partial write, which write does not.
  await writer.handle.writeFile(data);
  writer.bytes += data.length;
}

async function flushAndClose(folder: Folder, writer: Writer): Promise<void> {
  if (writer.bufferedBytes > 0) await flush(folder, writer);
  await writer.handle?.close();
  writer.handle = undefined;
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function isPublished(folder: Folder, path: string, bytes: number): Promise<boolean> {
  const target = await folder.findTarget(path);
  const entry = target === undefined ? undefined : await lstat(target).catch(() => undefined);
  if (target === undefined || !entry?.isFile() || entry.size !== bytes) return false;
  return haveSameBytes(target, folder.staged(path));
}

/** For two files of one size: both streams then give their bytes in pieces of the same size. */
async function haveSameBytes(a: string, b: string): Promise<boolean> {
  const other = createReadStream(b, { highWaterMark: BUFFER_BYTES })[Symbol.asyncIterator]();
  try {
    for await (const piece of createReadStream(a, { highWaterMark: BUFFER_BYTES })) {
      const { value } = await other.next();
      if (!value || !(piece as Buffer).equals(value as Buffer)) return false;
    }
    return true;
  } finally {
    await other.return?.();
  }
}
