import { spawn, spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { streamSink } from "../../../plugins/stdout/index.ts";
import type { Chunk } from "../../../src/plugin.ts";
import { asyncIterable, describeSink, sinkContext } from "../../../src/testing.ts";

let written = "";
describeSink(
  streamSink(() => {
    written = "";
    return new Writable({
      write(chunk, _, done) {
        written += String(chunk);
        done();
      },
    });
  }),
  {
    runner: { describe, it },
    options: () => ({}),
    mediaType: "text/csv",
    read: async () => new Map([["a.txt", written]]),
    knowsChanges: false,
  },
);

function publish(stream: Writable, chunks: AsyncIterable<Chunk>, signal = new AbortController().signal) {
  const sink = streamSink(() => stream);
  return sink.publish(chunks, sinkContext(sink, { mediaType: "text/csv", signal }));
}

/** Runs the real sink on the real standard output of a process of its own. */
const SCRIPT = `
  import { stdout } from ${JSON.stringify(resolve(import.meta.dirname, "../../../plugins/stdout/index.ts"))};
  async function* chunks() {
    for (let n = 0; n < Number(process.argv[1]); n += 1) yield { path: "a.txt", data: "x".repeat(1023) + "\\n", rows: 1 };
  }
  const published = await stdout.publish(chunks(), {
    options: {}, mediaType: "text/csv", log: { debug() {}, info() {}, warn() {} },
    signal: new AbortController().signal, previous: [],
  });
  process.stderr.write(published.target + " " + published.bytes);
`;

describe("stdout", () => {
  it("writes text and bytes unchanged", async () => {
    const stream = new PassThrough();
    await publish(
      stream,
      asyncIterable([
        { path: "a", data: "\u00e9\n" },
        { path: "a", data: new Uint8Array([0, 255]) },
      ]),
    );
    expect(stream.read()).toEqual(Buffer.from([0xc3, 0xa9, 0x0a, 0x00, 0xff]));
  });

  it("refuses a second file before anything of it is written", async () => {
    const stream = new PassThrough();
    await expect(
      publish(
        stream,
        asyncIterable([
          { path: "a.rules", data: "first\n" },
          { path: "b.lst", data: "second\n" },
        ]),
      ),
    ).rejects.toThrow("Standard output takes one file, and this export has several (a.rules, b.lst)");
    expect(String(stream.read())).toBe("first\n");
  });

  it("delivers everything to a slow pipe", () => {
    const { stdout, stderr } = spawnSync(
      "sh",
      ["-c", '"$0" --input-type=module -e "$1" 3000 | (sleep 0.2; wc -c)', process.execPath, SCRIPT],
      { encoding: "utf8" },
    );
    expect(stdout.trim()).toBe("3072000");
    expect(stderr).toContain("standard output 3072000");
  });

  it("ends quietly when the reader has had enough", async () => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", SCRIPT, "1000000"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    child.stdout.once("data", () => child.stdout.destroy());
    const code = await new Promise((done) => child.once("close", done));
    expect(stderr).toMatch(/^standard output \d+$/);
    expect(code).toBe(0);
  });

  it("reports other write errors", async () => {
    const stream = new Writable({
      write(_, __, done) {
        done(Object.assign(new Error("no space left"), { code: "ENOSPC" }));
      },
    });
    await expect(publish(stream, asyncIterable([{ path: "a", data: "x" }]))).rejects.toThrow("no space left");
  });

  it("stops at once when aborted, though the reader stalls", async () => {
    const controller = new AbortController();
    const stalled = new Writable({ write() {} });
    const publishing = publish(stalled, asyncIterable([{ path: "a", data: "x" }]), controller.signal);
    setTimeout(() => controller.abort(), 20);
    await expect(publishing).rejects.toThrow(/aborted/);
  });

  it("leaves no listener on the stream", async () => {
    const stream = new PassThrough();
    await publish(stream, asyncIterable([{ path: "a", data: "x" }]));
    expect(stream.listenerCount("error")).toBe(0);
  });
});
