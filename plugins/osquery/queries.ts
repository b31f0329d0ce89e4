/**
 * The queries: one for each table that shows a kind of value. All values are SQL string literals, where a quote is
 * doubled and nothing else is special.
 * Source: osquery schema 5 (tables dns_cache, process_open_sockets, hash, winbaseobj, registry, file).
 */
import { type Indicator, type ObservableType, parseEndpoint } from "../../src/plugin.ts";

export interface Kind {
  readonly name: string;
  readonly types: readonly ObservableType[];
  readonly description: string;
  /** Why the table cannot show the value, or undefined. */
  readonly flaw?: (indicator: Indicator) => string | undefined;
  /** The value as it stands in the query. */
  readonly value: (indicator: Indicator) => string;
  readonly query: (values: readonly string[], hashPaths: readonly string[]) => string;
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

const literal = ({ value }: Indicator): string => text(value);
/** IANA protocol numbers. */
const PROTOCOLS = { tcp: 6, udp: 17 } as const;

export const DETECTION_KINDS: readonly Kind[] = [
  {
    name: "dns_cache",
    types: ["domain"],
    description: "Looked up a domain that malware contacted in a sandbox",
    value: ({ value, scope }) => `(${text(value)}, ${scope === "subtree" ? 1 : 0})`,
    // A join, as LIKE would take the _ of a name for any character.
    query: (values) =>
      `WITH listed(domain, is_tree) AS (VALUES ${values.join(", ")})` +
      " SELECT c.name, c.type, l.domain FROM dns_cache AS c JOIN listed AS l ON lower(c.name) = l.domain" +
      " OR (l.is_tree AND substr(lower(c.name), -length(l.domain) - 1) = '.' || l.domain)",
  },
  {
    name: "address",
    types: ["ipv4", "ipv6"],
    description: "Connected to an address that malware contacted in a sandbox",
    value: literal,
    query: (values) =>
      "SELECT p.path, p.cmdline, s.pid, s.remote_address, s.remote_port FROM process_open_sockets AS s" +
      ` LEFT JOIN processes AS p ON p.pid = s.pid WHERE s.remote_address IN (${values.join(", ")})`,
  },
  {
    name: "endpoint",
    types: ["endpoint"],
    description: "Connected to an address and port that malware contacted in a sandbox",
    value: ({ value }) => {
      const { address, port, transport } = parseEndpoint(value);
      return `(${text(address)}, ${port}, ${PROTOCOLS[transport]})`;
    },
    query: (values) =>
      `WITH listed(address, port, protocol) AS (VALUES ${values.join(", ")})` +
      " SELECT p.path, p.cmdline, s.pid, s.remote_address, s.remote_port FROM process_open_sockets AS s" +
      " JOIN listed AS l ON s.remote_address = l.address AND s.remote_port = l.port AND s.protocol = l.protocol" +
      " LEFT JOIN processes AS p ON p.pid = s.pid",
  },
  {
    name: "file_hash",
    types: ["sha256"],
    description: "Has a file that is malware or was dropped by malware in a sandbox",
    value: literal,
    // Without a path osquery hashes nothing at all.
    query: (values, hashPaths) =>
      `SELECT path, sha256 FROM hash WHERE (${hashPaths.map((path) => `path LIKE ${text(path)}`).join(" OR ")})` +
      ` AND sha256 IN (${values.join(", ")})`,
  },
];

export const CONTEXT_KINDS: readonly Kind[] = [
  {
    name: "mutex",
    types: ["mutex"],
    description: "Has a mutex that malware made in a sandbox; harmless programs may share its name",
    // Which directory an object is in, the table does not say.
    value: ({ value }) => text(value.replace(/^(?:Global|Local|Session\\\d+)\\/i, "")),
    query: (values) =>
      `SELECT session_id, object_name FROM winbaseobj WHERE object_type = 'Mutant' AND object_name IN (${values.join(", ")})`,
  },
  {
    name: "registry",
    types: ["registry-key"],
    description: "Has a registry key that malware set in a sandbox; harmless programs may set it too",
    flaw: ({ value }) => (value.includes("%") ? "a % in a registry path is a wildcard of osquery" : undefined),
    value: ({ value }) => `path LIKE ${text(hiveOfUsers(value))}`,
    query: (values) => `SELECT path, name, type, data FROM registry WHERE ${values.join(" OR ")}`,
  },
  {
    name: "file_path",
    types: ["file-path"],
    description: "Has a file where malware put one in a sandbox; harmless programs may share its path",
    flaw: ({ value }) => (/^[A-Za-z]:\\/.test(value) ? undefined : "no path of a Windows drive"),
    value: literal,
    query: (values) => `SELECT path, size, mtime FROM file WHERE path IN (${values.join(", ")})`,
  },
];

/** osqueryd has no current user, and a sandbox's user is not yours: `HKEY_USERS\%\…` is every user's hive. */
function hiveOfUsers(key: string): string {
  return key
    .replace(/^HKEY_CURRENT_USER(?=\\|$)/, "HKEY_USERS\\%")
    .replace(/^HKEY_USERS\\S-1-5-21-[0-9-]+(?=\\|$)/i, "HKEY_USERS\\%");
}
