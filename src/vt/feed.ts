/**
 * The file-behaviour feed, by minute or by hour, for licences that have it: batch after batch, each unpacked as it
 * comes (bzip2 in JavaScript) and read line by line, so that memory holds one page of bodies.
 *
 * It remembers nothing: a page carries the cursor that goes on behind it. The links inside lines (HTML report, pcap,
 * evtx, memory dump) open without a key for a while; they are taken out, and no message quotes a line.
 */
import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import bunzip2 from "unbzip2-stream";
import { z } from "zod";
import { backoffMs } from "../model/waiting.ts";
import type { VtClient } from "./client.ts";
import type { ClientLog } from "./exchange.ts";
import { VtError } from "./failure.ts";
import { linesOf, TooLarge } from "./lines.ts";
import { paths } from "./paths.ts";

export type FeedCadence = "minute" | "hourly";

/** A batch's name, and how many of its lines were read: `202611240310-250`. */
export type FeedCursor = string;

export interface FeedPage {
  readonly batch: string;
  /** file_behaviour objects, at most 100; none for a batch that VirusTotal does not have. */
  readonly bodies: readonly unknown[];
  /** Goes on behind this page: store it together with what was made of the bodies. */
  readonly cursor: FeedCursor;
}

export interface FeedDeps {
  readonly client: Pick<VtClient, "download">;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random: () => number;
  readonly log: ClientLog;
  readonly signal: AbortSignal;
}

export interface FeedInput {
  readonly cadence: FeedCadence;
  /** Where to begin: `feedCursor(date, cadence)` or the last page's. */
  readonly from: FeedCursor;
  /** The first moment whose batch is not read; see `feedReadyAt`. */
  readonly until: Date;
  /** Bytes; default 64 MiB, lines of 10 MB are known. */
  readonly longestLine?: number;
}

const MINUTE_MS = 60_000;
const STEP_MS = { minute: MINUTE_MS, hourly: 60 * MINUTE_MS } as const;
/** How far behind the clock batches begin that are ready: one hour and two, and some minutes for good measure. */
const DELAY_MS = { minute: 70 * MINUTE_MS, hourly: 130 * MINUTE_MS } as const;
/** VirusTotal's own client uses the hyphen, its specification the underscore. */
const SPELLINGS = ["file-behaviours", "file_behaviours"] as const;
const PAGE_LINES = 100;
const LONGEST_LINE = 64 * 1024 * 1024;
/** An unpacked batch larger than this is no batch. */
const LARGEST_BATCH = 32 * 1024 * 1024 * 1024;
/** Downloads of one batch before the run stops. */
const MOST_TRIES = 5;

/** The cursor at the beginning of the batch that holds this moment. */
export function feedCursor(date: Date, cadence: FeedCadence): FeedCursor {
  return `${batchName(date, cadence)}-0`;
}

/** When the batch of a cursor begins. Throws VtError `refused` for what is no cursor. */
export function feedTime(cursor: FeedCursor, cadence: FeedCadence): Date {
  return readCursor(cursor, cadence).date;
}

/** Batches that begin before this moment should be ready. */
export function feedReadyAt(now: Date, cadence: FeedCadence): Date {
  const step = STEP_MS[cadence];
  return new Date(Math.floor((now.getTime() - DELAY_MS[cadence]) / step) * step + step);
}

/**
 * Pages of the batches from a cursor on. A batch that is not ready is waited for, one that is cut short is asked for
 * again and goes on at the line where it stopped. Batches that are missing are passed once a later one is there, which
 * is told: an outage of VirusTotal's leaves a gap for ever. Without a later one, a single missing batch is left for the
 * next run and several throw VtError `unavailable`. Throws what the client throws, `forbidden` for a licence without
 * the feed.
 */
export async function* readFeed(deps: FeedDeps, input: FeedInput): AsyncGenerator<FeedPage> {
  const { cadence, from, until, longestLine = LONGEST_LINE } = input;
  const open = createOpener(deps.client);
  let { date, linesRead } = readCursor(from, cadence);
  let missing: FeedPage[] = [];
  for (; date < until; date = new Date(date.getTime() + STEP_MS[cadence]), linesRead = 0) {
    const batch = batchName(date, cadence);
    const after = feedCursor(new Date(date.getTime() + STEP_MS[cadence]), cadence);
    const stream = await open(batch);
    if (stream === undefined) {
      missing.push({ batch, bodies: [], cursor: after });
      continue;
    }
    try {
      if (missing.length > 0) tellGap(deps.log, missing, batch);
      yield* missing;
      missing = [];
      yield* readBatch({ ...deps, open }, { cadence, batch, stream, linesRead, after, longestLine });
    } finally {
      stream.destroy();
    }
  }
  if (missing.length > 1) throw severalMissing(missing);
}

function tellGap(log: ClientLog, missing: readonly FeedPage[], next: string): void {
  const [first, last] = [missing[0]?.batch, missing.at(-1)?.batch];
  if (first === last) log.info(`The feed has no batch ${first}; going on with the next.`);
  else log.warn(`The feed has no batches from ${first} to ${last}; going on with ${next}.`);
}

interface Batch {
  readonly cadence: FeedCadence;
  readonly batch: string;
  /** Its first download. */
  readonly stream: Readable;
  readonly linesRead: number;
  /** The cursor behind its last line. */
  readonly after: FeedCursor;
  readonly longestLine: number;
}

interface BatchDeps extends FeedDeps {
  readonly open: (batch: string) => Promise<Readable | undefined>;
}

