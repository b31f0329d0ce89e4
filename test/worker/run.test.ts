/** `rulewright run` as a service is run: in a process of its own, against the emulator, ended by signals. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Emulator, EmulatorInput } from "../../src/emulator/index.ts";
import { withEmulator } from "../emulator/support.ts";
import { askedFor, CONFIG, cliLab, dump, fetchedIn, KEY, LATER, smallWorld } from "../hunt/support.ts";
import { digest, type Ran, type RunOptions, rulewright, samples } from "../support/cli.ts";

const world = smallWorld(30);
const REPORT = join(samples, "tinlantern-1_zenbox.json");
const RUN_CONFIG = `${CONFIG}exports:\n  csv: {}\n  suricata: { every: 1d }\n`;

function withServer<T>(test: (emulator: Emulator) => Promise<T>, input: Partial<EmulatorInput> = {}): Promise<T> {
  return withEmulator({ world, apiKey: KEY, latencyMs: 10, ...input }, test);
}

/** Runs until `isTime` of its log so far, then sends the signal as soon as `isReady`. */
function runUntil(
  lab: ReturnType<typeof cliLab>,
  emulator: Emulator,
  isTime: (log: string) => boolean,
  signal: NodeJS.Signals = "SIGTERM",
  isReady: () => boolean = () => true,
): Promise<Ran> {
  let isSeen = false;
  return start(lab, emulator, (text, kill) => {
    if (isSeen || !isTime(text)) return;
    isSeen = true;
    const timer = setInterval(() => {
      if (!isReady()) return;
      clearInterval(timer);
      kill(signal);
    }, 1);
  });
}

function start(
  lab: ReturnType<typeof cliLab>,
  emulator: Emulator,
  onStderr: NonNullable<RunOptions["onStderr"]>,
): Promise<Ran> {
  const { RULEWRIGHT_STORE: _none, ...env } = lab.envOf(emulator, LATER);
  return rulewright(["run"], { cwd: lab.folder, env, onStderr });
}

const isDone = (log: string): boolean => /export suricata: done/.test(log);
const startedOf = ({ stderr }: Ran): string[] =>
  [...stderr.matchAll(/^\S+ (\w+ \w+): starts/gm)].map(([, label]) => label as string);

/** What `hunt` and `export` leave, run by hand. */
const byHand = withServer(async (emulator) => {
  const lab = cliLab(RUN_CONFIG);
  for (const command of ["hunt", "export"]) expect((await lab.run(emulator, [command])).code).toBe(0);
  return { evidence: dump(lab.store), out: outputs(lab.folder), requests: emulator.requests.length };
});

/** Path → hash of the outputs, without the manifest's and rules' times of the run. */
function outputs(folder: string): Record<string, string> {
  const { "manifest.json": _manifest, ...rest } = digest(join(folder, "out"));
  return rest;
}

