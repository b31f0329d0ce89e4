/** Deterministic identifiers. Nothing here is random. */
import { hash } from "node:crypto";

/** UUIDv5 (RFC 9562 section 5.5) of a name in a namespace; lower case with dashes. */
export function uuidv5(namespace: string, name: string): string {
  const bytes = Buffer.concat([Buffer.from(namespace.replaceAll("-", ""), "hex"), Buffer.from(name, "utf8")]);
  const hex = hash("sha1", bytes, "hex");
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The project's own UUID namespace, fixed for ever: every id we mint would move with it. */
export const RULEWRIGHT_NAMESPACE = "8a4f6d0e-3c1b-5b7a-9e52-6d1f0c9b2a47";

/** Lower-hex SHA-256. */
export function sha256(data: string | Uint8Array): string {
  return hash("sha256", data, "hex");
}
