/** Splitting one JSON array: together the portions say what the whole says, or it is refused. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beginsArray, splitArray } from "../../src/vt/array.ts";

/** The elements of a text that comes in chunks of `size` bytes, in the smallest portions there are. */
async function elements(text: string, size: number, portionBytes = 1): Promise<unknown[]> {
  const bytes = Buffer.from(text);
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
  }
  const found: unknown[] = [];
  for await (const portion of splitArray(chunks(), { portionBytes, longest: 1000 }))
    found.push(...JSON.parse(portion.toString()));
  return found;
}

const anySize = fc.integer({ min: 1, max: 9 });

describe("splitArray", () => {
  it("gives every element of any array, however it is written and cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 8 }),
        fc.constantFrom(undefined, 1, "\t"),
        anySize,
        fc.integer({ min: 1, max: 60 }),
        async (array, indent, size, portionBytes) => {
          const text = ` \n${JSON.stringify(array, undefined, indent)}\r\n`;
          expect(await elements(text, size, portionBytes)).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  it("refuses what the JSON parser refuses, and nothing else", async () => {
    const pieces = fc.constantFrom("[", "]", "{", "}", ",", ":", '"', "\\", "1", " ", "null", '"a"', "\n");
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 12 }), anySize, async (middle, size) => {
        const text = `[${middle.join("")}]`;
        const wanted = await Promise.resolve(text)
          .then(JSON.parse)
          .catch(() => "refused");
        expect(await elements(text, size).catch(() => "refused")).toEqual(wanted);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["[1,2", "not JSON: the array has no end; the file may be cut off"],
    ["[1]\n[2]", "not JSON: there is more behind the array's end"],
    ["[1,2,]", "not JSON: an element of the array is missing"],
    ["[1}", "not JSON: the array ends with }"],
    [`["${"x".repeat(2000)}"]`, /^an element longer than/],
  ])("refuses %j with the reason", async (text, reason) => {
    await expect(elements(text, 500)).rejects.toThrow(reason);
  });
});

it.each([
  ["\ufeff \n[\n {", true],
  ["[INFO] {", false],
  ['{"data":[]}', false],
  ["x[", false],
])("tells the begin of an array of objects: %j, %s", (text, isArray) => {
  expect(beginsArray(Buffer.from(text))).toBe(isArray);
});
