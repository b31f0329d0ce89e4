/**
 * Holds wildcard rows back until the end of their file, most specific first: a WILDCARD lookup answers with the first
 * row that matches, and `*.evil.example` before `login.evil.example` would take its place.
 *
 * It holds a bounded number of rows. Splunk scans wildcard lookups row by row, so a list beyond the bound is slow
 * there long before the order of its rows matters.
 */
export const MAX_HELD_ROWS = 20_000;

export interface PatternOrder {
  /** False when no more rows are held: write the row at once. */
  hold(pattern: string, line: string): boolean;
  /** The held rows, those with the most labels first and in order of arrival within. */
  release(): Generator<Buffer>;
}

export function orderPatterns(maxRows = MAX_HELD_ROWS): PatternOrder {
  // As bytes: a string made of template pieces keeps all the pieces, at ten times the memory.
  const linesByDepth: Buffer[][] = [];
  let held = 0;
  return {
    hold(pattern, line) {
      if (held >= maxRows) return false;
      const depth = pattern.split(".").length;
      linesByDepth[depth] ??= [];
      linesByDepth[depth].push(Buffer.from(line));
      held += 1;
      return true;
    },
    *release() {
      for (const lines of linesByDepth.reverse()) yield* lines ?? [];
      linesByDepth.length = 0;
    },
  };
}
