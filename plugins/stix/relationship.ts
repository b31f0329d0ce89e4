/** Relationship objects. That two belong together has one id for ever, whoever found it. */
import type { Dated, Draft } from "./entry.ts";
import { authoredId } from "./ids.ts";
import type { Marking } from "./marking.ts";
import type { Identity, Relationship, RelationshipType, StixId } from "./schema.ts";

export interface Stated {
  readonly author: Identity["id"];
  readonly created: string;
  readonly refs?: Marking["refs"];
  readonly isRevoked?: boolean;
}

export function relationship(
  source: StixId,
  type: RelationshipType,
  target: StixId,
  { author, created, refs, isRevoked = false }: Stated,
): Dated<Relationship> {
  const draft: Draft<Relationship> = {
    type: "relationship",
    spec_version: "2.1",
    id: authoredId(author, "relationship", `${source}|${type}|${target}`) as Relationship["id"],
    created_by_ref: author,
    ...(isRevoked ? { revoked: true } : {}),
    relationship_type: type,
    source_ref: source as Relationship["source_ref"],
    target_ref: target as Relationship["target_ref"],
    ...(refs ? { object_marking_refs: refs } : {}),
  };
  return { draft, created, modified: created };
}
