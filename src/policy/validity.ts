/** How long an indicator stays valid after it was last seen. */
import type { ObservableType } from "../model/observable.ts";
import type { Policy } from "./policy.ts";

const TTL_KEYS: Readonly<Partial<Record<ObservableType, keyof Policy["ttlDays"]>>> = {
  domain: "domain",
  ipv4: "address",
  ipv6: "address",
  endpoint: "address",
  url: "url",
  sha256: "hash",
};

/** Milliseconds since the epoch. */
export function validUntil(type: ObservableType, lastSeen: number, { ttlDays }: Policy): number {
  return lastSeen + ttlDays[TTL_KEYS[type] ?? "other"] * 86_400_000;
}
