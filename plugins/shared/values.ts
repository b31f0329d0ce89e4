/** What document exporters check of a value before they write it. */

/** The value as `parse` reads it, or undefined when it throws. */
export function parsed<T>(parse: (value: string) => T, value: string): T | undefined {
  try {
    return parse(value);
  } catch {
    return undefined;
  }
}
