import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NameSet } from "../../plugins/shared/ids/name-set.ts";

describe("a set of names", () => {
  it("says what a Set says", () => {
    fc.assert(
      fc.property(fc.array(fc.domain(), { maxLength: 400 }), fc.array(fc.domain()), (names, others) => {
        const own = new NameSet();
        const set = new Set<string>();
        for (const name of names) {
          expect(own.add(name)).toBe(!set.has(name));
          set.add(name);
        }
        for (const name of [...names, ...others]) expect(own.has(name)).toBe(set.has(name));
      }),
    );
  });

  it("tells a million near neighbours apart", () => {
    const own = new NameSet();
    let added = 0;
    for (let index = 0; index < 1_000_000; index += 1) if (own.add(`host-${index}.example.top`)) added += 1;
    expect(added).toBe(1_000_000);
    expect(own.has("host-1000000.example.top")).toBe(false);
  });
});
