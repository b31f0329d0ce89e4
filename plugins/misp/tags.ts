/**
 * Tags of events and attributes. Names and colours are those of the MISP taxonomies `tlp` and `PAP`; techniques are
 * clusters of the galaxy `mitre-attack-pattern`.
 *
 * Families and hunts become plain machine tags in our namespace: a galaxy tag with a name that is not in the galaxy,
 * letter by letter, looks like a cluster and is none. So does a technique that our table does not have.
 */
import { plainText, type Tlp } from "../../src/plugin.ts";
import { techniqueName } from "../shared/attack/techniques.ts";

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
const MAX_NAME = 200;

const OWN_COLOUR = "#5b6770";
/** The colour MISP gives galaxy tags. */
const GALAXY_COLOUR = "#0088cc";

export function tlpTag(level: Tlp): Tag {
  return { name: `tlp:${level}`, colour: TLP_COLOURS[level], exportable: true };
}

export function papTag(level: keyof typeof PAP_COLOURS): Tag {
  return { name: `PAP:${level.toUpperCase()}`, colour: PAP_COLOURS[level], exportable: true };
}

/** `rulewright:family="emotet"` */
export function familyTags(families: readonly string[]): Tag[] {
  return ownTags("family", families);
}

/** `rulewright:hunt="loaders"` */
export function huntTags(hunts: readonly string[]): Tag[] {
  return ownTags("hunt", hunts);
}

/** `misp-galaxy:mitre-attack-pattern="Web Protocols - T1071.001"`, or `rulewright:technique="T9999"` for an unknown one. */
export function techniqueTags(techniques: readonly string[]): Tag[] {
  return techniques
    .filter((id) => /^T\d{4}(?:\.\d{3})?$/.test(id))
    .flatMap((id) => {
      const name = techniqueName(id);
      return name === undefined
        ? ownTags("technique", [id])
        : [
            {
              name: `misp-galaxy:mitre-attack-pattern="${name} - ${id}"`,
              colour: GALAXY_COLOUR,
              exportable: true as const,
            },
          ];
    });
}

/** A triple tag has no escape, so quotes become apostrophes. */
function ownTags(predicate: string, values: readonly string[]): Tag[] {
  const names = values.map((value) => plainText(value, MAX_NAME).replaceAll('"', "'")).filter(Boolean);
  return [...new Set(names)].map((name) => ({
    name: `rulewright:${predicate}="${name}"`,
    colour: OWN_COLOUR,
    exportable: true,
  }));
}
