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
    readonly files: number;
    readonly bodies: number;
    readonly ignored: number;
    readonly problems: number;
    readonly samples: number;
    readonly observables: number;
    readonly evidence: number;
    readonly rejected: number;
  };
  readonly decisions: { readonly keep: number; readonly review: number; readonly drop: number };
  readonly exports: readonly ManifestExport[];
}

export type ManifestExport = Omit<ExportResult, "target" | "changed"> & {
  /** Why the export failed; its files are then those of the run before. */
  readonly error?: string;
};

const FILE = "manifest.json";
const Previous = z.object({
  exports: z
    .array(
      z.object({
        name: z.string(),
        files: z
          .array(z.object({ path: z.string(), sha256: z.string(), bytes: z.number(), rows: z.number() }))
          .catch([]),
      }),
    )
    .catch([]),
});

/** The last manifest of a folder, or undefined when there is none that can be read. */
export function readManifest(folder: string): z.output<typeof Previous> | undefined {
  try {
    return Previous.parse(JSON.parse(readFileSync(join(folder, FILE), "utf8")));
  } catch {
    return undefined;
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
