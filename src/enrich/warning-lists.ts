/**
 * MISP warning lists, read from a checkout of MISP/misp-warninglists.
 *
 * Does not download lists, ships none, and does not judge: it says which lists a
 * value stands on and how much force the project gives each of them. It does not
 * look at a value's age or detections, and never changes a list.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import {
  createPrefixTable,
  type ParsedAddress,
  type PrefixTable,
  parseAddress,
  parsePrefix,
  unwrapMapped,
} from "./prefix-table.ts";
import { suffixOf } from "./public-suffix.ts";
import { PARENT_LISTS, tierOf, type WarningListTier } from "./warning-list-tiers.ts";

export interface WarningListMatch {
  readonly list: string;
  readonly version: number;
  /** The list's entry, as it stands there. */
  readonly entry: string;
  readonly tier: Exclude<WarningListTier, "ignore">;
}

export interface WarningLists {
  readonly lists: readonly {
    readonly name: string;
    readonly version: number;
    readonly entries: number;
    readonly tier: WarningListTier;
  }[];
  /** What could not be used, list by list; the rest of the folder works without it. */
  readonly problems: readonly { readonly list: string; readonly reason: string }[];
  /** The lists a canonical value stands on, at most one match a list, by list name. */
  match(type: string, value: string): WarningListMatch[];
}

// --- reading ------------------------------------------------------------------

const WarningList = z.object({
  version: z.number(),
  type: z.enum(["string", "hostname", "cidr", "substring", "regex"]),
  matching_attributes: z.array(z.string()).default([]),
  list: z.array(z.string()),
});
type WarningList = z.infer<typeof WarningList>;

/** MISP attribute types that a value of ours can stand for; a URL adds those of its host. */
const ATTRIBUTES_OF_TYPE: ReadonlyMap<string, readonly string[]> = new Map([
  ["ipv4", ["ip-src", "ip-dst", "domain|ip"]],
  ["ipv6", ["ip-src", "ip-dst", "domain|ip"]],
  ["endpoint", ["ip-src", "ip-dst", "domain|ip", "ip-src|port", "ip-dst|port"]],
  ["domain", ["domain", "hostname", "domain|ip", "hostname|port"]],
  ["url", ["url", "uri", "link"]],
  ["email-address", ["email", "email-src", "email-dst", "target-email", "whois-registrant-email", "dns-soa-email"]],
  ["md5", ["md5", "filename|md5"]],
  ["sha1", ["sha1", "filename|sha1"]],
  ["sha224", ["sha224", "filename|sha224"]],
  ["sha256", ["sha256", "filename|sha256"]],
  ["sha384", ["sha384", "filename|sha384"]],
  ["sha512", ["sha512", "filename|sha512"]],
  ["ssdeep", ["ssdeep", "filename|ssdeep"]],
  ["certificate", ["x509-fingerprint-md5", "x509-fingerprint-sha1", "x509-fingerprint-sha256"]],
  ["ja3", ["ja3-fingerprint-md5"]],
  ["user-agent", ["user-agent"]],
  ["mutex", ["mutex"]],
  ["registry-key", ["regkey"]],
  ["file-path", ["filename"]],
]);

const HOST_ATTRIBUTES = ["domain", "hostname", "domain|ip", "hostname|port"];
const ADDRESS_ATTRIBUTES = ["ip-src", "ip-dst", "domain|ip", "ip-src|port", "ip-dst|port"];

interface Loaded {
  readonly name: string;
  readonly version: number;
  readonly tier: WarningListMatch["tier"];
  /** Undefined stands for every type, as in MISP. */
  readonly attributes: ReadonlySet<string> | undefined;
  /** True if the list speaks of hosts or addresses, so of a URL only its host is looked at. */
  readonly isHostList: boolean;
}

interface Reference {
  readonly list: Loaded;
  readonly entry: string;
  /** True if only the entry itself may match, not what lies below. */
  readonly isParent: boolean;
}

interface Index {
  readonly exact: Map<string, Reference[]>;
  readonly suffixes: Map<string, Reference[]>;
  readonly networks: PrefixTable<Reference[]>;
  readonly substrings: { readonly text: string; readonly reference: Reference }[];
  readonly patterns: { readonly pattern: RegExp; readonly reference: Reference }[];
}

const addTo = (map: Map<string, Reference[]>, key: string, reference: Reference): void => {
  const present = map.get(key);
  if (present) present.push(reference);
  else map.set(key, [reference]);
};

/**
 * Turns a PHP pattern (`/…/i`, any delimiter) into a JavaScript one; throws if
 * it has no equal here.
 */