/** The pages of one batch. */
async function* readBatch(
  deps: BatchDeps,
  { cadence, batch, stream: first, linesRead, after, longestLine }: Batch,
): AsyncGenerator<FeedPage> {
  const { log, signal } = deps;
  let read = linesRead;
  let stream = first;
  for (let tries = 1; ; tries += 1) {
    let bodies: unknown[] = [];
    let line = 0;
    try {
      for await (const text of feedLines(stream, cadence, longestLine)) {
        signal.throwIfAborted();
        line += 1;
        if (line <= read) continue;
        const body = readLine(text);
        if (body === undefined && text.trim() !== "")
          log.warn(`The feed's batch ${batch} has no JSON in line ${line}; left out.`);
        if (body !== undefined) bodies.push(body);
        if (bodies.length < PAGE_LINES) continue;
        read = line;
        yield { batch, bodies, cursor: `${batch}-${line}` };
        bodies = [];
      }
      yield { batch, bodies, cursor: after };
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (tries === MOST_TRIES || error instanceof TooLarge) throw unreadable(batch, tries, reasonOf(error));
      log.info(`The feed's batch ${batch} broke off after line ${line} (${reasonOf(error)}); asking for it again.`);
      await deps.sleep(backoffMs(tries, deps.random), signal);
    } finally {
      stream.destroy();
    }
    const again = await deps.open(batch);
    if (again === undefined) throw unreadable(batch, tries, "it is not there any more");
    stream = again;
  }
}

/** Asks for a batch in the spelling that worked before, else in both. A 404 in both is a gap. */
function createOpener(client: FeedDeps["client"]): BatchDeps["open"] {
  let proven: string | undefined;
  return async (batch) => {
    for (const spelling of proven === undefined ? SPELLINGS : [proven]) {
      const stream = await client.download(paths.feedBatch(spelling, batch));
      if (stream === undefined) continue;
      proven = spelling;
      return stream;
    }
    return undefined;
  };
}

/** Lines of a batch: bzip2 of lines, or a tar.bz2 of such batches, packed again or not. */
async function* feedLines(stream: Readable, cadence: FeedCadence, longest: number): AsyncGenerator<string> {
  if (cadence === "minute") {
    yield* linesOf(limited(through(stream, bunzip2())), longest);
    return;
  }
  const archive = extract();
  pipeline(stream, whole, bunzip2(), archive).catch((error: Error) => archive.destroy(error));
  for await (const entry of archive) {
    const member = entry as unknown as Readable;
    if (entry.header.type !== "file") entry.resume();
    else if (entry.header.name.endsWith(".bz2")) yield* linesOf(limited(through(member, bunzip2())), longest);
    else yield* linesOf(limited(member), longest);
  }
}

/** `stream` sent through a transform; an error of either end reaches the reader of the result. */
function through(stream: Readable, transform: NodeJS.ReadWriteStream): Readable {
  const output = new PassThrough();
  pipeline(stream, whole, transform, output).catch((error: Error) => output.destroy(error));
  return output;
}

/** Nothing at all is a batch that was cut off, which the unpacker does not mind: an empty one is some bytes of bzip2. */
async function* whole(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isEmpty = true;
  for await (const chunk of stream) {
    isEmpty &&= chunk.length === 0;
    yield chunk;
  }
  if (isEmpty) throw new Error("input stream without a byte");
}

/** A few bytes can unpack to terabytes of empty lines. */
async function* limited(stream: Readable): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > LARGEST_BATCH) throw new TooLarge("larger than any batch");
    yield chunk;
  }
}

const Line = z.looseObject({ context_attributes: z.record(z.string(), z.unknown()).optional().catch(undefined) });
/** Links that work without a key. */
const TOKEN_LINKS = ["html_report", "pcap", "evtx", "memdump"];

/** The body of a line without its token links; undefined when it is none. */
function readLine(text: string): unknown {
  if (text.trim() === "") return undefined;
  try {
    const line = Line.parse(JSON.parse(text));
    for (const link of TOKEN_LINKS) delete line.context_attributes?.[link];
    return line;
  } catch {
    // The parser's message quotes the line, and with it perhaps a link.
    return undefined;
  }
}

function batchName(date: Date, cadence: FeedCadence): string {
  return date
    .toISOString()
    .replace(/[-:T]/g, "")
    .slice(0, cadence === "minute" ? 12 : 10);
}

function readCursor(cursor: FeedCursor, cadence: FeedCadence): { date: Date; linesRead: number } {
  const [, year, month, day, hour, minute = "00", lines] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)?-(\d{1,12})$/.exec(cursor) ?? [];
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:00Z`);
  if (lines === undefined || Number.isNaN(date.getTime()) || feedCursor(date, cadence) !== `${cursor.split("-")[0]}-0`)
    throw new VtError(
      "refused",
      `"${cursor}" is no cursor of the ${cadence} feed: YYYYMMDDhhmm-N, or YYYYMMDDhh-N by hour.`,
    );
  return { date, linesRead: Number(lines) };
}

function severalMissing(missing: readonly FeedPage[]): VtError {
  const [first, second] = missing as [FeedPage, FeedPage];
  return new VtError(
    "unavailable",
    `VirusTotal has neither the feed's batch ${first.batch} nor ${second.batch}, nor a later one. Run again when one is there: then the gap is passed.`,
  );
}

function unreadable(batch: string, tries: number, reason: string): VtError {
  return new VtError(
    "unavailable",
    `The feed's batch ${batch} could not be read to its end in ${tries} ${tries === 1 ? "try" : "tries"} (${reason}). Nothing is lost: run the same command again.`,
  );
}

/** Why a download broke off: the code or the unpacker's own words, nothing out of the batch. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? (/^(?:input stream|a line longer|larger than)/.test(message) ? message : "not whole");
}
