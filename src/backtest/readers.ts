/**
 * Which format a log has, by its first line, and how each of its lines is read. An explicit format wins over what the
 * content looks like, so that a wrong guess can be put right.
 */
import { type ColumnChoice, columnsOf, jsonCells, type Layout, layoutOf, type RowLog, readRow } from "./columns.ts";
import { DELIMITERS, splitCells } from "./delimited.ts";
import { isEve, isIrrelevantEve, readEve } from "./eve.ts";
import type { LogEvent } from "./event.ts";
import { type JsonObject, parseObject, UnreadableLine } from "./json.ts";
import { isSquid, readSquid } from "./squid.ts";
import { isZeek, readZeek, ZeekText } from "./zeek.ts";

export const LOG_FORMATS = ["eve", "zeek", "dns", "proxy"] as const;
/** `pcap` becomes `eve` by running the engine. */
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Of a line: an event, nothing that could hit, or no record at all (a header, a comment). Throws UnreadableLine. */
export type LineReader = (bytes: Buffer, start: number, end: number) => LogEvent | "irrelevant" | "header";

export interface OpenedReader {
  readonly format: LogFormat;
  /** In words: `eve.json`, `Zeek, tab-separated`. */
  readonly description: string;
  readonly read: LineReader;
}

function textOf(bytes: Buffer, start: number, end: number): string {
  return bytes.toString("utf8", start, end);
}

/** A reader for the log that begins with this line, which is then read too; undefined when nothing is recognised. */
export function openReader(first: string, choice: ColumnChoice, wanted?: LogFormat): OpenedReader | undefined {
  if (first.startsWith("{")) return openJson(first, choice, wanted);
  if (wanted === "eve") return undefined;
  const isZeekHeader = /^#(?:separator|fields|set_separator|path)\b/.test(first);
  if (wanted === "zeek" || (wanted === undefined && isZeekHeader)) return isZeekHeader ? zeekText() : undefined;
  if (wanted !== "dns" && isSquid(first)) return squid();
  return openRows(first, choice, wanted);
}

function openJson(first: string, choice: ColumnChoice, wanted?: LogFormat): OpenedReader | undefined {
  const row = parseObject(first);
  const format = wanted ?? (isEve(row) ? "eve" : isZeek(row) ? "zeek" : undefined);
  if (format === "eve") return { format, description: "eve.json", read: eveLine };
  if (format === "zeek")
    return {
      format,
      description: "Zeek, JSON",
      read: (bytes, start, end) => orIrrelevant(readZeek(parseObject(textOf(bytes, start, end)))),
    };
  return jsonRows(row, choice, format);
}

function eveLine(bytes: Buffer, start: number, end: number): LogEvent | "irrelevant" {
  if (isIrrelevantEve(bytes, start, end)) return "irrelevant";
  const record = parseObject(textOf(bytes, start, end));
  if (!isEve(record)) throw new UnreadableLine("no event of eve.json: it has no event_type");
  return orIrrelevant(readEve(record));
}

function orIrrelevant(event: LogEvent | undefined): LogEvent | "irrelevant" {
  return event ?? "irrelevant";
}

/** Rows may differ in their columns: each set of them is looked at once. */
function jsonRows(first: JsonObject, choice: ColumnChoice, wanted?: RowLog): OpenedReader | undefined {
  const layouts = new Map<string, Layout | undefined>();
  const log = wanted ?? layoutOf(columnsOf(first), choice)?.log;
  if (log === undefined) return undefined;
  const layoutFor = (row: JsonObject): Layout | undefined => {
    const columns = columnsOf(row);
    const key = columns.join("\n");
    if (!layouts.has(key)) {
      if (layouts.size >= MOST_LAYOUTS) layouts.clear();
      layouts.set(key, layoutOf(columns, choice, log));
    }
    return layouts.get(key);
  };
  return {
    format: log,
    description: `${NAMES[log]}, JSON`,
    read(bytes, start, end) {
      const row = parseObject(textOf(bytes, start, end));
      const layout = layoutFor(row);
      return layout === undefined ? "irrelevant" : readRow(jsonCells(row, layout), log);
    },
  };
}

const MOST_LAYOUTS = 1000;
const NAMES: Readonly<Record<RowLog, string>> = { dns: "DNS log", proxy: "proxy log" };

function zeekText(): OpenedReader {
  const log = new ZeekText();
  return {
    format: "zeek",
    description: "Zeek, tab-separated",
    read(bytes, start, end) {
      const record = log.read(textOf(bytes, start, end));
      return record === undefined ? "header" : orIrrelevant(readZeek(record));
    },
  };
}

function squid(): OpenedReader {
  return {
    format: "proxy",
    description: "Squid access.log",
    read: (bytes, start, end) => orIrrelevant(readSquid(textOf(bytes, start, end))),
  };
}

const W3C_FIELDS = /^#Fields:\s*/i;

/** Rows below a header line; in the W3C extended format the header is a directive and may come again. */
function openRows(first: string, choice: ColumnChoice, wanted?: RowLog): OpenedReader | undefined {
  if (/^#(?:Software|Version|Date|Fields|Start-Date|Remark):/i.test(first)) return w3c(choice, wanted);
  for (const delimiter of DELIMITERS) {
    const columns = splitCells(first.replace(/^#\s*/, ""), delimiter).map((name) => name.trim());
    const layout = columns.length > 1 ? layoutOf(columns, choice, wanted) : undefined;
    if (layout === undefined) continue;
    let isHeader = true;
    return {
      format: layout.log,
      description: `${NAMES[layout.log]}, ${DELIMITER_NAMES[delimiter]}`,
      read(bytes, start, end) {
        if (isHeader) {
          isHeader = false;
          return "header";
        }
        return rowOf(textOf(bytes, start, end), delimiter, columns, layout);
      },
    };
  }
  return undefined;
}

const DELIMITER_NAMES: Readonly<Record<(typeof DELIMITERS)[number], string>> = {
  "\t": "tab-separated",
  ",": "CSV",
  ";": "CSV with semicolons",
  "|": "separated by bars",
  " ": "separated by spaces",
};

function w3c(choice: ColumnChoice, wanted?: RowLog): OpenedReader {
  let columns: readonly string[] = [];
  let delimiter = " ";
  let layout: Layout | undefined;
  return {
    format: wanted ?? "proxy",
    description: `${NAMES[wanted ?? "proxy"]}, W3C extended`,
    read(bytes, start, end) {
      const line = textOf(bytes, start, end);
      if (line.startsWith("#")) {
        if (!W3C_FIELDS.test(line)) return "header";
        const header = line.replace(W3C_FIELDS, "").trim();
        delimiter = header.includes("\t") ? "\t" : " ";
        columns = header.split(delimiter);
        layout = layoutOf(columns, choice, wanted ?? "proxy");
        return "header";
      }
      if (layout === undefined) throw new UnreadableLine("no column before it says what was asked for");
      return rowOf(line, delimiter, columns, layout);
    },
  };
}

function rowOf(line: string, delimiter: string, columns: readonly string[], layout: Layout): LogEvent {
  const values = splitCells(line, delimiter);
  if (values.length !== columns.length)
    throw new UnreadableLine(`${values.length} cells where the header names ${columns.length}`);
  const cells: Parameters<typeof readRow>[0] = {};
  for (const [at, column] of columns.entries()) {
    const field = layout.fields.get(column);
    if (field !== undefined) cells[field] = (values[at] as string).trim();
  }
  return readRow(cells, layout.log);
}
