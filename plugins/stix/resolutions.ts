/** Which domains of this output resolved to an address: relationships, so that observed data is a connected graph. */
import type { Indicator } from "../../src/plugin.ts";
import type { Entry, Given } from "./entry.ts";
import { observableId } from "./ids.ts";
import type { Provenance } from "./indicator-objects.ts";
import { relationship } from "./relationship.ts";
import type { CyberObservable, StixId } from "./schema.ts";

export interface Resolutions {
  readonly entries: readonly Entry[];
  /** Domains first, then the relationships. */
  readonly refs: readonly StixId[];
}

export const NO_RESOLUTIONS: Resolutions = { entries: [], refs: [] };

/** Domains come before addresses, so `given` knows them. Others (sinkholes, shared hosting) are not brought in. */
export function resolutions(
  { type, details }: Indicator,
  address: CyberObservable,
  { author, times, refs }: Provenance,
  given: Given,
): Resolutions {
  if (type !== "ipv4" && type !== "ipv6") return NO_RESOLUTIONS;
  const domains = (details.hosts ?? [])
    .filter((host) => given.has(host))
    .map((value) => observableId("domain-name", { value }));
  const entries = domains.map((domain) =>
    relationship(domain, "resolves-to", address.id, { author, created: times.created, refs }),
  );
  return { entries, refs: [...domains, ...entries.map(({ draft }) => draft.id)] };
}
