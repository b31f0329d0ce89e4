/**
 * DNS and proxy logs of any make: which of their columns means what, by the names that are usual (W3C extended log
 * format, Elastic's ECS, BIND, dnsdist, Umbrella, Zscaler, Palo Alto, Sysmon) or by `--columns`.
 */
import { isTransport, type LogEvent, requestOf } from "./event.ts";
import { isObject, type JsonObject, present, text, wholeNumber } from "./json.ts";

/** Field → names of columns, the better one first. Compared without case, `_` and `-` alike. */
export const COLUMN_NAMES = {
  time: "time timestamp @timestamp ts datetime date-time x-timestamp event-time eventtime start-time _time utctime",
  date: "date",
  client:
    "client client-ip clientip c-ip src-ip srcip source-ip sourceip source.ip src client.ip source source-address client-address internal-ip identity",
  name: "query qname rrname query-name queryname question dns.question.name dns-query name domain fqdn host",
  url: "url uri request-url requested-url cs-uri cs-url url.full url.original request",
  scheme: "scheme cs-uri-scheme uri-scheme url.scheme",
  host: "host hostname cs-host http-host url.domain destination.domain dest-host server-name domain fqdn",
  path: "path cs-uri-path cs-uri-stem uri-path url.path",
  query: "cs-uri-query uri-query url.query",
  method: "method cs-method http-method http.request.method request-method",
  "user-agent": "user-agent useragent cs(user-agent) http-user-agent user-agent.original",
  server:
    "server-ip dst-ip dest-ip dstip destination-ip destinationip destination.ip r-ip dst destination-address remote-ip server.ip",
  port: "port dst-port dest-port destination-port destination.port r-port cs-uri-port server-port",
  transport: "transport network.transport",
  sha256: "sha256 file.hash.sha256 hash.sha256",
} as const;

export type LogField = keyof typeof COLUMN_NAMES;
export const LOG_FIELDS = Object.keys(COLUMN_NAMES) as LogField[];

/** What a log of rows is about: decides what the columns `query` and `host` mean. */
export type RowLog = "dns" | "proxy";

/** Field → column, as `--columns` gives them. */
export type ColumnChoice = Readonly<Partial<Record<LogField, string>>>;

function folded(column: string): string {
  return column.trim().toLowerCase().replaceAll("_", "-");
}

const DNS_FIELDS: ReadonlySet<LogField> = new Set(["time", "date", "client", "name", "server"]);
/** A DNS server is the resolver: it is asked about names and not contacted for itself. */
const PROXY_FIELDS: ReadonlySet<LogField> = new Set(LOG_FIELDS.filter((field) => field !== "name"));

/** Finds the columns of a log by its first row or header. */
export interface Layout {
  readonly log: RowLog;
  /** Column → field, and how good that name is: of two columns for one field the better wins. */
  readonly fields: ReadonlyMap<string, LogField>;
}

/** The layout of a log with these columns, or undefined when none of them says what was asked for. */
export function layoutOf(columns: readonly string[], choice: ColumnChoice, wanted?: RowLog): Layout | undefined {
  const candidates: RowLog[] = wanted ? [wanted] : ["proxy", "dns"];
  for (const log of candidates) {
    const byField = assign(columns, choice, log);
    const isSpoken =
      log === "dns"
        ? byField.has("name")
        : byField.has("url") || (byField.has("host") && (wanted === "proxy" || isWebLog(byField)));
    if (isSpoken) return { log, fields: new Map([...byField].map(([field, column]) => [column, field])) };
  }
  return undefined;
}

function isWebLog(fields: ReadonlyMap<LogField, string>): boolean {
  return fields.has("path") || fields.has("method") || fields.has("user-agent") || fields.has("scheme");
}

function assign(columns: readonly string[], choice: ColumnChoice, log: RowLog): Map<LogField, string> {
  const byField = new Map<LogField, string>();
  const isTaken = (column: string): boolean => [...byField.values()].includes(column);
  for (const [field, column] of Object.entries(choice) as [LogField, string][])
    if (columns.includes(column)) byField.set(field, column);
  for (const field of log === "dns" ? DNS_FIELDS : PROXY_FIELDS) {
    if (byField.has(field)) continue;
    for (const name of COLUMN_NAMES[field].split(" ")) {
      const column = columns.find((own) => folded(own) === folded(name) && !isTaken(own));
      if (column === undefined) continue;
      byField.set(field, column);
      break;
    }
  }
  return byField;
}

