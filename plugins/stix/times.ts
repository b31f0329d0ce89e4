/** Times an indicator proposes for its objects; the version ledger has the last word. None comes from the clock. */
import type { Indicator } from "../../src/plugin.ts";

const ISO_MILLISECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export interface Times {
  readonly created: string;
  readonly modified: string;
  readonly lastSeen: string;
  readonly validFrom: string;
  readonly validUntil: string;
}

/** The times of an indicator object, or undefined when a date is not ISO 8601 in UTC with milliseconds. */
export function timesOf({ firstSeen, lastSeen, validUntil, status }: Indicator): Times | undefined {
  if (![firstSeen, lastSeen, validUntil].every(isIso)) return undefined;
  const latest = lastSeen > firstSeen ? lastSeen : firstSeen;
  return {
    created: firstSeen,
    // A revocation must be a newer version than the one it takes back.
    modified: status === "revoked" ? oneMillisecondAfter(latest) : latest,
    lastSeen: latest,
    validFrom: firstSeen,
    // Equal is illegal, and leaving it out would make an ended indicator eternal.
    validUntil: validUntil > firstSeen ? validUntil : oneMillisecondAfter(firstSeen),
  };
}

/** Whether a text is ISO 8601 in UTC with milliseconds. */
export function isIso(text: string): boolean {
  return ISO_MILLISECONDS.test(text) && !Number.isNaN(Date.parse(text));
}

function oneMillisecondAfter(iso: string): string {
  return new Date(Date.parse(iso) + 1).toISOString();
}
