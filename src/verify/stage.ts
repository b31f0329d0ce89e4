/**
 * Rule files as the engine gets them: copies without the rules that would stop it, beside links to everything that lies
 * beside the originals. Line numbers stay.
 */
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { RuleFile } from "./rule-file.ts";

export interface Staged {
  readonly paths: readonly string[];
  /** Staged path → the original. */
  readonly originals: ReadonlyMap<string, string>;
}

/** `file:line` of a rule, to say which ones are left out. */
export function placeOf({ file, line }: { readonly file: string; readonly line: number }): string {
  return `${file}:${line}`;
}

export async function stageRules(
  dir: string,
  files: readonly RuleFile[],
  isLeftOut: (place: string) => boolean,
): Promise<Staged> {
  const originals = new Map<string, string>();
  for (const [index, { path, rules, noRules }] of files.entries()) {
    const folder = join(dir, String(index));
    await mkdir(folder, { recursive: true });
    const lines: string[] = [];
    for (const rule of [...rules, ...noRules]) {
      lines[rule.line - 1] = isLeftOut(placeOf(rule)) ? "#" : rule.text;
    }
    const staged = join(folder, basename(path));
    await writeFile(staged, `${Array.from(lines, (line) => line ?? "").join("\n")}\n`);
    originals.set(staged, path);
    const source = dirname(resolve(path));
    for (const name of await readdir(source)) {
      if (name === basename(path) || name.endsWith(".rules")) continue;
      await symlink(join(source, name), join(folder, name));
    }
  }
  return { paths: [...originals.keys()], originals };
}
