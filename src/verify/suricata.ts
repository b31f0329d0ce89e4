/**
 * Runs Suricata offline on rule files: does it load them, what does it make of each rule, which rules fire on a
 * capture. Every run has a configuration and a log folder of its own and leaves neither behind.
 *
 * This module makes no traffic (see traffic.ts), needs no privileges and never touches a running sensor.
 */
import { createReadStream, existsSync, statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { RulewrightError } from "../errors.ts";
import {
  type Command,
  type Engine,
  type EngineAlert,
  type EngineProblem,
  type EngineSettings,
  execute,
  locate,
  type Replay,
  type RuleAnalysis,
} from "./engine.ts";
import { findReputation } from "./reputation.ts";
import { suricataConfiguration } from "./suricata-config.ts";
import { clientIndex, clientParty } from "./traffic.ts";

export type { RuleAnalysis } from "./engine.ts";

const INSTALL = "install Suricata 7.0.3 or later.";

export interface SuricataSettings {
  /** The program; default `suricata` on the PATH. */
  readonly program?: string;
  readonly signal?: AbortSignal;
}

/** Suricata as a proof uses it. Throws ENGINE_MISSING. */
export async function openSuricata(settings: EngineSettings = {}): Promise<Engine> {
  const setup = await setUp(locate("suricata", settings), settings);
  return {
    name: "suricata",
    version: setup.version,
    async replay(request) {
      return withRun(setup, request.rules, request.home, async ({ run, dir }) => {
        let isCut = false;
        const { status, output } = await run(replayArguments(request.captures), (kill) =>
          watchSize(join(dir, "eve.json"), () => {
            isCut = true;
            kill();
          }),
        );
        if (!isCut && !output.includes("Engine started"))
          throw failed(`Suricata does not start with these rules: ${lastError(output) ?? `it ended with ${status}`}`);
        for await (const alert of readJsonLines<EveAlert>(join(dir, "eve.json"))) request.onAlert(engineAlert(alert));
        return { problems: problemsIn(output), isCut };
      });
    },
    analyse: (rules) => analysisOf(setup, rules),
  };
}

function replayArguments(captures: string): string[] {
  const folder = statSync(captures, { throwIfNoEntry: false })?.isDirectory() ? ["--pcap-file-recursive"] : [];
  return ["-r", resolve(captures), ...folder, "--runmode", "single", "-k", folder.length > 0 ? "none" : "all"];
}

/** An eve.json beyond it means that the rules alert on everything. */
const MOST_EVE_BYTES = 1024 * 1024 * 1024;

function watchSize(file: string, onTooLarge: () => void): () => void {
  const timer = setInterval(() => {
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MOST_EVE_BYTES) onTooLarge();
  }, 500);
  return () => clearInterval(timer);
}

function engineAlert({ alert, src_ip, dest_ip, pcap_filename }: EveAlert): EngineAlert {
  return {
    sid: alert.signature_id,
    rev: alert.rev,
    message: alert.signature,
    source: src_ip,
    destination: dest_ip,
    // What is raised when a capture ends may belong to none any more.
    ...(pcap_filename === undefined || pcap_filename === "unknown" ? {} : { capture: pcap_filename }),
  };
}

/**
 * What the console says of the rules. An error names the rule after its causes: `E: detect-parse: …` and then
 * `E: detect: error parsing signature "…" from file F at line N`. Some warnings name a sid.
 */
