/** Free text for people's eyes and what MISP accepts as a value. */

/** MISP's `value` column: longer ones are dropped without a word. */
const MAX_VALUE_BYTES = 65_535;

/**
 * Whether MISP stores this text as it is: it trims, refuses line breaks and long values, and keeps the rest. A database
 * with MySQL's old `utf8` turns characters above U+FFFF into question marks.
 */
export function isStorable(value: string): boolean {
  return (
    value !== "" &&
    value === value.trim() &&
    value.isWellFormed() &&
    !/[\p{Cc}\u{10000}-\u{10ffff}]/u.test(value) &&
    Buffer.byteLength(value) <= MAX_VALUE_BYTES
  );
}
