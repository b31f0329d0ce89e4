import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { file } from "../../../plugins/file/index.ts";
import type { Chunk } from "../../../src/plugin.ts";
import { asyncIterable, describeSink, silentLog, sinkContext } from "../../../src/testing.ts";

const SINK = resolve(import.meta.dirname, "../../../plugins/file/index.ts");
const scratch = mkdtempSync(join(tmpdir(), "rulewright-file-sink-"));
afterAll(() => rm(scratch, { recursive: true, force: true }));
const newFolder = (): string => mkdtempSync(join(scratch, "target-"));

/** Every file below a folder, hidden ones too: path → content. */
async function contentOf(dir: string): Promise<Map<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(
      files.sort().map(async (path) => [relative(dir, path), await readFile(path, "utf8")] as [string, string]),
    ),
  );
}

describeSink(file, {
  runner: { describe, it },
  options: () => ({ path: newFolder() }),
  mediaType: "text/plain",
  read: ({ path }) => contentOf(path as string),
});

interface Settings {
  readonly options?: Record<string, unknown>;
  readonly previous?: readonly string[];
  readonly signal?: AbortSignal;
  readonly warn?: (message: string) => void;
  readonly beforeSwap?: () => Promise<void>;
}

/** Publishes `path → content`, or a stream, into a folder. */
function publish(dir: string, files: Record<string, string> | AsyncIterable<Chunk>, settings: Settings = {}) {
  const chunks =
    Symbol.asyncIterator in files
      ? (files as AsyncIterable<Chunk>)
      : asyncIterable(Object.entries(files).map(([path, data]) => ({ path, data })));
  const { options, warn, ...rest } = settings;
  return file.publish(
    chunks,
    sinkContext(file, {
      options: { path: dir, ...options },
      ...(warn ? { log: { ...silentLog, warn } } : {}),
      ...rest,
    }),
  );
}

const entries = (map: ReadonlyMap<string, string>): Record<string, string> => Object.fromEntries(map);

describe("file: publishing", () => {
  it("creates the folder and says where it is, how many bytes and that it changed", async () => {
    const dir = join(newFolder(), "a/b");
    expect(await publish(dir, { "x.rules": "one\n", "sub/y.lst": "two\n" })).toEqual({
      target: dir,
      changed: true,
      bytes: 8,
    });
    expect(entries(await contentOf(dir))).toEqual({ "x.rules": "one\n", "sub/y.lst": "two\n" });
  });

  it("touches nothing when the bytes are the same", async () => {
    const dir = newFolder();
    await publish(dir, { a: "same", b: "old" });
    const past = new Date("2020-01-01T00:00:00Z");
    for (const name of ["a", "b"]) await utimes(join(dir, name), past, past);
    const inode = (await stat(join(dir, "a"))).ino;
    expect(await publish(dir, { a: "same", b: "new" })).toMatchObject({ changed: true, bytes: 7 });
    expect(await stat(join(dir, "a"))).toMatchObject({ mtime: past, ino: inode });
    expect((await stat(join(dir, "b"))).mtime).not.toEqual(past);
  });

  it("notices one differing byte in a large file of the same size", async () => {
    const dir = newFolder();
    const text = "x".repeat(300_000);
    await publish(dir, { a: text });
    expect((await publish(dir, { a: text })).changed).toBe(false);
    expect((await publish(dir, { a: `${text.slice(0, -1)}y` })).changed).toBe(true);
    expect(await readFile(join(dir, "a"), "utf8")).toBe(`${text.slice(0, -1)}y`);
  });

  it("publishes an empty file and an export without files", async () => {
    const dir = newFolder();
    expect(await publish(dir, { empty: "" })).toMatchObject({ changed: true, bytes: 0 });
    expect(entries(await contentOf(dir))).toEqual({ empty: "" });
    expect(await publish(dir, {})).toMatchObject({ changed: false, bytes: 0 });
  });

  it("publishes thousands of interleaved files with few open at a time", async () => {
    const dir = newFolder();
    const count = 1500;
    const chunks = (async function* () {
      for (const round of ["a", "b"]) {
        for (let n = 0; n < count; n += 1) yield { path: `events/${n}.json`, data: `${round}${n}\n` };
      }
    })();
    let mostOpen = 0;
    const counted = (async function* () {
      for await (const chunk of chunks) {
        if (existsSync("/proc/self/fd")) mostOpen = Math.max(mostOpen, readdirSync("/proc/self/fd").length);
        yield chunk;
      }
    })();
    await publish(dir, counted);
    const held = await contentOf(dir);
    expect(held.size).toBe(count);
    expect(held.get("events/1234.json")).toBe("a1234\nb1234\n");
    expect(mostOpen).toBeLessThan(200);
  });

  it("keeps the mode of a replaced file", async () => {
    const dir = newFolder();
    await publish(dir, { a: "1" });
    await chmod(join(dir, "a"), 0o640);
    await publish(dir, { a: "2" });
    expect((await stat(join(dir, "a"))).mode & 0o777).toBe(0o640);
  });

  it("never shows a reader a missing or half-written file", async () => {
    const dir = newFolder();
    const versions = ["1".repeat(100_000), "2".repeat(100_000)];
    await publish(dir, { a: versions[0] as string });
    let isDone = false;
    const seen = new Set<string>();
    const reading = (async () => {
      while (!isDone) seen.add(await readFile(join(dir, "a"), "utf8"));
    })();
    for (let n = 1; n <= 30; n += 1) await publish(dir, { a: versions[n % 2] as string });
    isDone = true;
    await reading;
    expect([...seen].every((text) => versions.includes(text))).toBe(true);
  });
});

