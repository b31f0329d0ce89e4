/** Hunts on the file-behaviour feed: what they take is what the feed's lines show, whatever happens on the way. */
import { describe, expect, it } from "vitest";
import { collect } from "../../src/collect/report.ts";
import { createWorld, type Emulator, FAULT_MODES } from "../../src/emulator/index.ts";
import { feedSource } from "../../src/hunt/feed-source.ts";
import type { Hunt } from "../../src/hunt/hunt.ts";
import { recogniseBody } from "../../src/vt/bodies.ts";
import { withEmulator } from "../emulator/support.ts";
import { askedFor, DAY, huntOf, LATER, type Lab, quickClock, withLab } from "./support.ts";

/** Everything in it happened in the last days, so that the feed still has it. */
const world = createWorld({
  seed: 11,
  samples: 30,
  families: 4,
  start: new Date("2026-11-01T12:00:00Z"),
  end: new Date("2026-11-02T00:00:00Z"),
});
/** Back to the beginning of the world. */
const HOURS = 48;
/** What was finished later is not in the feed yet. */
const NEWEST = Date.parse("2026-11-03T10:00:00Z") / 1000;
const STEALERS = { verdicts: ["STEALER"] };
const ALONE = { reports: "none", relationships: [], relatedAs: "objects", maxRelated: 200 } as const;

function feedHunt(changes: Partial<Hunt> = {}): Hunt {
  const source = feedSource({ cadence: "hourly", filter: STEALERS });
  return huntOf({ name: "feed", source, sinceSeconds: HOURS * 3600, fetch: ALONE, ...changes });
}

const isStealer = ({ attributes }: { readonly attributes: Readonly<Record<string, unknown>> }) =>
  (attributes.verdicts as string[]).includes("STEALER") && (attributes.analysis_date as number) < NEWEST;
const found = world.samples.filter(({ reports }) => reports.some(isStealer));
const reports = found.flatMap((sample) => sample.reports.filter(isStealer));

