import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { type ReadProblem, readDocuments } from "../../src/vt/read.ts";

/** Two lines of NDJSON as bzip2 writes them, and a tar.bz2 with two such members uncompressed. */
const BATCH = "QlpoOTFBWSZTWR0zhC0AAAlZgAAQEAAwEAIlAAogACEqaYg/UIBppoTgnSxE2J4XBdyRThQkB0zhC0A=";
const HOURLY_BATCH =
  "QlpoOTFBWSZTWXqMCxUAAJXbgcrQUAD1kAAgemUeCgCACAggAJAxkxNMJpiYCaYAqiKmR6m0nkE9NAn6nqT3uxxVlOEgnZEQhl8d2TAzYtj5QhIn0S1PR2cW1nKG1JDRRCtX7TJorzUZsnNgwjQoWdmt6rHlY+ixZddRd7XcGrgiD/F3JFOFCQeowLFQ";

/** An empty member, a broken one and a good one. */
const BROKEN_BATCH =
  "QlpoOTFBWSZTWQvjV2gAAKvbgMuQUAD9kAAgem2eCgkIIACShlQaGgaAAA2p6gikiaD1PSNBiGgND9SlKDWZQKz0oKXWR4bmY218JM3UokARAZknqZmTybBDQwK4slbameFUojGq+Ut644tMrc4ANBGC88Fny3sO498LwlI1QdIXKVMRVuzjDveiH8XckU4UJAL41doA";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rulewright-read-"));
});

async function read(
  paths: readonly string[] = [folder],
  stdin?: Readable,
): Promise<{ values: unknown[]; problems: ReadProblem[]; lines: (number | undefined)[] }> {
  const problems: ReadProblem[] = [];
  const values: unknown[] = [];
  const lines: (number | undefined)[] = [];
  for await (const { value, line } of readDocuments({
    paths,
    onProblem: (problem) => problems.push(problem),
    ...(stdin ? { stdin } : {}),
  })) {
    values.push(value);
    lines.push(line);
  }
  return { values, problems, lines };
}

const write = (name: string, content: string | Buffer): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

