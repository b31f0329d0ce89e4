/**
 * Reads saved bodies: files, folders (recursive, sorted), standard input; one JSON document per file, NDJSON, and the
 * behaviour feed's `.bz2` and `.tar.bz2` batches, also `.gz`. Line by line where a file has lines, and a large array a
 * few elements at a time, so memory holds little of it. A file or line that cannot be read costs itself and is reported with the reason.
 *
 * This module does not know what a body means (see bodies.ts).
 */
import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { opendir, readFile as readWholeFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import bunzip2 from "unbzip2-stream";
import { RulewrightError } from "../errors.ts";
import { beginsArray, splitArray } from "./array.ts";

/** One parsed JSON document and where it stood; of a large array, an array of some of its elements. */
export interface Document {
  readonly value: unknown;
  /** File name, `-` for standard input. */
  readonly source: string;
  /** 1-based line of an NDJSON document. */
  readonly line?: number;
}

export interface ReadProblem {
  readonly source: string;
  readonly line?: number;
  readonly reason: string;
}

export interface ReadInput {
  readonly paths: readonly string[];
  /** Called for each file or line that cannot be read; the others go on. */
  readonly onProblem: (problem: ReadProblem) => void;
  /** Called for each file before it is read. */
  readonly onFile?: (path: string) => void;
  readonly stdin?: Readable;
  readonly signal?: AbortSignal;
}

/** Longest single document, in bytes. */
const LONGEST_DOCUMENT = 256 * 1024 * 1024;
/** Files up to this size are read at once: half the time of going line by line. */
const WHOLE_FILE = 16 * 1024 * 1024;
/** Up to here a stream is looked at before it is taken for one large array; also the least part of such an array. */
const PORTION = 1024 * 1024;
const REPORT_FILE = /\.(?:json|ndjson|jsonl|bz2|gz)$/i;

/** Every document under the paths, in sorted order. Throws INPUT_MISSING for a path that does not exist. */
export async function* readDocuments(input: ReadInput): AsyncGenerator<Document> {
  for (const path of input.paths) {
    for await (const file of filesUnder(path, input)) {
      input.signal?.throwIfAborted();
      input.onFile?.(file);
      try {
        yield* readFile(file, input);
      } catch (error) {
        if (input.signal?.aborted) throw error;
        input.onProblem({ source: file, reason: reasonOf(error) });
      }
    }
  }
}

async function* filesUnder(path: string, input: ReadInput): AsyncGenerator<string> {
  if (path === "-") {
    yield path;
    return;
  }
  const stats = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT") return undefined;
    throw new RulewrightError(
      "INPUT_MISSING",
      `There is no file or folder ${path}. Give files or folders with saved VirusTotal bodies, or - for standard input.`,
      { cause },
    );
  });
  if (!stats?.isDirectory()) {
    yield path;
    return;
  }
  yield* filesInFolder(path, input);
}

async function* filesInFolder(folder: string, input: ReadInput): AsyncGenerator<string> {
  const names: { name: string; isFolder: boolean }[] = [];
  try {
    for await (const entry of await opendir(folder)) {
      // A linked folder is not followed: it may lead back up.
      if (entry.isDirectory() || REPORT_FILE.test(entry.name))
        names.push({ name: entry.name, isFolder: entry.isDirectory() });
    }
    // What we wrote ourselves is no report.
    if (names.some(({ name }) => name === "manifest.json") && (await isOwnOutput(folder))) return;
  } catch (error) {
    input.onProblem({ source: folder, reason: reasonOf(error) });
  }
  names.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, isFolder } of names) {
    const path = join(folder, name);
    if (isFolder) yield* filesInFolder(path, input);
    else if (await isRegular(path)) yield path;
    else input.onProblem({ source: path, reason: "no regular file (a pipe, a device or a dangling link)" });
  }
}

