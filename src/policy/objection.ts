/** What an operator should hear who denies a value that honest traffic is full of. Decides nothing: a `deny` wins. */
import { suffixOf } from "../enrich/public-suffix.ts";
import { hostOf, type Observable } from "../model/observable.ts";
import { addressOpinion } from "./addresses.ts";
import { hostOpinion } from "./hosts.ts";
import type { KnownPlaces } from "./rule.ts";

/** Undefined where nothing speaks against it; a page on a shared host is one customer's, and the host is everybody's. */
export function objectionTo(observable: Observable, known: KnownPlaces): string | undefined {
  const host = hostOf(observable) ?? observable;
  if (host.type === "domain") {
    const { suffix, isKnown } = suffixOf(host.value);
    // Before the name's own opinion, which takes a top level domain for a name of the local network.
    if (isKnown && suffix === host.value) return `${suffix} is a public suffix: many owners below it`;
    const { gate, isBorrowed } = hostOpinion(host.value, known);
    return observable.type === "url" && isBorrowed ? undefined : gate?.text;
  }
  if (host.type !== "ipv4" && host.type !== "ipv6") return undefined;
  const { gate, isShared, findings } = addressOpinion(host.value, known);
  return gate?.text ?? (isShared && observable.type !== "url" ? findings[0]?.text : undefined);
}