describe("readDocuments", () => {
  it("reads folders recursively in sorted order, JSON only", async () => {
    mkdirSync(join(folder, "b"));
    write("c.json", "3");
    write("a.json", "1");
    write("b/x.json", "2");
    write("notes.txt", "no");
    expect((await read()).values).toEqual([1, 2, 3]);
  });

  it("reads NDJSON line by line and numbers the lines", async () => {
    write("a.ndjson", '{"n":1}\n\n{"n":2}\n');
    expect(await read()).toEqual({ values: [{ n: 1 }, { n: 2 }], lines: [1, 3], problems: [] });
  });

  it("keeps the good lines around a broken one, wherever it stands", async () => {
    write("a.ndjson", '{"n":\n{"n":2}\n{"n":3');
    const { values, problems } = await read();
    expect(values).toEqual([{ n: 2 }]);
    expect(problems.map(({ line }) => line)).toEqual([1, 3]);
  });

  it("reads a large array a few elements at a time, whatever its strings hold", async () => {
    const elements = Array.from({ length: 3000 }, (_, n) => ({ n, text: `"]},[{\\ä\u0001${"x".repeat(8000)}` }));
    write("a.json", `\ufeff \n${JSON.stringify(elements, undefined, 1)}\n`);
    const { values, problems } = await read();
    expect(problems).toEqual([]);
    expect(values.length).toBeGreaterThan(10);
    expect(values.flat()).toEqual(elements);
  });

  it("takes what stands before the place where a large array is cut off", async () => {
    const elements = Array.from({ length: 3000 }, (_, n) => ({ n, text: "x".repeat(8000) }));
    write("a.json", JSON.stringify(elements).slice(0, -20));
    const { values, problems } = await read();
    expect(problems.map(({ reason }) => reason)).toEqual(["not JSON: the array has no end; the file may be cut off"]);
    const taken = values.flat();
    expect(taken).toEqual(elements.slice(0, taken.length));
    expect(taken.length).toBeGreaterThan(2500);
  });

  it("reads lines that are arrays, however large the file", async () => {
    const line = JSON.stringify(["x".repeat(5000)]);
    write("a.ndjson", `${line}\n`.repeat(4000));
    const { values, problems, lines } = await read();
    expect([values.length, lines[0], lines.at(-1), problems]).toEqual([4000, 1, 4000, []]);
  });

  it("names a broken file with the reason and goes on", async () => {
    write("a.json", '{"truncated": [1, 2');
    write("b.json", "{}");
    const { values, problems } = await read();
    expect(values).toEqual([{}]);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.source).toContain("a.json");
    expect(problems[0]?.reason).toMatch(/^not JSON: /);
  });

  it("takes a byte order mark, CRLF and Latin-1", async () => {
    write("a.json", Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{"a":1}\r\n')]));
    write("b.json", Buffer.from('{"b":"caf\xe9"}', "latin1"));
    expect((await read()).values).toEqual([{ a: 1 }, { b: "café" }]);
  });

  it("survives deep nesting", async () => {
    write("a.json", `${"[".repeat(200_000)}${"]".repeat(200_000)}`);
    write("b.json", "1");
    const { values, problems } = await read();
    expect(values.length + problems.length).toBe(2);
  });

  it("says what is wrong with an empty file, a folder in place of one, a dangling link and UTF-16", async () => {
    write("empty.json", "");
    symlinkSync(join(folder, "nowhere"), join(folder, "link.json"));
    write("wide.json", Buffer.from("\ufeff{}", "utf16le"));
    const { problems } = await read();
    expect(problems.map(({ reason }) => reason)).toEqual([
      "there is nothing in it",
      "no regular file (a pipe, a device or a dangling link)",
      "the file is UTF-16: save it as UTF-8",
    ]);
  });

  it("reads standard input, pretty or by lines, in any chunks", async () => {
    const pretty = Readable.from([Buffer.from('{\n  "a"'), Buffer.from(": 1\n}\n")]);
    expect((await read(["-"], pretty)).values).toEqual([{ a: 1 }]);
    const lines = Readable.from([Buffer.from('{"a":1}\n{"b"'), Buffer.from(":2}")]);
    expect((await read(["-"], lines)).values).toEqual([{ a: 1 }, { b: 2 }]);
  });

  it("reads gzip, bzip2 and tar.bz2 batches", async () => {
    write("a.json.gz", gzipSync('{"gz":1}'));
    write("b.bz2", Buffer.from(BATCH, "base64"));
    write("c.tar.bz2", Buffer.from(HOURLY_BATCH, "base64"));
    const { values, problems } = await read();
    expect(problems).toEqual([]);
    expect(values).toEqual([{ gz: 1 }, { line: 1 }, { line: 2 }, { line: 1 }, { line: 2 }, { line: 1 }, { line: 2 }]);
  });

  it("names a damaged archive and goes on", async () => {
    write("a.bz2", "BZh9 not really");
    write("b.tar.bz2", "BZh9 not really");
    write("c.json", "1");
    const { values, problems } = await read();
    expect(values).toEqual([1]);
    expect(problems).toHaveLength(2);
  });

  it("names a broken member of a batch and reads the others", async () => {
    write("c.tar.bz2", Buffer.from(BROKEN_BATCH, "base64"));
    const { values, problems } = await read();
    expect(values).toEqual([{ line: 1 }, { line: 2 }]);
    expect(problems.map(({ source }) => source.split("!")[1])).toEqual(["batch/1", "batch/2"]);
  });

  it("does not wait for a pipe in a folder and does not read what we wrote", async () => {
    execFileSync("mkfifo", [join(folder, "pipe.json")]);
    mkdirSync(join(folder, "out"));
    write("out/manifest.json", '{"exports": [], "decisions": {}}');
    write("out/rulewright.event.json", '{"Event": {}}');
    const { values, problems } = await read();
    expect(values).toEqual([]);
    expect(problems.map(({ reason }) => reason)).toEqual(["no regular file (a pipe, a device or a dangling link)"]);
  });

  it("throws for a path that is not there", async () => {
    await expect(read([join(folder, "missing")])).rejects.toMatchObject({ code: "INPUT_MISSING" });
  });
});
