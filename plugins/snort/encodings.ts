/** Names as they stand on the wire, as content patterns and numbers for templates. */
import { content } from "../shared/ids/rule-text.ts";

/** A name as DNS sends it (RFC 1035 section 3.1), as a content pattern: `|04|evil|07|example|00|`. */
export function labels(name: unknown): string {
  return `${String(name)
    .split(".")
    .map((label) => `|${hexByte(label.length)}|${content(label)}`)
    .join("")}|00|`;
}

/** Length of that encoding: a length byte for each label, and the root's. */
export function labelBytes(name: unknown): string {
  return String(String(name).length + 2);
}

/** Length of a TLS server name in the two bytes before it (RFC 6066 section 3): `00 0c`. */
export function lengthBytes(name: unknown): string {
  const { length } = String(name);
  return `${hexByte(length >> 8)} ${hexByte(length & 0xff)}`;
}

/** Length of a name with a dot before it. */
export function dottedBytes(name: unknown): string {
  return String(String(name).length + 1);
}

/** A host inside a regular expression, without the characters that a rule gives a meaning. */
export function pcre(host: unknown): string {
  return String(host)
    .replace(/[.[\]]/g, "\\$&")
    .replaceAll(":", "\\x3a");
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}
