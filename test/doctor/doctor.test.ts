/** `rulewright doctor` as an operator runs it, against the emulator and without it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../src/testing.ts";
import { KEY, LATER, smallWorld } from "../hunt/support.ts";
import { rulewright, temporaryFolder } from "../support/cli.ts";

const CONFIG = "hunts:\n  - name: quillet\n    query: entity:file\nvirustotal:\n  user: analyst\n";

interface Row {
  readonly name: string;
  readonly state: string;
  readonly text: string;
}

async function doctor(args: readonly string[], env: Record<string, string>, config?: string) {
  const cwd = temporaryFolder();
  if (config !== undefined) writeFileSync(join(cwd, "rulewright.yaml"), config);
  const { code, stdout, stderr } = await rulewright(["doctor", "--json", ...args], { cwd, env });
  const rows = JSON.parse(stdout || "[]") as Row[];
  return { code, rows, stderr, of: (name: string) => rows.find((row) => row.name === name) };
}

describe("doctor", () => {
  const world = smallWorld(10);
  let emulator: Emulator;
  let env: Record<string, string>;
  beforeAll(async () => {
    emulator = await startEmulator({ world, clock: () => LATER, apiKey: KEY, quotas: { perDay: 1000 } });
    env = { VT_BASE_URL: emulator.baseUrl, VT_API_KEY: KEY };
  });
  afterAll(() => emulator.close());

  it("is content without config, key and store, and says what comes without them", async () => {
    const { code, rows, of } = await doctor([], { VT_API_KEY: "" });
    expect(code).toBe(0);
    expect(of("store")?.text).toMatch(/^none yet/);
    expect(of("key")).toMatchObject({ state: "warning" });
    expect(rows.map(({ name }) => name)).toContain("suricata");
  });

  it("says that the key works, what it may do, what is left and that the clock agrees", async () => {
    const { code, rows, of } = await doctor([], env, CONFIG);
    expect(rows.filter(({ state }) => state === "problem")).toEqual([]);
    expect(code).toBe(0);
    expect(of("key")).toMatchObject({ state: "ok", text: "VirusTotal takes it" });
    expect(of("clock")?.state).toBe("ok");
    for (const right of ["Intelligence search", "Livehunt (IoC stream)", "Retrohunt"])
      expect(of(right)).toMatchObject({ state: "ok", text: "allowed" });
    expect(rows.filter(({ name }) => name === "quota").map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/\(\w+\): \d+ of 1000 left$/),
    );
    expect(JSON.stringify(rows)).not.toContain(KEY);
  });

  it("has a line for each sink: config, secrets and certificates, without asking it", async () => {
    const sink = (name: string, options: object, more: object = {}) => ({
      [name]: { sink: "taxii", exports: ["stix:objects"], maxTlp: "green", options, ...more },
    });
    const url = "http://127.0.0.1:9/taxii2/";
    const sinks = {
      ...sink("tip", { url, token: { env: "TIP_TOKEN" } }),
      ...sink("unset", { url, token: { env: "NO_SUCH_TOKEN" } }),
      ...sink("typo", { url, tokn: { env: "TIP_TOKEN" } }),
      ...sink("uncertified", { url }, { certFile: "./rulewright.yaml" }),
      ...sink("wrong-format", { url }, { exports: ["stix:bundle"] }),
    };
    const { code, rows, of } = await doctor(["--offline"], { TIP_TOKEN: "hush-0099aabb" }, JSON.stringify({ sinks }));
    expect(code).toBe(2);
    expect(of("sink tip")).toMatchObject({ state: "ok", text: "taxii gets stix:objects up to green; not asked" });
    expect(of("sink unset")).toMatchObject({ state: "problem", text: expect.stringContaining("NO_SUCH_TOKEN") });
    expect(of("sink typo")?.text).toContain('did you mean "token"');
    expect(of("sink uncertified")?.text).toContain("There is no certificate in");
    expect(of("sink wrong-format")?.text).toContain("Give it stix:objects.");
    expect(JSON.stringify(rows)).not.toContain("hush-0099aabb");
  });

  it("names a wrong key and exits 2, without the key", async () => {
    const { code, rows, of } = await doctor([], { ...env, VT_API_KEY: "wrong-key-0123456789abcdefgh" }, CONFIG);
    expect(code).toBe(2);
    expect(of("key")?.state).toBe("problem");
    expect(JSON.stringify(rows)).not.toContain("wrong-key");
  });

  it("names a missing key as a problem only where hunts need one", async () => {
    const { code, of } = await doctor([], { VT_API_KEY: "" }, CONFIG);
    expect(code).toBe(2);
    expect(of("key")?.text).toContain("VT_API_KEY");
  });

  it("warns of a clock that is wrong", async () => {
    const { of } = await doctor([], { ...env, SOURCE_DATE_EPOCH: "1700000000" }, CONFIG);
    expect(of("clock")?.text).toMatch(/s behind VirusTotal's$/);
  });

  it("names what the licence lacks, and a quota that is used up", async () => {
    const poor = await startEmulator({ world, clock: () => LATER, apiKey: KEY, quotas: { perDay: 4 }, privileges: [] });
    try {
      const { code, of, rows } = await doctor([], { ...env, VT_BASE_URL: poor.baseUrl }, CONFIG);
      expect(of("Retrohunt")).toMatchObject({ state: "warning", text: "not in this key's licence" });
      expect(code).toBe(0);
      expect(rows.filter(({ name }) => name === "quota").map(({ text }) => text)).toContainEqual(
        expect.stringMatching(/: 0 of 4 left$/),
      );
    } finally {
      await poor.close();
    }
  });

  it("asks for the rights that other hunts of the config need, at one request each", async () => {
    const own = `${CONFIG}  perMinute: 100\n`.replace(
      "virustotal:",
      `  - { name: stealers, feed: { tags: [A] } }
  - { name: old, livehunt: "", livehuntFrom: notifications }
virustotal:`,
    );
    const from = emulator.requests.length;
    const time = { SOURCE_DATE_EPOCH: String(LATER.getTime() / 1000) };
    const { of } = await doctor([], { ...env, ...time }, own);
    for (const right of ["file-behaviour feed", "Livehunt (older listings)"])
      expect(of(right)).toMatchObject({ state: "ok", text: "allowed" });
    const asked = emulator.requests.slice(from).map(({ path }) => path);
    expect(asked.filter((path) => path.startsWith("/feeds/"))).toEqual([
      expect.stringMatching("/feeds/file-behaviours/2026110212"),
    ]);
    const poor = await startEmulator({ world, clock: () => LATER, apiKey: KEY, privileges: ["intelligence"] });
    try {
      const without = await doctor([], { ...env, ...time, VT_BASE_URL: poor.baseUrl }, own);
      for (const right of ["file-behaviour feed", "Livehunt (older listings)"])
        expect(without.of(right)).toMatchObject({ state: "warning", text: "not in this key's licence" });
    } finally {
      await poor.close();
    }
  });

  it("exits 3 when nobody answers", async () => {
    const { code, of } = await doctor([], { VT_BASE_URL: "http://127.0.0.1:9", VT_API_KEY: KEY }, CONFIG);
    expect(code).toBe(3);
    expect(of("key")?.state).toBe("problem");
  }, 60_000);

  it("asks nobody with --offline", async () => {
    const { code, rows } = await doctor(["--offline"], { VT_BASE_URL: "http://127.0.0.1:9", VT_API_KEY: KEY }, CONFIG);
    expect(code).toBe(0);
    expect(rows.map(({ name }) => name)).not.toContain("key");
  });

  it("names a file that is no store, and exits 3", async () => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, "data"));
    writeFileSync(join(cwd, "data/rulewright.db"), "this is no database, whatever its name says".repeat(100));
    const { code, stdout } = await rulewright(["doctor", "--offline", "--store", "sqlite:data/rulewright.db"], { cwd });
    expect(code).toBe(3);
    expect(stdout).toMatch(/^PROBLEM {2}store: /m);
  });
});
