/** Distances against the expected scores that the algorithm's authors publish with their reference implementation. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTlsh, type TlshDigest, tlshDistance } from "../../src/pivot/tlsh.ts";

/** Texts of the reference implementation's own test set (github.com/trendmicro/tlsh, Testing/exp, 128 buckets). */
const PUBLISHED = {
  alice: "T145D18407A78523B35A030267671FA2C2F725402973629B25545EB43C3356679477F7FC",
  surgeon: "T1D252A527E74823210B530216761F76E6B73BC42D6315AE20E49DD26C2359E6807FBBDE",
  fitness: "T1CB42A653BB0C3337426362B59A5EB6D0F32A842CF3513A70845DD1A92385EB447B76DA",
  week: "T1EA42C71FE64C233A09103236364F77DEAB27886CD3141A65AC1D925D3769F9E037A8E9",
  greenhouse: "T15942D71FA381233B496102B5770EA2CBEB15C0BC5369A571A45EC12E3367D7C937B9E8",
  small: "T1F8A0220C0F8C0023CB880800CA33E88B8F0C022AB302C2008A030300300E8A00C83AAC",
  governors: "T1AD82B823A25013B51AD3017371DD2AD1F37AC1ACA3253C85648DC53C2B57AB9933A7EB",
};
type Name = keyof typeof PUBLISHED;

const SCORES: readonly (readonly [Name, Name, number])[] = [
  ["alice", "surgeon", 185],
  ["alice", "fitness", 198],
  ["alice", "week", 259],
  ["alice", "greenhouse", 235],
  ["alice", "small", 496],
  ["alice", "governors", 299],
  ["surgeon", "fitness", 77],
  ["surgeon", "week", 108],
  ["surgeon", "greenhouse", 124],
  ["surgeon", "governors", 154],
  ["fitness", "week", 114],
  ["fitness", "small", 651],
  ["week", "greenhouse", 87],
  ["week", "governors", 179],
  ["greenhouse", "small", 622],
  ["small", "governors", 771],
];

const parsed = (text: string): TlshDigest => {
  const digest = parseTlsh(text);
  if (!digest) throw new Error(`no digest: ${text}`);
  return digest;
};
const digests = fc
  .uint8Array({ minLength: 35, maxLength: 35 })
  .map((bytes) => parsed(Buffer.from(bytes).toString("hex")));

describe("tlshDistance", () => {
  it.each(SCORES)("%s and %s are %i apart, as published", (a, b, score) => {
    expect(tlshDistance(parsed(PUBLISHED[a]), parsed(PUBLISHED[b]))).toBe(score);
  });

  it("counts each part of the header by its own rule", () => {
    const rest = "0".repeat(64);
    const from = (header: string) => tlshDistance(parsed(`000000${rest}`), parsed(`${header}${rest}`));
    expect(from("010000")).toBe(1); // checksum
    expect(from("001000")).toBe(1); // length by one step (halves swapped)
    expect(from("002000")).toBe(24); // length by two: 2 × 12
    expect(from("00FF00")).toBe(1); // length 255 and 0 are neighbours on the circle
    expect(from("000010")).toBe(1); // first ratio by one
    expect(from("000003")).toBe(24); // second ratio by three: (3 − 1) × 12
    expect(from("0000F0")).toBe(1); // ratio 15 and 0 are neighbours on the circle
  });

  it("counts a bucket's way from end to end double", () => {
    const body = (last: string) => parsed(`000000${"0".repeat(62)}${last}`);
    expect(tlshDistance(body("00"), body("01"))).toBe(1);
    expect(tlshDistance(body("00"), body("02"))).toBe(2);
    expect(tlshDistance(body("00"), body("03"))).toBe(6);
    expect(tlshDistance(body("00"), body("FF"))).toBe(24);
  });

  it("is zero on equal digests, symmetric, and never negative", () => {
    fc.assert(
      fc.property(digests, digests, (a, b) => {
        expect(tlshDistance(a, a)).toBe(0);
        expect(tlshDistance(a, b)).toBe(tlshDistance(b, a));
        expect(tlshDistance(a, b)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe("parseTlsh", () => {
  it("takes digests with and without the version, in either case", () => {
    expect(parseTlsh(PUBLISHED.alice.slice(2).toLowerCase())).toEqual(parsed(PUBLISHED.alice));
  });

  it.each(["", "TNULL", PUBLISHED.alice.slice(0, -1), `${PUBLISHED.alice}0`, `T2${PUBLISHED.alice.slice(2)}`])(
    "refuses %j",
    (text) => expect(parseTlsh(text)).toBeUndefined(),
  );
});
