import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openCut, type Piece } from "../../plugins/shared/rows/budget.ts";
import type { Indicator } from "../../src/plugin.ts";
import { exampleIndicator } from "../../src/testing.ts";

interface Line extends Piece {
  readonly text: string;
}

interface Given {
  readonly confidence: number;
  readonly rows?: number;
  readonly bytes?: number;
}

/** Offers `given` in order, named a, b, c …, and says what became of them. */
function cutOf(given: readonly Given[], budget: Parameters<typeof openCut>[0]) {
  const skipped: string[] = [];
  const nameOf = (index: number): string => String.fromCodePoint(97 + index);
  const cut = openCut<Line>(budget, ({ value }, reason) => skipped.push(`${value}: ${reason}`));
  for (const [index, { confidence, rows = 1, bytes = 10 }] of given.entries()) {
    const indicator = keptAt(confidence, nameOf(index));
    if (!cut.refuses(indicator)) cut.offer(indicator, { text: nameOf(index), rows, bytes });
  }
  const kept = [...cut.release()].map(({ text }) => text).join("");
  return { kept, skipped, summary: cut.summary() };
}

function keptAt(confidence: number, value: string): Indicator {
  return exampleIndicator("domain", { value, verdict: { decision: "keep", confidence, reasons: [] } });
}

describe("a ranked cut", () => {
  it("keeps everything, in order of arrival, while there is room", () => {
    const given = [{ confidence: 50 }, { confidence: 90 }, { confidence: 70 }];
    expect(cutOf(given, { maxRows: 3 })).toEqual({ kept: "abc", skipped: [], summary: undefined });
    expect(cutOf(given, {}).kept).toBe("abc");
  });

  it("cuts the lowest confidence first, whenever it came", () => {
    const given = [{ confidence: 50 }, { confidence: 90 }, { confidence: 40 }, { confidence: 70 }];
    expect(cutOf(given, { maxRows: 2 })).toEqual({
      kept: "bd",
      skipped: ["c: cut: it ranks below what 2 rows hold", "a: cut: it ranks below what 2 rows hold"],
      summary: "2 of 4 indicators are cut to hold 2 rows; the kept have a confidence of 70 or more",
    });
  });

  it("keeps of equal confidence what came first", () => {
    expect(cutOf([{ confidence: 60 }, { confidence: 60 }, { confidence: 60 }], { maxRows: 2 }).kept).toBe("ab");
  });

  it("counts bytes, and keeps nothing that ranks below something cut though it would fit", () => {
    const given = [
      { confidence: 90, bytes: 60 },
      { confidence: 80, bytes: 50 },
      { confidence: 70, bytes: 10 },
    ];
    expect(cutOf(given, { maxBytes: 100 })).toMatchObject({
      kept: "a",
      skipped: ["b: cut: it ranks below what 100 bytes hold", "c: cut: it ranks below what 100 bytes hold"],
    });
  });

  it("keeps or cuts all rows of an indicator together", () => {
    expect(cutOf([{ confidence: 90 }, { confidence: 80, rows: 2 }], { maxRows: 2 }).kept).toBe("a");
  });

  it("skips what is larger than the budget by itself, and goes on", () => {
    const given = [{ confidence: 90, bytes: 101 }, { confidence: 50 }];
    expect(cutOf(given, { maxBytes: 100 })).toMatchObject({
      kept: "b",
      skipped: ["a: larger than the whole output may be"],
      summary: "1 of 2 indicators are cut to hold 100 bytes; the kept have a confidence of 50 or more",
    });
  });

  it("keeps nothing where nothing fits", () => {
    expect(cutOf([{ confidence: 90 }], { maxRows: 0, maxBytes: 1000 }).summary).toBe(
      "1 of 1 indicators are cut to hold 0 rows and 1,000 bytes; none is kept",
    );
  });

  it("is what sorting everything and taking from the top would be", () => {
    const pieces = fc.array(
      fc.record({
        confidence: fc.integer({ min: 0, max: 100 }),
        rows: fc.integer({ min: 1, max: 3 }),
        bytes: fc.integer({ min: 1, max: 20 }),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(pieces, fc.nat(40), fc.nat(200), (given, maxRows, maxBytes) => {
        const { kept, skipped } = cutOf(given, { maxRows, maxBytes });
        expect([...kept]).toEqual(keptBySorting(given, maxRows, maxBytes));
        expect(kept.length + skipped.length).toBe(given.length);
      }),
    );
  });
});

function keptBySorting(given: readonly Required<Given>[], maxRows: number, maxBytes: number): string[] {
  const ranked = given
    .map((one, index) => ({ ...one, index }))
    .filter(({ rows, bytes }) => rows <= maxRows && bytes <= maxBytes)
    .sort((a, b) => b.confidence - a.confidence || a.index - b.index);
  let rows = 0;
  let bytes = 0;
  const end = ranked.findIndex((one) => {
    rows += one.rows;
    bytes += one.bytes;
    return rows > maxRows || bytes > maxBytes;
  });
  return ranked
    .slice(0, end < 0 ? ranked.length : end)
    .sort((a, b) => a.index - b.index)
    .map(({ index }) => String.fromCodePoint(97 + index));
}
