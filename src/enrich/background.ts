/**
 * The project's own data set of background traffic and borrowed infrastructure.
 *
 * Does not judge: it says which known set a host or address belongs to and why,
 * and whether the value is the listed entry itself or lies below it. It knows no
 * popularity, no public suffixes and no reserved space, reads nothing at import
 * and keeps nothing between calls.
 */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { createPrefixTable, type PrefixTable, parseAddress, parsePrefix, unwrapMapped } from "./prefix-table.ts";

const BACKGROUND_CLASSES = [
  "os-telemetry",
  "connectivity-check",
  "certificate-service",
  "time-service",
  "public-resolver",
  "ip-echo",
  "sinkhole",
  "parking",
  "security-vendor",
  "popular-service",
  "platform",
  "shortener",
  "tenant-suffix",
  "dynamic-dns",
  "cdn-network",
  "shared-hosting-network",
] as const;

/** What kind of background a set is; data/background.yaml says what each means for a verdict. */
export type BackgroundClass = (typeof BACKGROUND_CLASSES)[number];

/** One known set that a value belongs to. */
export interface BackgroundMatch {
  readonly set: string;
  readonly class: BackgroundClass;
  readonly why: string;
  /** The entry that matched, as it stands in the file. */
  readonly entry: string;
  /** True if the value is the entry, false if it lies below or inside it. */
  readonly isEntryItself: boolean;
  /** True if this may only lower a score, never drop a value alone. */
  readonly weak: boolean;
  /** Where the statement comes from and of when it is, for the reasons of a verdict. */
  readonly source: string;
}

export interface Background {
  readonly date: string;
  /** The set a canonical host (lower case, punycode, no trailing dot) belongs to. */
  host(host: string): BackgroundMatch | undefined;
  /** The set of the most specific network around an address. */
  address(ip: string): BackgroundMatch | undefined;
}

const Label = z.string().regex(/^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/, "must be one lower-case label");
const Host = z
  .string()
  .max(253)
  .regex(
    /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/,
    "must be a canonical host: lower case, punycode, no leading or trailing dot",
  );
const Network = z.string().refine((text) => parsePrefix(text)?.hasHostBits === false, {
  error: "must be an address or a network without bits behind its prefix",
});

