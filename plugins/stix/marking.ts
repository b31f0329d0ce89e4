/**
 * Traffic Light Protocol as STIX markings. TLP 1.0 is built into STIX and only referenced; TLP 2.0 objects are not
 * and must travel with what they mark.
 *
 * Sources: STIX 2.1 section 7.2.1.4; OASIS cti-stix-common-objects, extension-definition-specifications/tlp-2.0.
 */
import type { Tlp } from "../../src/plugin.ts";
import type { MarkingDefinition } from "./schema.ts";

export const TLP_VERSIONS = ["1.0", "2.0", "both"] as const;
export type TlpVersion = (typeof TLP_VERSIONS)[number];

type MarkingId = MarkingDefinition["id"];

/** TLP 1.0 has no amber+strict: widening it to amber would break the promise given to the source. */
const TLP_1: Readonly<Partial<Record<Tlp, MarkingId>>> = {
  clear: "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
  green: "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
  amber: "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
  red: "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
};

/** In order of strictness. */
const TLP_2: Readonly<Record<Tlp, MarkingDefinition>> = {
  clear: tlp2("clear", "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"),
  green: tlp2("green", "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"),
  amber: tlp2("amber", "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"),
  "amber+strict": tlp2("amber+strict", "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"),
  red: tlp2("red", "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"),
};

function tlp2(level: Tlp, id: MarkingId): MarkingDefinition {
  return {
    type: "marking-definition",
    spec_version: "2.1",
    id,
    created: "2022-10-01T00:00:00.000Z",
    name: `TLP:${level.toUpperCase()}`,
    extensions: {
      "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {
        extension_type: "property-extension",
        tlp_2_0: level,
      },
    },
  };
}

const LEVELS = Object.keys(TLP_2) as Tlp[];

/** The stricter of two levels. */
export function strictest(a: Tlp, b: Tlp): Tlp {
  return LEVELS.indexOf(a) > LEVELS.indexOf(b) ? a : b;
}

export interface Marking {
  readonly refs: [MarkingId, ...MarkingId[]];
  /** The object to ship along, where one is needed. */
  readonly definition?: MarkingDefinition;
}

/** How a level is said in the asked version; amber+strict is always said in 2.0. */
export function marking(level: Tlp, version: TlpVersion): Marking {
  const builtIn = version === "2.0" ? undefined : TLP_1[level];
  if (builtIn && version === "1.0") return { refs: [builtIn] };
  const definition = TLP_2[level];
  return { refs: builtIn ? [builtIn, definition.id] : [definition.id], definition };
}
