/** `rulewright pivot` over real files, through the composed app. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { type AppDeps, openApp } from "../../src/app.ts";
import { type PivotOptions, pivot } from "../../src/commands/pivot.ts";
import { createLog } from "../../src/log.ts";
import { samples as sampleReports, temporaryFolder } from "../support/cli.ts";
import { report, sampleId } from "../support/reports.ts";
import { fileObject, md5, peAttributes } from "./support.ts";

interface Ran {
  readonly code?: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(hashes: readonly string[], options: PivotOptions, deps: Partial<AppDeps> = {}): Promise<Ran> {
  let stdout = "";
  let stderr = "";
  const app = await openApp({
    folder: temporaryFolder(),
    env: {},
    log: createLog((line) => {
      stderr += line;
    }),
    now: new Date("2026-11-24T00:00:00Z"),
    signal: new AbortController().signal,
    ...deps,
  });
  const output = {
    print: async (text: string) => {
      stdout += text;
    },
    say: (text: string) => {
      stderr += text;
    },
    progress: () => {},
  };
  const code = await pivot(app, output, hashes, options);
  return { code, stdout, stderr };
}

/** Two files that share a build, and a third that only has a common mutex. */
function reports(): string {
  const folder = temporaryFolder();
  const write = (name: string, body: unknown) => writeFileSync(join(folder, name), JSON.stringify(body));
  write("1.json", { data: fileObject(1, peAttributes()) });
  write("2.json", { data: fileObject(2, { ...peAttributes(), md5: md5(20), authentihash: null }) });
  write("3.json", { data: report({ mutexes_created: ["ShimCacheMutex"] }, { sample: 3 }) });
  return folder;
}

