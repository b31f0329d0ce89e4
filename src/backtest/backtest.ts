/**
 * The backtest: logs in, hits of indicators out. It streams: memory depends on the indicators and on what they hit.
 * Nothing is asked of anybody.
 */
import { createHash, type Hash } from "node:crypto";
import type { Readable } from "node:stream";
import type { ColumnChoice } from "./columns.ts";
import type { LogEvent } from "./event.ts";
import { UnreadableLine } from "./json.ts";
import { LineSplitter, LONGEST_LINE, unpacked } from "./lines.ts";
import { createMatcher, type Matcher } from "./matcher.ts";
import { type LogFormat, type OpenedReader, openReader } from "./readers.ts";
import { type Hits, mergeInto, Tally } from "./tally.ts";
import type { Watched } from "./watched.ts";

export interface LogSource {
  /** As the operator named it. */
  readonly name: string;
  /** Gives the path or stream to read; what it made for that is gone afterwards. */
  readonly open: (use: (content: string | Readable) => Promise<void>) => Promise<void>;
  /** Absent: recognised from the content. */
  readonly format?: LogFormat;
  /** SHA-256 of what the content was made of, where that is not the content itself. */
  readonly sha256?: string;
}

export interface SourceResult {
  readonly name: string;
  /** In words; "not recognised" when it was not. */
  readonly description: string;
  readonly format?: LogFormat;
  /** Records: events that were looked at, and those of kinds that cannot hit. */
  readonly events: number;
  readonly irrelevant: number;
  readonly unreadable: number;
  /** The first few lines that could not be read, and what ended the reading early. */
  readonly problems: readonly string[];
  /** SHA-256 of the unpacked content, when it was asked for. */
  readonly sha256?: string;
  readonly hits: ReadonlyMap<number, Hits>;
}

export interface BacktestResult {
  readonly sources: readonly SourceResult[];
  /** Over all sources; the index is that of the indicator given. */
  readonly hits: ReadonlyMap<number, Hits>;
}

export interface BacktestInput {
  readonly indicators: readonly Watched[];
  readonly sources: readonly LogSource[];
  readonly columns?: ColumnChoice;
  /** Whether the content is hashed. */
  readonly isHashed?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (source: string, bytes: number) => void;
}

const SHOWN_PROBLEMS = 5;
/** Lines before one is recognised; a log whose first lines are broken is still read. */
const MOST_UNRECOGNISED = 100;

export async function backtest(input: BacktestInput): Promise<BacktestResult> {
  const matcher = createMatcher(input.indicators);
  const readings: Reading[] = [];
  for (const source of input.sources) {
    const reading = new Reading(source, matcher, input);
    await reading.run();
    readings.push(reading);
  }
  const sources = readings.map((reading) => reading.result(readings));
  const hits = new Map<number, Hits>();
  for (const source of sources) mergeInto(hits, source.hits);
  return { sources, hits };
}

/** One source on its way. */
class Reading {
  readonly #source: LogSource;
  readonly #matcher: Matcher;
  readonly #input: BacktestInput;
  readonly #tally = new Tally();
  readonly #hash: Hash | undefined;
  readonly #problems: string[] = [];
  #reader: OpenedReader | undefined;
  #events = 0;
  #irrelevant = 0;
  #unreadable = 0;
  #isGivenUp = false;

  constructor(source: LogSource, matcher: Matcher, input: BacktestInput) {
    this.#source = source;
    this.#matcher = matcher;
    this.#input = input;
    this.#hash = input.isHashed && source.sha256 === undefined ? createHash("sha256") : undefined;
  }

  run(): Promise<void> {
    return this.#source.open((content) => this.#read(content));
  }

