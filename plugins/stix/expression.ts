/** What an indicator looks for, in STIX terms, and the small parts such expressions are made of. */
import type { Indicator } from "../../src/plugin.ts";
import { hashesByAlgorithm } from "../shared/rows/value.ts";
import { observableId } from "./ids.ts";
import { equals, observation } from "./pattern.ts";
import type { CyberObservable, StixFile } from "./schema.ts";

export interface Expression {
  readonly pattern: string;
  /** In dependency order, possibly none. */
  readonly observables: readonly CyberObservable[];
}

/** Why a value cannot be said in STIX, in plain words. */
export interface Misfit {
  readonly misfit: string;
}

type ValueObservable =
  | { readonly type: "domain-name" | "ipv4-addr" | "ipv6-addr" | "url"; readonly value: string }
  | { readonly type: "mutex"; readonly name: string }
  | { readonly type: "windows-registry-key"; readonly key: string };

/** One comparison and one observable that hold the same value. */
export function single(path: string, properties: ValueObservable): Expression {
  const { type, ...named } = properties;
  const value = Object.values(named)[0] as string;
  return { pattern: observation(equals(path, value)), observables: [observe(properties)] };
}

export function observe(properties: Readonly<Record<string, unknown>> & { readonly type: CyberObservable["type"] }) {
  const { type, ...rest } = properties;
  return { type, spec_version: "2.1", id: observableId(type, rest), ...rest } as CyberObservable;
}

/** The object of a file. No name: it would be part of the id, and one content has many names. */
export function fileObservable(value: string, details: Pick<Indicator["details"], "md5" | "sha1" | "size">): StixFile {
  const { md5, sha1, sha256 } = hashesByAlgorithm({ value, details });
  const { size } = details;
  return observe({
    type: "file",
    hashes: { ...(md5 ? { MD5: md5 } : {}), ...(sha1 ? { "SHA-1": sha1 } : {}), "SHA-256": sha256 },
    ...(Number.isSafeInteger(size) && (size as number) >= 0 ? { size } : {}),
  }) as StixFile;
}

export function expressText(path: string, value: string): Expression | Misfit {
  return isMatchable(value) ? { pattern: observation(equals(path, value)), observables: [] } : UNMATCHABLE;
}

export const UNMATCHABLE: Misfit = {
  misfit: "empty, not valid Unicode or with a control character, which consumers cut or refuse",
};

export function isMatchable(value: string): boolean {
  return value !== "" && value.isWellFormed() && !/\p{Cc}/u.test(value);
}
