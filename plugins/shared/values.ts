/** What document exporters check of a value before they write it. */

/** Lower-case hexadecimal of this many digits. */
export function isHex(text: string, length: number): boolean {
  return text.length === length && /^[0-9a-f]+$/.test(text);
}

/** The value as `parse` reads it, or undefined when it throws. */
export function parsed<T>(parse: (value: string) => T, value: string): T | undefined {
  try {
    return parse(value);
  } catch {
    return undefined;
  }
}
