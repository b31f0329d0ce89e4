/** Objects that many indicators lead to: the author, families, what families run on, and techniques. */
import type { RowTemplate } from "../../src/plugin.ts";
import { techniqueName } from "../shared/attack/techniques.ts";
import { type Dated, TIMELESS } from "./entry.ts";
import { authoredId, ownId } from "./ids.ts";
import type { StixOptions } from "./options.ts";
import type { AttackPattern, Identity, Infrastructure, Malware } from "./schema.ts";
import { rendered } from "./text.ts";

type Author = Pick<StixOptions, "identityName" | "identityClass" | "contact">;

export type Templates = Readonly<Record<string, RowTemplate>>;

/** An author. */
export function identity({ identityName, identityClass, contact }: Author): Dated<Identity> {
  const id = ownId("identity", `${identityClass}:${identityName}`) as Identity["id"];
  return {
    draft: {
      type: "identity",
      spec_version: "2.1",
      id,
      created_by_ref: id,
      name: identityName,
      identity_class: identityClass,
      ...(contact === undefined ? {} : { contact_information: contact }),
    },
    ...TIMELESS,
  };
}

export function familyId(name: string, author: Identity["id"]): Malware["id"] {
  return authoredId(author, "malware", name) as Malware["id"];
}

export function malwareFamily(name: string, author: Identity["id"], templates: Templates): Dated<Malware> {
  const description = rendered(templates["malware-description"], { family: name });
  return {
    draft: {
      type: "malware",
      spec_version: "2.1",
      id: familyId(name, author),
      created_by_ref: author,
      name,
      ...(description ? { description } : {}),
      is_family: true,
    },
    ...TIMELESS,
  };
}

export function infrastructureId(family: string, author: Identity["id"]): Infrastructure["id"] {
  return authoredId(author, "infrastructure", family) as Infrastructure["id"];
}

/** Everything on the network that indicates one family. What it is for, no report says. */
export function infrastructure(family: string, author: Identity["id"], templates: Templates): Dated<Infrastructure> {
  const name = rendered(templates["infrastructure-name"], { family });
  return {
    draft: {
      type: "infrastructure",
      spec_version: "2.1",
      id: infrastructureId(family, author),
      created_by_ref: author,
      name: name || family,
      infrastructure_types: ["unknown"],
    },
    ...TIMELESS,
  };
}

/**
 * A technique by its ATT&CK number, under an id of ours: platforms match on the number, and MITRE's own ids and tactics
 * are not ours to make up (docs/adr/0007-attack-patterns-by-number.md). One whose name is not known is called by it.
 */
export function attackPattern(technique: string, author: Identity["id"]): Dated<AttackPattern> {
  return {
    draft: {
      type: "attack-pattern",
      spec_version: "2.1",
      id: attackPatternId(technique, author),
      created_by_ref: author,
      name: techniqueName(technique) ?? technique,
      // Platforms let the more confident of two win: ours must not change a technique that they have from MITRE.
      confidence: 1,
      external_references: [
        {
          source_name: "mitre-attack",
          external_id: technique,
          url: `https://attack.mitre.org/techniques/${technique.replace(".", "/")}`,
        },
      ],
    },
    ...TIMELESS,
  };
}

export function attackPatternId(technique: string, author: Identity["id"]): AttackPattern["id"] {
  return authoredId(author, "attack-pattern", technique) as AttackPattern["id"];
}
