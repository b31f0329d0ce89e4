/**
 * The folder published into: its staging area and where each path ends up. Nothing here leaves the folder, be it by
 * `..`, by an absolute path or by a symbolic link. This module writes no content.
 */
import { lstat, mkdir, mkdtemp, readdir, realpath, rm, rmdir, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join, relative, sep } from "node:path";

const STAGING_PREFIX = ".rulewright-";
const DAY_MS = 86_400_000;

export interface Folder {
  /** Without symbolic links. */
  readonly root: string;
  /** Where new files wait. Inside the root, because a rename works within one file system only. */
  readonly stagingDir: string;
  /** Where replaced files wait until all are replaced. */
  readonly backupDir: string;
  /** Where a path is staged. Throws when the path would leave the folder. */
  staged(path: string): string;
  /** Where a path belongs; its parents exist or are created. Throws when a link leads out of the folder. */
  prepareTarget(path: string): Promise<string>;
  /** Where a path belongs, or undefined when its parents are missing. Throws when a link leads out of the folder. */
  findTarget(path: string): Promise<string | undefined>;
  /** Those of `paths` that are there as files and not among `produced`. */
  existing(paths: readonly string[], produced: ReadonlySet<string>): Promise<string[]>;
  /** Removes the staging area and, unless it is to be kept, folders that this publication created and left empty. */
  close(options: { readonly keep: boolean }): Promise<void>;
}

/** Opens a folder for one publication. */
export async function openFolder(target: string): Promise<Folder> {
  const firstCreated = await mkdir(target, { recursive: true });
  const root = await realpath(target);
  await removeLeftovers(root);
  const created: string[] = [];
  const workDir = await mkdtemp(join(root, `${STAGING_PREFIX}${hostname()}-${process.pid}-`)).catch(async (error) => {
    if (firstCreated !== undefined) await removeEmptyUpTo(target, dirname(firstCreated));
    throw error;
  });
  const stagingDir = join(workDir, "new");
  const backupDir = join(workDir, "previous");

  const findTarget = async (path: string): Promise<string | undefined> => {
    const wanted = join(root, ...safeParts(path));
    try {
      const parent = await realpath(dirname(wanted));
      if (parent !== root && !parent.startsWith(root.endsWith(sep) ? root : root + sep)) {
        throw new Error(`The path ${path} leads out of ${root} through a symbolic link; remove the link.`);
      }
      return join(parent, basename(wanted));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  };

  return {
    root,
    stagingDir,
    backupDir,
    staged: (path) => join(stagingDir, ...safeParts(path)),
    findTarget,
    async prepareTarget(path) {
      // One level at a time: a recursive mkdir would create folders behind a link before it is noticed.
      const parts = safeParts(path);
      for (let depth = 1; depth < parts.length; depth += 1) {
        const parent = await findTarget(parts.slice(0, depth).join("/"));
        try {
          await mkdir(parent as string);
          created.push(parent as string);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        }
      }
      const found = await findTarget(path);
      if (found === undefined) throw new Error(`The parent folder of ${path} disappeared from ${root}.`);
      return found;
    },
    async existing(paths, produced) {
      const found: string[] = [];
      for (const path of paths) {
        if (produced.has(path) || !isSafe(path)) continue;
        const at = await findTarget(path).catch(() => undefined);
        const entry = at === undefined ? undefined : await lstat(at).catch(() => undefined);
        if (entry && !entry.isDirectory()) found.push(path);
      }
      return found;
    },
    async close({ keep }) {
      await rm(workDir, { recursive: true, force: true });
      if (keep) return;
      for (const dir of created.reverse()) await removeIfEmpty(dir);
      if (firstCreated !== undefined) await removeEmptyUpTo(target, dirname(firstCreated));
    },
  };
}

/** Removes a folder and its parents below `top`, as long as they are empty. */
export async function removeEmptyUpTo(dir: string, top: string): Promise<void> {
  for (let current = dir; current !== top && !relative(top, current).startsWith(".."); current = dirname(current)) {
    if (!(await removeIfEmpty(current))) return;
  }
}

async function removeIfEmpty(dir: string): Promise<boolean> {
  return rmdir(dir).then(
    () => true,
    () => false,
  );
}

function isSafe(path: string): boolean {
  const parts = path.split("/");
  return (
    !/[\\\0]|^[A-Za-z]:/.test(path) &&
    parts.every((part) => part !== "" && part !== "." && part !== "..") &&
    !parts[0]?.startsWith(STAGING_PREFIX)
  );
}

function safeParts(path: string): string[] {
  if (!isSafe(path)) throw new Error(`The exporter named the path ${JSON.stringify(path)}, which leaves the folder.`);
  return path.split("/");
}

/** Removes what a killed publication left: of a dead process on this host, or older than a day. */
async function removeLeftovers(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith(STAGING_PREFIX)) continue;
    const dir = join(root, name);
    const isMine = name.startsWith(`${STAGING_PREFIX}${hostname()}-`);
    const pid = Number(name.slice(`${STAGING_PREFIX}${hostname()}-`.length).split("-")[0]);
    const ageMs = Date.now() - ((await stat(dir).catch(() => undefined))?.mtimeMs ?? 0);
    if ((isMine && !isAlive(pid)) || ageMs > DAY_MS) await rm(dir, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
