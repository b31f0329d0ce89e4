/** Relationships embedded in listings and file objects: what they give, and what they cost. */
import { describe, expect, it } from "vitest";
import { createWorld, type Emulator, FAULT_MODES, retrohuntJobId, type World } from "../../src/emulator/index.ts";
import type { FetchPlan } from "../../src/hunt/fetch-sample.ts";
import { hashSource } from "../../src/hunt/hash-source.ts";
import { collectionSource, retrohuntSource, searchSource } from "../../src/hunt/listing-sources.ts";
import { withEmulator } from "../emulator/support.ts";
import { END, huntOf, ORDER, START, withLab } from "./support.ts";

const world = createWorld({ seed: 5, samples: 80, families: 2, start: START, end: END });
const family = world.families[0] as string;
const matches = world.samples.filter((sample) => sample.family === family);
const NAMES = ["contacted_domains", "contacted_ips", "contacted_urls"];
const EMBEDDED: FetchPlan = { reports: "none", relationships: NAMES, relatedAs: "embedded", maxRelated: 200 };

/** Requests that embedded lists cost: one for every twenty beyond the first. */
const beyondOf = (samples: World["samples"]) =>
  samples
    .flatMap(({ relationships }) => NAMES.map((name) => relationships[name]?.length ?? 0))
    .reduce((sum, length) => sum + Math.max(0, Math.ceil(length / 20) - 1), 0);
const beyond = beyondOf(matches);

const pathsOf = ({ requests }: Emulator) =>
  requests.filter(({ status }) => status === 200).map(({ path }) => path.replace(/[0-9a-f]{64}/, "*"));

const seen = (rows: readonly string[]) =>
  rows.flatMap((row) => {
    const [kind, value, sample, , role] = JSON.parse(row);
    return kind === "evidence" && role === "relationship" ? [`${value} ${sample}`] : [];
  });

describe("relationships embedded in a listing", () => {
  it("come with the matches of a Retrohunt job, followed past their first twenty, at no request a sample", async () => {
    expect(beyond).toBeGreaterThan(0);
    await withEmulator({ world }, (emulator) =>
      withLab(emulator, async (lab) => {
        const source = retrohuntSource(retrohuntJobId(family), NAMES);
        const tally = await lab.run(huntOf({ source, fetch: EMBEDDED }));
        expect(tally).toMatchObject({ fetched: matches.length, isComplete: true });
        const paths = pathsOf(emulator);
        const pages = Math.ceil(matches.length / 40);
        expect(paths.filter((path) => path.endsWith("/matching_files"))).toHaveLength(pages);
        expect(emulator.requests[0]?.query.relationships).toBe(NAMES.join(","));
        expect(paths).toHaveLength(pages + beyond);
        const related = seen(lab.dump());
        for (const { sha256, relationships } of matches)
          for (const { id } of relationships.contacted_domains ?? [])
            expect(related).toContain(`domain ${id} ${sha256}`);
        expect(lab.dump().filter((row) => row.startsWith('["enrichment"'))).toEqual([]);
      }),
    );
  });

  it("show what full objects do", async () => {
    const contacts = (fetch: FetchPlan, embedded: readonly string[]) =>
      withEmulator({ world }, (emulator) =>
        withLab(emulator, async (lab) => {
          await lab.run(huntOf({ source: retrohuntSource(retrohuntJobId(family), embedded), fetch }));
          return seen(lab.dump()).sort();
        }),
      );
    const embedded = await contacts(EMBEDDED, NAMES);
    const objects = new Set(await contacts({ ...EMBEDDED, relatedAs: "objects" }, []));
    expect(embedded).toEqual(expect.arrayContaining([...objects]));
    // Beside them stand only names and addresses that VirusTotal holds no object of.
    const held = [...world.domains.keys(), ...world.addresses.keys()];
    for (const contact of embedded) if (!objects.has(contact)) expect(held).not.toContain(contact.split(" ")[1]);
  });

  it("stop at maxRelated", async () => {
    await withEmulator({ world }, (emulator) =>
      withLab(emulator, async (lab) => {
        const source = retrohuntSource(retrohuntJobId(family), NAMES);
        await lab.run(huntOf({ source, fetch: { ...EMBEDDED, maxRelated: 20 } }));
        expect(pathsOf(emulator)).toHaveLength(Math.ceil(matches.length / 40));
      }),
    );
  });
});

describe("relationships embedded in the file object", () => {
  it.each([
    ["a search", searchSource({ query: "entity:file p:0+", order: ORDER, limit: 1000 }), world.samples],
    ["a collection", collectionSource(`malware--${family}`), matches],
    [
      "hashes",
      hashSource(
        matches.map(({ sha256 }) => sha256),
        1000,
      ),
      matches,
    ],
  ])("cost %s one request a sample, which gives the object too", async (_what, source, samples) => {
    await withEmulator({ world }, (emulator) =>
      withLab(emulator, async (lab) => {
        const tally = await lab.run(huntOf({ source, fetch: EMBEDDED }));
        expect(tally.fetched).toBe(samples.length);
        const paths = pathsOf(emulator);
        expect(paths.filter((path) => path === "/files/*")).toHaveLength(samples.length);
        expect(paths.filter((path) => path.startsWith("/files/*/"))).toHaveLength(beyondOf(samples));
        const rows = lab.dump();
        for (const { sha256 } of samples)
          expect(rows).toContainEqual(expect.stringMatching(`^\\["sample","${sha256}","[0-9a-f]{32}"`));
        expect(seen(rows).length).toBeGreaterThan(100);
      }),
    );
  });

  it("are left out with a warning when the key has no right to one, and the object is asked for alone", async () => {
    await withEmulator({ world, privileges: ["intelligence"] }, (emulator) =>
      withLab(emulator, async (lab) => {
        const source = hashSource(
          matches.slice(0, 3).map(({ sha256 }) => sha256),
          10,
        );
        const fetch: FetchPlan = { ...EMBEDDED, relationships: ["contacted_ips", "itw_urls"] };
        expect(await lab.run(huntOf({ source, fetch }))).toMatchObject({ fetched: 3, isComplete: true });
        expect(lab.warnings).toHaveLength(1);
        expect(lab.warnings[0]).toContain("The hunt goes on without its embedded relationships.");
      }),
    );
  });

  it("of an unknown hash cost one request", async () => {
    await withEmulator({ world }, (emulator) =>
      withLab(emulator, async (lab) => {
        expect(await lab.run(huntOf({ source: hashSource(["f".repeat(64)], 10), fetch: EMBEDDED }))).toMatchObject({
          fetched: 0,
        });
        expect(emulator.requests).toHaveLength(1);
      }),
    );
  });
});

describe("with every fault mode on", () => {
  it("embedded relationships leave what an undisturbed run leaves", { timeout: 120_000 }, async () => {
    const run = (rate: number) =>
      withEmulator(
        { world, faults: { rate, seed: 4, modes: FAULT_MODES, slowMs: 5, retryAfterSeconds: 1 } },
        (emulator) =>
          withLab(emulator, async (lab) => {
            const source = retrohuntSource(retrohuntJobId(family), NAMES);
            await lab.run(huntOf({ source, fetch: { ...EMBEDDED, reports: "each" } }));
            return lab.dump();
          }),
      );
    expect(await run(0.5)).toEqual(await run(0));
  });
});
