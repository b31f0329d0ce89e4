import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { collectionId, retrohuntJobId } from "../../src/emulator/index.ts";
import { foundSample } from "../../src/hunt/found-sample.ts";
import { hashSource } from "../../src/hunt/hash-source.ts";
import { type Hunt, type HuntDeps, runHunt } from "../../src/hunt/hunt.ts";
import { collectionSource, livehuntSource, retrohuntSource, searchSource } from "../../src/hunt/listing-sources.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Store } from "../../src/store/store.ts";
import { silentLog } from "../../src/testing.ts";
import { VtError } from "../../src/vt/failure.ts";
import { withEmulator } from "../emulator/support.ts";
import {
  askedFor,
  DAY,
  huntOf,
  LATER,
  ORDER,
  quickClock,
  samplesAsked,
  searchesOf,
  smallWorld,
  withLab,
} from "./support.ts";

const world = smallWorld();

/** What an undisturbed run of the hunt leaves. */
const clean = withEmulator({ world }, (emulator) =>
  withLab(emulator, async (lab) => {
    const tally = await lab.run(huntOf());
    return { tally, evidence: lab.dump(), asked: askedFor(emulator) };
  }),
);

describe("a hunt", () => {
  it("fetches every sample with its reports and relationships once", async () => {
    const { tally, evidence, asked } = await clean;
    expect(tally).toEqual({ name: "all", found: 50, fetched: 50, known: 0, isComplete: true });
    expect(asked.size).toBe(150);
    expect(new Set(asked.values())).toEqual(new Set([1]));
    expect(evidence.filter((row) => row.startsWith('["evidence"')).length).toBeGreaterThan(1000);
    expect(evidence.filter((row) => row.startsWith('["claim"'))).toEqual([]);
  });

  it("in two runs, the second when the rest has come in, fetches each sample once", async () => {
    await withEmulator({ world }, (emulator) =>
      withLab(emulator, async (lab) => {
        const middle = new Date("2026-10-16T00:00:00Z");
        emulator.setClock(() => middle);
        const first = await lab.run(huntOf(), { clock: quickClock(middle) });
        emulator.setClock(() => LATER);
        const second = await lab.run(huntOf());
        expect(first.fetched).toBeGreaterThan(10);
        expect(first.fetched + second.fetched).toBe(50);
        expect(new Set(askedFor(emulator).values())).toEqual(new Set([1]));
        const ids = (rows: readonly string[]) => rows.filter((row) => row.startsWith('["hunt"'));
        expect(ids(lab.dump())).toEqual(ids((await clean).evidence));
        const searches = searchesOf(emulator);
        expect(searches[0]).toMatch(/^entity:file p:0\+ fs:2026-08-17T00:/);
        expect(searches.at(-1)).toMatch(/^entity:file p:0\+ fs:2026-10-1[0-3]T/);
      }),
    );
  });

  it("goes on behind its limit in the next run, in whatever order", async () => {
    for (const order of [ORDER, "first_submission_date-", "positives-"]) {
      await withEmulator({ world }, (emulator) =>
        withLab(emulator, async (lab) => {
          const hunt = huntOf({ limit: 20, source: searchSource({ query: "entity:file p:0+", order, limit: 20 }) });
          const tallies = [await lab.run(hunt), await lab.run(hunt), await lab.run(hunt)];
          expect(tallies.map(({ fetched }) => fetched)).toEqual([20, 20, 10]);
          expect(tallies.map(({ isComplete }) => isComplete)).toEqual([false, false, true]);
          expect(lab.dump()).toEqual((await clean).evidence);
          expect(new Set(askedFor(emulator).values())).toEqual(new Set([1]));
        }),
      );
    }
  });

  it("begins anew when its query was changed", async () => {
    await withEmulator({ world }, (emulator) =>
      withLab(emulator, async (lab) => {
        const narrow = searchSource({ query: "entity:file p:30+", order: ORDER, limit: 1000 });
        const first = await lab.run(huntOf({ source: narrow }));
        const second = await lab.run(huntOf());
        expect(first.fetched).toBeLessThan(50);
        expect(second).toMatchObject({ found: 50, fetched: 50 - first.fetched, known: first.fetched });
      }),
    );
  });

  it("asks for a sample again only when its ttl is over and it has changed", async () => {
    const query = "entity:file fs:2026-10-01+ fs:2026-10-16-";
    await withEmulator({ world }, (emulator) =>
      withLab(emulator, async (lab) => {
        const hunt = huntOf({ source: searchSource({ query, order: ORDER, limit: 1000 }) });
        const middle = new Date("2026-10-16T00:00:00Z");
        emulator.setClock(() => middle);
        await lab.run(hunt, { clock: quickClock(middle) });
        const first = samplesAsked(emulator);
        emulator.setClock(() => LATER);
        const later = emulator.requests.length;
        await lab.run(hunt);
        for (const id of samplesAsked(emulator, later)) expect(first).not.toContain(id);
        const latest = emulator.requests.length;
        await lab.run({ ...hunt, ttlSeconds: DAY });
        const changed = world.samples.filter(
          ({ sha256, submissions }) =>
            first.has(sha256) && submissions.some((at) => at > middle.getTime() / 1000 && at <= LATER.getTime() / 1000),
        );
        expect(changed.length).toBeGreaterThan(0);
        expect(samplesAsked(emulator, latest)).toEqual(new Set(changed.map(({ sha256 }) => sha256)));
      }),
    );
  });

  it("begins a search again whose cursor is refused, and fetches nothing twice", async () => {
    await withEmulator({ world }, (emulator) =>
      withLab(emulator, async (lab) => {
        const hunt = huntOf({ limit: 20 });
        await lab.run(hunt);
        const { walk } = await lab.hunts.state("all");
        expect(walk).toBeDefined();
        await lab.hunts.saveWalk("all", { ...(walk as NonNullable<typeof walk>), cursor: "STEwCi4=" }, []);
        expect(await lab.run({ ...hunt, limit: 1000 })).toMatchObject({ fetched: 30, isComplete: true });
        expect(emulator.requests.some(({ status }) => status === 400)).toBe(true);
        expect(lab.dump()).toEqual((await clean).evidence);
        expect(new Set(askedFor(emulator).values())).toEqual(new Set([1]));
      }),
    );
  });

  it("takes merged reports, and nothing where no sandbox ran", async () => {
    const few = smallWorld(30);
    await withEmulator({ world: few }, (emulator) =>
      withLab(emulator, async (lab) => {
        const merged = { reports: "merged", relationships: [], relatedAs: "objects", maxRelated: 40 } as const;
        expect(await lab.run(huntOf({ fetch: merged }))).toMatchObject({ fetched: 30, isComplete: true });
        const asked = [...askedFor(emulator).keys()].map((key) => key.slice(65));
        expect(asked).toEqual(Array(30).fill("behaviour_summary"));
        const shown = lab.dump().flatMap((row) => {
          const [kind, , sample, sandbox, role] = JSON.parse(row);
          return kind === "evidence" && role !== "sample" ? [{ sample, sandbox }] : [];
        });
        expect(new Set(shown.map(({ sandbox }) => sandbox))).toEqual(new Set([""]));
        const without = few.samples.filter(({ reports }) => reports.length === 0);
        expect(without.length).toBeGreaterThan(0);
        for (const { sha256 } of without) expect(shown.map(({ sample }) => sample)).not.toContain(sha256);
      }),
    );
  });

  it("puts the operator's family before the engines'", async () => {
    await withEmulator({ world: smallWorld(8) }, (emulator) =>
      withLab(emulator, async (lab) => {
        await lab.run(huntOf({ family: "our-own" }));
        const rows = lab.dump().filter((row) => row.startsWith('["sample"') && /[0-9a-f]{64}/.test(row));
        expect(rows.length).toBe(8);
        for (const row of rows) expect(row).toContain('"our-own"');
      }),
    );
  });
});

