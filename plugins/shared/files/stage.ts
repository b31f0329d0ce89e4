/**
 * Files of an export, whole and with their digests, before any of them is sent: a target gets all of an output or
 * nothing of it, and a file's size and digest stand before its bytes. They wait on disk, so memory holds one file.
 */
import { createHash, type Hash } from "node:crypto";
import { type FileHandle, mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Chunk } from "../../../src/plugin.ts";

export interface StagedFile {
  readonly path: string;
  readonly bytes: number;
  /** SHA-256, hexadecimal. */
  readonly digest: string;
  /** Whether a reader is led by it to the other files. */
  readonly isIndex: boolean;
  read(): Promise<Uint8Array>;
}

export interface Staged {
  /** In the order to send them: what points to other files comes last. */
  readonly files: readonly StagedFile[];
  remove(): Promise<void>;
}

/** Handles that are open at once. */
const MOST_OPEN = 64;

interface Draft {
  readonly at: string;
  readonly hash: Hash;
  bytes: number;
}

/** Throws what the stream throws, with nothing left behind. */
export async function stage(chunks: AsyncIterable<Chunk>, signal: AbortSignal): Promise<Staged> {
  const folder = await mkdtemp(join(tmpdir(), "rulewright-push-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  const drafts = new Map<string, Draft>();
  const handles = new Map<string, FileHandle>();
  const closeAll = async (): Promise<void> => {
    for (const handle of handles.values()) await handle.close();
    handles.clear();
  };
  try {
    for await (const { path, data } of chunks) {
      signal.throwIfAborted();
      // Named by number: a path of an exporter is no path here.
      const draft = drafts.get(path) ?? { at: join(folder, String(drafts.size)), hash: createHash("sha256"), bytes: 0 };
      drafts.set(path, draft);
      if (!handles.has(path) && handles.size >= MOST_OPEN) await closeAll();
      const handle = handles.get(path) ?? (await open(draft.at, "a"));
      handles.set(path, handle);
      const bytes = typeof data === "string" ? Buffer.from(data) : data;
      draft.hash.update(bytes);
      draft.bytes += bytes.byteLength;
      await handle.appendFile(bytes);
    }
    await closeAll();
  } catch (error) {
    await closeAll();
    await remove();
    throw error;
  }
  const files = [...drafts].map(([path, { at, hash, bytes }]) => ({
    path,
    bytes,
    digest: hash.digest("hex"),
    isIndex: rank(path) > 0,
    read: () => readFile(at),
  }));
  return { files: files.sort((a, b) => rank(a.path) - rank(b.path) || (a.path < b.path ? -1 : 1)), remove };
}

/** A reader that finds a new index finds the files that it names; a digest is newer than its file for a moment at most. */
function rank(path: string): number {
  if (/(?:^|\/)(?:manifest\.json|hashes\.csv|index\.[a-z]+)$/i.test(path)) return 2;
  return /\.(?:md5|sha256|sig)$/i.test(path) ? 1 : 0;
}