/** A list of entries, or a text block of them: a YAML list of nine thousand entries takes half a second to parse. */
const words = (entry: z.ZodType<string, string>) =>
  z
    .union([
      z.array(z.string()),
      z.string().transform((text) => text.replaceAll(/#.*$/gm, "").split(/\s+/).filter(Boolean)),
    ])
    .default([])
    .pipe(z.array(entry));

const BackgroundSet = z
  .strictObject({
    id: z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, "must be kebab-case"),
    class: z.enum(BACKGROUND_CLASSES),
    why: z.string().min(1),
    weak: z.boolean().default(false),
    hosts: words(Host),
    suffixes: words(Host),
    networks: words(Network),
    countryNames: words(Label),
    labels: words(Label),
    labelsExcept: words(Host),
  })
  .refine(
    (set) => [set.hosts, set.suffixes, set.networks, set.countryNames, set.labels].some((list) => list.length > 0),
    { error: "has no entry" },
  )
  .refine((set) => set.labels.length === 0 || set.weak, {
    path: ["labels"],
    error: "are a weak sign, so the set must say `weak: true`",
  })
  .refine((set) => set.labelsExcept.length === 0 || set.labels.length > 0, {
    path: ["labelsExcept"],
    error: "needs `labels`",
  });
type BackgroundSet = z.infer<typeof BackgroundSet>;

const BackgroundFile = z.strictObject({
  date: z.iso.date(),
  sets: z.array(BackgroundSet).min(1),
});

/** Both answers of an entry, made once, so that a look-up allocates nothing. */
interface Entry {
  readonly itself: BackgroundMatch;
  readonly below: BackgroundMatch;
}

interface LabelRule {
  readonly match: BackgroundMatch;
  readonly except: ReadonlySet<string>;
}

interface Index {
  readonly hosts: Map<string, Entry>;
  readonly suffixes: Map<string, Entry>;
  readonly countryNames: Map<string, BackgroundSet>;
  readonly labels: Map<string, LabelRule>;
  readonly networks: PrefixTable<Entry>;
}

const fail = (problem: string): never => {
  throw new Error(`background data: ${problem}`);
};

const makeMatch = (set: BackgroundSet, source: string, entry: string, isEntryItself: boolean): BackgroundMatch =>
  Object.freeze({ set: set.id, class: set.class, why: set.why, entry, isEntryItself, weak: set.weak, source });

const makeEntry = (set: BackgroundSet, source: string, entry: string): Entry => ({
  itself: makeMatch(set, source, entry, true),
  below: makeMatch(set, source, entry, false),
});

const addNamed = (map: Map<string, Entry>, kind: string, name: string, entry: Entry): void => {
  const present = map.get(name);
  if (present) fail(`${kind} ${name} stands in both ${present.itself.set} and ${entry.itself.set}`);
  map.set(name, entry);
};

const addSet = (index: Index, set: BackgroundSet, source: string): void => {
  for (const host of set.hosts) addNamed(index.hosts, "host", host, makeEntry(set, source, host));
  for (const suffix of set.suffixes) addNamed(index.suffixes, "suffix", suffix, makeEntry(set, source, suffix));
  for (const network of set.networks) {
    const prefix = parsePrefix(network);
    const present = prefix && index.networks.add(prefix, makeEntry(set, source, network));
    if (present) fail(`network ${network} stands in both ${present.itself.set} and ${set.id}`);
  }
  for (const name of set.countryNames) {
    const present = index.countryNames.get(name);
    if (present) fail(`country name ${name} stands in both ${present.id} and ${set.id}`);
    index.countryNames.set(name, set);
  }
  const except = new Set(set.labelsExcept);
  for (const label of set.labels) {
    const present = index.labels.get(label);
    if (present) fail(`label ${label} stands in both ${present.match.set} and ${set.id}`);
    index.labels.set(label, { match: makeMatch(set, source, `${label}.`, false), except });
  }
};

const buildIndex = (sets: readonly BackgroundSet[], source: string): Index => {
  const index: Index = {
    hosts: new Map(),
    suffixes: new Map(),
    countryNames: new Map(),
    labels: new Map(),
    networks: createPrefixTable(),
  };
  const ids = new Set<string>();
  for (const set of sets) {
    if (ids.has(set.id)) fail(`set id ${set.id} is used twice`);
    ids.add(set.id);
    addSet(index, set, source);
  }
  return index;
};

const findSuffix = (suffixes: ReadonlyMap<string, Entry>, host: string): BackgroundMatch | undefined => {
  const own = suffixes.get(host);
  if (own) return own.itself;
  for (let dot = host.indexOf("."); dot >= 0; dot = host.indexOf(".", dot + 1)) {
    const entry = suffixes.get(host.slice(dot + 1));
    if (entry) return entry.below;
  }
  return undefined;
};

/** `name.cc`, `name.co.cc` or `name.com.cc` at the end of a host, whatever stands before it. */
const COUNTRY_NAME = /(?:^|\.)(([a-z0-9-]+)\.(?:com?\.)?[a-z]{2})$/;

const findCountryName = (index: Index, host: string, source: string): BackgroundMatch | undefined => {
  const found = COUNTRY_NAME.exec(host);
  const [, domain = "", name = ""] = found ?? [];
  const set = index.countryNames.get(name);
  return set && makeMatch(set, source, domain, domain === host);
};

const findLabel = (labels: ReadonlyMap<string, LabelRule>, host: string): BackgroundMatch | undefined => {
  // `www.` says nothing: www.myip.example is named as myip.example is.
  const start = host.startsWith("www.") ? 4 : 0;
  const firstDot = host.indexOf(".", start);
  if (firstDot < 0) return undefined;
  const label = host.slice(start, firstDot);
  // Nor does a number behind it: myip2.example is named as myip.example is.
  const rule = labels.get(label) ?? labels.get(label.replace(/-?\d{1,2}$/, ""));
  if (!rule) return undefined;
  for (let dot = firstDot; dot >= 0; dot = host.indexOf(".", dot + 1)) {
    if (rule.except.has(host.slice(dot + 1))) return undefined;
  }
  return rule.match;
};

/**
 * Reads the data set from YAML text; throws an Error that names each bad place.
 * The format is described at the top of data/background.yaml.
 *
 * Exact hosts beat suffixes, a longer suffix beats a shorter one, and the two
 * general rules (country names, then first labels) speak only where no entry
 * does: so `ocsp.someone.duckdns.org` is a dynamic-DNS host.
 */
export const parseBackground = (text: string): Background => {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    fail(`not YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = BackgroundFile.safeParse(document);
  if (!parsed.success) return fail(z.prettifyError(parsed.error));
  const { date, sets } = parsed.data;
  const source = `background ${date}`;
  const index = buildIndex(sets, source);
  return {
    date,
    host(host) {
      return (
        index.hosts.get(host)?.itself ??
        findSuffix(index.suffixes, host) ??
        findCountryName(index, host, source) ??
        findLabel(index.labels, host)
      );
    },
    address(ip) {
      const address = parseAddress(ip);
      const entry = address && index.networks.find(unwrapMapped(address));
      // A network is never the address inside it; a single address is.
      return entry && (entry.itself.entry.includes("/") ? entry.below : entry.itself);
    },
  };
};

/** Reads the data set that ships with the project, or the given file in the same format. */
export const loadBackground = (file: URL = new URL("../../data/background.yaml", import.meta.url)): Background => {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return fail(`cannot read ${file.href}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return parseBackground(text);
};
