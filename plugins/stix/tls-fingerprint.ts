/**
 * STIX has no place for JA3, JA3S and JA4. They live in a property extension of ours on network-traffic (STIX 2.1
 * section 7.3); loose `x_` properties are deprecated and refused by strict parsers.
 */
import { type Dated, type Entry, TIMELESS } from "./entry.ts";
import { ownId } from "./ids.ts";
import { RULEWRIGHT } from "./options.ts";
import type { ExtensionDefinition, Identity } from "./schema.ts";
import { identity } from "./shared-objects.ts";

/** Part of every fingerprint pattern, therefore fixed for ever. */
export const TLS_FINGERPRINT_EXTENSION_ID = ownId("extension-definition", "tls-fingerprint");

/** What must travel with every use of the extension: its definition, and who made that when it is not the author. */
export function tlsFingerprintExtension(author: Identity["id"]): Entry[] {
  const maker = identity(RULEWRIGHT);
  const definition: Dated<ExtensionDefinition> = {
    draft: {
      type: "extension-definition",
      spec_version: "2.1",
      id: TLS_FINGERPRINT_EXTENSION_ID as ExtensionDefinition["id"],
      created_by_ref: maker.draft.id,
      name: "TLS fingerprints",
      description: "Adds the fingerprints of a TLS session to network-traffic objects.",
      schema:
        "ja3 (string, 32 lower-case hex digits): JA3 of the client hello; " +
        "ja3s (string, 32 lower-case hex digits): JA3S of the server hello; " +
        "ja4 (string): JA4 of the client hello, as t13d1516h2_8daaf6152771_b186095e22b6",
      version: "1.0.0",
      extension_types: ["property-extension"],
    },
    ...TIMELESS,
  };
  return maker.draft.id === author ? [definition] : [maker, definition];
}