describe("file: files that are no longer produced", () => {
  it("are removed, and folders that this empties", async () => {
    const dir = newFolder();
    await publish(dir, { keep: "1", "old/deep/gone": "2", "shared/gone": "3" });
    await writeFile(join(dir, "shared/analyst.txt"), "mine");
    const published = await publish(dir, { keep: "1" }, { previous: ["keep", "old/deep/gone", "shared/gone"] });
    expect(published.changed).toBe(true);
    expect(entries(await contentOf(dir))).toEqual({ keep: "1", "shared/analyst.txt": "mine" });
    expect(await readdir(dir)).toEqual(["keep", "shared"]);
  });

  it("stay when the export fails", async () => {
    const dir = newFolder();
    await publish(dir, { old: "1" });
    const failing = (async function* (): AsyncGenerator<Chunk> {
      yield { path: "new", data: "half" };
      throw new Error("boom");
    })();
    await expect(publish(dir, failing, { previous: ["old"] })).rejects.toThrow("boom");
    expect(entries(await contentOf(dir))).toEqual({ old: "1" });
  });

  it("are left alone outside the folder, whatever the list says", async () => {
    const dir = join(newFolder(), "inner");
    const outside = join(dir, "../outside.txt");
    await publish(dir, { a: "1" });
    await writeFile(outside, "mine");
    await symlink("..", join(dir, "link"));
    const previous = ["../outside.txt", outside, "link/outside.txt", "missing", "a/../../outside.txt", ""];
    expect((await publish(dir, { a: "1" }, { previous })).changed).toBe(false);
    expect(await readFile(outside, "utf8")).toBe("mine");
  });
});

describe("file: paths", () => {
  it.each([
    "../escape",
    "/etc/escape",
    "a/../../escape",
    "a//b",
    "./a",
    "",
    "a\\b",
    "C:/a",
    "nul\0",
    ".rulewright-x/a",
  ])("refuses %j and leaves nothing behind", async (path) => {
    const dir = newFolder();
    await publish(dir, { good: "1" });
    await expect(publish(dir, { good: "2", [path]: "bad" })).rejects.toThrow("which leaves the folder");
    expect(entries(await contentOf(dir))).toEqual({ good: "1" });
  });

  it("follows no symbolic link out of the folder", async () => {
    const dir = newFolder();
    const outside = newFolder();
    await symlink(outside, join(dir, "sub"));
    await expect(publish(dir, { "a.txt": "1", "sub/new/b.txt": "2" })).rejects.toThrow("through a symbolic link");
    expect(await readdir(outside)).toEqual([]);
    expect(existsSync(join(dir, "a.txt"))).toBe(false);
  });

  it("replaces a link that stands in a file's place, not what it points to", async () => {
    const dir = newFolder();
    const outside = join(newFolder(), "precious");
    await writeFile(outside, "precious");
    await symlink(outside, join(dir, "a"));
    await publish(dir, { a: "precious" });
    expect(await readFile(outside, "utf8")).toBe("precious");
    expect((await stat(join(dir, "a"))).ino).not.toBe((await stat(outside)).ino);
  });

  it("lets the folder itself be a link", async () => {
    const real = newFolder();
    const dir = join(newFolder(), "current");
    await symlink(real, dir);
    await publish(dir, { "sub/a": "1" });
    expect(entries(await contentOf(real))).toEqual({ "sub/a": "1" });
  });
});

