/**
 * Puts staged files in place of the published ones; when one cannot be replaced, those before it get their previous
 * content back. Between the two a reader sees the old file or the new one, never none.
 */
import { chmod, copyFile, link, lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Logger } from "../../src/plugin.ts";
import { type Folder, removeEmptyUpTo } from "./folder.ts";
import type { StagedFile } from "./stage.ts";

interface Replaced {
  readonly target: string;
  /** Absent when there was no file before. */
  readonly backup: string | undefined;
}

/** Swaps all files in, or none; when `accept` then throws, they get their previous content back too. */
export async function swap(
  folder: Folder,
  files: readonly StagedFile[],
  accept: () => Promise<void> = async () => {},
): Promise<void> {
  await mkdir(folder.backupDir);
  const replaced: Replaced[] = [];
  try {
    for (const [index, { path }] of files.entries()) {
      const target = await folder.prepareTarget(path);
      const backup = await backUp(target, folder.staged(path), join(folder.backupDir, String(index)));
      await rename(folder.staged(path), target);
      replaced.push({ target, backup });
    }
    for (const dir of new Set(replaced.map(({ target }) => dirname(target)))) await syncFolder(dir);
    await accept();
  } catch (error) {
    for (const { target, backup } of replaced.reverse()) {
      // One that cannot be put back must not keep the others from it; the error that started this is thrown.
      await (backup === undefined ? rm(target, { force: true }) : rename(backup, target)).catch(() => {});
    }
    throw error;
  }
}

/** Keeps the published file under a second name, and its mode for the file that follows it. */
async function backUp(target: string, staged: string, backup: string): Promise<string | undefined> {
  const entry = await lstat(target).catch(() => undefined);
  if (entry === undefined) return undefined;
  if (entry.isDirectory()) throw new Error(`${target} is a folder where a file is to be published; remove it.`);
  if (entry.isFile()) await chmod(staged, entry.mode & 0o777);
  // Some file systems have no hard links.
  await link(target, backup).catch(() => copyFile(target, backup));
  return backup;
}

/** A rename is durable once its folder is; file systems that cannot sync a folder do it by themselves. */
async function syncFolder(dir: string): Promise<void> {
  const handle = await open(dir, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

/** Removes files that the export no longer produces, and folders that this empties. */
export async function removeStale(folder: Folder, paths: readonly string[], log: Logger): Promise<void> {
  for (const path of paths) {
    const target = await folder.findTarget(path);
    if (target === undefined) continue;
    try {
      await rm(target, { force: true });
      await removeEmptyUpTo(dirname(target), folder.root);
    } catch (error) {
      log.warn(`could not remove ${target}, which is no longer produced: ${(error as Error).message}`);
    }
  }
}