describe("what the key has no right to", () => {
  it("is warned of once and left out, and the hunt goes on", async () => {
    const all = ["intelligence", "hunting", "retrohunt", "ioc-stream", "collections", "feeds"] as const;
    await withEmulator({ world: smallWorld(8), privileges: all }, (emulator) =>
      withLab(emulator, async (lab) => {
        const relationships = ["itw_domains", "contacted_domains", "itw_urls"];
        const tally = await lab.run(
          huntOf({ fetch: { reports: "each", relationships, relatedAs: "objects", maxRelated: 40 } }),
        );
        expect(tally).toMatchObject({ fetched: 8, isComplete: true });
        const forbidden = emulator.requests.filter(({ status }) => status === 403);
        expect(lab.warnings.length).toBeGreaterThan(0);
        expect(new Set(lab.warnings).size).toBe(lab.warnings.length);
        expect(forbidden.length).toBeLessThanOrEqual(16);
        expect(askedFor(emulator).size).toBe(16);
      }),
    );
  });

  it("ends the hunt when it is the search itself", async () => {
    await withEmulator({ world: smallWorld(8), privileges: [] }, (emulator) =>
      withLab(emulator, async (lab) => {
        await expect(lab.run(huntOf())).rejects.toMatchObject({ code: "VT_FORBIDDEN" });
      }),
    );
  });
});

