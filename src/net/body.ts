/** The body of an answer, whole and within limits of time and size. */
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { plainText } from "../model/text.ts";
import { TransportBreak } from "./break.ts";

export interface Deadline {
  readonly signal: AbortSignal;
  done(): void;
}

/** `signal` or the time-out, whichever comes first. */
export function withDeadline(signal: AbortSignal, ms: number): Deadline {
  signal.throwIfAborted();
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  const timer = setTimeout(() => controller.abort(new Error("deadline")), ms);
  signal.addEventListener("abort", abort, { once: true });
  return {
    signal: controller.signal,
    done: () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    },
  };
}

/** Throws TransportBreak `too-large`. */
export async function collect(body: Readable, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

const gunzipped = promisify(gunzip);

/** A compressed body stops at the limit too, however small it came: zlib itself refuses to make more. Throws TransportBreak. */
export async function decompress(bytes: Buffer, encoding: string, limit: number): Promise<Buffer> {
  if (encoding === "identity" || encoding === "") return bytes;
  if (encoding !== "gzip" && encoding !== "x-gzip")
    throw new TransportBreak("other", `a body compressed with ${plainText(encoding, 20)}, which was not asked for`);
  try {
    return await gunzipped(bytes, { maxOutputLength: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(limit);
    throw new TransportBreak("cut", "a gzip body that is not whole");
  }
}

function tooLarge(limit: number): TransportBreak {
  return new TransportBreak("too-large", `an answer larger than ${Math.floor(limit / 1024 / 1024)} MiB`);
}