describe("rulewright run", () => {
  it("hunts, judges, exports and stops on SIGTERM with 0, leaving what the commands leave", async () => {
    await withServer(async (emulator) => {
      const lab = cliLab(RUN_CONFIG);
      const ran = await runUntil(lab, emulator, isDone);
      expect(ran.code, ran.stderr).toBe(0);
      expect(startedOf(ran)).toEqual(["hunt all", "judge all", "export csv", "export suricata"]);
      expect(ran.stderr).toMatch(/^\S+Z run: 1 hunt and 2 exports, store .*rulewright\.db, output .*out$/m);
      expect(ran.stderr).toMatch(
        /hunt all: done in .* s, 30 found, 30 fetched, 0 known, \d+ requests; next turn 2026-11-03 13:00 UTC/,
      );
      expect(ran.stderr).toMatch(/judge all: done in .* s, \d+ kept, \d+ in review, \d+ dropped; next turn/);
      expect(ran.stderr).toMatch(/export csv: done in .* s, \d+ written, \d+ skipped, 1 files; next turn/);
      expect(ran.stderr).toContain("Stopped.");
      const { evidence, out, requests } = await byHand;
      expect(dump(lab.store)).toEqual(evidence);
      expect(Object.keys(outputs(lab.folder))).toEqual(Object.keys(out));
      expect(readFileSync(join(lab.folder, "out/csv/indicators.csv"), "utf8").split("\n").length).toBeGreaterThan(20);
      expect(emulator.requests.length).toBe(requests);
      expect(`${ran.stdout}${ran.stderr}${lab.files().join("")}`).not.toContain(KEY);

      // A restart asks and writes nothing: nothing is due, nothing has changed.
      const again = await runUntil(lab, emulator, (log) => log.includes("run: 1 hunt"), "SIGINT");
      expect(again.code).toBe(130);
      expect(startedOf(again)).toEqual([]);
      expect(emulator.requests.length).toBe(requests);
    });
  });

  it.each(["SIGTERM", "SIGINT"] as const)(
    "%s in the middle of a hunt: the next start finishes it, as a clean run would",
    async (signal) => {
      await withServer(async (emulator) => {
        const lab = cliLab(RUN_CONFIG);
        const cut = await runUntil(
          lab,
          emulator,
          (log) => log.includes("hunt all: starts"),
          signal,
          () => emulator.requests.length > 25,
        );
        expect(cut.code, cut.stderr).toBe(signal === "SIGTERM" ? 0 : 130);
        expect(cut.stderr).toContain("hunt all: stopped; what was finished is kept");
        expect(startedOf(cut)).toEqual(["hunt all"]);
        expect(existsSync(join(lab.folder, "out"))).toBe(false);
        const kept = fetchedIn(lab.store);
        expect(kept.size).toBeGreaterThan(0);
        expect(kept.size).toBeLessThan(30);

        const from = emulator.requests.length;
        const next = await runUntil(lab, emulator, isDone);
        expect(next.code, next.stderr).toBe(0);
        expect(startedOf(next)).toEqual(["hunt all", "judge all", "export csv", "export suricata"]);
        for (const key of askedFor(emulator, from).keys()) expect(kept).not.toContain(key.slice(0, 64));
        expect(dump(lab.store)).toEqual((await byHand).evidence);
        expect(Object.keys(outputs(lab.folder))).toEqual(Object.keys((await byHand).out));
      });
    },
  );

  it("twice at once on one store runs each job once", async () => {
    await withServer(async (emulator) => {
      const lab = cliLab(
        RUN_CONFIG.replace("hunts:", "hunts:\n  - { name: other, query: p:0+, since: 60d, limit: 1000 }"),
      );
      const isOver = () => existsSync(join(lab.folder, "out/suricata"));
      const both = await Promise.all([1, 2].map(() => runUntil(lab, emulator, (log) => isOver() || isDone(log))));
      const started = both.flatMap(startedOf).toSorted();
      expect(started.filter((label) => label.startsWith("hunt"))).toEqual(["hunt all", "hunt other"]);
      expect(new Set(askedFor(emulator).values())).toEqual(new Set([1]));
      expect(fetchedIn(lab.store).size).toBe(30);
      for (const { code, stderr } of both) expect(code, stderr).toBe(0);
    });
  });

  it("ends at once at a second signal", async () => {
    await withServer(async (emulator) => {
      const lab = cliLab("plugins: [./slow.mjs]\nexports: { slow: {} }\n");
      writeFileSync(join(lab.folder, "slow.mjs"), SLOW_PLUGIN);
      expect((await lab.run(emulator, ["ingest", REPORT])).code).toBe(0);
      const began = Date.now();
      let isSent = false;
      const ran = await start(lab, emulator, (text, kill) => {
        if (isSent || !text.includes("export slow: starts")) return;
        isSent = true;
        kill("SIGINT");
        // What comes so soon is the same wish, as below npm; the last is not.
        for (const ms of [20, 2500]) setTimeout(() => kill("SIGTERM"), ms);
      });
      expect(Date.now() - began).toBeGreaterThan(2500);
      // Ended by the signal itself.
      expect(ran.code).toBe(null);
      expect(Date.now() - began).toBeLessThan(30_000);
    });
  });
});

