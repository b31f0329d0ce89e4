import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { huntsOf } from "../../src/app/hunting.ts";
import type { App } from "../../src/app.ts";
import { parseConfig } from "../../src/config.ts";
import { createWorld, type Emulator, type EmulatorInput } from "../../src/emulator/index.ts";
import { withEmulator } from "../emulator/support.ts";
import { askedFor, CONFIG, cliLab, dump, fetchedIn, KEY, LATER, searchesOf, smallWorld } from "./support.ts";

const world = smallWorld(40);

function withServer<T>(test: (emulator: Emulator) => Promise<T>, input: Partial<EmulatorInput> = {}): Promise<T> {
  return withEmulator({ world, apiKey: KEY, ...input }, test);
}

/** What an undisturbed run leaves, and what it said. */
const clean = withServer(async (emulator) => {
  const lab = cliLab();
  const ran = await lab.run(emulator, ["hunt", "--json"], { RULEWRIGHT_LOG: "debug" });
  return { ran, evidence: dump(lab.store), files: lab.files(), requests: emulator.requests.length };
});

describe("rulewright hunt", () => {
  it("fetches, judges and says what to run next", async () => {
    const { ran, requests } = await clean;
    expect(ran.code, ran.stderr).toBe(0);
    expect(JSON.parse(ran.stdout)).toEqual({
      hunts: [{ name: "all", found: 40, fetched: 40, known: 0, isComplete: true }],
      failures: [],
      requests,
      repeated: 0,
    });
    expect(ran.stderr).toMatch(/^hunt {2}found {2}fetched {2}known {2}complete\nall {6}40 {7}40 {6}0 {7}yes$/m);
    expect(ran.stderr).toMatch(/^observables +keep +review +drop$/m);
    expect(ran.stderr).toContain("rulewright export");
  });

  it("leaves indicators that bear its name, labels and TLP", async () => {
    await withServer(async (emulator) => {
      const lab = cliLab(`${CONFIG}    labels: [tracked]\n    tlp: green\n    family: ours\n`);
      expect((await lab.run(emulator, ["hunt", "all"])).code).toBe(0);
      const listed = await lab.run(emulator, ["list", "--json", "--decision", "keep", "--where", "type=domain"]);
      const [first] = listed.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(first).toMatchObject({ hunts: ["all"], labels: expect.arrayContaining(["tracked"]), tlp: "green" });
      expect(first.families).toContain("ours");
    });
  });

  it("in two processes at once fetches each sample once and leaves the same", async () => {
    await withServer(
      async (emulator) => {
        const lab = cliLab();
        const both = await Promise.all([lab.run(emulator, ["hunt", "--json"]), lab.run(emulator, ["hunt", "--json"])]);
        for (const { code, stderr } of both) expect(code, stderr).toBe(0);
        const tallies = both.map(({ stdout }) => JSON.parse(stdout).hunts[0]);
        expect(tallies.map(({ isComplete }) => isComplete)).toEqual([true, true]);
        expect(tallies[0].fetched + tallies[1].fetched).toBe(40);
        expect(dump(lab.store)).toEqual((await clean).evidence);
        expect(new Set(askedFor(emulator).values())).toEqual(new Set([1]));
      },
      { latencyMs: 20 },
    );
  });
});

describe("the quota", () => {
  const few = smallWorld(16);
  const LIMIT = 26;
  const DAY_MS = 86_400_000;

  it.each([
    ["of the config", CONFIG.replace("hunts:", `  perDay: ${LIMIT}\nhunts:`), {}],
    ["of the account", CONFIG.replace("hunts:", "  user: somebody\nhunts:"), { quotas: { perDay: LIMIT } }],
  ])("%s that runs out in the middle: exit 3, and the rest the next days", async (_whose, config, input) => {
    const wanted = await withServer(
      async (emulator) => {
        const lab = cliLab();
        expect((await lab.run(emulator, ["hunt"])).code).toBe(0);
        return dump(lab.store);
      },
      { world: few },
    );
    await withServer(
      async (emulator) => {
        const lab = cliLab(config);
        const first = await lab.run(emulator, ["hunt"]);
        expect(first.code, first.stderr).toBe(3);
        expect(first.stderr).toContain("[VT_QUOTA_USED_UP]");
        expect(first.stderr).toContain("2026-11-04 00:00 UTC");
        expect(first.stderr).toMatch(/^all .* no$/m);
        const kept = fetchedIn(lab.store);
        expect(kept.size).toBeGreaterThan(2);
        expect(kept.size).toBeLessThan(16);

        const before = emulator.requests.length;
        expect((await lab.run(emulator, ["hunt"])).code).toBe(3);
        expect(emulator.requests.slice(before).filter(({ status }) => status === 200)).toEqual([]);

        const codes: (number | null)[] = [];
        for (let day = 1; codes.at(-1) !== 0 && day <= 4; day += 1) {
          const now = new Date(LATER.getTime() + day * DAY_MS);
          emulator.setClock(() => now);
          codes.push((await lab.run(emulator, ["hunt"], {}, now)).code);
        }
        expect(codes.at(-1)).toBe(0);
        expect(dump(lab.store)).toEqual(wanted);
        for (const key of askedFor(emulator, before).keys()) expect(kept).not.toContain(key.slice(0, 64));
      },
      { world: few, ...input },
    );
  });
});

