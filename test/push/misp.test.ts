/** `rulewright push` of the samples to a MISP, killed on the way, and withdrawn by a filter. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { root, rulewright, samples, temporaryFolder } from "../support/cli.ts";
import { everyAttribute, type MispServer, startMispServer } from "../support/misp-server.ts";

const KEY = "hush-93bd02c4e1";
const env = { MISP_KEY: KEY };

let server: MispServer;
let folder: string;

beforeEach(async () => {
  server = await startMispServer({ key: KEY });
  folder = temporaryFolder();
  configure("");
  const ingested = await rulewright(["ingest", samples], { cwd: folder });
  expect(ingested.code, ingested.stderr).toBe(0);
}, 60_000);

afterEach(() => server.close());

function configure(where: string): void {
  writeFileSync(
    join(folder, "rulewright.yaml"),
    `exports:
  misp: { options: { events: sample, sightings: true } }
sinks:
  misp:
    exports: [misp]
    maxTlp: amber${where}
    options: { url: "${server.url}", key: { env: MISP_KEY } }
`,
  );
}

const push = (...more: string[]) => rulewright(["push", "--json", ...more], { cwd: folder, env });
const writes = (): string[] => server.requests.filter((one) => /^POST \/events/.test(one));
const standing = (): string[] =>
  [...server.events.values()]
    .flatMap(everyAttribute)
    .filter(({ deleted }) => !deleted)
    .map(({ uuid }) => uuid);

/** A push that dies as the server gets its `write`-th write; whether it came that far. */
function killAt(write: number): Promise<NodeJS.Signals | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, "src/cli.ts"), "push"], {
      cwd: folder,
      env: { ...process.env, RULEWRIGHT_CONFIG: undefined, ...env } as NodeJS.ProcessEnv,
      stdio: "ignore",
    });
    let seen = 0;
    server.options = {
      key: KEY,
      before: (method, path) => {
        if (method === "POST" && path.startsWith("/events") && ++seen === write) child.kill("SIGKILL");
      },
    };
    child.on("error", reject);
    child.on("close", (_, signal) => {
      server.options = { key: KEY };
      resolve(signal);
    });
  });
}

describe("rulewright push to a MISP", () => {
  it("delivers an event of each sample, once, and the next push sends nothing", async () => {
    const dry = await push("--dry-run");
    expect(writes()).toEqual([]);
    const first = await push();
    expect(first.code, first.stderr).toBe(0);
    const [result] = JSON.parse(first.stdout);
    expect(JSON.parse(dry.stdout)[0].objects).toEqual(result.objects);
    expect(result).toMatchObject({ changed: true, objects: { delivered: standing().length, failed: 0 } });
    expect(server.events.size).toBeGreaterThan(15);
    const sent = writes().length;
    const [again] = JSON.parse((await push()).stdout);
    expect(again).toMatchObject({ changed: false, objects: { delivered: 0, unchanged: standing().length, failed: 0 } });
    expect(writes()).toHaveLength(sent);
    expect(first.stderr + first.stdout).not.toContain(KEY);
  }, 60_000);

  it("goes on after it was killed, and everything is there once", async () => {
    for (const write of [1, 4, 9]) expect(await killAt(write)).toBe("SIGKILL");
    const last = await push();
    expect(last.code, last.stderr).toBe(0);
    const killed = standing().sort();
    expect(new Set(killed).size).toBe(killed.length);
    server.events.clear();
    const fresh = temporaryFolder();
    writeFileSync(join(fresh, "keep"), "");
    folder = fresh;
    configure("");
    await rulewright(["ingest", samples], { cwd: folder });
    await push();
    expect(killed).toEqual(standing().sort());
  }, 240_000);

  it("takes back what the filter no longer lets through, and ends with 4 when the server drops something", async () => {
    await push();
    const all = standing();
    configure("\n    where: type=domain");
    const filtered = await push();
    expect(filtered.code, filtered.stderr).toBe(0);
    expect(standing().length).toBeLessThan(all.length);
    expect(
      [...server.events.values()].flatMap(everyAttribute).some(({ type, deleted }) => type === "url" && !deleted),
    ).toBe(false);
    server.options = { key: KEY, drops: ({ type }) => type === "url" };
    configure("");
    const back = await push();
    expect(back.code, back.stderr).toBe(4);
    expect(back.stderr).toMatch(/misp: misp: url http\S+: the server saved the event and dropped this/);
  }, 240_000);
});
