/**
 * Splits the text of one JSON array, while it is read, into arrays of a few of its elements, so that memory holds
 * neither all of it nor all that it says. What is between the brackets is for the JSON parser to judge: the portions
 * are valid together exactly if the whole is. This module parses nothing.
 */
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const [OPEN, CLOSE] = [Buffer.from("["), Buffer.from("]")];

/** Whether bytes are the first of an array of objects; a log's `[INFO]` is none. */
export function beginsArray(bytes: Buffer): boolean {
  return /^(?:\xef\xbb\xbf)?[\t\n\r ]*\[[\t\n\r ]*\{/.test(bytes.toString("latin1"));
}

/**
 * Portions of at least `portionBytes`, the last one excepted; a single element is never split. Throws for text that
 * does not end with the array's end, or that has an element of more than `longest` bytes.
 */
export async function* splitArray(
  chunks: AsyncIterable<Buffer>,
  { portionBytes, longest }: { readonly portionBytes: number; readonly longest: number },
): AsyncGenerator<Buffer> {
  let depth = 0;
  let isString = false;
  let isEscaped = false;
  let isFirst = true;
  let isClosed = false;
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  const take = (last: Buffer): Buffer => {
    const content = Buffer.concat([...pending, last]);
    if (isBlank(content) && !(isFirst && isClosed)) throw new Error("not JSON: an element of the array is missing");
    [pending, pendingBytes, isFirst] = [[], 0, false];
    return Buffer.concat([OPEN, content, CLOSE]);
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = 0; at < chunk.length && !isClosed; at += 1) {
      const byte = chunk[at] as number;
      if (isString) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) isString = false;
      } else if (byte === QUOTE) isString = true;
      else if (byte === 0x5b || byte === 0x7b) {
        depth += 1;
        if (depth === 1) start = at + 1;
      } else if (byte === 0x5d || byte === 0x7d) {
        depth -= 1;
        if (depth > 0) continue;
        if (byte !== 0x5d) throw new Error("not JSON: the array ends with }");
        isClosed = true;
        yield take(chunk.subarray(start, at));
        start = at + 1;
      } else if (byte === COMMA && depth === 1 && pendingBytes + at - start >= portionBytes) {
        yield take(chunk.subarray(start, at));
        start = at + 1;
      }
    }
    const rest = chunk.subarray(start);
    if (isClosed && !isBlank(rest)) throw new Error("not JSON: there is more behind the array's end");
    if (depth > 0) pending.push(rest);
    pendingBytes += rest.length;
    if (pendingBytes > longest) throw new Error(`an element longer than ${longest / 1024 / 1024} MiB`);
  }
  if (!isClosed) throw new Error("not JSON: the array has no end; the file may be cut off");
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09);
}
