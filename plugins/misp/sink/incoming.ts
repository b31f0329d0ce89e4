/** The events of an export, each as soon as it is whole. */
import { StringDecoder } from "node:string_decoder";
import { type Chunk, sha256, z } from "../../../src/plugin.ts";
import { type LocalEvent, LocalEventFile } from "./wire.ts";

export interface IncomingEvent {
  readonly uuid: string;
  readonly event: LocalEvent;
  /** Of everything it says. */
  readonly version: string;
}

/** Throws for what is no MISP event, or comes in pieces between others: the exporter's fault. */
export async function* readEvents(chunks: AsyncIterable<Chunk>): AsyncGenerator<IncomingEvent> {
  const finished = new Set<string>();
  let current: string | undefined;
  let text = "";
  let decoder = new StringDecoder("utf8");
  for await (const { path, data } of chunks) {
    if (path !== current) {
      if (current !== undefined) yield incoming(current, text);
      if (finished.has(path)) throw new Error(`${path} comes in pieces with another event between them`);
      finished.add(path);
      current = path;
      text = "";
      decoder = new StringDecoder("utf8");
    }
    text += typeof data === "string" ? data : decoder.write(Buffer.from(data));
  }
  if (current !== undefined) yield incoming(current, text);
}

function incoming(path: string, text: string): IncomingEvent {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${path} is no JSON: ${(cause as Error).message}`, { cause });
  }
  const file = LocalEventFile.safeParse(json);
  if (!file.success) throw new Error(`${path} is no MISP event: ${z.prettifyError(file.error)}`);
  return { uuid: file.data.Event.uuid, event: file.data.Event, version: sha256(text).slice(0, 32) };
}
