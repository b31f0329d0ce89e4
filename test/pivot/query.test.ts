import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exactTerm, recent, textTerm } from "../../src/pivot/query.ts";

/** Reads a quoted term back as a parser with backslash escapes for quotes does; undefined when it does not end there. */
function readBack(term: string): string | undefined {
  const start = term.indexOf('"');
  let value = "";
  let slashes = "";
  for (let i = start + 1; i < term.length; i += 1) {
    const character = term[i] as string;
    if (character === "\\") {
      slashes += character;
      continue;
    }
    if (character !== '"') {
      value += slashes + character;
      slashes = "";
      continue;
    }
    value += slashes.slice(0, Math.floor(slashes.length / 2));
    if (slashes.length % 2 === 0) return i === term.length - 1 ? value : undefined;
    value += '"';
    slashes = "";
  }
  return undefined;
}

describe("queries", () => {
  it.each([
    ["SyncRoot", 'behaviour:"SyncRoot"'],
    ["two words", 'behaviour:"two words"'],
    ['say "hi"', 'behaviour:"say \\"hi\\""'],
    ["C:\\work\\bot.pdb", 'behaviour:"C:\\work\\bot.pdb"'],
    ["ends with \\", 'behaviour:"ends with \\\\"'],
    ['\\" OR p:0+ OR "', 'behaviour:"\\\\\\" OR p:0+ OR \\""'],
    ["NOT", 'behaviour:"NOT"'],
  ])("puts %j in quotes it cannot leave", (value, expected) => {
    expect(textTerm("behaviour", value)).toBe(expected);
  });

  it("keeps every value inside its quotes, unchanged", () => {
    const hostile = fc.string({ unit: fc.constantFrom('"', "\\", "a", " ", ":", "(", ")") });
    fc.assert(
      fc.property(hostile, (value) => {
        expect(readBack(textTerm("metadata", value))).toBe(value);
      }),
    );
  });

  it("leaves values of a known form bare, as VirusTotal's own examples are", () => {
    expect(exactTerm("creation_date", "2018-08-21T18:18:38")).toBe("creation_date:2018-08-21T18:18:38");
  });

  it("joins terms for what is new", () => {
    expect(recent(["imphash:aa", 'name:"b"'])).toBe('imphash:aa AND name:"b" AND fs:7d+');
    expect(recent(["imphash:aa"], 30)).toBe("imphash:aa AND fs:30d+");
  });
});
