/** Lines of a byte stream, split at `\n` alone and held one at a time. Parses nothing. */
import { StringDecoder } from "node:string_decoder";

const NEWLINE = 0x0a;

export class TooLarge extends Error {}

/** Throws TooLarge for a line of more than `longest` bytes. The last line needs no newline. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, longest: number): AsyncGenerator<string> {
  let pending: Uint8Array[] = [];
  let size = 0;
  const take = (last: Uint8Array): string => {
    const bytes = pending.length === 0 ? last : Buffer.concat([...pending, last]);
    pending = [];
    size = 0;
    return new StringDecoder("utf8").end(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      yield take(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start === chunk.length) continue;
    pending.push(chunk.subarray(start));
    size += chunk.length - start;
    if (size > longest) throw new TooLarge(`a line longer than ${Math.floor(longest / 1024 / 1024)} MiB`);
  }
  if (size > 0) yield take(Buffer.alloc(0));
}
