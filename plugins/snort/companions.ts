/**
 * What is derived from rules once they have their sids: the event filters that Snort's rules cannot hold; and the frames
 * of files that are written line by line.
 */
import type { Chunk } from "../../src/plugin.ts";
import { BLOCKLIST, FILTERS, framesOf, MANIFEST, manifest, RULES, SNIPPET, snippet } from "./files.ts";
import { engineOf, type SnortEngine, type SnortFormat, type SnortOptions } from "./options.ts";

/** The chunks of rules and lists, followed by their companions, which depend on what there was. */
export async function* withCompanions(
  chunks: AsyncIterable<Chunk>,
  format: SnortFormat,
  options: SnortOptions,
): AsyncGenerator<Chunk> {
  const engine = engineOf(format);
  const frames = framesOf(engine, options);
  const written = new Set<string>();
  const framed = (chunk: Chunk): Chunk => {
    const head = written.has(chunk.path) ? undefined : frames.get(chunk.path)?.head;
    written.add(chunk.path);
    return head === undefined ? chunk : { ...chunk, data: `${head}${chunk.data}` };
  };
  for await (const chunk of chunks) {
    yield framed(chunk);
    if (chunk.path !== RULES) continue;
    const filters = filtersOf(String(chunk.data), engine, options.filterSeconds);
    if (filters !== "") yield framed({ path: FILTERS[engine], data: filters });
  }
  for (const [path, { tail }] of frames) if (tail !== undefined && written.has(path)) yield { path, data: tail };
  if (engine === "snort3" && written.has(BLOCKLIST)) yield { path: MANIFEST, data: manifest(options) };
  yield { path: SNIPPET[engine], data: snippet(format, options, written) };
}

/** Lines of the filters for the active rules of a chunk. */
function filtersOf(data: string, engine: SnortEngine, seconds: number): string {
  let filters = "";
  for (const line of data.split("\n")) {
    if (!line.startsWith("alert ")) continue;
    const sid = / sid:(\d+);/.exec(line)?.[1];
    if (sid !== undefined && seconds > 0 && matchesAddress(line)) filters += filterLine(sid, engine, seconds);
  }
  return filters;
}

/** Whether the rule's far side is an address: it alerts on contact, again with each new connection. */
function matchesAddress(rule: string): boolean {
  return /^alert \S+ \S+ \S+ -> (?:\d|\[)/.test(rule);
}

function filterLine(sid: string, engine: SnortEngine, seconds: number): string {
  return engine === "snort3"
    ? `${sid}\n`
    : `event_filter gen_id 1, sig_id ${sid}, type limit, track by_src, count 1, seconds ${seconds}\n`;
}
