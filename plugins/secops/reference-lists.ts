/**
 * Which reference lists there are: one for each way SecOps matches, as a list has one type.
 * Source: Google SecOps documentation, "Reference lists" (types STRING, REGEX in RE2 and CIDR; `//` begins a comment).
 */
import type { Indicator } from "../../src/plugin.ts";

export interface List {
  readonly name: string;
  readonly type: "STRING" | "REGEX" | "CIDR";
  readonly holds: string;
}

const DOMAINS: List = { name: "domains", type: "STRING", holds: "host names that mean one host" };
const DOMAIN_TREES: List = { name: "domain-trees", type: "REGEX", holds: "domains with everything below them" };
const ADDRESSES: List = { name: "addresses", type: "CIDR", holds: "addresses" };
const URLS: List = { name: "urls", type: "STRING", holds: "URLs" };
const HASHES: List = { name: "hashes", type: "STRING", holds: "SHA-256 of files" };

export const LISTS: readonly List[] = [ADDRESSES, DOMAIN_TREES, DOMAINS, HASHES, URLS];

/** The list that an accepted indicator is in. */
export function listOf({ type, scope }: Indicator): List {
  if (type === "domain") return scope === "subtree" ? DOMAIN_TREES : DOMAINS;
  if (type === "url") return URLS;
  return type === "sha256" ? HASHES : ADDRESSES;
}

type Item = { readonly item: string; readonly reason?: never } | { readonly item?: never; readonly reason: string };

/** The line of a value, or why it has none. */
export function listItem(list: List, value: string): Item {
  switch (list) {
    case DOMAIN_TREES:
      return { item: `(^|\\.)${value.replaceAll(".", "\\.")}$` };
    case ADDRESSES:
      return { item: `${value}/${value.includes(":") ? 128 : 32}` };
    case URLS:
      // What stands before a slash would be read together with its escape.
      if (value.includes("\\/")) return { reason: "a backslash before a slash reads as an escaped slash" };
      return { item: value.replace(/\/{2,}/g, (slashes) => slashes.replaceAll("/", "\\/")) };
    default:
      return { item: value };
  }
}
