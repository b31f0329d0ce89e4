/** Spreads lines over files of a limited size: `indicators-001.csv`, `indicators-002.csv` and so on. */
import type { Lines } from "./lines.ts";

export interface FileLimits {
  /** Path of the file with a number of three digits. */
  readonly path: (number: string) => string;
  /** Begins each file. */
  readonly header?: string;
  readonly maxRows?: number;
  /** Of UTF-8, the header included. */
  readonly maxBytes?: number;
}

export interface NumberedFiles {
  /** The header of the first file, so that there is one without any row. */
  readonly begin: { readonly path: string; readonly data: string; readonly indicators: 0 };
  /** A row, of one line or several, in its file; behind the header when it is the first there. */
  place(text: string): Lines;
}

export function numberedFiles({
  path,
  header = "",
  maxRows = Number.POSITIVE_INFINITY,
  maxBytes = Number.POSITIVE_INFINITY,
}: FileLimits): NumberedFiles {
  const headerBytes = Buffer.byteLength(header);
  const pathOf = (number: number): string => path(String(number).padStart(3, "0"));
  const current = { number: 1, path: pathOf(1), rows: 0, bytes: headerBytes };
  return {
    begin: { path: current.path, data: header, indicators: 0 },
    place(text) {
      const size = Buffer.byteLength(text);
      const isNew = current.rows > 0 && (current.rows >= maxRows || current.bytes + size > maxBytes);
      if (isNew) {
        current.number += 1;
        current.path = pathOf(current.number);
        current.rows = 0;
        current.bytes = headerBytes;
      }
      current.rows += 1;
      current.bytes += size;
      return { path: current.path, text: isNew ? header + text : text, rows: 1 };
    },
  };
}