  async #read(content: string | Readable): Promise<void> {
    const splitter = new LineSplitter({
      line: (bytes, start, end, number) => this.#line(bytes, start, end, number),
      tooLong: (number) => this.#problem(number, `longer than ${LONGEST_LINE / 1024 / 1024} MiB`),
    });
    let bytes = 0;
    try {
      for await (const chunk of unpacked(content)) {
        this.#input.signal?.throwIfAborted();
        this.#hash?.update(chunk);
        splitter.push(chunk);
        bytes += chunk.length;
        this.#input.onProgress?.(this.#source.name, bytes);
        if (this.#isGivenUp) break;
      }
    } catch (error) {
      if (this.#input.signal?.aborted) throw error;
      this.#unreadable += 1;
      this.#problems.push(endReason(error as NodeJS.ErrnoException));
      return;
    }
    splitter.end();
  }

  /** Connection records and queries of any source of a format make those of its other sources the only ones. */
  result(all: readonly Reading[]): SourceResult {
    const format = this.#reader?.format;
    const family = all.filter((other) => other.#reader?.format === format);
    const sha256 = this.#source.sha256 ?? this.#hash?.digest("hex");
    const hits = new Map<number, Hits>();
    mergeInto(hits, this.#tally.channels.main);
    if (!family.some((other) => other.#tally.hasFlows)) mergeInto(hits, this.#tally.channels.addresses);
    if (!family.some((other) => other.#tally.hasQueries)) mergeInto(hits, this.#tally.channels.answers);
    return {
      name: this.#source.name,
      description: this.#reader?.description ?? "not recognised",
      ...(format === undefined ? {} : { format }),
      events: this.#events,
      irrelevant: this.#irrelevant,
      unreadable: this.#unreadable,
      problems: this.#problems,
      ...(sha256 === undefined ? {} : { sha256 }),
      hits,
    };
  }

  #line(bytes: Buffer, start: number, end: number, number: number): void {
    if (this.#isGivenUp) return;
    try {
      this.#reader ??= this.#open(bytes, start, end);
      const event = this.#reader?.read(bytes, start, end);
      if (event === "irrelevant") this.#irrelevant += 1;
      else if (event !== "header" && event !== undefined) this.#event(event);
    } catch (error) {
      if (!(error instanceof UnreadableLine)) throw error;
      this.#problem(number, error.message);
      this.#isGivenUp = this.#reader === undefined && this.#unreadable >= MOST_UNRECOGNISED;
    }
  }

  #open(bytes: Buffer, start: number, end: number): OpenedReader {
    const { columns = {} } = this.#input;
    const line = bytes.toString("utf8", start, end);
    const reader = openReader(line, columns, this.#source.format);
    if (reader === undefined) throw new UnreadableLine(unrecognised(line, this.#source.format));
    return reader;
  }

  #event(event: LogEvent): void {
    this.#events += 1;
    const tally = this.#tally;
    tally.see(event);
    const isOwnRecord = event.isFlow || (this.#reader?.format !== "eve" && this.#reader?.format !== "zeek");
    this.#matcher.match(event, (index, isAddress) => {
      const channel = isAddress && !isOwnRecord ? "addresses" : event.isAnswer && !isAddress ? "answers" : "main";
      tally.add(index, event, channel);
    });
  }

  #problem(line: number, reason: string): void {
    this.#unreadable += 1;
    if (this.#problems.length < SHOWN_PROBLEMS) this.#problems.push(`line ${line}: ${reason}`);
  }
}

function unrecognised(line: string, format: LogFormat | undefined): string {
  if (line.startsWith("[")) return "a JSON array: write one object a line, as jq -c '.[]' does";
  if (format === "eve" || format === "zeek") return `no line of ${format === "eve" ? "an eve.json" : "a Zeek log"}`;
  return "no format that is known; say it with --eve, --zeek, --dns or --proxy, and name columns with --columns";
}

function endReason({ code, message }: NodeJS.ErrnoException): string {
  if (code === "Z_BUF_ERROR") return "the gzip file ends early: what came before was read";
  if (code?.startsWith("Z_")) return "the gzip file is damaged: what came before was read";
  if (code === "EACCES") return "permission denied";
  if (code === "EISDIR") return "is a folder";
  return message;
}
