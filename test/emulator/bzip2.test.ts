import { describe, expect, it } from "vitest";
import { bzip2 } from "../../src/emulator/bzip2.ts";
import { seededRandom } from "../../src/emulator/random.ts";
import { unpack } from "./support.ts";

describe("bzip2", () => {
  const random = seededRandom("bzip2");
  const noise = Buffer.from(Array.from({ length: 130_000 }, () => random.int(0, 255)));
  const json = Buffer.from(
    Array.from(
      { length: 4000 },
      (_, at) => `${JSON.stringify({ at, name: `Größe ${random.hex(12)}`, list: [1, 2, 3] })}\n`,
    ).join(""),
  );

  it.each([
    ["one byte", Buffer.from("a")],
    ["a word", Buffer.from("banana")],
    [
      "runs of every length to 600",
      Buffer.from(Array.from({ length: 600 }, (_, at) => String.fromCharCode(97 + (at % 3)).repeat(at)).join("")),
    ],
    ["one long run over several blocks", Buffer.alloc(30_000_000, 0x41).subarray(0, 3_000_000)],
    ["a period, all rotations of which are equal", Buffer.from("ab".repeat(50_000))],
    ["every byte, without a pattern, over two blocks", noise],
    ["lines of JSON over several blocks", json],
  ])("gives back %s", async (_what, data) => {
    expect((await unpack(bzip2(data))).equals(data)).toBe(true);
  });

  it("has the standard empty stream for nothing", () => {
    expect(bzip2(Buffer.alloc(0)).toString("hex")).toBe("425a683117724538509000000000");
  });

  it("does compress", () => {
    expect(bzip2(json).length).toBeLessThan(json.length / 4);
  });
});