describe("two hunts at once", () => {
  it("fetch each sample once and both come to their end", async () => {
    await withEmulator({ world, latencyMs: 5 }, (emulator) =>
      withLab(emulator, async (lab) => {
        const claimant = (owner: string) => ({ claimant: { owner, isGone: () => false } });
        const tallies = await Promise.all([
          lab.run(huntOf(), claimant("here/1/a")),
          lab.run(huntOf(), claimant("here/2/b")),
        ]);
        expect(tallies.map(({ isComplete }) => isComplete)).toEqual([true, true]);
        expect(tallies[0].fetched + tallies[1].fetched).toBe(50);
        expect(Math.min(...tallies.map(({ fetched }) => fetched))).toBeGreaterThan(0);
        expect(lab.dump()).toEqual((await clean).evidence);
        expect(new Set(askedFor(emulator).values())).toEqual(new Set([1]));
      }),
    );
  });

  it("wait for a sample that another has in hand, and take it over when that one is gone", async () => {
    await withEmulator({ world: smallWorld(8) }, (emulator) =>
      withLab(emulator, async (lab) => {
        const id = [...smallWorld(8).samples][3]?.sha256 as string;
        const nobody = { owner: "there/7/c", isGone: () => false };
        const now = Math.floor(LATER.getTime() / 1000);
        expect(await lab.hunts.claim([id], nobody, now, now + 3600)).toEqual(new Set([id]));
        let isGone = false;
        setTimeout(() => {
          isGone = true;
        }, 100);
        const tally = await lab.run(huntOf(), { claimant: { owner: "here/1/a", isGone: () => isGone } });
        expect(tally).toMatchObject({ fetched: 8, isComplete: true });
      }),
    );
  });
});

