/**
 * A release as one file: `<export>.tar.gz` with everything an export wrote under `rules/`, and `<export>.tar.gz.md5`
 * with its bare digest. It is what suricata-update loads: lists reach a sensor only inside an archive, it takes regular
 * files in a folder, and it compares the digest with nothing else in the file.
 *
 * The same files give the same bytes on every machine: fixed times and owners, and a compressor in JavaScript, as
 * zlib's output depends on the processor.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Gzip } from "fflate";
import { pack } from "tar-stream";
import type { Chunk } from "../plugin.ts";

/** Where suricata-update, and Scirius after it, look for rules. */
const FOLDER = "rules";

/** Hands the chunks on, and the archive of them after the last. Spools to a temporary folder, which it removes. */
export async function* withArchive(chunks: AsyncIterable<Chunk>, name: string): AsyncGenerator<Chunk> {
  const folder = await mkdtemp(join(tmpdir(), "rulewright-archive-"));
  const spools = new Map<string, FileHandle>();
  const spoolPath = (index: number): string => join(folder, String(index));
  try {
    for await (const chunk of chunks) {
      const spool = spools.get(chunk.path) ?? (await open(spoolPath(spools.size), "w"));
      spools.set(chunk.path, spool);
      await spool.writeFile(chunk.data);
      yield chunk;
    }
    const path = `${name}.tar.gz`;
    const digest = createHash("md5");
    const files = [...spools.keys()].map((file, index) => ({ name: file, spool: spoolPath(index) }));
    for await (const data of compressed(packed(files))) {
      digest.update(data);
      yield { path, data };
    }
    yield { path: `${path}.md5`, data: `${digest.digest("hex")}\n` };
  } finally {
    for (const spool of spools.values()) await spool.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function* packed(
  files: readonly { readonly name: string; readonly spool: string }[],
): AsyncGenerator<Uint8Array> {
  const tar = pack();
  const fill = async (): Promise<void> => {
    for (const { name, spool } of [...files].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const { size } = await stat(spool);
      const entry = tar.entry({ name: `${FOLDER}/${name}`, size, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0 });
      await pipeline(createReadStream(spool), entry as unknown as Writable);
    }
    tar.finalize();
  };
  fill().catch((error: Error) => tar.destroy(error));
  try {
    for await (const block of tar) yield block as Uint8Array;
  } finally {
    tar.destroy();
  }
}

async function* compressed(blocks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let ready: Uint8Array[] = [];
  const gzip = new Gzip({ level: 6, mtime: 0 }, (data) => ready.push(data));
  const drained = (): Uint8Array[] => {
    const data = ready;
    ready = [];
    return data.filter(({ length }) => length > 0);
  };
  for await (const block of blocks) {
    gzip.push(block);
    yield* drained();
  }
  gzip.push(new Uint8Array(0), true);
  yield* drained();
}
