/**
 * Bytes of a log, unpacked, as lines. One buffer and one unfinished line are held at a time; a line too long to be a
 * record is passed over, so a file without newlines does not fill the memory.
 */
import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";

/** Bytes asked of the system at a time. */
const CHUNK = 1024 * 1024;
export const LONGEST_LINE = 16 * 1024 * 1024;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** pcap in both byte orders, with micro- and nanoseconds, and pcapng. */
const CAPTURE_MAGIC = ["a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "0a0d0d0a"];

export function isCaptureStart(bytes: Buffer): boolean {
  return CAPTURE_MAGIC.includes(bytes.toString("hex", 0, 4));
}

export interface LineSink {
  /** A line without its end, at these places of a buffer that is not valid afterwards. Numbers begin at 1. */
  line(bytes: Buffer, start: number, end: number, number: number): void;
  tooLong(number: number): void;
}

/** Chunks of a file or stream; gzip is recognised by its first bytes and unpacked. */
export async function* unpacked(source: string | Readable): AsyncGenerator<Buffer> {
  const raw = typeof source === "string" ? createReadStream(source, { highWaterMark: CHUNK }) : source;
  const chunks = (raw as AsyncIterable<Buffer | string>)[Symbol.asyncIterator]();
  const first = await nextBytes(chunks);
  if (first === undefined) return;
  if (isCaptureStart(first)) throw new Error("a packet capture: give it with --pcap");
  if (/^(?:fffe|feff)/.test(first.toString("hex", 0, 2))) throw new Error("the file is UTF-16: save it as UTF-8");
  const rest = restOf(first, chunks);
  if (!(first[0] === 0x1f && first[1] === 0x8b)) {
    yield* rest;
    return;
  }
  const gunzip = createGunzip({ chunkSize: CHUNK });
  const feeding = feed(rest, gunzip);
  feeding.catch((error: Error) => gunzip.destroy(error));
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } finally {
    gunzip.destroy();
  }
}

async function feed(chunks: AsyncIterable<Buffer>, gunzip: NodeJS.WritableStream): Promise<void> {
  for await (const chunk of chunks) {
    if (!gunzip.write(chunk))
      await new Promise<void>((resolve) => {
        gunzip.once("drain", resolve);
        gunzip.once("close", resolve);
      });
  }
  gunzip.end();
}

/** At least two bytes, to tell a packed file, when there are so many. */
async function nextBytes(chunks: AsyncIterator<Buffer | string>): Promise<Buffer | undefined> {
  let bytes: Buffer | undefined;
  for (;;) {
    const { value, done } = await chunks.next();
    if (done) return bytes;
    const chunk = typeof value === "string" ? Buffer.from(value) : value;
    bytes = bytes ? Buffer.concat([bytes, chunk]) : chunk;
    if (bytes.length >= 4) return bytes;
  }
}

async function* restOf(first: Buffer, chunks: AsyncIterator<Buffer | string>): AsyncGenerator<Buffer> {
  yield first;
  try {
    for (;;) {
      const { value, done } = await chunks.next();
      if (done) return;
      yield typeof value === "string" ? Buffer.from(value) : value;
    }
  } finally {
    await chunks.return?.();
  }
}

/** Splits chunks at `\n`; a `\r` before it and a byte order mark at the start go. Synchronous within a chunk. */
export class LineSplitter {
  readonly #sink: LineSink;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #isSkipping = false;
  #number = 1;

  constructor(sink: LineSink) {
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      if (this.#pendingBytes > 0 || this.#isSkipping) this.#finish(chunk.subarray(start, end));
      else this.#give(chunk, start, end);
      start = end + 1;
    }
    if (start === chunk.length) return;
    this.#pendingBytes += chunk.length - start;
    if (this.#pendingBytes > LONGEST_LINE) {
      this.#isSkipping = true;
      this.#pending = [];
    } else if (!this.#isSkipping) this.#pending.push(chunk.subarray(start));
  }

  /** The last line needs no newline. */
  end(): void {
    if (this.#pendingBytes > 0 || this.#isSkipping) this.#finish(Buffer.alloc(0));
  }

  #finish(last: Buffer): void {
    if (this.#isSkipping || this.#pendingBytes + last.length > LONGEST_LINE) this.#sink.tooLong(this.#number++);
    else {
      const bytes = Buffer.concat([...this.#pending, last]);
      this.#give(bytes, 0, bytes.length);
    }
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#isSkipping = false;
  }

  #give(bytes: Buffer, from: number, to: number): void {
    const number = this.#number++;
    const end = to > from && bytes[to - 1] === RETURN ? to - 1 : to;
    const hasMark = number === 1 && bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf;
    const start = hasMark ? from + 3 : from;
    if (end > start) this.#sink.line(bytes, start, end, number);
  }
}