const evidence = (rows: readonly string[]) => rows.filter((row) => /^\["(?:evidence|sample|link|tag)"/.test(row));

/** What the lines of the feed show, put into a store by themselves. */
const shown = withEmulator({ world }, (emulator) =>
  withLab(emulator, async (lab) => {
    const items = reports.flatMap((report) => recogniseBody(report, "") ?? []);
    await lab.store.add(items.flatMap((item) => collect(item) ?? []));
    return evidence(lab.dump());
  }),
);

function batchesAsked({ requests }: Emulator, from = 0): string[] {
  return requests
    .slice(from)
    .filter(({ path, status }) => path.startsWith("/feeds/") && status !== 404)
    .map(({ path }) => path.split("/").at(-1) as string);
}

const othersAsked = ({ requests }: Emulator) =>
  requests.map(({ path }) => path).filter((path) => !/^\/(?:feeds|storage)\//.test(path));

/** Runs that the limit ends, until one comes to the end. */
async function runToEnd(lab: Lab, hunt: Hunt): Promise<number[]> {
  const fetched: number[] = [];
  for (let run = 0; run < 50; run += 1) {
    const tally = await lab.run(hunt);
    fetched.push(tally.fetched);
    if (tally.isComplete) break;
  }
  return fetched;
}

describe("a hunt on the feed", () => {
  it("takes each line that fits as evidence, and asks for nothing but the batches", async () => {
    expect(found.some((sample) => sample.reports.filter(isStealer).length > 1)).toBe(true);
    await withEmulator({ world }, (emulator) =>
      withLab(emulator, async (lab) => {
        const tally = await lab.run(feedHunt());
        expect(tally).toMatchObject({ fetched: found.length, isComplete: true });
        expect(evidence(lab.dump())).toEqual(await shown);
        expect(lab.dump().filter((row) => row.startsWith('["hunt"'))).toHaveLength(found.length);
        expect(othersAsked(emulator)).toEqual([]);
        // Up to where batches should be ready.
        expect(batchesAsked(emulator)).toHaveLength(HOURS - 2);
        expect(emulator.requests.some(({ status }) => status === 400)).toBe(false);
      }),
    );
  });

  it("leaves samples of which nothing was asked to other hunts", async () => {
    await withEmulator({ world }, (emulator) =>
      withLab(emulator, async (lab) => {
        await lab.run(feedHunt());
        expect(await lab.run(huntOf())).toMatchObject({ fetched: 30, known: 0 });
      }),
    );
  });

  it("asks for object and relationships of each sample once, when they are wanted", async () => {
    await withEmulator({ world }, (emulator) =>
      withLab(emulator, async (lab) => {
        await lab.run(feedHunt({ fetch: { ...ALONE, relationships: ["contacted_domains"] } }));
        const asked = found.flatMap(({ sha256 }) => [`/files/${sha256}`, `/files/${sha256}/contacted_domains`]);
        expect(new Set(othersAsked(emulator))).toEqual(new Set(asked));
        expect(new Set(askedFor(emulator).values())).toEqual(new Set([1]));
        const rows = lab.dump();
        for (const row of await shown) if (row.startsWith('["evidence"')) expect(rows).toContain(row);
        expect(rows.some((row) => row.startsWith('["enrichment"'))).toBe(true);
      }),
    );
  });

  it("goes on behind its last batch, by the minute too, and asks for no batch twice", async () => {
    const middle = new Date("2026-11-02T00:00:00Z");
    await withEmulator({ world, clock: () => middle }, (emulator) =>
      withLab(emulator, async (lab) => {
        const source = feedSource({ cadence: "minute", filter: STEALERS });
        const hunt = feedHunt({ source, sinceSeconds: 4 * 3600 });
        const first = await lab.run(hunt, { clock: () => middle });
        const asked = batchesAsked(emulator);
        expect([asked[0], asked.at(-1)]).toEqual(["202611012000", "202611012250"]);
        const later = new Date("2026-11-02T02:00:00Z");
        emulator.setClock(() => later);
        const from = emulator.requests.length;
        const second = await lab.run(hunt, { clock: () => later });
        const next = batchesAsked(emulator, from);
        expect(next[0]).toBe("202611012251");
        expect(next.at(-1)).toBe("202611020050");
        expect(first.fetched + second.fetched).toBeGreaterThan(0);
        const within = reports.filter(({ attributes }) => {
          const at = new Date((attributes.analysis_date as number) * 1000).toISOString();
          const missing = emulator.requests.filter(({ status }) => status === 404).map(({ path }) => path.slice(-12));
          const minute = at.replace(/[-:T]/g, "").slice(0, 12);
          return minute >= "202611012000" && minute <= "202611020050" && !missing.includes(minute);
        });
        const seen = lab.dump().filter((row) => row.startsWith('["tag"') || row.startsWith('["hunt"'));
        expect(new Set(seen.filter((row) => row.startsWith('["hunt"')))).toEqual(
          new Set(within.map(({ id }) => JSON.stringify(["hunt", "feed", id.slice(0, 64)]))),
        );
      }),
    );
  });

  it("goes on in the middle of a batch when the limit ended it", async () => {
    await withEmulator({ world }, (emulator) =>
      withLab(emulator, async (lab) => {
        const runs = await runToEnd(lab, feedHunt({ limit: 4 }));
        expect(runs.reduce((sum, count) => sum + count, 0)).toBe(found.length);
        expect(Math.max(...runs)).toBe(4);
        expect(evidence(lab.dump())).toEqual(await shown);
      }),
    );
  });

  it("begins anew with another filter", async () => {
    await withEmulator({ world }, (emulator) =>
      withLab(emulator, async (lab) => {
        const narrow = feedSource({ cadence: "hourly", filter: { hashes: [found[0]?.sha256 as string] } });
        expect(await lab.run(feedHunt({ source: narrow }))).toMatchObject({ found: 1, fetched: 1 });
        expect(await lab.run(feedHunt())).toMatchObject({ fetched: found.length - 1, known: expect.any(Number) });
      }),
    );
  });

  it("waits for a batch that is late", async () => {
    const clock = quickClock();
    const late = () => new Date(clock().getTime() - 12 * 60_000);
    await withEmulator({ world, clock: late }, (emulator) =>
      withLab(
        emulator,
        async (lab) => {
          const source = feedSource({ cadence: "minute", filter: STEALERS });
          const tally = await lab.run(feedHunt({ source, sinceSeconds: 72 * 60 }));
          expect(tally.isComplete).toBe(true);
          expect(emulator.requests.some(({ status }) => status === 400)).toBe(true);
        },
        { clock },
      ),
    );
  });

  it("says what is gone after seven days, and goes on with what is there", async () => {
    await withEmulator({ world }, (emulator) =>
      withLab(emulator, async (lab) => {
        await lab.run(feedHunt({ sinceSeconds: 12 * 3600 }));
        const later = new Date(LATER.getTime() + 8 * DAY * 1000);
        emulator.setClock(() => later);
        const from = emulator.requests.length;
        const tally = await lab.run(feedHunt(), { clock: () => later });
        expect(tally.isComplete).toBe(true);
        expect(lab.warnings).toEqual([
          "The feed's batches from 2026110310 to before 2026110413 are gone: it keeps seven days.",
        ]);
        expect(batchesAsked(emulator, from)[0]).toBe("2026110413");
      }),
    );
  });

  it("that looks back further than the feed keeps begins with its oldest batch", async () => {
    await withEmulator({ world }, (emulator) =>
      withLab(emulator, async (lab) => {
        expect(await lab.run(feedHunt({ sinceSeconds: 30 * DAY }))).toMatchObject({ fetched: found.length });
        expect(lab.warnings).toEqual([]);
        expect(batchesAsked(emulator)[0]).toBe("2026102713");
      }),
    );
  });

  it("twice at once leaves the same", async () => {
    await withEmulator({ world, latencyMs: 2 }, (emulator) =>
      withLab(emulator, async (lab) => {
        const claimant = (owner: string) => ({ claimant: { owner, isGone: () => false } });
        await Promise.all([lab.run(feedHunt(), claimant("here/1/a")), lab.run(feedHunt(), claimant("here/2/b"))]);
        expect(evidence(lab.dump())).toEqual(await shown);
        expect(lab.dump().filter((row) => row.startsWith('["claim"'))).toEqual([]);
      }),
    );
  });

  it("with every fault mode on leaves the same", { timeout: 120_000 }, async () => {
    const faults = { rate: 0.4, seed: 3, modes: FAULT_MODES, slowMs: 5, retryAfterSeconds: 1 };
    await withEmulator({ world, faults }, (emulator) =>
      withLab(emulator, async (lab) => {
        expect(await lab.run(feedHunt())).toMatchObject({ fetched: found.length, isComplete: true });
        expect(emulator.requests.filter(({ status }) => ![200, 302].includes(status)).length).toBeGreaterThan(30);
        expect(evidence(lab.dump())).toEqual(await shown);
      }),
    );
  });

  it("keeps no token link of the feed", async () => {
    await withEmulator({ world }, (emulator) =>
      withLab(emulator, async (lab) => {
        await lab.run(feedHunt());
        expect(lab.dump().join("\n")).not.toContain("emulator-canary-token");
      }),
    );
  });

  it("ends when the licence has no feed", async () => {
    await withEmulator({ world, privileges: ["intelligence"] }, (emulator) =>
      withLab(emulator, async (lab) => {
        await expect(lab.run(feedHunt())).rejects.toMatchObject({ code: "VT_FORBIDDEN" });
      }),
    );
  });
});
