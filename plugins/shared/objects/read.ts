/**
 * Objects of an export, one a line: what identifies each, and its own bytes. STIX as the format `stix:objects` writes it;
 * sinks of other objects read the lines themselves.
 */
import { StringDecoder } from "node:string_decoder";
import { type Chunk, sha256, z } from "../../../src/plugin.ts";
import { parseJson } from "../http/words.ts";

/** What sinks of STIX objects accept. */
export const STIX_OBJECTS = "application/stix+x-ndjson;version=2.1";

export interface ObjectLine {
  readonly id: string;
  readonly type: string;
  /** `modified`; of objects without one (SCOs, markings) a digest of what they say. */
  readonly version: string;
  /** The object as it was written. */
  readonly text: string;
  readonly bytes: number;
}

const Head = z.object({
  id: z.string().regex(/^[a-z0-9-]+--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  type: z.string(),
  modified: z.string().optional(),
});

/** Throws for a line that is no STIX object: the exporter's fault. */
export async function* readStixLines(chunks: AsyncIterable<Chunk>): AsyncGenerator<ObjectLine> {
  for await (const { path, line } of readLines(chunks)) if (line.trim() !== "") yield stixLine(line, path);
}

/** The lines of all files, without their ends; of interleaved files each by itself. */
export async function* readLines(
  chunks: AsyncIterable<Chunk>,
): AsyncGenerator<{ readonly path: string; readonly line: string }> {
  const rests = new Map<string, string>();
  const decoders = new Map<string, StringDecoder>();
  for await (const { path, data } of chunks) {
    const decoder = decoders.get(path) ?? new StringDecoder("utf8");
    decoders.set(path, decoder);
    const text = typeof data === "string" ? data : decoder.write(Buffer.from(data));
    const lines = `${rests.get(path) ?? ""}${text}`.split("\n");
    rests.set(path, lines.pop() ?? "");
    for (const line of lines) yield { path, line };
  }
  for (const [path, line] of rests) if (line !== "") yield { path, line };
}

function stixLine(line: string, path: string): ObjectLine {
  const text = line.trim();
  const head = Head.safeParse(parseJson(text));
  if (!head.success) throw new Error(`a line of ${path} is no STIX object`);
  const { id, type, modified } = head.data;
  return { id, type, version: modified ?? sha256(text).slice(0, 32), text, bytes: Buffer.byteLength(text) };
}
