/** Deterministic identifiers. Nothing here is random. */
import { createHash } from "node:crypto";

/** UUIDv5 (RFC 9562 section 5.5) of a name in a namespace; lower case with dashes. */
export function uuidv5(namespace: string, name: string): string {
  const bytes = createHash("sha1")
    .update(Buffer.from(namespace.replaceAll("-", ""), "hex"))
    .update(name, "utf8")
    .digest()
    .subarray(0, 16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The project's own UUID namespace, fixed for ever: every id we mint would move with it. */
export const RULEWRIGHT_NAMESPACE = "8a4f6d0e-3c1b-5b7a-9e52-6d1f0c9b2a47";

/** Lower-hex SHA-256. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