/** All columns of a JSON row, nested ones as `a.b`. */
export function columnsOf(row: JsonObject, prefix = "", depth = 0): string[] {
  return Object.entries(row).flatMap(([key, value]) =>
    isObject(value) && depth < 4 ? columnsOf(value, `${prefix}${key}.`, depth + 1) : [`${prefix}${key}`],
  );
}

type Cells = Partial<Record<LogField, string>>;

/** The cells of a JSON row by field. */
export function jsonCells(row: JsonObject, layout: Layout): Cells {
  const cells: Cells = {};
  for (const [column, field] of layout.fields) {
    const value = valueAt(row, column);
    if (typeof value === "string") cells[field] = value;
    else if (typeof value === "number") cells[field] = String(value);
  }
  return cells;
}

function valueAt(row: JsonObject, column: string): unknown {
  if (column in row) return row[column];
  let at: unknown = row;
  for (const part of column.split(".")) at = isObject(at) ? at[part] : undefined;
  return at;
}

/** The event of a row. `-` and the empty cell mean nothing. */
export function readRow(cells: Cells, log: RowLog): LogEvent {
  const cell = (field: LogField): string | undefined => {
    const value = text(cells[field]);
    return value === "-" ? undefined : value;
  };
  const [date, time, client, server] = [cell("date"), cell("time"), cell("client"), cell("server")];
  const base = {
    ...present({ time: momentOf(date, time) }),
    ...(client === undefined ? {} : { client: withoutPort(client) }),
  };
  if (log === "dns") {
    const name = cell("name");
    return { ...base, ...(name === undefined ? {} : { names: [name] }) };
  }
  const request = webRequest(cell);
  const sha256 = cell("sha256");
  const userAgent = cell("user-agent");
  const transport = cell("transport")?.toLowerCase() ?? "tcp";
  const port = wholeNumber(cell("port")) ?? portOf(request);
  return {
    ...base,
    ...(server === undefined ? {} : { server: withoutPort(server) }),
    ...(port === undefined ? {} : { port }),
    ...(isTransport(transport) ? { transport } : {}),
    ...(request === undefined ? {} : { request }),
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(sha256 === undefined ? {} : { hashes: [sha256] }),
  };
}

/** W3C logs have the day in one column and the time of day in another, in UTC. */
function momentOf(date: string | undefined, time: string | undefined): string | undefined {
  if (date === undefined || time === undefined) return time ?? date;
  return /^\d\d:\d\d/.test(time) ? `${date} ${time}` : time;
}

function webRequest(cell: (field: LogField) => string | undefined): LogEvent["request"] {
  const [url, host, scheme] = [cell("url"), cell("host"), cell("scheme")?.toLowerCase()];
  if (cell("method") === "CONNECT" || scheme === "ssl" || scheme === "tcp") {
    const at = host ?? url?.replace(/^[a-z]+:\/\//i, "").replace(/\/.*$/, "");
    return at === undefined ? undefined : { scheme: "https", host: at };
  }
  if (url?.includes("://")) return requestOf(url);
  const query = cell("query");
  const target =
    url ?? `${cell("path") ?? "/"}${query === undefined ? "" : `${query.startsWith("?") ? "" : "?"}${query}`}`;
  // Some proxies log the URL without its scheme: `evil.test/a`, `evil.test:443`.
  if (!target.startsWith("/")) return requestOf(`${schemeOf(scheme, cell("port"))}://${target}`);
  if (host === undefined) return undefined;
  const hasTarget = url !== undefined || cell("path") !== undefined;
  const own = { scheme: schemeOf(scheme, cell("port")), host } as const;
  return own.scheme === "https" && !hasTarget ? own : { ...own, target };
}

function schemeOf(scheme: string | undefined, port: string | undefined): "http" | "https" {
  return scheme === "https" || (scheme === undefined && port === "443") ? "https" : "http";
}

function portOf(request: LogEvent["request"]): number | undefined {
  if (request === undefined) return undefined;
  return wholeNumber(/:([0-9]{1,5})$/.exec(request.host)?.[1]) ?? (request.scheme === "https" ? 443 : 80);
}

/** `192.0.2.7:51000` and `192.0.2.7#51000` → `192.0.2.7`. */
function withoutPort(address: string): string {
  return (
    /^([0-9.]+)[:#][0-9]{1,5}$/.exec(address)?.[1] ?? /^\[([0-9a-fA-F:.]+)\](?::[0-9]+)?$/.exec(address)?.[1] ?? address
  );
}
