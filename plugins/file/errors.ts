/** What a failed system call means for the person who runs the export. */

const MEANINGS: Readonly<Record<string, string>> = {
  ENOSPC: "no space left; free some or publish to another disk",
  EDQUOT: "the disk quota is used up",
  EACCES: "permission denied; let this user write there or choose another path",
  EPERM: "not permitted; let this user write there or choose another path",
  EROFS: "the file system is read-only",
  ENOTDIR: "a file stands where a folder is needed",
  EEXIST: "a file stands where a folder is needed",
  EXDEV: "part of the folder is on another file system, where a file cannot be swapped in at once",
  ENAMETOOLONG: "the path is too long",
  EMFILE: "too many open files",
  ELOOP: "too many symbolic links",
};

/** The same error in plain words, with the original as its cause; other errors stay as they are. */
export function explain(error: unknown, target: string): unknown {
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  const meaning = code === undefined || syscall === undefined ? undefined : MEANINGS[code];
  if (!(error instanceof Error) || meaning === undefined) return error;
  const place = path === undefined || path === target ? "" : ` (${path})`;
  return new Error(`Cannot publish to ${target}${place}: ${meaning}. The previous files stand.`, { cause: error });
}
