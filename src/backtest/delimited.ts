/** Lines of cells: tabs, commas, semicolons, bars or spaces between, quotes around as RFC 4180 has them. */

export const DELIMITERS = ["\t", ",", ";", "|", " "] as const;

/** The cells of one line. A cell in quotes may hold the delimiter, and `""` for a quote. */
export function splitCells(line: string, delimiter: string): string[] {
  if (!line.includes('"')) return line.split(delimiter);
  const cells: string[] = [];
  for (let at = 0; ; ) {
    if (line[at] !== '"') {
      const end = line.indexOf(delimiter, at);
      cells.push(end === -1 ? line.slice(at) : line.slice(at, end));
      if (end === -1) return cells;
      at = end + 1;
      continue;
    }
    let cell = "";
    let close = line.indexOf('"', at + 1);
    for (let from = at + 1; ; close = line.indexOf('"', from)) {
      cell += line.slice(from, close === -1 ? line.length : close);
      if (close === -1 || line[close + 1] !== '"') break;
      cell += '"';
      from = close + 2;
    }
    const end = close === -1 ? -1 : line.indexOf(delimiter, close);
    // What stands between the closing quote and the delimiter belongs to no grammar: it is kept.
    cells.push(close === -1 ? cell : cell + line.slice(close + 1, end === -1 ? line.length : end));
    if (end === -1) return cells;
    at = end + 1;
  }
}
