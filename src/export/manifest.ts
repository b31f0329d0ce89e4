/** `manifest.json`: what a run wrote and what became of every indicator. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { ExportResult } from "./pipeline.ts";

export interface Manifest {
  /** Time of the run that last changed anything, ISO 8601. */
  readonly generated: string;
  readonly version: string;
  readonly input: {
    /** What was read, when this run read anything. */
    readonly files?: number;
    readonly bodies?: number;
    readonly ignored?: number;
    readonly problems?: number;
    readonly samples: number;
    readonly observables: number;
    readonly evidence: number;
    readonly rejected: number;
  };
  readonly decisions: { readonly keep: number; readonly review: number; readonly drop: number };
  readonly exports: readonly ManifestExport[];
  /** Exports in the folder that earlier runs wrote and this one did not ask for. */
  readonly earlier?: readonly ExportFiles[];
}

export type ExportFiles = Pick<ExportResult, "name" | "files">;

export type ManifestExport = Omit<ExportResult, "target" | "changed"> & {
  /** Why the export failed; its files are then those of the run before. */
  readonly error?: string;
};

const FILE = "manifest.json";
const Exports = z
  .array(
    z.object({
      name: z.string(),
      files: z.array(z.object({ path: z.string(), sha256: z.string(), bytes: z.number(), rows: z.number() })).catch([]),
    }),
  )
  .catch([]);
const Previous = z.object({ exports: Exports, earlier: Exports });

/** What the last manifest of a folder says of its files; nothing when there is none that can be read. */
export function readFiles(folder: string): readonly ExportFiles[] {
  try {
    const { exports, earlier } = Previous.parse(JSON.parse(readFileSync(join(folder, FILE), "utf8")));
    return [...exports, ...earlier];
  } catch {
    return [];
  }
}

/** Writes it atomically; a manifest that differs from the present one in its time alone is left as it is. */
export function writeManifest(folder: string, manifest: Manifest): void {
  const path = join(folder, FILE);
  const text = `${JSON.stringify(manifest, undefined, 2)}\n`;
  if (existsSync(path) && withoutTime(readFileSync(path, "utf8")) === withoutTime(text)) return;
  const staged = join(folder, `.${FILE}.${process.pid}.tmp`);
  try {
    const file = openSync(staged, "w");
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(staged, path);
  } catch (error) {
    rmSync(staged, { force: true });
    throw error;
  }
}

function withoutTime(text: string): string {
  return text.replace(/"generated": "[^"]*"/, "");
}
