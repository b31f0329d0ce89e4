/** The parts of an event as the MISP core format writes them: https://www.misp-standard.org/rfc/misp-standard-core.html */
import type { ObjectTemplate } from "./object-templates.ts";
import type { Tag } from "./tags.ts";

/** Unix seconds as digits; set when the version is known. */
interface Stamped {
  readonly uuid: string;
  timestamp: string;
}

export interface Sighting {
  readonly uuid: string;
  /** 0 seen, 2 expired. */
  readonly type: "0" | "2";
  readonly date_sighting: string;
  readonly source: string;
}

export interface MispAttribute extends Stamped {
  readonly object_relation?: string;
  readonly type: string;
  readonly category: string;
  readonly value: string;
  readonly to_ids: boolean;
  readonly disable_correlation: boolean;
  readonly comment: string;
  readonly distribution: "5";
  readonly first_seen?: string;
  readonly last_seen?: string;
  readonly deleted?: true;
  readonly Tag?: readonly Tag[];
  readonly Sighting?: readonly Sighting[];
}

export interface MispReference extends Stamped {
  readonly object_uuid: string;
  readonly referenced_uuid: string;
  readonly relationship_type: string;
  readonly comment: string;
  readonly deleted?: true;
}

export interface MispObject extends ObjectTemplate, Stamped {
  readonly comment: string;
  readonly distribution: "5";
  readonly first_seen?: string;
  readonly last_seen?: string;
  readonly deleted?: true;
  readonly ObjectReference: readonly MispReference[];
  readonly Attribute: readonly MispAttribute[];
}

export interface MispReport extends Stamped {
  readonly name: string;
  readonly content: string;
  readonly distribution: "5";
}

/** An event without its attributes and objects, which can be thousands. */
export interface EventHeader extends Stamped {
  readonly info: string;
  date: string;
  publish_timestamp: string;
  readonly published: boolean;
  readonly analysis: string;
  readonly threat_level_id: string;
  readonly distribution: string;
  readonly sharing_group_id: "0";
  readonly extends_uuid: "";
  readonly Orgc: { readonly name: string; readonly uuid: string };
  readonly Tag: readonly Tag[];
}

export interface MispEvent {
  readonly header: EventHeader;
  readonly attributes: readonly MispAttribute[];
  readonly objects: readonly MispObject[];
  readonly reports: readonly MispReport[];
}

/** Set when the version is known. */
export const UNSTAMPED = "";

export const INHERIT_DISTRIBUTION = "5";
