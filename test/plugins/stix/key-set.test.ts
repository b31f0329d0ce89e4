import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createKeySet } from "../../../plugins/stix/key-set.ts";

describe("key set", () => {
  it("answers as a set does", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 2 }), { maxLength: 300 }), (keys) => {
        const [set, compact] = [new Set<string>(), createKeySet()];
        for (const key of keys) {
          expect(compact.has(key)).toBe(set.has(key));
          expect(compact.add(key)).toBe(!set.has(key));
          set.add(key);
          expect(compact.has(key)).toBe(true);
        }
      }),
    );
  });

  it("forgets nothing as it grows", () => {
    const set = createKeySet();
    const keys = Array.from({ length: 20_000 }, (_, index) => `domain-name--${index}`);
    expect(keys.filter((key) => !set.add(key))).toEqual([]);
    expect(keys.filter((key) => !set.has(key) || set.add(key))).toEqual([]);
    expect(set.has("domain-name--20000")).toBe(false);
  });
});
