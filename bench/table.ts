/** Tables and numbers as the benches print them. */

export type Print = (line: string) => void;

export interface Column {
  readonly title: string;
  /** Numbers are set to the right. */
  readonly isNumber?: boolean;
  /** Characters of the longest cell expected; the title's length when that is more. */
  readonly width?: number;
}

export interface Table {
  row(cells: readonly string[]): void;
  /** What the table says and holds; ends it. */
  end(notes: readonly string[]): void;
}

/** Prints heading and head of a Markdown table at once and each row as it comes: a million rows take a while. */
export function startTable(print: Print, title: string, columns: readonly Column[]): Table {
  const widths = columns.map(({ title: own, width = 0 }) => Math.max(own.length, width));
  const row = (cells: readonly string[]): void => {
    const padded = columns.map(({ isNumber }, index) => {
      const [cell, width] = [cells[index] ?? "", widths[index] as number];
      return isNumber ? cell.padStart(width) : cell.padEnd(width);
    });
    print(`| ${padded.join(" | ")} |`);
  };
  print(`## ${title}\n`);
  row(columns.map((column) => column.title));
  row(
    columns.map(({ isNumber }, index) =>
      isNumber ? ":".padStart(widths[index] as number, "-") : "-".repeat(widths[index] as number),
    ),
  );
  return { row, end: (notes) => print(`\n${notes.join("\n")}\n`) };
}

/** `1234567` → `1,234,567`. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString("en-GB");
}

/** `183412` → `183 k`: rates are not known better than that. */
export function thousands(value: number): string {
  return value >= 10_000 ? `${whole(value / 1000)} k` : `${(value / 1000).toFixed(1)} k`;
}

export function fixed(value: number, digits = 2): string {
  return value.toFixed(digits);
}

/** `2.5 ×`. */
export function times(ratio: number): string {
  return `${ratio >= 10 ? whole(ratio) : ratio.toFixed(1)} ×`;
}