const convertPattern = (text: string): RegExp => {
  const open = text.charAt(0);
  if (open === "" || /[a-z0-9\\\s]/i.test(open)) throw new Error("has no delimiter");
  const close = { "(": ")", "[": "]", "{": "}", "<": ">" }[open] ?? open;
  const end = text.lastIndexOf(close);
  if (end < 1) throw new Error("has no closing delimiter");
  const flags = new Set(text.slice(end + 1).trim());
  // `g` means nothing to a test; the others exist under the same letter.
  flags.delete("g");
  for (const flag of flags) if (!"imsu".includes(flag)) throw new Error(`has the unsupported modifier ${flag}`);
  return new RegExp(text.slice(1, end), [...flags].join(""));
};

/** A pattern that backtracks must not hang the run: longer values are looked at no further. */
const PATTERN_INPUT_LIMIT = 2048;

const addEntry = (index: Index, type: WarningList["type"], list: Loaded, entry: string): string | undefined => {
  const isDotted = entry.startsWith(".") || entry.startsWith("*.");
  const text = entry.trim().toLowerCase();
  const reference: Reference = { list, entry, isParent: isDotted && PARENT_LISTS.has(list.name) };
  if (text === "") return "an empty entry";
  if (type === "cidr") {
    const parsed = parsePrefix(text);
    if (!parsed) return `not a network: ${entry}`;
    // An entry such as 10.0.0.1/8 means the network, as it does for MISP.
    const present = index.networks.add(parsed, [reference]);
    present?.push(reference);
  } else if (type === "hostname") {
    // Some lists write whole URLs among their hosts.
    const host = text
      .replace(/^[a-z][a-z0-9+.-]*:\/\//, "")
      .replace(/[/?#].*$/, "")
      .replace(/^(?:\*?\.)+|\.+$/g, "");
    if (host === "") return `not a host: ${entry}`;
    addTo(index.suffixes, host, reference);
  } else if (type === "string") {
    // Several lists of type `string` hold `.example.com`, which as an exact text
    // could never match anything.
    if (isDotted) addTo(index.suffixes, text.replace(/^\*?\./, ""), reference);
    else addTo(index.exact, text, reference);
  } else if (type === "substring") index.substrings.push({ text, reference });
  else {
    try {
      index.patterns.push({ pattern: convertPattern(entry.trim()), reference });
    } catch (error) {
      return `pattern ${entry}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  return undefined;
};

// --- matching -------------------------------------------------------------------

/** A value in the forms that lists are written in. */
interface Probe {
  /** The full text, lower case. */
  readonly text: string;
  readonly attributes: ReadonlySet<string>;
  /** The host or address in it, if it has one. */
  readonly host: string | undefined;
  readonly address: ParsedAddress | undefined;
  readonly isUrl: boolean;
}

const hostOfUrl = (url: string): string | undefined => {
  // Not `new URL`: it refuses some URLs that sandboxes report, and a URL that
  // nobody can parse must still be recognised as one on a known host.
  const authority = /^[a-z][a-z0-9+.-]*:[/\\]{2}([^/\\?#]*)/i.exec(url)?.[1];
  if (authority === undefined) return undefined;
  const withoutUser = authority.slice(authority.lastIndexOf("@") + 1).toLowerCase();
  const bracketed = /^\[([^\]]*)\]/.exec(withoutUser)?.[1];
  return bracketed ?? withoutUser.replace(/:\d*$/, "").replace(/\.$/, "");
};

const hostOf = (type: string, value: string): string | undefined => {
  if (type === "url") return hostOfUrl(value);
  if (type === "endpoint") return /^\[([^\]]*)\]/.exec(value)?.[1] ?? value.replace(/(?::\d+)?(?:\/[a-z]+)?$/, "");
  if (type === "domain" || type === "ipv4" || type === "ipv6") return value.toLowerCase().replace(/\.$/, "");
  return undefined;
};

const probe = (type: string, value: string): Probe | undefined => {
  const own = ATTRIBUTES_OF_TYPE.get(type);
  if (!own) return undefined;
  const host = hostOf(type, value);
  const parsed = host === undefined || host === "" ? undefined : parseAddress(host);
  const ofHost = parsed ? ADDRESS_ATTRIBUTES : HOST_ATTRIBUTES;
  return {
    text: value.toLowerCase(),
    attributes: new Set(type === "url" && host ? [...own, ...ofHost] : own),
    host: host === "" ? undefined : host,
    address: parsed && unwrapMapped(parsed),
    isUrl: type === "url",
  };
};

const isMeant = (list: Loaded, { attributes }: Probe): boolean => {
  if (!list.attributes) return true;
  for (const attribute of attributes) if (list.attributes.has(attribute)) return true;
  return false;
};

/** The text of a value that a text list is held against: path and query belong to whoever wrote the URL. */
const textFor = (list: Loaded, { isUrl, host, text }: Probe): string =>
  isUrl && list.isHostList ? (host ?? "") : text;

function* findReferences(index: Index, value: Probe): Generator<Reference> {
  yield* index.exact.get(value.text) ?? [];
  const { host, address } = value;
  if (address) for (const references of index.networks.findAll(address)) yield* references;
  if (host !== undefined) {
    if (host !== value.text) yield* index.exact.get(host) ?? [];
    if (!address) {
      yield* index.suffixes.get(host) ?? [];
      // From its public suffix upwards a name is not its owner's: popularity lists
      // have duckdns.org and windows.net, whose customers they do not speak of.
      const { suffix, isKnown } = suffixOf(host);
      const end = host.length - (isKnown ? suffix.length : 0);
      for (let dot = host.indexOf("."); dot >= 0 && dot + 1 < end; dot = host.indexOf(".", dot + 1)) {
        for (const found of index.suffixes.get(host.slice(dot + 1)) ?? []) if (!found.isParent) yield found;
      }
    }
  }
  for (const { text, reference } of index.substrings) {
    if (textFor(reference.list, value).includes(text)) yield reference;
  }
  for (const { pattern, reference } of index.patterns) {
    if (pattern.test(textFor(reference.list, value).slice(0, PATTERN_INPUT_LIMIT))) yield reference;
  }
}

const matchAll = (index: Index, type: string, value: string): WarningListMatch[] => {
  const probed = probe(type, value);
  if (!probed) return [];
  const found = new Map<string, WarningListMatch>();
  for (const { list, entry } of findReferences(index, probed)) {
    // The most specific entry of a list comes first and stands for it.
    if (found.has(list.name) || !isMeant(list, probed)) continue;
    found.set(list.name, { list: list.name, version: list.version, entry, tier: list.tier });
  }
  return [...found.values()].sort((left, right) => (left.list < right.list ? -1 : 1));
};

// --- loading --------------------------------------------------------------------

const readFolderNames = async (dir: string): Promise<string[]> => {
  const entries = await readdir(dir, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map((entry) => entry.name)
    .sort();
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const readList = async (file: string): Promise<WarningList | undefined> => {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
  const parsed = WarningList.safeParse(JSON.parse(text.replace(/^\uFEFF/, "")));
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  return parsed.data;
};

const toLoaded = (name: string, list: WarningList, tier: WarningListMatch["tier"]): Loaded => ({
  name,
  version: list.version,
  tier,
  attributes: list.matching_attributes.length > 0 ? new Set(list.matching_attributes) : undefined,
  isHostList: [...HOST_ATTRIBUTES, ...ADDRESS_ATTRIBUTES].some((name) => list.matching_attributes.includes(name)),
});

/**
 * Reads every `<name>/list.json` of a folder, which may be the root of the
 * repository or its `lists` folder. A list that cannot be read is named in
 * `problems`; a folder without one usable list is an error.
 *
 * Source of the format and the match types: the README of MISP/misp-warninglists.
 * `string` is the same text (a leading dot means the name and all below), `hostname`
 * the name or one below it, `cidr` containment, `substring` a part, `regex` a PHP
 * pattern. Only types in `matching_attributes` are tested; a URL counts as a URL
 * and as its host, without user information and port, so that its path cannot
 * bring it onto a list of hosts. Upper and lower case do not differ. One departure:
 * a public suffix and what is above it match themselves, not the customers' names below.
 */
export const loadWarningLists = async (dir: string): Promise<WarningLists> => {
  const lists: WarningLists["lists"][number][] = [];
  const problems: WarningLists["problems"][number][] = [];
  const index: Index = {
    exact: new Map(),
    suffixes: new Map(),
    networks: createPrefixTable(),
    substrings: [],
    patterns: [],
  };

  const load = (name: string, list: WarningList): void => {
    const tier = tierOf(name);
    lists.push({ name, version: list.version, entries: list.list.length, tier });
    if (tier === "ignore") return;
    const loaded = toLoaded(name, list, tier);
    const bad = list.list.flatMap((entry) => addEntry(index, list.type, loaded, entry) ?? []);
    const more = bad.length > 1 ? ` (and ${bad.length - 1} more)` : "";
    if (bad[0] !== undefined) problems.push({ list: name, reason: `${bad[0]}${more}` });
  };

  let root = dir;
  let names: string[];
  try {
    names = await readFolderNames(root);
    if (names.includes("lists")) {
      root = join(dir, "lists");
      names = await readFolderNames(root);
    }
  } catch (error) {
    throw new Error(`cannot read the warning lists in ${dir}: ${messageOf(error)}`);
  }
  for (const name of names) {
    try {
      const list = await readList(join(root, name, "list.json"));
      if (list) load(name, list);
    } catch (error) {
      problems.push({ list: name, reason: messageOf(error) });
    }
  }
  if (lists.length === 0) {
    const broken = problems.map(({ list, reason }) => `${list}: ${reason}`).join("; ");
    throw new Error(
      `no MISP warning list in ${dir}: expected <name>/list.json there or in its folder "lists"${broken && `; ${broken}`}`,
    );
  }
  return { lists, problems, match: (type, value) => matchAll(index, type, value) };
};
