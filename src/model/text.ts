/** Text out of reports, made safe to store and to print on one line. Escaping for a target format is the exporter's. */

/** Control, format and bidirectional characters. */
const CONTROLS = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+/gu;

const PRINTABLE_ASCII = /^[ -~]*$/;

/** One line of well-formed Unicode without control and direction characters, cut at `longest` UTF-16 units with "…". */
export function plainText(text: unknown, longest = 1000): string {
  const whole = String(text);
  if (whole.length <= longest && PRINTABLE_ASCII.test(whole)) return whole.trim();
  const cut = whole.length > longest ? `${whole.slice(0, longest - 1)}…` : whole;
  return cut.toWellFormed().replace(CONTROLS, " ").trim();
}
