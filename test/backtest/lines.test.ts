import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { LineSplitter, LONGEST_LINE } from "../../src/backtest/lines.ts";
import { onlySource } from "./support.ts";

const LINE = `${JSON.stringify({ event_type: "tls", timestamp: "2026-11-03T10:00:00Z", tls: { sni: "evil.test" } })}\n`;

describe("lines", () => {
  function split(chunks: readonly string[]): string[] {
    const lines: string[] = [];
    const splitter = new LineSplitter({
      line: (bytes, start, end, number) => lines.push(`${number}:${bytes.toString("utf8", start, end)}`),
      tooLong: (number) => lines.push(`${number} too long`),
    });
    for (const chunk of chunks) splitter.push(Buffer.from(chunk));
    splitter.end();
    return lines;
  }

  it("splits at newlines wherever the chunks end", () => {
    const text = "\ufeffone\r\ntwo\n\nfoür\nlast";
    const wanted = ["1:one", "2:two", "4:foür", "5:last"];
    for (let size = 1; size <= text.length; size += 1) {
      const bytes = Buffer.from(text);
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
      const lines: string[] = [];
      const splitter = new LineSplitter({
        line: (own, start, end, number) => lines.push(`${number}:${own.toString("utf8", start, end)}`),
        tooLong: () => {},
      });
      for (const chunk of chunks) splitter.push(chunk);
      splitter.end();
      expect(lines).toEqual(wanted);
    }
  });

  it("passes over a line too long to be a record, and reads on", () => {
    const huge = "x".repeat(LONGEST_LINE / 4);
    expect(split(["a\n", huge, huge, huge, huge, "y\nb\n"])).toEqual(["1:a", "2 too long", "3:b"]);
    expect(split([huge, huge, huge, huge, "y"])).toEqual(["1 too long"]);
  });
});

describe("content", () => {
  it("reads gzip, of several members too, by its bytes", async () => {
    const packed = Buffer.concat([gzipSync(LINE), gzipSync(LINE + LINE)]);
    expect(await onlySource(packed)).toMatchObject({ events: 3, unreadable: 0 });
  });

  it("keeps what came before the end of a gzip file cut short", async () => {
    const packed = gzipSync(Array.from({ length: 20_000 }, (_, n) => LINE.replace("evil", `e${n}`)).join(""));
    const source = await onlySource(packed.subarray(0, packed.length / 2));
    expect(source.events).toBeGreaterThan(1000);
    expect(source).toMatchObject({
      unreadable: 1,
      problems: ["the gzip file ends early: what came before was read"],
    });
  });

  it("keeps what came before damage in a gzip file", async () => {
    const packed = gzipSync(LINE.repeat(3));
    packed.writeUInt32LE(0, packed.length - 8);
    const { problems } = await onlySource(packed);
    expect(problems).toEqual(["the gzip file is damaged: what came before was read"]);
  });

  it("counts broken lines and names the first five", async () => {
    const broken = Array.from({ length: 7 }, () => "{broken\n").join("");
    expect(await onlySource(`${LINE}${broken}[]\n5\n{"a":1}\n${LINE}`)).toMatchObject({
      events: 2,
      unreadable: 10,
      problems: [2, 3, 4, 5, 6].map((line) => `line ${line}: not JSON`),
    });
  });

  it("recognises a format behind broken lines", async () => {
    expect(await onlySource(`garbage\n{"half":\n${LINE}`)).toMatchObject({
      description: "eve.json",
      events: 1,
      unreadable: 2,
    });
  });

  it("gives up on what is no log", async () => {
    const source = await onlySource(Buffer.from(Array.from({ length: 5000 }, (_, n) => `word ${n}\n`).join("")));
    expect(source).toMatchObject({ description: "not recognised", events: 0, unreadable: 100 });
    expect(source.problems[0]).toBe(
      "line 1: no format that is known; say it with --eve, --zeek, --dns or --proxy, and name columns with --columns",
    );
  });

  it("says how to read a JSON array, a capture, and what is not of the format that was said", async () => {
    expect((await onlySource("[{}]\n")).problems).toEqual([
      "line 1: a JSON array: write one object a line, as jq -c '.[]' does",
    ]);
    expect((await onlySource(Buffer.from("0a0d0d0a1c000000", "hex"))).problems).toEqual([
      "a packet capture: give it with --pcap",
    ]);
    expect((await onlySource(Buffer.from("\ufeff{}", "utf16le"))).problems).toEqual([
      "the file is UTF-16: save it as UTF-8",
    ]);
    expect((await onlySource("a,b\n", { format: "eve" })).problems).toEqual(["line 1: no line of an eve.json"]);
    expect((await onlySource('{"a":1}\n', { format: "eve" })).problems).toEqual([
      "line 1: no event of eve.json: it has no event_type",
    ]);
  });

  it("reads nothing out of nothing", async () => {
    expect(await onlySource("")).toMatchObject({ events: 0, irrelevant: 0, unreadable: 0, problems: [] });
    expect(await onlySource("\n\n")).toMatchObject({ events: 0, unreadable: 0 });
  });
});