/** Takes a minute over its output and hears no signal. */
const SLOW_PLUGIN = `import { z } from "${join(import.meta.dirname, "../../node_modules/zod/index.js")}";
export default { name: "slow", apiVersion: 1, exporters: [{
  name: "slow", description: "slow", options: z.object({}), accepts: ["domain"],
  formats: { text: { description: "text", mediaType: "text/plain" } },
  async *render() { await new Promise((resolve) => setTimeout(resolve, 60_000)); yield { path: "x", data: "" }; },
}] };
`;

describe("rulewright run --once", () => {
  it("runs everything, and everything again when asked again", async () => {
    await withServer(async (emulator) => {
      const lab = cliLab(RUN_CONFIG);
      for (const _time of [1, 2]) {
        const ran = await lab.run(emulator, ["run", "--once"]);
        expect(ran.code, ran.stderr).toBe(0);
        expect(startedOf(ran)).toEqual(["hunt all", "judge all", "export csv", "export suricata"]);
      }
      expect(dump(lab.store)).toEqual((await byHand).evidence);
    });
  });

  it("with the quota used up says until when, exports what there is, and exits with 3", async () => {
    await withServer(async (emulator) => {
      const lab = cliLab(RUN_CONFIG.replace("hunts:", "  perDay: 20\nhunts:"));
      const ran = await lab.run(emulator, ["run", "--once"]);
      expect(ran.code, ran.stderr).toBe(3);
      expect(ran.stderr).toMatch(/hunt all: failed: .*\[VT_QUOTA_USED_UP\] It did: 30 found, \d+ fetched/);
      expect(ran.stderr).toContain("every hunt waits until 2026-11-04 00:00 UTC; the rest goes on");
      expect(Object.keys(outputs(lab.folder))).toContain("csv/indicators.csv");
    });
  });

  it("an export that is refused: the others are written, exit 4", async () => {
    await withServer(async (emulator) => {
      const lab = cliLab("exports: { csv: {}, stix: { check: 'false' } }\n");
      expect((await lab.run(emulator, ["ingest", REPORT])).code).toBe(0);
      const ran = await lab.run(emulator, ["run", "--once"]);
      expect(ran.code, ran.stderr).toBe(4);
      expect(ran.stderr).toMatch(/export stix: failed: .*\[EXPORT_REFUSED\]/);
      expect(ran.stderr).toMatch(/export csv: done/);
      rmSync(lab.folder, { recursive: true });
    });
  });

  it("an empty store, such as a mistyped one: what was written before stands, exit 2", async () => {
    await withServer(async (emulator) => {
      const lab = cliLab("exports: { csv: {} }\n");
      expect((await lab.run(emulator, ["ingest", REPORT])).code).toBe(0);
      expect((await lab.run(emulator, ["run", "--once"])).code).toBe(0);
      const before = digest(join(lab.folder, "out"));
      const ran = await lab.run(emulator, ["run", "--once", "--store", "sqlite:typo.db"]);
      expect(ran.code, ran.stderr).toBe(2);
      expect(ran.stderr).toContain("[INPUT_EMPTY]");
      expect(digest(join(lab.folder, "out"))).toEqual(before);
    });
  });

  it("without a key, with a wrong config or for standard output: exit 2 before anything runs", async () => {
    await withServer(async (emulator) => {
      const keyless = await cliLab(RUN_CONFIG).run(emulator, ["run"], { VT_API_KEY: "" });
      expect(keyless.code).toBe(2);
      expect(keyless.stderr).toContain("[VT_KEY_MISSING]");
      const wrong = await cliLab("exports: { csf: {} }\n").run(emulator, ["run"]);
      expect(wrong.code).toBe(2);
      expect(wrong.stderr).toContain("[EXPORTER_UNKNOWN]");
      const stdout = await cliLab(RUN_CONFIG).run(emulator, ["run", "--out", "-"]);
      expect(stdout.code).toBe(2);
      expect(emulator.requests).toEqual([]);
    });
  });
});