describe("the quota of a hunt on the feed", () => {
  const recent = createWorld({
    seed: 11,
    samples: 12,
    families: 2,
    start: new Date("2026-11-02T00:00:00Z"),
    end: new Date("2026-11-02T12:00:00Z"),
  });
  const configOf = (since: string, limits = "") => `virustotal:
  concurrency: 2
${limits}hunts:
  - { name: own, feed: { by: hour, verdicts: [STEALER, TROJAN] }, relationships: [], since: ${since} }
`;

  it("that runs out in the middle: exit 3, and the rest the next days", async () => {
    await withServer(
      async (emulator) => {
        const lab = cliLab(configOf("36h", "  perDay: 30\n"));
        const codes: (number | null)[] = [];
        let now = LATER;
        for (let day = 0; codes.at(-1) !== 0 && day <= 4; day += 1) {
          now = new Date(LATER.getTime() + day * 86_400_000);
          emulator.setClock(() => now);
          codes.push((await lab.run(emulator, ["hunt"], {}, now)).code);
        }
        expect(codes.slice(0, -1)).toEqual(codes.slice(0, -1).map(() => 3));
        expect(codes.length).toBeGreaterThan(1);
        expect(codes.at(-1)).toBe(0);
        const whole = cliLab(configOf("6d"));
        expect((await whole.run(emulator, ["hunt"], {}, now)).code).toBe(0);
        expect(dump(lab.store)).toEqual(dump(whole.store));
      },
      { world: recent },
    );
  });
});

describe("the plan", () => {
  it("counts searches, pages and look-ups against what is left, and asks for nothing", async () => {
    await withServer(async (emulator) => {
      const lab = cliLab(CONFIG.replace("hunts:", "  perDay: 500\nhunts:").replace("limit: 1000", "limit: 600"));
      const { code, stdout } = await lab.run(emulator, ["hunt", "--plan"]);
      expect(code).toBe(0);
      expect(emulator.requests).toEqual([]);
      expect(existsSync(lab.store)).toBe(false);
      expect(stdout).toMatch(/^all +1 +2 +600 +1800 +1802$/m);
      expect(stdout).toMatch(/^day +500 +0 +500 +2026-11-04 00:00 UTC +not enough$/m);
      expect(stdout).toContain("all asks: entity:file p:0+ fs:2026-09-04T12:00:0");
    });
  });

  it("counts batches of a feed, and what embedded relationships save", async () => {
    await withServer(async (emulator) => {
      const lab = cliLab(`hunts:
  - { name: alone, feed: { verdicts: [STEALER] }, relationships: [] }
  - { name: hours, feed: { by: hour, tags: [LONG_SLEEPS] }, since: 1d, limit: 10 }
  - { name: cheap, feed: { families: [a, b, c, d, e, f] }, relatedAs: embedded, limit: 10 }
  - { name: jobs, retrohunt: j, reports: none, relatedAs: embedded, limit: 80 }
  - { name: older, livehunt: "tag:a", livehuntFrom: notifications, limit: 80 }
`);
      const { stdout } = await lab.run(emulator, ["hunt", "--plan"]);
      // Three hours back by the minute, less the 70 minutes in which there are none.
      expect(stdout).toMatch(/^alone +0 +111 +300 +0 +111$/m);
      expect(stdout).toMatch(/^hours +0 +22 +10 +40 +62$/m);
      expect(stdout).toMatch(/^cheap +0 +111 +10 +10 +121$/m);
      expect(stdout).toMatch(/^jobs +0 +2 +80 +0 +2$/m);
      expect(stdout).toMatch(/^older +0 +2 +80 +400 +402$/m);
      expect(stdout).toContain("alone asks: the file-behaviour feed by minute, verdicts STEALER\n");
      expect(stdout).toContain("cheap asks: the file-behaviour feed by minute, families (6)\n");
      expect(stdout).toMatch(/^older asks: date:17\d{8}\+ tag:a$/m);
      expect(emulator.requests).toEqual([]);
    });
  });

  it("shows the account's own figures, which cost nothing", async () => {
    await withServer(
      async (emulator) => {
        const lab = cliLab(CONFIG.replace("hunts:", "  user: somebody\nhunts:"));
        const { stdout } = await lab.run(emulator, ["hunt", "--plan", "--json"]);
        const plan = JSON.parse(stdout);
        expect(plan.total).toEqual({ searches: 1, pages: 4, samples: 1000, lookups: 3000, requests: 3004 });
        expect(plan.account).toContainEqual(expect.objectContaining({ name: "api_requests_daily", left: 700 }));
        expect(searchesOf(emulator)).toEqual([]);
        expect(emulator.requests.map(({ path }) => path)).toEqual(["/users/somebody/overall_quotas"]);
      },
      { quotas: { perDay: 700 } },
    );
  });

  it("works without a key", async () => {
    await withServer(async (emulator) => {
      const { code, stdout, stderr } = await cliLab().run(emulator, ["hunt", "--plan"], { VT_API_KEY: "" });
      expect(code).toBe(0);
      expect(stdout).toContain("3004");
      expect(stderr).toContain("Set VT_API_KEY");
    });
  });
});