/** A pipe or a device in a folder would be read for ever; one that is named on the command line is meant. */
async function isRegular(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

async function isOwnOutput(folder: string): Promise<boolean> {
  try {
    const manifest = JSON.parse(await readWholeFile(join(folder, "manifest.json"), "utf8")) as Record<string, unknown>;
    return Array.isArray(manifest.exports) && typeof manifest.decisions === "object";
  } catch {
    return false;
  }
}

async function* readFile(file: string, input: ReadInput): AsyncGenerator<Document> {
  const { signal } = input;
  if (file !== "-" && /\.(?:json|ndjson|jsonl)$/i.test(file) && (await isSmall(file))) {
    yield* parseText(decodeText(await readWholeFile(file, { signal }), true), file, input);
    return;
  }
  const raw = file === "-" ? (input.stdin ?? process.stdin) : createReadStream(file, signal ? { signal } : {});
  const name = basename(file).toLowerCase();
  if (/\.(?:tar\.bz2|tbz2?)$/.test(name)) yield* readTar(raw, file, input);
  else if (name.endsWith(".bz2")) yield* parse(through(raw, bunzip2()), file, input);
  else if (name.endsWith(".gz")) yield* parse(through(raw, createGunzip()), file, input);
  else yield* parse(raw, file, input);
}

async function isSmall(file: string): Promise<boolean> {
  const stats = await stat(file);
  return stats.isFile() && stats.size <= WHOLE_FILE;
}

/** `stream` sent through a transform; an error of either end reaches the reader of the result. */
function through(stream: Readable, transform: NodeJS.ReadWriteStream): Readable {
  const output = new PassThrough();
  pipeline(stream, transform, output).catch((error: Error) => output.destroy(error));
  return output;
}

async function* readTar(stream: Readable, file: string, input: ReadInput): AsyncGenerator<Document> {
  const archive = extract();
  pipeline(stream, bunzip2(), archive).catch((error: Error) => archive.destroy(error));
  for await (const entry of archive) {
    if (entry.header.type !== "file") {
      entry.resume();
      continue;
    }
    const name = `${file}!${entry.header.name}`;
    try {
      yield* parse(
        entry.header.name.endsWith(".bz2") ? through(entry as unknown as Readable, bunzip2()) : entry,
        name,
        input,
      );
    } catch (error) {
      if (input.signal?.aborted) throw error;
      input.onProblem({ source: name, reason: reasonOf(error) });
    }
    entry.resume();
  }
}

/** Documents of one stream, a large array in portions. */
async function* parse(stream: AsyncIterable<unknown>, source: string, input: ReadInput): AsyncGenerator<Document> {
  const { start, chunks } = await lookAhead(stream);
  if (start.length >= PORTION && beginsArray(start) && !hasDocumentInFirstLine(start))
    yield* parseArray(chunks, source, input);
  else yield* parseStream(chunks, source, input);
}

/** The first bytes of a stream, and all of it. */
async function lookAhead(stream: AsyncIterable<unknown>): Promise<{ start: Buffer; chunks: AsyncIterable<Buffer> }> {
  const all = buffers(stream);
  const read: Buffer[] = [];
  for (let bytes = 0; bytes < PORTION; ) {
    const { value, done } = await all.next();
    if (done) break;
    read.push(value);
    bytes += value.length;
  }
  async function* chunks(): AsyncGenerator<Buffer> {
    yield* read.splice(0);
    yield* all;
  }
  return { start: Buffer.concat(read), chunks: chunks() };
}

async function* buffers(stream: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  for await (const chunk of stream as AsyncIterable<Buffer | string>)
    yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
}

/** Lines may be arrays, too. */
function hasDocumentInFirstLine(start: Buffer): boolean {
  const [first = "", ...others] = start.toString("latin1").trimStart().split("\n", 2);
  return others.length > 0 && tryParse(first).ok;
}

/** What stands before a broken element is taken. */
async function* parseArray(chunks: AsyncIterable<Buffer>, source: string, input: ReadInput): AsyncGenerator<Document> {
  for await (const portion of splitArray(chunks, { portionBytes: PORTION, longest: LONGEST_DOCUMENT })) {
    input.signal?.throwIfAborted();
    yield { value: JSON.parse(decodeText(portion, false)), source };
  }
}

/**
 * When the first line is a document by itself the stream is taken as NDJSON; otherwise the
 * whole is one document, and when that fails too, whatever lines are documents are taken and the others reported.
 */
async function* parseStream(stream: AsyncIterable<Buffer>, source: string, input: ReadInput): AsyncGenerator<Document> {
  const lines = splitLines(stream);
  const first = await nextLine(lines);
  if (first === undefined) throw new Error("there is nothing in it");
  const parsed = tryParse(first.text);
  const second = parsed.ok ? await nextLine(lines) : undefined;
  if (parsed.ok && second === undefined) {
    yield { value: parsed.value, source };
    return;
  }
  if (parsed.ok) {
    yield { value: parsed.value, source, line: first.number };
    yield* parseLines(chain(second as Line, lines), source, input);
    return;
  }
  yield* parseWhole(first, lines, source, input);
}

async function* parseWhole(
  first: Line,
  rest: AsyncIterable<Line>,
  source: string,
  input: ReadInput,
): AsyncGenerator<Document> {
  const all: string[] = [];
  let bytes = 0;
  for await (const { text } of chain(first, rest)) {
    bytes += text.length + 1;
    if (bytes > LONGEST_DOCUMENT) throw new Error(`longer than ${LONGEST_DOCUMENT / 1024 / 1024} MiB`);
    all.push(text);
  }
  yield* parseText(`${"\n".repeat(first.number - 1)}${all.join("\n")}`, source, input);
}

/** One document, or else whatever lines are documents. */
async function* parseText(text: string, source: string, input: ReadInput): AsyncGenerator<Document> {
  if (text.trim() === "") throw new Error("there is nothing in it");
  const whole = tryParse(text);
  if (whole.ok) {
    yield { value: whole.value, source };
    return;
  }
  const lines = text.split("\n").map((line, index) => ({ text: line, number: index + 1 }));
  const hasDocuments = lines.some((line) => line.text.startsWith("{") && tryParse(line.text).ok);
  if (!hasDocuments) throw whole.error;
  yield* parseLines(asyncOf(lines), source, input);
}

async function* parseLines(lines: AsyncIterable<Line>, source: string, input: ReadInput): AsyncGenerator<Document> {
  for await (const { text, number } of lines) {
    input.signal?.throwIfAborted();
    if (text.trim() === "") continue;
    const parsed = tryParse(text);
    if (parsed.ok) yield { value: parsed.value, source, line: number };
    else input.onProblem({ source, line: number, reason: reasonOf(parsed.error) });
  }
}

interface Line {
  readonly text: string;
  readonly number: number;
}

const NEWLINE = 0x0a;

async function* splitLines(stream: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let number = 0;
  const take = (last: Buffer): Line => {
    const bytes = pending.length === 0 ? last : Buffer.concat([...pending, last]);
    pending = [];
    pendingBytes = 0;
    number += 1;
    return { text: decodeText(bytes, number === 1), number };
  };
  for await (const bytes of stream) {
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE, start); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      yield take(bytes.subarray(start, end));
      start = end + 1;
    }
    if (start < bytes.length) {
      pending.push(bytes.subarray(start));
      pendingBytes += bytes.length - start;
      if (pendingBytes > LONGEST_DOCUMENT) throw new Error(`a line longer than ${LONGEST_DOCUMENT / 1024 / 1024} MiB`);
    }
  }
  if (pending.length > 0) yield take(Buffer.alloc(0));
}