describe("pivot", () => {
  it("pivots on all samples of the reports when no hash is given", async () => {
    const { code, stdout, stderr } = await run([], { reports: [reports()] });
    expect(code).toBe(0);
    expect(stderr).toBe("");
    expect(stdout).toContain("3 samples share ");
    expect(stdout).toContain(`imphash:${md5(3)}\n`);
    expect(stdout).toContain('section:".wick"\n');
    expect(stdout).toContain("creation_date:2025-09-29T02:39:41\n");
    expect(stdout).toContain('metadata:"D:\\lantern\\wick\\Release\\wick.pdb"\n');
  });

  it("takes SHA-256 in any case, and the MD5 of the file object", async () => {
    const { stdout } = await run([sampleId(1).toUpperCase(), md5(20), sampleId(1)], {
      reports: [reports()],
      json: true,
    });
    expect(JSON.parse(stdout).samples).toEqual([sampleId(1), sampleId(2)]);
  });

  it("prints one JSON object", async () => {
    const { stdout } = await run([sampleId(1), sampleId(2)], { reports: [reports()], json: true });
    const lines = stdout.trim().split("\n");
    expect(lines).toHaveLength(1);
    const result = JSON.parse(lines[0] as string);
    expect(Object.keys(result)).toEqual(["samples", "traits", "suggestions", "notes"]);
    const mine = result.traits.find(
      ({ kind, value }: { kind: string; value: string }) => kind === "section" && value === ".wick",
    );
    expect(mine).toEqual({
      kind: "section",
      label: "section name",
      value: ".wick",
      samples: [sampleId(1), sampleId(2)],
      specificity: 60,
      score: 60,
      why: "60: no usual compiler or packer names a section so",
      query: 'section:".wick"',
    });
    expect(result.suggestions.length).toBeGreaterThan(2);
  });

  it("prints the traits of one sample alone", async () => {
    const { stdout } = await run([sampleId(3)], { reports: [reports()] });
    expect(stdout).toBe(`${sampleId(3)}: 1 trait, the most specific first.

Common, no pivot by themselves:
  mutex  ShimCacheMutex: Windows or a runtime makes it
`);
  });

  it("reads standard input, and prints the same bytes again", async () => {
    const body = JSON.stringify({ data: fileObject(1, peAttributes()) });
    const first = await run([], { reports: ["-"] }, { stdin: Readable.from([Buffer.from(body)]) });
    const second = await run([], { reports: ["-"] }, { stdin: Readable.from([Buffer.from(body)]) });
    expect(first.stdout).toContain(sampleId(1));
    expect(second).toEqual(first);
  });

  it("finds the mutexes that the shipped samples of one family share", async () => {
    const { stdout } = await run([], { reports: [sampleReports] });
    expect(stdout).toContain('behaviour:"Global\\anvil_9d20c"');
    expect(stdout).toContain('behaviour:"TinLantern/2.4 (lamp; wick)"');
    expect(stdout).toContain("Microsoft-CryptoAPI/10.0: usual clients send it");
  });

  it("prints hostile strings as harmless lines", async () => {
    const folder = temporaryFolder();
    const hostile = '\u001b[31m"; rm -rf ~ \u202e\nOR p:0+ "\\';
    const attributes = {
      names: [hostile],
      exiftool: { Author: hostile },
      pe_info: { sections: [{ name: hostile }], exports: [hostile] },
      popular_threat_classification: { suggested_threat_label: `trojan.${hostile}` },
    };
    writeFileSync(join(folder, "a.json"), JSON.stringify([fileObject(1, attributes), fileObject(2, attributes)]));
    const { stdout } = await run([], { reports: [folder] });
    expect(stdout).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
    expect(stdout).toContain("(no query: the value holds what a query cannot carry)");
    expect(stdout).not.toMatch(/^OR p:0/m);
  });

  it("names what cannot be read and goes on", async () => {
    const folder = reports();
    writeFileSync(join(folder, "broken.json"), '{"data": ');
    writeFileSync(join(folder, "other.json"), '{"hello": "world"}');
    writeFileSync(join(folder, "deep.json"), `${"[".repeat(200_000)}${"]".repeat(200_000)}`);
    const { code, stderr } = await run([], { reports: [folder] });
    expect(code).toBe(0);
    expect(stderr).toMatch(/broken\.json: not JSON/);
    expect(stderr).toMatch(/other\.json: JSON, but no body of VirusTotal's API v3/);
    expect(stderr).toMatch(/deep\.json: nested too deeply/);
  });
});

describe("pivot refuses", () => {
  const empty = (): string => {
    const folder = join(temporaryFolder(), "empty");
    mkdirSync(folder);
    return folder;
  };
  const with1 = (text: string): string => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.json"), text);
    return folder;
  };

  it.each([
    ["no reports", [], () => ({}), "USAGE", 2],
    ["a value that is no hash", ["evil\u001b.example"], () => ({ reports: [reports()] }), "USAGE", 2],
    ["a hash no report is about", [sampleId(9)], () => ({ reports: [reports()] }), "VALUE_UNKNOWN", 2],
    ["reports without a sample", [], () => ({ reports: [with1('{"data": null}')] }), "VALUE_UNKNOWN", 2],
    ["a missing folder", [], () => ({ reports: [join(empty(), "none")] }), "INPUT_MISSING", 2],
    ["an empty folder", [], () => ({ reports: [empty()] }), "INPUT_EMPTY", 2],
    ["nothing readable", [], () => ({ reports: [with1("{")] }), "INPUT_UNREADABLE", 3],
  ] as const)("%s", async (_, hashes, options, code, exitCode) => {
    await expect(run(hashes, options())).rejects.toMatchObject({
      code,
      exitCode,
      message: expect.not.stringContaining("\u001b"),
    });
  });

  it("to print when it is interrupted", async () => {
    const interrupted = new AbortController();
    interrupted.abort();
    await expect(run([], { reports: [reports()] }, { signal: interrupted.signal })).rejects.toMatchObject({
      code: "INTERRUPTED",
      exitCode: 130,
    });
  });
});