describe("file: check", () => {
  const versions = async (dir: string) => entries(await contentOf(dir));

  it("gets the staged folder of an export with one file", async () => {
    const dir = newFolder();
    const log = join(newFolder(), "log");
    await publish(dir, { "a.rules": "alert\n" }, { options: { check: `cp {path}/a.rules "${log}"` } });
    expect(await readFile(log, "utf8")).toBe("alert\n");
    expect(await versions(dir)).toEqual({ "a.rules": "alert\n" });
  });

  it("gets the staged folder of an export with several files, also those that did not change", async () => {
    const dir = newFolder();
    const copy = join(newFolder(), "copy");
    await publish(dir, { "a.rules": "1" });
    await publish(dir, { "a.rules": "1", "sub/b.lst": "2" }, { options: { check: `cp -r {path} '${copy}'` } });
    expect(await versions(copy)).toEqual({ "a.rules": "1", "sub/b.lst": "2" });
  });

  it("is refused with the command's output, and the previous content stands", async () => {
    const dir = newFolder();
    await publish(dir, { "a.rules": "good" });
    const check = `sh -c "echo parse error in line 1; echo see manual >&2; exit 3" {path}`;
    const refused = publish(dir, { "a.rules": "bad", "new/b": "bad" }, { options: { check } });
    await expect(refused).rejects.toMatchObject({
      name: "CheckFailed",
      message: expect.stringMatching(
        /^The check exited with 3; the previous files stand\..*\n.*parse error in line 1/s,
      ),
    });
    await expect(refused).rejects.toThrow("see manual");
    expect(await versions(dir)).toEqual({ "a.rules": "good" });
    expect(await readdir(dir)).toEqual(["a.rules"]);
  });

  it("removes a folder that it had created when the check fails", async () => {
    const parent = newFolder();
    await expect(publish(join(parent, "x/y"), { a: "1" }, { options: { check: "false" } })).rejects.toThrow(
      "exited with 1",
    );
    expect(await readdir(parent)).toEqual([]);
  });

  it("names a command that does not exist", async () => {
    const dir = newFolder();
    await expect(publish(dir, { a: "1" }, { options: { check: "no-such-engine -T {path}" } })).rejects.toMatchObject({
      name: "CheckFailed",
      message: expect.stringContaining("no-such-engine was not found"),
    });
    expect(await readdir(dir)).toEqual([]);
  });

  it("is ended with its children after the time limit", async () => {
    const dir = newFolder();
    const started = Date.now();
    await expect(
      publish(
        dir,
        { a: "1" },
        { options: { check: `sh -c "sleep 60 & echo started; sleep 60"`, checkTimeoutSeconds: 0.3 } },
      ),
    ).rejects.toMatchObject({
      name: "CheckFailed",
      message: expect.stringMatching(/did not end within 0\.3 s.*started/s),
    });
    expect(Date.now() - started).toBeLessThan(10_000);
    expect(await readdir(dir)).toEqual([]);
  });

  it("is ended together with what it started", async () => {
    const check = `sh -c "sleep 60 & echo child $!; wait"`;
    const refused = await publish(newFolder(), { a: "1" }, { options: { check, checkTimeoutSeconds: 0.5 } }).catch(
      String,
    );
    const pid = Number(/child (\d+)/.exec(refused as string)?.[1]);
    expect(pid).toBeGreaterThan(0);
    expect(isRunning(pid)).toBe(false);
  });

  it("is ended by an abort", async () => {
    const dir = newFolder();
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    await expect(
      publish(dir, { a: "1" }, { options: { check: "sleep 60" }, signal: controller.signal }),
    ).rejects.toThrow(/aborted/);
    expect(await readdir(dir)).toEqual([]);
  });

  it("gets a path with spaces and quotes as one argument", async () => {
    const dir = join(newFolder(), `a 'b' "c" $(d)`);
    await publish(dir, { a: "1" }, { options: { check: "test -d {path}" } });
    expect(await versions(dir)).toEqual({ a: "1" });
  });

  it("gets an empty folder when an export has no files any more", async () => {
    const dir = newFolder();
    await publish(dir, { a: "1" });
    await publish(dir, {}, { previous: ["a"], options: { check: "test -d {path}" } });
    expect(await readdir(dir)).toEqual([]);
  });

  it("does not run when nothing changed", async () => {
    const dir = newFolder();
    await publish(dir, { a: "1" });
    expect((await publish(dir, { a: "1" }, { options: { check: "false" } })).changed).toBe(false);
  });
});