async function nextLine(lines: AsyncGenerator<Line>): Promise<Line | undefined> {
  for (;;) {
    const { value, done } = await lines.next();
    if (done) return undefined;
    if (value.text.trim() !== "") return value;
  }
}

async function* chain(first: Line, rest: AsyncIterable<Line>): AsyncGenerator<Line> {
  yield first;
  yield* rest;
}

async function* asyncOf(lines: readonly Line[]): AsyncGenerator<Line> {
  yield* lines;
}

/** UTF-8, with or without a byte order mark; a line that is not UTF-8 is taken as Latin-1. */
function decodeText(bytes: Buffer, isFirst: boolean): string {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (isFirst && isUtf16) throw new Error("the file is UTF-16: save it as UTF-8");
  const text = isUtf8(bytes) ? bytes.toString("utf8") : bytes.toString("latin1");
  return text.replace(/^\ufeff/, "").replace(/\r$/, "");
}

type Parsed = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: Error };

function tryParse(text: string): Parsed {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    return { ok: false, error: error as Error };
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EACCES") return "permission denied";
  if (code === "ENOENT") return "no such file (a dangling link?)";
  if (code === "EISDIR") return "is a folder";
  if (error instanceof SyntaxError) return `not JSON: ${printable(message)}`;
  if (error instanceof RangeError) return "nested too deeply";
  return printable(message);
}

/** One line, no control characters: messages quote the file, and the file is the attacker's. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e\u00a0-\u024f]+/g, " ").slice(0, 200);
}
