/**
 * An output as one file beside its files: a gzipped tar. The same files give the same bytes on every machine: fixed
 * times and owners, sorted, no extended headers, and a compressor in JavaScript, as zlib's output depends on the
 * processor.
 */
import { createHash } from "node:crypto";
import { closeSync, createReadStream, openSync, writeFileSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";
import { Deflate } from "fflate";
import { pack } from "tar-stream";
import type { Chunk } from "../plugin.ts";

/** Where suricata-update, and Scirius after it, look for rules. */
const RELEASE_FOLDER = "rules";

interface Spooled {
  /** Path within the output. */
  readonly path: string;
  /** Where its content lies meanwhile. */
  readonly spool: string;
}

interface Entry {
  /** Name in the archive; a folder's ends in `/`. */
  readonly name: string;
  /** Absent for a folder. */
  readonly spool?: string;
}

/**
 * Hands the chunks on, and after the last a release: `<name>.tar.gz` with every file under `rules/`, and its bare digest
 * in `<name>.tar.gz.md5`. It is what suricata-update loads: lists reach a sensor only inside an archive, it takes
 * regular files in a folder, and it compares the digest with nothing else in the file.
 */
export function withArchive(chunks: AsyncIterable<Chunk>, name: string): AsyncGenerator<Chunk> {
  return followed(chunks, async function* (files) {
    const path = `${name}.tar.gz`;
    const digest = createHash("md5");
    const entries = files.map(({ path: file, spool }) => ({ name: `${RELEASE_FOLDER}/${file}`, spool }));
    for await (const data of compressed(packed(entries))) {
      digest.update(data);
      yield { path, data };
    }
    yield { path: `${path}.md5`, data: `${digest.digest("hex")}\n` };
  });
}

/** Hands the chunks on, and after the last `<folder><suffix>` for each top folder, with the folder as its root. */
export function withFolderArchives(chunks: AsyncIterable<Chunk>, suffix: string): AsyncGenerator<Chunk> {
  return followed(chunks, async function* (files) {
    const inFolders = files.filter(({ path }) => path.includes("/"));
    for (const folder of new Set(inFolders.map(({ path }) => path.slice(0, path.indexOf("/"))))) {
      const own = inFolders.filter(({ path }) => path.startsWith(`${folder}/`));
      const folders = new Set(own.flatMap(({ path }) => parents(path)));
      const entries = [
        ...[...folders].map((name) => ({ name })),
        ...own.map(({ path, spool }) => ({ name: path, spool })),
      ];
      for await (const data of compressed(packed(entries))) yield { path: `${folder}${suffix}`, data };
    }
  });
}

/** `a/b/c` → `a/`, `a/b/`. */
function parents(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => `${parts.slice(0, index + 1).join("/")}/`);
}

/** Hands the chunks on, and `after` makes of the whole files. Spools them to a temporary folder, which it removes. */
async function* followed(
  chunks: AsyncIterable<Chunk>,
  after: (files: readonly Spooled[]) => AsyncIterable<Chunk>,
): AsyncGenerator<Chunk> {
  const folder = await mkdtemp(join(tmpdir(), "rulewright-archive-"));
  const spools = new Map<string, number>();
  const spoolPath = (index: number): string => join(folder, String(index));
  try {
    for await (const chunk of chunks) {
      const spool = spools.get(chunk.path) ?? openSync(spoolPath(spools.size), "w");
      spools.set(chunk.path, spool);
      // Into the page cache: a wait for another thread costs more than the copy.
      writeFileSync(spool, chunk.data);
      yield chunk;
    }
    yield* after([...spools.keys()].map((path, index) => ({ path, spool: spoolPath(index) })));
  } finally {
    for (const spool of spools.values()) closeSync(spool);
    await rm(folder, { recursive: true, force: true });
  }
}

async function* packed(entries: readonly Entry[]): AsyncGenerator<Uint8Array> {
  const tar = pack();
  const owner = { mtime: new Date(0), uid: 0, gid: 0 };
  const fill = async (): Promise<void> => {
    for (const { name, spool } of [...entries].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (spool === undefined) {
        tar.entry({ ...owner, name, type: "directory", mode: 0o755 });
        continue;
      }
      const { size } = await stat(spool);
      await pipeline(createReadStream(spool), tar.entry({ ...owner, name, size, mode: 0o644 }) as unknown as Writable);
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

/**
 * RFC 1952: no name, no time, XFL 0, Unix. The check sum is zlib's, which is the same everywhere and costs a
 * twentieth of one in JavaScript.
 */
const GZIP_HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3);

async function* compressed(blocks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let ready: Uint8Array[] = [];
  const deflate = new Deflate({ level: 6 }, (data) => ready.push(data));
  const drained = (): Uint8Array[] => {
    const data = ready;
    ready = [];
    return data.filter(({ length }) => length > 0);
  };
  let sum = 0;
  let bytes = 0;
  yield GZIP_HEADER;
  for await (const block of blocks) {
    sum = crc32(block, sum);
    bytes += block.length;
    deflate.push(block);
    yield* drained();
  }
  deflate.push(new Uint8Array(0), true);
  yield* drained();
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(sum, 0);
  trailer.writeUInt32LE(bytes % 2 ** 32, 4);
  yield trailer;
}
