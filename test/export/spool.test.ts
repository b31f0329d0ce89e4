/** The spool that exporters group with, over SQLite's temporary database. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSpools } from "../../src/export/spool.ts";
import type { SpoolRecord } from "../../src/plugin.ts";

async function spooled(records: readonly SpoolRecord[], batch = 3): Promise<SpoolRecord[]> {
  const spools = createSpools();
  const spool = spools.open();
  for (let from = 0; from < records.length; from += batch) await spool.put(records.slice(from, from + batch));
  const read = await Array.fromAsync(spool.read());
  spools.close();
  return read;
}

describe("the spool", () => {
  it("gives records in order of key, those of one key as they were put", async () => {
    const records = ["b2", "a1", "b1", "a3", "é", "b2"].map((text) => ({ key: text[0] as string, data: text }));
    expect((await spooled(records)).map(({ data }) => data)).toEqual(["a1", "a3", "b2", "b1", "b2", "é"]);
  });

  it("gives back every text as it was, by UTF-8 bytes of the key", async () => {
    const text = fc.string({ unit: "grapheme", maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ key: text, data: text }), { maxLength: 500 }), async (records) => {
        const bytes = ({ key }: SpoolRecord) => Buffer.from(key);
        const sorted = records.toSorted((a, b) => Buffer.compare(bytes(a), bytes(b)));
        expect(await spooled(records, 100)).toEqual(sorted);
      }),
      { numRuns: 30 },
    );
  });

  it("goes with the render, also one that stopped in the middle of reading", async () => {
    const spools = createSpools();
    const spool = spools.open();
    await spool.put([
      { key: "a", data: "1" },
      { key: "b", data: "2" },
    ]);
    for await (const _ of spool.read()) break;
    spools.close();
    await expect(spool.put([{ key: "c", data: "3" }])).rejects.toThrow(/not open/);
  });
});
