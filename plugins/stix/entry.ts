/** Objects on their way out: what is dated gets its times from the version ledger, the rest is written as it is. */
import { createKeySet } from "./key-set.ts";
import type { CyberObservable, DatedObject, MarkingDefinition } from "./schema.ts";

type WithoutTimes<T> = T extends unknown ? Omit<T, "created" | "modified"> : never;

/** A dated object before it has its times. */
export type Draft<T extends DatedObject = DatedObject> = WithoutTimes<T>;

export interface Dated<T extends DatedObject = DatedObject> {
  readonly draft: Draft<T>;
  /** What it bears when the ledger does not know it yet; ISO 8601, UTC, milliseconds. */
  readonly created: string;
  readonly modified: string;
}

export type Entry = Dated | CyberObservable | MarkingDefinition;

/** Times of objects that stand for something timeless: an author, a family, a technique. */
export const TIMELESS = { created: "2026-01-01T00:00:00.000Z", modified: "2026-01-01T00:00:00.000Z" };

/** What has been given out already, by key: there can be a million. */
export interface Given {
  has(key: string): boolean;
  /** What `make` gives at the first call with a key, and nothing after that. */
  once(key: string, make: () => readonly Entry[]): readonly Entry[];
}

export function createGiven(): Given {
  const keys = createKeySet();
  return {
    has: keys.has,
    once: (key, make) => (keys.add(key) ? make() : []),
  };
}
