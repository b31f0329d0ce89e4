/**
 * Cuts a long list into rules. Not after every so many values, but before an indicator picked by a hash of its key:
 * a new value changes the rule it is in, and the ones behind keep theirs, with their ids.
 */
import { indicatorKey, sha256 } from "../../src/plugin.ts";
import type { Entry } from "./rule.ts";

/** One indicator in so many begins a rule, once a rule is half full. */
const ONE_IN = 16;

/** Takes the first rule's entries off a list that has more values than a rule may have. */
export function takePart(entries: Entry[], maxValues: number): Entry[] {
  let values = 0;
  let fits = 0;
  for (const [index, entry] of entries.entries()) {
    const isBoundary = index > 0 && 2 * values >= maxValues && startsPart(entry);
    if (isBoundary) return entries.splice(0, index);
    values += entry.terms.length;
    if (values > maxValues) break;
    fits = index + 1;
  }
  // An entry alone may have more than a rule should: three hashes where two are allowed.
  return entries.splice(0, Math.max(1, fits));
}

function startsPart({ indicator }: Entry): boolean {
  return Number.parseInt(sha256(indicatorKey(indicator)).slice(0, 8), 16) % ONE_IN === 0;
}