describe("the sources", () => {
  const family = world.families[0] as string;
  const ofFamily = world.samples.filter((sample) => sample.family === family).length;

  it.each([
    ["Livehunt", livehuntSource(`notification_tag:${family}`)],
    ["Livehunt's older listing of files", livehuntSource(`tag:${family}`, "files")],
    ["Livehunt's older notifications", livehuntSource(`tag:${family}`, "notifications")],
    ["Retrohunt", retrohuntSource(retrohuntJobId(family))],
    ["a collection", collectionSource(collectionId(family))],
  ])("%s gives its samples, once", async (_name, source) => {
    await withEmulator({ world }, (emulator) =>
      withLab(emulator, async (lab) => {
        const tally = await lab.run(huntOf({ source }));
        expect(tally.fetched).toBe(tally.found);
        expect(tally.fetched).toBeGreaterThan(0);
        expect(tally.fetched).toBeLessThanOrEqual(ofFamily);
        expect(await lab.run(huntOf({ source }))).toMatchObject({ fetched: 0, isComplete: true });
        expect(new Set(askedFor(emulator).values())).toEqual(new Set([1]));
      }),
    );
  });

  it.each(["files", "notifications"] as const)("Livehunt's older %s come whole, in portions too", async (from) => {
    await withEmulator({ world }, (emulator) =>
      withLab(emulator, async (lab) => {
        const hunt = huntOf({ limit: 9, source: livehuntSource("", from) });
        const tallies = [];
        do tallies.push(await lab.run(hunt));
        while (!tallies.at(-1)?.isComplete && tallies.length < 20);
        const hunted = world.samples.filter((sample) => sample.family);
        expect(tallies.reduce((sum, { fetched }) => sum + fetched, 0)).toBe(hunted.length);
        const rows = lab.dump().filter((row) => row.startsWith('["sample"') && /[0-9a-f]{64}/.test(row));
        // Their file objects are there too.
        expect(rows.filter((row) => /\["sample","[0-9a-f]{64}","[0-9a-f]{32}"/.test(row))).toHaveLength(hunted.length);
        expect(lab.dump()).toContainEqual(expect.stringMatching(`"label","${family}_emulated"`));
        expect(new Set(askedFor(emulator).values())).toEqual(new Set([1]));
        const listing = emulator.requests.find(({ path }) => path.startsWith("/intelligence/hunting_notification"));
        expect(listing?.path).toBe(`/intelligence/hunting_notification${from === "files" ? "_files" : "s"}`);
        expect(listing?.query.filter).toMatch(/^date:17[0-9]{8}\+$/);
      }),
    );
  });

  it.each(["stream", "notifications"] as const)("the rules of one file come all, on the %s", async (from) => {
    const [id, store] = ["a".repeat(64), await openSqliteStore()];
    const matched = (rule: string): object =>
      from === "notifications"
        ? { type: "hunting_notification", id: rule, attributes: { date: 1_790_000_000, rule_name: rule, tags: [id] } }
        : { type: "file", id, attributes: { sha256: id }, context_attributes: { hunting_info: { rule_name: rule } } };
    const run = (...rules: string[]) =>
      runHunt(plainDeps(store, [rules.map(matched)]), huntOf({ source: livehuntSource("", from), fetch: NOTHING }));
    const labels = async () => (await store.samples([id])).get(id)?.labels;
    await run("rule_one", "rule_two");
    expect(await labels()).toEqual(["rule_one", "rule_two"]);
    // The file is known by then, and not asked for again.
    await run("rule_three");
    expect(await labels()).toEqual(["rule_one", "rule_three", "rule_two"]);
    await store.close();
  });

  it("leaves what else the context of a file says to the object", () => {
    const entry = { type: "file", id: "a".repeat(64), attributes: {}, context_attributes: { snippet: "x" } };
    expect(foundSample(entry)).not.toHaveProperty("about");
  });

  it("end with nothing under way, of the page behind a failure neither", async () => {
    const ids = ["1", "2", "3", "4"].map((digit) => digit.repeat(64));
    const store = await openSqliteStore();
    let underWay = 0;
    const reportsOf = async (path: string): Promise<void> => {
      const id = path.split("/")[2];
      underWay += 1;
      await wait(id === ids[0] ? 100 : id === ids[1] ? 20 : 400);
      underWay -= 1;
      if (id === ids[0]) throw new VtError("unavailable", "the first sample fails");
    };
    const pages = [ids.slice(0, 2), ids.slice(2)].map((page) =>
      page.map((id) => ({ type: "file", id, attributes: {} })),
    );
    const hunting = runHunt(plainDeps(store, pages, reportsOf), huntOf({ fetch: { ...NOTHING, reports: "each" } }));
    await expect(hunting).rejects.toThrow("the first sample fails");
    expect(underWay).toBe(0);
    await store.close();
  });

  it("hashes of each kind are asked for once, unknown ones give nothing and stop nothing", async () => {
    await withEmulator({ world }, (emulator) =>
      withLab(emulator, async (lab) => {
        const [a, b, c] = world.samples.map(
          ({ file }) => file.attributes as { sha256: string; md5: string; sha1: string },
        );
        const unknown = Array.from({ length: 60 }, (_, index) => index.toString(16).padStart(64, "0"));
        const hashes = [...unknown, a?.sha256, b?.md5, c?.sha1, a?.sha256.toUpperCase()] as string[];
        const source = hashSource(hashes, 10);
        const hunt = huntOf({ limit: 10, source });
        expect(await lab.run(hunt)).toMatchObject({ fetched: 3, isComplete: true });
        expect(samplesAsked(emulator).size).toBe(3);
        const before = emulator.requests.length;
        expect(await lab.run(hunt)).toMatchObject({ fetched: 0, known: 3 });
        expect(emulator.requests.slice(before).filter(({ status }) => status === 200)).toEqual([]);
      }),
    );
  });
});

const NOTHING: Hunt["fetch"] = { reports: "none", relationships: [], relatedAs: "objects", maxRelated: 1 };

/** A run over listings as they are written here; every other listing is `reportsOf`'s. */
function plainDeps(
  store: Store,
  listings: readonly (readonly object[])[],
  reportsOf: (path: string) => Promise<void> = async () => {},
): HuntDeps {
  const client: Partial<HuntDeps["client"]> = {
    async *pages(path) {
      if (path.includes("/behaviours")) return await reportsOf(path);
      for (const [index, items] of listings.entries())
        yield { body: { data: items }, items, ...(index < listings.length - 1 ? { cursor: `c${index}` } : {}) };
    },
    get: async () => undefined,
  };
  return {
    client: client as HuntDeps["client"],
    store: store.hunts,
    log: silentLog,
    clock: () => LATER,
    sleep: (ms) => wait(ms),
    random: () => 0,
    signal: new AbortController().signal,
    concurrency: 2,
    claimant: { owner: "here/1/a", isGone: () => false },
    onProgress: () => {},
  };
}