export function problemsIn(output: string): EngineProblem[] {
  const problems: EngineProblem[] = [];
  let causes: string[] = [];
  for (const line of output.split("\n")) {
    const [, mark, text = ""] = /^([EW]): (.*)$/.exec(line) ?? [];
    if (mark === "E") {
      const place = /^detect: error parsing signature .* from file (.*) at line (\d+)$/.exec(text);
      if (!place) {
        causes.push(text.replace(/^(.*Duplicate signature) ".*$/, "$1"));
        continue;
      }
      const [, file = "", number] = place;
      problems.push({ level: "error", text: causes.join("; ") || text, file, line: Number(number) });
      causes = [];
    } else if (mark === "W") {
      const sid = /\b(?:sid|rule|signature|id)[: ]+(?:sid:)?(\d{1,10})\b/i.exec(text)?.[1];
      problems.push({ level: "warning", text, ...(sid === undefined ? {} : { sid: Number(sid) }) });
    }
  }
  const rest = causes.filter((text) => text !== "suricata: Loading signatures failed.");
  return [...problems, ...rest.map((text) => ({ level: "error" as const, text }))];
}

export interface LoadCheck {
  /** True when every rule loaded and the engine had nothing to say. */
  readonly ok: boolean;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** Loads the rules as a sensor would (`suricata -T`). A warning fails the check too: feeds with one are refused. */
export async function loadCheck(rulesFile: string, settings: SuricataSettings = {}): Promise<LoadCheck> {
  return withRun(await setUpFor(settings), [rulesFile], "synthetic", async ({ run }) => {
    const { status, output } = await run(["-T"]);
    const [errors, warnings] = [messages(output, "E"), messages(output, "W")];
    return { ok: status === 0 && errors.length === 0 && warnings.length === 0, errors, warnings };
  });
}

/** The engine's own analysis (`--engine-analysis`), in the order of sids. */
export async function analyse(rulesFile: string, settings: SuricataSettings = {}): Promise<RuleAnalysis[]> {
  return analysisOf(await setUpFor(settings), [rulesFile]);
}

async function analysisOf(setup: Setup, rules: readonly string[]): Promise<RuleAnalysis[]> {
  return withRun(setup, rules, "synthetic", async ({ run, dir }) => {
    const { output } = await run(["--engine-analysis"]);
    const [error] = messages(output, "E");
    if (error !== undefined) throw failed(`Suricata refuses the rules: ${error}`);
    const found: RuleAnalysis[] = [];
    for await (const { id, rev, msg, type, mpm, warnings } of readJsonLines<EngineRule>(join(dir, "rules.json"))) {
      found.push({
        sid: id,
        rev,
        message: msg,
        type,
        ...(mpm ? { prefilter: { buffer: mpm.buffer, pattern: mpm.pattern } } : {}),
        warnings: warnings ?? [],
      });
    }
    return found.sort((a, b) => a.sid - b.sid);
  });
}

interface EngineRule {
  readonly id: number;
  readonly rev: number;
  readonly msg: string;
  readonly type: string;
  readonly mpm?: { readonly buffer: string; readonly pattern: string };
  readonly warnings?: readonly string[];
}

export interface Alert {
  readonly sid: number;
  readonly rev: number;
  readonly message: string;
  /** The side of the connection inside CLIENT_NETWORKS, whichever way the alert points, in short form. */
  readonly client: string;
}

/** The alerts on a synthetic capture (`-r`), in the order they were raised. */
export async function replay(rulesFile: string, pcapFile: string, settings: SuricataSettings = {}): Promise<Alert[]> {
  return withRun(await setUpFor(settings), [rulesFile], "synthetic", async ({ run, dir }) => {
    const { status, output } = await run(replayArguments(pcapFile));
    const [error] = messages(output, "E");
    if (status !== 0 || error !== undefined) throw failed(`Suricata cannot replay ${pcapFile}: ${error ?? status}`);
    const alerts: Alert[] = [];
    for await (const event of readJsonLines<EveAlert>(join(dir, "eve.json"))) {
      const { sid, rev, message, source, destination } = engineAlert(event);
      const [client, isV6] =
        clientIndex(source) === undefined
          ? [clientIndex(destination), destination.includes(":")]
          : [clientIndex(source), source.includes(":")];
      alerts.push({ sid, rev, message, client: client === undefined ? source : clientParty(client, isV6).address });
    }
    return alerts;
  });
}

interface EveAlert {
  readonly src_ip: string;
  readonly dest_ip: string;
  readonly pcap_filename?: string;
  readonly alert: { readonly signature_id: number; readonly rev: number; readonly signature: string };
}

/**
 * Runs a capture of a real network through the engine and hands its eve.json over: alerts of the rules, and the events
 * beside them. The file is gone afterwards. Throws ENGINE_MISSING, ENGINE_FAILED.
 */
export async function recordEvents<T>(
  pcapFile: string,
  rulesFiles: readonly string[],
  settings: SuricataSettings,
  use: (eveFile: string) => Promise<T>,
): Promise<T> {
  return withRun(
    await setUpFor(settings),
    rulesFiles,
    "private",
    async ({ run, dir }) => {
      const { status, output } = await run(["-r", resolve(pcapFile), "--runmode", "single", "-k", "none"]);
      if (status !== 0) throw failed(`Suricata cannot read ${pcapFile}: ${lastError(output) ?? status}.`);
      return use(join(dir, "eve.json"));
    },
    true,
  );
}

function failed(message: string): RulewrightError {
  return new RulewrightError("ENGINE_FAILED", message);
}

/** Lines such as `E: detect: error parsing signature …` on the console, without their mark. */
function messages(output: string, mark: "E" | "W"): string[] {
  return output
    .split("\n")
    .filter((line) => line.startsWith(`${mark}: `))
    .map((line) => line.slice(3));
}

function lastError(output: string): string | undefined {
  return messages(output, "E").at(-1);
}

interface Setup {
  readonly command: Command;
  readonly version: string;
  /** Folder with classification.config and reference.config. */
  readonly shipped: string;
  readonly signal?: AbortSignal;
}

function setUpFor({ program, signal }: SuricataSettings): Promise<Setup> {
  const settings = { ...(program === undefined ? {} : { path: program }), ...(signal ? { signal } : {}) };
  return setUp(locate("suricata", settings), settings);
}

async function setUp(command: Command, { root, signal }: EngineSettings): Promise<Setup> {
  const { output } = await execute(command, ["--build-info"], { install: INSTALL, ...(signal ? { signal } : {}) });
  const version = /Suricata version (\S+)/.exec(output)?.[1];
  if (version === undefined) throw failed(`${command.program} does not answer like Suricata: ${output.slice(0, 200)}`);
  const named = /^\s*Configuration directory:\s*(\S+)/m.exec(output)?.[1] ?? "/etc/suricata/";
  const shipped = root === undefined ? named : join(root, named);
  return { command, version, shipped: existsSync(shipped) ? shipped : named, ...(signal ? { signal } : {}) };
}

interface Runner {
  readonly dir: string;
  readonly run: (
    args: readonly string[],
    watch?: (kill: () => void) => () => void,
  ) => Promise<{ readonly status: number | null; readonly output: string }>;
}

async function withRun<T>(
  { command, shipped, signal }: Setup,
  rulesFiles: readonly string[],
  home: Replay["home"],
  use: (runner: Runner) => Promise<T>,
  records = false,
): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), "rulewright-suricata-"));
  try {
    const rules = rulesFiles.map((file) => resolve(file));
    const config = join(dir, "suricata.yaml");
    const reputation = rules[0] === undefined ? undefined : await findReputation(dirname(rules[0]));
    await writeFile(
      config,
      suricataConfiguration({ rules, shipped, home, records, ...(reputation ? { reputation } : {}) }),
    );
    const options = { install: INSTALL, ...(signal ? { signal } : {}) };
    return await use({
      dir,
      run: (args, watch) =>
        execute(command, ["-c", config, "-l", dir, ...args], { ...options, ...(watch ? { watch } : {}) }),
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Objects of a file of one a line; none when the engine had nothing to write. A line that was cut off is left out. */
async function* readJsonLines<T>(file: string): AsyncGenerator<T> {
  if (!existsSync(file)) return;
  for await (const line of createInterface({ input: createReadStream(file, "utf8") })) {
    if (line.endsWith("}")) yield JSON.parse(line) as T;
  }
}
