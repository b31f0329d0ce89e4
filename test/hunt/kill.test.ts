/** Killed at any instant, a hunt neither loses nor repeats a sample. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { expect, it } from "vitest";
import { createWorld, type Emulator, retrohuntJobId } from "../../src/emulator/index.ts";
import { withEmulator } from "../emulator/support.ts";
import { root } from "../support/cli.ts";
import { askedFor, cliLab, dump, fetchedIn, KEY, LATER, smallWorld, wideWorld } from "./support.ts";

const world = wideWorld();
const KILLS = 30;
const LONG_MS = 600_000;
/** Seeded: the same instants in every run of the test. */
const SEED = 20_261_124;

function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

type Cli = ReturnType<typeof cliLab>;

/** Starts a hunt and kills it when the emulator has answered some requests of it, or without any, after some time. */
async function killed(
  lab: Cli,
  emulator: Emulator,
  { requests, ms = 0, signal = "SIGKILL" }: { requests: number; ms?: number; signal?: NodeJS.Signals },
): Promise<NodeJS.Signals | number | null> {
  const until = emulator.requests.length + requests;
  const child = spawn(process.execPath, [join(root, "src/cli.ts"), "hunt"], {
    cwd: lab.folder,
    env: { ...process.env, RULEWRIGHT_CONFIG: undefined, ...lab.envOf(emulator, LATER), RULEWRIGHT_STORE: undefined },
    stdio: "ignore",
  });
  const ended = new Promise<NodeJS.Signals | number | null>((resolve) =>
    child.on("close", (code, by) => resolve(code ?? by)),
  );
  if (requests === 0) await wait(ms);
  else while (emulator.requests.length < until && child.exitCode === null) await wait(1);
  child.kill(signal);
  return ended;
}

it(
  "is killed thirty times, goes on each time, and leaves what an undisturbed run leaves",
  async () => {
    const options = { world, apiKey: KEY, latencyMs: 4 };
    const wanted = await withEmulator(options, async (emulator) => {
      const lab = cliLab();
      expect((await lab.run(emulator, ["hunt"])).code).toBe(0);
      return dump(lab.store);
    });
    await withEmulator(options, async (emulator) => {
      const lab = cliLab();
      const random = numbers(SEED);
      const marks: { readonly from: number; readonly kept: Set<string> }[] = [];
      for (let instant = 0; instant < KILLS; instant += 1) {
        const requests = instant % 3 === 0 ? 0 : 1 + Math.floor(random() * 40);
        expect(await killed(lab, emulator, { requests, ms: 300 + random() * 900 })).toBe("SIGKILL");
        // What was under way is answered to nobody.
        await wait(30);
        marks.push({ from: emulator.requests.length, kept: fetchedIn(lab.store) });
      }
      const sizes = marks.map(({ kept }) => kept.size);
      expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
      expect(sizes.at(-1)).toBeGreaterThan(10);
      const last = await lab.run(emulator, ["hunt"]);
      expect(last.code, last.stderr).toBe(0);
      expect(dump(lab.store)).toEqual(wanted);
      for (const { from, kept } of marks) {
        const again = [...askedFor(emulator, from).keys()].filter((key) => kept.has(key.slice(0, 64)));
        expect(again).toEqual([]);
      }
    });
  },
  LONG_MS,
);

const RECENT = createWorld({
  seed: 11,
  samples: 16,
  families: 2,
  start: new Date("2026-11-02T00:00:00Z"),
  end: new Date("2026-11-02T12:00:00Z"),
});

it.each([
  ["on the feed", "feed: { by: hour, verdicts: [STEALER, TROJAN] }", "relationships: [], since: 36h"],
  ["on the feed, with look-ups", "feed: { by: hour, verdicts: [STEALER, TROJAN] }", "since: 36h"],
  [
    "of Retrohunt matches, embedded",
    `retrohunt: ${retrohuntJobId(RECENT.families[0] as string)}`,
    "relatedAs: embedded",
  ],
  ["of Livehunt's older notifications", 'livehunt: ""', "livehuntFrom: notifications"],
])(
  "a hunt %s is killed and goes on like the others",
  async (_what, source, others) => {
    const config = `virustotal:\n  concurrency: 2\nhunts:\n  - { name: own, ${source}, ${others} }\n`;
    const options = { world: RECENT, apiKey: KEY, latencyMs: 8 };
    const wanted = await withEmulator(options, async (emulator) => {
      const lab = cliLab(config);
      expect((await lab.run(emulator, ["hunt"])).code).toBe(0);
      return dump(lab.store);
    });
    expect(wanted.filter((row) => row.startsWith('["hunt"')).length).toBeGreaterThan(3);
    await withEmulator(options, async (emulator) => {
      const lab = cliLab(config);
      const random = numbers(SEED);
      for (let instant = 0; instant < 4; instant += 1) {
        await killed(lab, emulator, { requests: 1 + Math.floor(random() * 40) });
        await wait(30);
      }
      const last = await lab.run(emulator, ["hunt"]);
      expect(last.code, last.stderr).toBe(0);
      expect(dump(lab.store)).toEqual(wanted);
    });
  },
  LONG_MS,
);

it("is interrupted, says so with 130, and goes on", async () => {
  await withEmulator({ world: smallWorld(16), apiKey: KEY, latencyMs: 20 }, async (emulator) => {
    const lab = cliLab();
    expect(await killed(lab, emulator, { requests: 20, signal: "SIGINT" })).toBe(130);
    expect(dump(lab.store).filter((row) => row.startsWith('["claim"'))).toEqual([]);
    const kept = fetchedIn(lab.store);
    const from = emulator.requests.length;
    expect((await lab.run(emulator, ["hunt"])).code).toBe(0);
    expect(fetchedIn(lab.store).size).toBe(16);
    for (const key of askedFor(emulator, from).keys()) expect(kept).not.toContain(key.slice(0, 64));
  });
});
