/** Free text for people's eyes and what MISP accepts as a value. */

const CONTROLS = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+/gu;

/** Longest text of one template field. */
const MAX_FIELD = 1000;

/** MISP's `value` column: longer ones are dropped without a word. */
const MAX_VALUE_BYTES = 65_535;

/** One line of well-formed Unicode without control and direction characters, cut at `max` UTF-16 units. */
export function plainText(value: unknown, max = MAX_FIELD): string {
  const text = String(value);
  const cut = text.length > max ? `${text.slice(0, max - 1)}…` : text;
  return cut.toWellFormed().replace(CONTROLS, " ").trim();
}

/** Whether MISP stores this text as it is: it trims, refuses line breaks and long values, and keeps the rest. */
export function isStorable(value: string): boolean {
  return (
    value !== "" &&
    value === value.trim() &&
    value.isWellFormed() &&
    !/\p{Cc}/u.test(value) &&
    Buffer.byteLength(value) <= MAX_VALUE_BYTES
  );
}
