import { describe, expect, it } from "vitest";
import { isSsdeepRelated, parseSsdeep, type SsdeepDigest } from "../../src/pivot/ssdeep.ts";

const parsed = (text: string): SsdeepDigest => {
  const digest = parseSsdeep(text);
  if (!digest) throw new Error(`no digest: ${text}`);
  return digest;
};
const isRelated = (a: string, b: string) => isSsdeepRelated(parsed(a), parsed(b));

describe("isSsdeepRelated", () => {
  it("needs seven characters in a row of one block size", () => {
    expect(isRelated("48:abcdefgXYZ:qqq", "48:1abcdefg2:rrr")).toBe(true);
    expect(isRelated("48:abcdefXYZ:qqq", "48:1abcdef2:rrr")).toBe(false);
    expect(isRelated("48:abcdefgXYZ:qqq", "192:1abcdefg2:abcdefg")).toBe(false);
  });

  it("compares the doubled block size with the next one up, both ways", () => {
    expect(isRelated("48:xyz:abcdefg1", "96:2abcdefg:uvw")).toBe(true);
    expect(isRelated("96:2abcdefg:uvw", "48:xyz:abcdefg1")).toBe(true);
    expect(isRelated("48:abcdefg:xyz", "96:uvw:abcdefg")).toBe(false);
  });

  it("takes no run of one character for content", () => {
    expect(isRelated("48:1AAAAAAAAA2:q", "48:3AAAAAAAAA4:r")).toBe(false);
  });
});

describe("parseSsdeep", () => {
  it.each(["", "48:abc", "x:abc:def", '48:a"b:c', `48:${"a".repeat(65)}:b`])("refuses %j", (text) =>
    expect(parseSsdeep(text)).toBeUndefined(),
  );
});