describe("what is wrong", () => {
  it("an unknown hunt is named with the nearest", async () => {
    await withServer(async (emulator) => {
      const { code, stderr } = await cliLab().run(emulator, ["hunt", "al"]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/There is no hunt "al" \(did you mean "all"\?\).*\[HUNT_UNKNOWN\]/);
    });
  });

  it.each([
    ["no hunt at all", "tlp: green\n", /There is no hunt in rulewright\.yaml\. Add one under hunts:/],
    ["a hunt without a source", "hunts: [{ name: x }]\n", /the hunt x has no source/],
    ["two sources", "hunts: [{ name: x, query: p:1+, retrohunt: j }]\n", /the hunt x has more than one source/],
    ["a feed and a query", "hunts: [{ name: x, query: p:1+, feed: { tags: [A] } }]\n", /x has more than one source/],
    ["one name twice", "hunts: [{ name: x, query: p:1+ }, { name: x, query: p:2+ }]\n", /two hunts are called x/],
  ])("a config with %s says so", (_what, config, message) => {
    const file = "rulewright.yaml";
    const loaded = { config: parseConfig(config, file), file, isPresent: true };
    expect(() => huntsOf({ loaded } as App, [])).toThrow(message);
  });

  it.each([
    ["without a filter", "feed: { by: hour }", /hunts\.0\.feed: a licence gets everything: say what is wanted/],
    ["with an empty one", "feed: { tags: [] }", /hunts\.0\.feed\.tags: /],
    [
      "with an unknown key",
      "feed: { verdict: [RAT] }",
      /unknown key "hunts\.0\.feed\.verdict" \(did you mean "verdicts"\?\)/,
    ],
    ["by the day", "feed: { by: day, tags: [A] }", /hunts\.0\.feed\.by: /],
  ])("a feed %s says so", (_what, feed, message) => {
    expect(() => parseConfig(`hunts: [{ name: x, ${feed} }]\n`, "rulewright.yaml")).toThrow(message);
  });

  it("a query that VirusTotal does not take stops its own hunt, not the others", async () => {
    await withServer(async (emulator) => {
      const lab = cliLab(CONFIG.replace("hunts:", 'hunts:\n  - { name: broken, query: "nonsense:1" }'));
      const { code, stderr } = await lab.run(emulator, ["hunt"]);
      expect(code).toBe(2);
      expect(stderr).toContain("[VT_REQUEST_REFUSED]");
      expect(stderr).toMatch(/^all +40 +40 +0 +yes$/m);
      expect(fetchedIn(lab.store).size).toBe(40);
    });
  });

  it("nobody listens: exit 3 and nothing lost", async () => {
    const lab = cliLab();
    const gone = await withServer(async (emulator) => emulator);
    const { code, stderr } = await lab.run(gone, ["hunt"]);
    expect(code).toBe(3);
    expect(stderr).toContain("[VT_UNAVAILABLE]");
  });
});

describe("the key", () => {
  it("comes from a file that the config names", async () => {
    await withServer(async (emulator) => {
      const lab = cliLab(CONFIG.replace("virustotal:", "virustotal:\n  apiKey: { file: secrets/vt }"));
      const missing = await lab.run(emulator, ["hunt"], { VT_API_KEY: "" });
      expect(missing.code).toBe(2);
      expect(missing.stderr).toContain("[VT_KEY_MISSING]");
      mkdirSync(join(lab.folder, "secrets"));
      writeFileSync(join(lab.folder, "secrets/vt"), `${KEY}\n`);
      const found = await lab.run(emulator, ["hunt"], { VT_API_KEY: "" });
      expect(found.code, found.stderr).toBe(0);
      rmSync(join(lab.folder, "secrets"), { recursive: true });
      expect(lab.files().join("")).not.toContain(KEY);
    });
  });

  it("is in no output, log, store file or error", async () => {
    const { ran, files } = await clean;
    await withServer(
      async (emulator) => {
        const lab = cliLab();
        const refused = await lab.run(emulator, ["hunt", "--json"], { RULEWRIGHT_LOG: "debug" });
        expect(refused.code).toBe(2);
        expect(refused.stderr).toContain("[VT_KEY_REFUSED]");
        const config = await lab.run(emulator, ["config", "show"]);
        const seen = [ran, refused, config].flatMap(({ stdout, stderr }) => [stdout, stderr]);
        const all = [...seen, ...files, ...lab.files(), JSON.stringify(emulator.requests)].join("\n");
        expect(all).not.toContain(KEY);
        expect(all).not.toContain(Buffer.from(KEY).toString("base64"));
      },
      { apiKey: "another" },
    );
  });
});
