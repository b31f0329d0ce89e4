import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { gunzipSync } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { describe, expect, it } from "vitest";
import { withArchive } from "../../src/export/archive.ts";
import type { Chunk } from "../../src/plugin.ts";
import { asyncIterable } from "../../src/testing.ts";

async function archived(chunks: Iterable<Chunk>): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for await (const { path, data } of withArchive(asyncIterable(chunks), "mine")) {
    files.set(path, Buffer.concat([files.get(path) ?? Buffer.alloc(0), Buffer.from(data)]));
  }
  return files;
}

async function entriesOf(archive: Buffer): Promise<{ header: Header; text: string }[]> {
  const entries: { header: Header; text: string }[] = [];
  const tar = extract();
  tar.end(gunzipSync(archive));
  for await (const entry of tar) {
    const parts: Buffer[] = [];
    for await (const part of entry) parts.push(part as Buffer);
    entries.push({ header: entry.header, text: Buffer.concat(parts).toString() });
  }
  return entries;
}

const CHUNKS: readonly Chunk[] = [
  { path: "b.rules", data: "one\n" },
  { path: "a.lst", data: "" },
  { path: "b.rules", data: Buffer.from("two\n") },
];

describe("an archive", () => {
  it("hands the files on and holds them as regular files under rules/, sorted, with fixed times", async () => {
    const files = await archived(CHUNKS);
    expect([...files.keys()]).toEqual(["b.rules", "a.lst", "mine.tar.gz", "mine.tar.gz.md5"]);
    expect(String(files.get("b.rules"))).toBe("one\ntwo\n");
    const entries = await entriesOf(files.get("mine.tar.gz") as Buffer);
    expect(
      entries.map(({ header: { name, type, mode, mtime, uid }, text }) => [
        name,
        type,
        mode,
        mtime?.getTime(),
        uid,
        text,
      ]),
    ).toEqual([
      ["rules/a.lst", "file", 0o644, 0, 0, ""],
      ["rules/b.rules", "file", 0o644, 0, 0, "one\ntwo\n"],
    ]);
  });

  it("comes with its digest and nothing else in the file, and is the same every time", async () => {
    const [first, second] = [await archived(CHUNKS), await archived(CHUNKS)];
    const archive = first.get("mine.tar.gz") as Buffer;
    expect(String(first.get("mine.tar.gz.md5"))).toBe(`${createHash("md5").update(archive).digest("hex")}\n`);
    expect(second.get("mine.tar.gz")).toEqual(archive);
  });

  it("holds a large file whole", async () => {
    const line = `${"x".repeat(1023)}\n`;
    const files = await archived(Array.from({ length: 3000 }, () => ({ path: "big.rules", data: line })));
    const [entry] = await entriesOf(files.get("mine.tar.gz") as Buffer);
    expect(entry?.text).toBe(line.repeat(3000));
  });

  it("leaves no temporary folder, be it whole, cut off or failed", async () => {
    const spools = () => readdirSync(tmpdir()).filter((name) => name.startsWith("rulewright-archive-")).length;
    const before = spools();
    await archived(CHUNKS);
    for await (const _ of withArchive(asyncIterable(CHUNKS), "mine")) break;
    const failing = (async function* (): AsyncGenerator<Chunk> {
      yield CHUNKS[0] as Chunk;
      throw new Error("boom");
    })();
    await expect(Array.fromAsync(withArchive(failing, "mine"))).rejects.toThrow("boom");
    expect(spools()).toBe(before);
  });
});
