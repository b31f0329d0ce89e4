/**
 * Tags of events and attributes. Names and colours are those of the MISP taxonomies `tlp` and `PAP`.
 *
 * Families become plain machine tags in our namespace: a galaxy tag with a name that is not in the galaxy, letter by
 * letter, looks like a cluster and is none.
 */
import { plainText, type Tlp } from "../../src/plugin.ts";

export interface Tag {
  readonly name: string;
  readonly colour: string;
  readonly exportable: true;
}

const TLP_COLOURS: Readonly<Record<Tlp, string>> = {
  clear: "#ffffff",
  green: "#33FF00",
  amber: "#FFC000",
  "amber+strict": "#FFC000",
  red: "#FF2B2B",
};

const PAP_COLOURS = { clear: "#ffffff", green: "#33ff00", amber: "#ffc000", red: "#ff2b2b" } as const;

/** MISP keeps 255 characters of a tag's name. */
const MAX_FAMILY = 200;

export function tlpTag(level: Tlp): Tag {
  return { name: `tlp:${level}`, colour: TLP_COLOURS[level], exportable: true };
}

export function papTag(level: keyof typeof PAP_COLOURS): Tag {
  return { name: `PAP:${level.toUpperCase()}`, colour: PAP_COLOURS[level], exportable: true };
}

/** `rulewright:family="emotet"`; a triple tag has no escape, so quotes become apostrophes. */
export function familyTags(families: readonly string[]): Tag[] {
  const names = families.map((family) => plainText(family, MAX_FAMILY).replaceAll('"', "'")).filter(Boolean);
  return [...new Set(names)].map((name) => ({
    name: `rulewright:family="${name}"`,
    colour: "#5b6770",
    exportable: true,
  }));
}
