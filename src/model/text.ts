/** Text out of reports, made safe to store and to print on one line. Escaping for a target format is the exporter's. */

/** Control and bidirectional-override characters become spaces, lone surrogates U+FFFD; at most `longest` characters. */
export function plainText(text: string, longest: number): string {
  return text
    .slice(0, longest)
    .toWellFormed()
    .replaceAll(/[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+/g, " ")
    .trim();
}
