/**
 * Which lookups there are: one for each way Splunk matches. A lookup holds one match mode for each column, so
 * wildcards, networks and exact values cannot share a file. This module does not write files or configuration.
 */

import { type Indicator, type ObservableType, parseEndpoint } from "../../src/plugin.ts";
import { hashesByAlgorithm } from "../shared/rows/value.ts";

export interface Lookup {
  readonly name: string;
  readonly types: readonly ObservableType[];
  /** Columns that a search matches on, the first of the file. */
  readonly keys: readonly string[];
  /** `match_type` in transforms.conf; exact without it. */
  readonly matchType?: string;
  readonly isCaseSensitive: boolean;
  /** Whether a first key `*.x` stands for everything below `x`. */
  readonly hasPatterns?: true;
  /** The key cells of each row of an indicator. */
  readonly rows: (indicator: Indicator) => readonly (readonly (string | number)[])[];
}

const exactly = ({ value }: Indicator) => [[value]];

export const LOOKUPS: readonly Lookup[] = [
  {
    name: "domain",
    types: ["domain"],
    keys: ["domain_pattern"],
    matchType: "WILDCARD(domain_pattern)",
    hasPatterns: true,
    isCaseSensitive: false,
    // Two rows for a subtree: a single `*evil.example` would hit `notevil.example` too.
    rows: ({ value, scope }) => (scope === "subtree" ? [[value], [`*.${value}`]] : [[value]]),
  },
  {
    name: "ip",
    types: ["ipv4", "ipv6"],
    keys: ["ip"],
    matchType: "CIDR(ip)",
    isCaseSensitive: false,
    rows: ({ type, value }) => [[`${value}/${type === "ipv4" ? 32 : 128}`]],
  },
  {
    name: "endpoint",
    types: ["endpoint"],
    keys: ["ip", "port", "protocol"],
    isCaseSensitive: false,
    rows: ({ value }) => {
      const { address, port, transport } = parseEndpoint(value);
      return [[address, port, transport]];
    },
  },
  { name: "url", types: ["url"], keys: ["url"], isCaseSensitive: true, rows: exactly },
  {
    name: "hash",
    types: ["sha256"],
    keys: ["file_hash", "hash_type"],
    isCaseSensitive: false,
    rows: (indicator) => Object.entries(hashesByAlgorithm(indicator)).map(([algorithm, hash]) => [hash, algorithm]),
  },
  {
    name: "tls_fingerprint",
    types: ["ja3", "ja3s", "ja4"],
    keys: ["fingerprint", "fingerprint_type"],
    isCaseSensitive: false,
    rows: ({ type, value }) => [[value, type]],
  },
  {
    name: "certificate",
    types: ["certificate"],
    keys: ["certificate_sha1"],
    isCaseSensitive: false,
    rows: exactly,
  },
  {
    name: "user_agent",
    types: ["user-agent"],
    keys: ["http_user_agent"],
    isCaseSensitive: true,
    rows: exactly,
  },
  {
    name: "registry",
    types: ["registry-key"],
    keys: ["registry_path"],
    isCaseSensitive: false,
    rows: exactly,
  },
  { name: "file_path", types: ["file-path"], keys: ["file_path"], isCaseSensitive: false, rows: exactly },
  { name: "process", types: ["command-line"], keys: ["process"], isCaseSensitive: false, rows: exactly },
];

export const LOOKUP_OF: ReadonlyMap<ObservableType, Lookup> = new Map(
  LOOKUPS.flatMap((lookup) => lookup.types.map((type) => [type, lookup] as const)),
);
