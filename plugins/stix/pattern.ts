/**
 * STIX patterns in the one textual form that every consumer reads: no space after `[`, single spaces around operators,
 * one comparison where one is enough. Some consumers compare prefixes and never parse, and platforms recognise an
 * indicator by this very text, so it must not change.
 *
 * This module does not build qualifiers, OR or several observations, and does not check values.
 */

/** A string literal: only `\` and `'` are escaped, everything else stands raw (STIX 2.1 section 9.5). */
export function stringLiteral(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** `path = literal`. A step of the path with `-` or `.` in it must come quoted: `file:hashes.'SHA-256'`. */
export function equals(path: string, value: string | number): string {
  return `${path} = ${typeof value === "number" ? value : stringLiteral(value)}`;
}

/** One observation; its comparisons must all be about one object type. */
export function observation(...comparisons: readonly string[]): string {
  return `[${comparisons.join(" AND ")}]`;
}
