/** What a backtest looks for: indicators as far as they decide a match, each once. */
import type { HostScope } from "../model/indicator.ts";
import { indicatorKey } from "../model/indicator.ts";
import { OBSERVABLE_TYPES, type ObservableType } from "../model/observable.ts";

export interface Watched {
  readonly type: ObservableType;
  /** Canonical. */
  readonly value: string;
  /** Of a domain; without one the name and everything below it. */
  readonly scope?: HostScope;
  /** url: its host alone proves nothing: it serves strangers too, or was not good enough for an indicator. */
  readonly isUrlOnly?: boolean;
  /** sha256: other digests of the same file. */
  readonly aliases?: readonly string[];
  /** Rules that look for it. */
  readonly sids?: readonly number[];
}

/** Types that a log can show; the others live on hosts. */
export const VISIBLE_TYPES: ReadonlySet<ObservableType> = new Set([
  "domain",
  "ipv4",
  "ipv6",
  "endpoint",
  "url",
  "sha256",
  "ja3",
  "ja3s",
  "ja4",
  "certificate",
  "user-agent",
]);

/** Indicators from several files, one for each value; the order in which they come does not matter. */
export class WatchList {
  readonly #byKey = new Map<string, Watched>();

  add(own: Watched): void {
    const key = indicatorKey(own);
    const known = this.#byKey.get(key);
    this.#byKey.set(key, known === undefined ? own : merged(known, own));
  }

  has(own: Pick<Watched, "type" | "value">): boolean {
    return this.#byKey.has(indicatorKey(own));
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** In order of type and value. */
  list(): Watched[] {
    return [...this.#byKey.values()].sort(
      (a, b) =>
        OBSERVABLE_TYPES.indexOf(a.type) - OBSERVABLE_TYPES.indexOf(b.type) ||
        (a.value < b.value ? -1 : Number(a.value > b.value)),
    );
  }
}

/** Of two scopes the one that is said, and of two said ones the wider: some rule matches it. */
function merged(one: Watched, other: Watched): Watched {
  const scopes = [one.scope, other.scope].filter((scope) => scope !== undefined);
  const scope = scopes.includes("subtree") ? "subtree" : scopes[0];
  const aliases = distinct(one.aliases, other.aliases);
  const sids = distinct(one.sids, other.sids).sort((a, b) => a - b);
  return {
    type: one.type,
    value: one.value,
    ...(scope ? { scope } : {}),
    ...(one.isUrlOnly || other.isUrlOnly ? { isUrlOnly: true } : {}),
    ...(aliases.length > 0 ? { aliases } : {}),
    ...(sids.length > 0 ? { sids } : {}),
  };
}

function distinct<T>(one: readonly T[] = [], other: readonly T[] = []): T[] {
  return [...new Set([...one, ...other])];
}
