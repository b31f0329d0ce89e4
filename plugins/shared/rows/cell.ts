/**
 * Text in a CSV cell: quoting, escapes for human eyes, the guard against formulas.
 * This module does not know columns or indicators.
 */

/** One cell as RFC 4180 section 2 writes it; a cell with a leading or trailing space is quoted too, so it survives. */
export function csvCell(value: unknown): string {
  if (typeof value !== "string") return String(value);
  return needsQuotes(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function needsQuotes(cell: string): boolean {
  if (/[",\r\n]/.test(cell)) return true;
  // Searching for space at the end is slow, and hardly ever needed.
  const isPlain = isVisible(cell.charCodeAt(0)) && isVisible(cell.charCodeAt(cell.length - 1));
  return !isPlain && /^\s|\s$/.test(cell);
}

/** False for NaN, which the empty cell has. */
function isVisible(code: number): boolean {
  return code > 0x20 && code < 0x7f;
}

const PRINTABLE_ASCII = /^[ -~]*$/;
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
const SHORT_ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * Free text on one line: control characters, line separators, bidi controls and lone surrogates become `\n`, `\x00`
 * or `\u202e`. A backslash stays as it is, because Windows paths would be unreadable; so there is no way back.
 */
export function displayText(text: string): string {
  return PRINTABLE_ASCII.test(text) ? text : text.replace(UNPRINTABLE, escapeCharacter);
}

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  const hex = code.toString(16);
  return SHORT_ESCAPES[character] ?? (code <= 0xff ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`);
}

const FORMULA_START = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/;

/**
 * `=1+1` → `'=1+1`: what a spreadsheet would run becomes text. It changes the value, so it is never for machines.
 * Source: OWASP, "CSV Injection".
 */
export function guardFormula(text: string): string {
  return FORMULA_START.test(text) ? `'${text}` : text;
}

/** Pieces of one cell, each treated by `text` and joined by `;`; a `;` inside a piece becomes `\x3b`. */
export function joinCell(pieces: readonly string[], text: (piece: string) => string): string {
  let cell = "";
  for (let index = 0; index < pieces.length; index += 1) {
    const piece = text(pieces[index] as string);
    if (index > 0) cell += ";";
    cell += piece.includes(";") ? piece.replaceAll(";", "\\x3b") : piece;
  }
  return cell;
}

/** Template files end in a line end of the editor's choice; ours is an option. */
export function endLine(line: string, lineEnd: string): string {
  if (line.endsWith("\r\n")) return line.slice(0, -2) + lineEnd;
  if (!line.endsWith("\n")) return line + lineEnd;
  return lineEnd === "\n" ? line : line.slice(0, -1) + lineEnd;
}

/** A line of cells, ended. */
export function csvLine(cells: readonly unknown[]): string {
  return `${cells.map(csvCell).join(",")}\n`;
}