describe("file: together with other exports", () => {
  /** What stands in the folder, without the staging area, and how many staging areas there are. */
  const visible = async (dir: string) => {
    const names = await readdir(dir);
    return {
      files: names.filter((name) => !name.startsWith(".rulewright-")),
      staged: names.filter((name) => name.startsWith(".rulewright-")).length,
    };
  };

  it("waits when everything is staged and checked, and shows nothing before", async () => {
    const dir = newFolder();
    const checked = join(newFolder(), "checked");
    await publish(dir, { a: "old", gone: "old" });
    const seen: unknown[] = [];
    await publish(
      dir,
      { a: "new", "sub/b": "new" },
      {
        previous: ["gone"],
        options: { check: `touch ${checked}` },
        beforeSwap: async () => {
          seen.push(await visible(dir), await readFile(join(dir, "a"), "utf8"), existsSync(checked));
        },
      },
    );
    expect(seen).toEqual([{ files: ["a", "gone"], staged: 1 }, "old", true]);
    expect(entries(await contentOf(dir))).toEqual({ a: "new", "sub/b": "new" });
  });

  it("removes what it staged and leaves the folder as it was when the others fail", async () => {
    const dir = newFolder();
    await publish(dir, { a: "old", gone: "old" });
    const beforeSwap = () => Promise.reject(new Error("another export failed"));
    await expect(publish(dir, { a: "new", "sub/b": "new" }, { previous: ["gone"], beforeSwap })).rejects.toThrow(
      /^another export failed$/,
    );
    expect(await visible(dir)).toEqual({ files: ["a", "gone"], staged: 0 });
    expect(entries(await contentOf(dir))).toEqual({ a: "old", gone: "old" });
  });

  it("removes a folder that it had created when the others fail", async () => {
    const parent = newFolder();
    const beforeSwap = () => Promise.reject(new Error("another export failed"));
    await expect(publish(join(parent, "x/y"), { a: "1" }, { beforeSwap })).rejects.toThrow("another export failed");
    expect(await readdir(parent)).toEqual([]);
  });

  it("waits for them also when nothing changed", async () => {
    const dir = newFolder();
    await publish(dir, { a: "same" });
    let waited = 0;
    const beforeSwap = async () => {
      waited += 1;
    };
    expect((await publish(dir, { a: "same" }, { beforeSwap })).changed).toBe(false);
    expect(waited).toBe(1);
    await expect(
      publish(dir, { a: "same" }, { beforeSwap: () => Promise.reject(new Error("another export failed")) }),
    ).rejects.toThrow("another export failed");
    expect(entries(await contentOf(dir))).toEqual({ a: "same" });
  });

  it("does not wait when its own check or stream failed, or after an abort", async () => {
    let waited = 0;
    const beforeSwap = async () => {
      waited += 1;
    };
    const failing = (async function* (): AsyncGenerator<Chunk> {
      yield { path: "a", data: "half" };
      throw new Error("boom");
    })();
    await expect(publish(newFolder(), failing, { beforeSwap })).rejects.toThrow("boom");
    await expect(publish(newFolder(), { a: "1" }, { beforeSwap, options: { check: "false" } })).rejects.toThrow(
      "exited with 1",
    );
    await expect(publish(newFolder(), { a: "1" }, { beforeSwap, signal: AbortSignal.abort() })).rejects.toThrow();
    expect(waited).toBe(0);
  });

  it("goes through with the swap when an abort comes while the others swap", async () => {
    const dir = newFolder();
    const controller = new AbortController();
    const beforeSwap = async () => controller.abort();
    await publish(dir, { a: "1", b: "2" }, { beforeSwap, signal: controller.signal });
    expect(entries(await contentOf(dir))).toEqual({ a: "1", b: "2" });
  });
});

