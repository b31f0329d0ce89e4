import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TRAIT_KINDS } from "../../src/pivot/kinds.ts";
import { pivot } from "../../src/pivot/pivot.ts";
import type { PivotSample, Trait } from "../../src/pivot/sample.ts";
import { pivotText } from "../../src/pivot/text.ts";
import { sampleId } from "../support/reports.ts";
import { md5, TLSH_A, TLSH_B, TLSH_C } from "./support.ts";

const sample = (n: number, ...traits: Trait[]): PivotSample => ({ id: sampleId(n), traits });
const mutex: Trait = { kind: "mutex", value: "wick-5c1e" };
const imphash: Trait = { kind: "imphash", value: md5(1) };
const text: Trait = { kind: "section", value: ".text" };
const family: Trait = { kind: "family", value: "tinlantern" };

describe("pivot", () => {
  it("counts who has what, and puts the most specific first", () => {
    const { samples, traits } = pivot([
      sample(1, mutex, imphash, text),
      sample(2, text, mutex),
      sample(3, text, family),
    ]);
    expect(samples).toEqual([1, 2, 3].map(sampleId));
    expect(traits).toEqual([
      {
        kind: "mutex",
        label: "mutex",
        value: "wick-5c1e",
        samples: [sampleId(1), sampleId(2)],
        specificity: 85,
        score: 56.7,
        why: "85 × 2 of 3 samples = 56.7: the author chose the name, and versions keep it",
        query: 'behaviour:"wick-5c1e"',
      },
      {
        kind: "imphash",
        label: "imphash",
        value: md5(1),
        samples: [sampleId(1)],
        specificity: 70,
        score: 23.3,
        why: "70 × 1 of 3 samples = 23.3: the same functions are imported in the same order",
        query: `imphash:${md5(1)}`,
      },
      {
        kind: "family",
        label: "family",
        value: "tinlantern",
        samples: [sampleId(3)],
        specificity: 30,
        score: 10,
        why: "30 × 1 of 3 samples = 10: engines agree on the name; a family is wider than a campaign",
        query: 'suggested_threat_label:"tinlantern"',
      },
      {
        kind: "section",
        label: "section name",
        value: ".text",
        samples: [1, 2, 3].map(sampleId),
        specificity: 0,
        score: 0,
        common: "compilers name it so",
        why: "0, common: compilers name it so",
        query: 'section:".text"',
      },
    ]);
  });

  it("takes a doubt of any sample for all, and gives no query for an altered value", () => {
    const doubted: Trait = { ...imphash, doubt: "only 1 imported function" };
    const altered: Trait = { kind: "file-name", value: "two lines.exe", isAltered: true };
    const { traits } = pivot([sample(1, imphash, altered), sample(2, doubted, altered)]);
    expect(traits.map(({ kind, score, common, query }) => ({ kind, score, common, query }))).toEqual([
      { kind: "file-name", score: 35, common: undefined, query: undefined },
      { kind: "imphash", score: 0, common: "only 1 imported function", query: `imphash:${md5(1)}` },
    ]);
  });

  it("groups TLSH digests around the one in the middle, with distances", () => {
    const of = (n: number, value: string) => sample(n, { kind: "tlsh", value });
    const { traits } = pivot([of(3, TLSH_C), of(2, TLSH_B), of(1, TLSH_A)]);
    const [near, far] = traits;
    expect(traits).toHaveLength(2);
    expect(near).toMatchObject({
      value: TLSH_A,
      samples: [sampleId(1), sampleId(2)],
      distances: { [sampleId(1)]: 0, [sampleId(2)]: 6 },
      score: 50,
      query: `tlsh:${TLSH_A}`,
      similar: `similar-to:${sampleId(1)}`,
    });
    expect(far).toMatchObject({ value: TLSH_C, samples: [sampleId(3)] });
  });

  it("groups ssdeep digests that share a stretch", () => {
    const of = (n: number, value: string) => sample(n, { kind: "ssdeep", value });
    const { traits } = pivot([of(1, "48:abcdefg12:x"), of(2, "48:34abcdefg:y"), of(3, "48:qrstuvw:z")]);
    expect(traits.map(({ samples }) => samples)).toEqual([[sampleId(1), sampleId(2)], [sampleId(3)]]);
    expect(traits[0]).toMatchObject({ query: 'ssdeep:"48:34abcdefg:y"' });
  });

  it("tells of one sample alone how specific its traits are", () => {
    const { traits, suggestions } = pivot([sample(1, text, mutex, family)]);
    expect(traits.map(({ kind, score, why }) => [kind, score, why])).toEqual([
      ["mutex", 85, "85: the author chose the name, and versions keep it"],
      ["family", 30, "30: engines agree on the name; a family is wider than a campaign"],
      ["section", 0, "0, common: compilers name it so"],
    ]);
    expect(suggestions.map(({ query }) => query)).toEqual([
      'behaviour:"wick-5c1e" AND suggested_threat_label:"tinlantern" AND fs:7d+',
    ]);
  });

  it("is the same whatever the order, and names nothing twice", () => {
    const kinds = fc.constantFrom(...TRAIT_KINDS.filter((kind) => kind !== "tlsh" && kind !== "ssdeep"));
    const traits = fc.record({ kind: kinds, value: fc.constantFrom("a", "b", "Lantern", '"; x') });
    const fuzzy = fc.record({
      kind: fc.constant("tlsh" as const),
      value: fc.constantFrom(TLSH_A, TLSH_B, TLSH_C, `T1${"12".repeat(33)}1212`, `T1${"21".repeat(35)}`),
    });
    const samples = fc.uniqueArray(
      fc.record({ id: fc.integer({ min: 1, max: 30 }).map(sampleId), traits: fc.array(fc.oneof(traits, fuzzy)) }),
      { selector: ({ id }) => id, minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(samples, (given) => {
        const result = pivot(given);
        const turned = given.toReversed().map(({ id, traits }) => ({ id, traits: traits.toReversed() }));
        expect(pivot(turned)).toEqual(result);
        const named = result.traits.map(({ kind, value }) => `${kind} ${value}`);
        expect(new Set(named).size).toBe(named.length);
        const queries = result.suggestions.map(({ query }) => query);
        expect(new Set(queries).size).toBe(queries.length);
        for (const trait of result.traits) {
          expect(trait.samples.length).toBeGreaterThan(0);
          expect(new Set(trait.samples).size).toBe(trait.samples.length);
        }
      }),
    );
  });
});

describe("suggestions", () => {
  it("join two facets that the same samples have, with the reason", () => {
    const { suggestions } = pivot([sample(1, mutex, imphash, text), sample(2, mutex, imphash, text), sample(3, text)]);
    expect(suggestions).toEqual([
      {
        query: `behaviour:"wick-5c1e" AND imphash:${md5(1)} AND fs:7d+`,
        reason:
          "mutex (behaviour) and imphash (code): 2 of 3 samples have both; two facets that seldom agree by chance",
        traits: [mutex, imphash],
        samples: [sampleId(1), sampleId(2)],
      },
    ]);
  });

  it("never ask the same words twice, whichever kinds of traits they come from", () => {
    const named = (kind: "lnk-machine" | "debug-path") => ({ kind, value: "Lantern" });
    const { suggestions } = pivot([
      sample(1, named("lnk-machine"), named("debug-path"), { kind: "tlsh", value: TLSH_A }),
    ]);
    const queries = suggestions.map(({ query }) => query);
    expect(queries.length).toBeGreaterThan(1);
    expect(new Set(queries).size).toBe(queries.length);
  });

  it("never use a common value, nor traits that no two samples have together", () => {
    expect(pivot([sample(1, text, family), sample(2, text, family)]).suggestions).toEqual([]);
    expect(
      pivot([sample(1, mutex), sample(2, mutex, family), sample(3, family)]).suggestions.map(({ query }) => query),
    ).toEqual(['behaviour:"wick-5c1e" AND fs:7d+']);
  });

  it("fall back on the most specific trait alone, and say so", () => {
    expect(pivot([sample(1, mutex), sample(2, mutex)]).suggestions).toEqual([
      {
        query: 'behaviour:"wick-5c1e" AND fs:7d+',
        reason: "mutex (behaviour): 2 of 2 samples have it; nothing of another facet is shared",
        traits: [mutex],
        samples: [sampleId(1), sampleId(2)],
      },
    ]);
  });
});

describe("pivotText", () => {
  it("prints traits, common values on one line, suggestions, and what it leaves out", () => {
    const result = pivot([
      sample(1, mutex, imphash, text, { kind: "section", value: ".data" }),
      sample(2, mutex, imphash, text, { kind: "section", value: ".data" }, family),
    ]);
    expect(pivotText(result)).toBe(`2 samples share 4 traits, the most specific first.

 85  2 of 2  mutex  wick-5c1e
      behaviour:"wick-5c1e"
      85: the author chose the name, and versions keep it

 70  2 of 2  imphash  ${md5(1)}
      imphash:${md5(1)}
      70: the same functions are imported in the same order

Common, no pivot by themselves:
  2 of 2  section name  .data, .text: compilers name it so

To hunt with, new in the last seven days:

  behaviour:"wick-5c1e" AND imphash:${md5(1)} AND fs:7d+
      mutex (behaviour) and imphash (code): 2 of 2 samples have both; two facets that seldom agree by chance

1 more trait that one sample alone has: --all shows it.
`);
    expect(pivotText(result, { all: true })).toContain('suggested_threat_label:"tinlantern"');
  });

  it("defangs values and leaves queries to be pasted", () => {
    const agent: Trait = { kind: "user-agent", value: "Wick (+http://evil.example/a.b 203.0.113.7)" };
    const shown = pivotText(pivot([sample(1, agent)]));
    expect(shown).toContain("user agent  Wick (+hxxp://evil[.]example/a.b 203[.]0[.]113[.]7)\n");
    expect(shown).toContain('behaviour:"Wick (+http://evil.example/a.b 203.0.113.7)"\n');
  });

  it("lists five of a kind and says how many more", () => {
    const mutexes = Array.from({ length: 7 }, (_, n): Trait => ({ kind: "mutex", value: `wick-${n}` }));
    const result = pivot([sample(1, ...mutexes), sample(2, ...mutexes)]);
    expect(pivotText(result)).toContain("2 more of the same kinds: --all shows them.");
    expect(pivotText(result)).not.toContain("mutex  wick-5");
    expect(pivotText(result, { all: true })).toContain("mutex  wick-6");
  });
});