describe("file: failures", () => {
  it("puts back what was replaced when a later file cannot be", async () => {
    const dir = newFolder();
    await publish(dir, { a: "old", c: "old" });
    await mkdir(join(dir, "d/not-empty"), { recursive: true });
    await expect(publish(dir, { a: "new", b: "new", "e/f": "new", d: "new" })).rejects.toThrow(
      "is a folder where a file is to be published",
    );
    expect(entries(await contentOf(dir))).toEqual({ a: "old", c: "old" });
    expect(await readdir(dir)).toEqual(["a", "c", "d"]);
  });

  it("says that a file stands where the folder should be", async () => {
    const path = join(newFolder(), "taken");
    await writeFile(path, "mine");
    await expect(publish(path, { a: "1" })).rejects.toThrow(/Cannot publish to .*taken: a file stands where a folder/);
    expect(await readFile(path, "utf8")).toBe("mine");
  });

  it("leaves nothing behind of a stream that is aborted without noticing", async () => {
    const dir = newFolder();
    const controller = new AbortController();
    const endless = (async function* (): AsyncGenerator<Chunk> {
      for (let n = 0; ; n += 1) {
        if (n === 3) controller.abort();
        yield { path: `${n}.txt`, data: `${n}\n` };
      }
    })();
    await expect(publish(dir, endless, { signal: controller.signal })).rejects.toThrow(/aborted/);
    expect(await readdir(dir)).toEqual([]);
  });

  it("clears up after a publication that was killed, and keeps what was published", async () => {
    const dir = newFolder();
    await publish(dir, { a: "old" });
    const script = `
      import { file } from ${JSON.stringify(SINK)};
      async function* chunks() {
        yield { path: "a", data: "x".repeat(200000) };
        process.stdout.write("staged");
        await new Promise((done) => setTimeout(done, 60000));
      }
      await file.publish(chunks(), {
        options: { path: ${JSON.stringify(dir)}, checkTimeoutSeconds: 1 }, mediaType: "text/plain",
        log: { debug() {}, info() {}, warn() {} }, signal: new AbortController().signal, previous: [],
      });
    `;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = new Promise((done) => child.once("close", done));
    await new Promise((done) => child.stdout.once("data", done));
    child.kill("SIGKILL");
    await ended;
    expect(readFileSync(join(dir, "a"), "utf8")).toBe("old");
    expect(readdirSync(dir)).toHaveLength(2);
    await publish(dir, { a: "old" });
    expect(readdirSync(dir)).toEqual(["a"]);
  });

  it("lets two publications into one folder run at once", async () => {
    const dir = newFolder();
    await Promise.all([publish(dir, { a: "1" }), publish(dir, { b: "2" })]);
    expect(entries(await contentOf(dir))).toEqual({ a: "1", b: "2" });
  });

  const canMount = process.platform === "linux" && process.getuid?.() === 0;
  const withTmpfs = async (options: string, body: (dir: string) => Promise<void>): Promise<void> => {
    const dir = newFolder();
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", dir]);
    expect(mounted.status, String(mounted.stderr)).toBe(0);
    try {
      await body(dir);
    } finally {
      spawnSync("umount", [dir]);
    }
  };
  const isMountAllowed = ((): boolean => {
    if (!canMount) return false;
    const dir = newFolder();
    if (spawnSync("mount", ["-t", "tmpfs", "tmpfs", dir]).status !== 0) return false;
    return spawnSync("umount", [dir]).status === 0;
  })();
  const itMounts = isMountAllowed
    ? (name: string, body: () => Promise<void>) => it(name, body)
    : (name: string) => it.skip(`${name} (skipped: needs root and the right to mount)`, () => {});

  itMounts("says that the disk is full, and the previous content stands", () =>
    withTmpfs("size=256k", async (dir) => {
      await publish(dir, { a: "old" });
      await expect(publish(dir, { a: "x".repeat(1_000_000) })).rejects.toThrow(
        /^Cannot publish to .*: no space left; free some or publish to another disk\. The previous files stand\.$/,
      );
      expect(entries(await contentOf(dir))).toEqual({ a: "old" });
    }),
  );

  itMounts("says that the file system is read-only", () =>
    withTmpfs("size=256k", async (dir) => {
      await publish(dir, { a: "old" });
      expect(spawnSync("mount", ["-o", "remount,ro", dir]).status).toBe(0);
      await expect(publish(dir, { a: "new" })).rejects.toThrow("the file system is read-only");
      expect(entries(await contentOf(dir))).toEqual({ a: "old" });
    }),
  );

  itMounts("says that a folder inside is another file system, and puts back the rest", async () => {
    const dir = newFolder();
    await publish(dir, { a: "old" });
    await mkdir(join(dir, "sub"));
    expect(spawnSync("mount", ["-t", "tmpfs", "tmpfs", join(dir, "sub")]).status).toBe(0);
    try {
      await expect(publish(dir, { a: "new", "sub/b": "new" })).rejects.toThrow("on another file system");
      expect(entries(await contentOf(dir))).toEqual({ a: "old" });
    } finally {
      spawnSync("umount", [join(dir, "sub")]);
    }
  });

  it("says that the folder is not writable", async ({ skip }) => {
    const dir = newFolder();
    await publish(dir, { a: "old" });
    await chmod(dir, 0o555);
    if (process.getuid?.() !== 0) {
      await expect(publish(dir, { a: "new" })).rejects.toThrow(/^Cannot publish to .*: permission denied/);
    } else {
      // Root may write anywhere: publish as somebody else.
      await chmod(scratch, 0o755);
      const nobody = { uid: 65_534, gid: 65_534, encoding: "utf8" } as const;
      const canRead = spawnSync(
        process.execPath,
        ["-e", `require("fs").readFileSync(${JSON.stringify(SINK)})`],
        nobody,
      );
      if (canRead.status !== 0) skip("only root may read this checkout");
      const run = spawnSync(process.execPath, ["--input-type=module", "-e", publishScript(dir)], nobody);
      expect(run.stdout).toMatch(/^Cannot publish to .*: permission denied/);
    }
    expect(entries(await contentOf(dir))).toEqual({ a: "old" });
  });

  it("keeps the error of the export itself as it is", async () => {
    const failing = (async function* (): AsyncGenerator<Chunk> {
      yield { path: "a", data: "half" };
      throw Object.assign(new Error("the store is gone"), { code: "EACCES" });
    })();
    await expect(publish(newFolder(), failing)).rejects.toThrow(/^the store is gone$/);
  });
});

/** Whether a process runs; a killed one may stay in the table until its new parent asks for it. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !existsSync(`/proc/${pid}/stat`) || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** A program that publishes `a` and prints why it could not. */
function publishScript(dir: string): string {
  return `
    import { file } from ${JSON.stringify(SINK)};
    async function* chunks() {
      yield { path: "a", data: "new" };
    }
    await file.publish(chunks(), {
      options: { path: ${JSON.stringify(dir)}, checkTimeoutSeconds: 1 }, mediaType: "text/plain",
      log: { debug() {}, info() {}, warn() {} }, signal: new AbortController().signal, previous: [],
    }).catch((error) => process.stdout.write(error.message));
  `;
}
