/**
 * Runs Suricata offline on a rule file: does it load, what does the engine make of each rule, which rules fire on a
 * capture. Every run has a configuration and a log folder of its own and leaves neither behind.
 *
 * This module makes no traffic (see traffic.ts), needs no privileges and never touches a running sensor.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { RulewrightError } from "../errors.ts";
import { CLIENT_NETWORKS } from "./traffic.ts";

export interface SuricataSettings {
  /** The program; default `suricata` on the PATH. */
  readonly program?: string;
  readonly signal?: AbortSignal;
}

export interface LoadCheck {
  /** True when every rule loaded and the engine had nothing to say. */
  readonly ok: boolean;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** Loads the rules as a sensor would (`suricata -T`). A warning fails the check too: feeds with one are refused. */
export async function loadCheck(rulesFile: string, settings: SuricataSettings = {}): Promise<LoadCheck> {
  return withRun(rulesFile, settings, async ({ run }) => {
    const { status, errors, warnings } = await run(["-T"]);
    return { ok: status === 0 && errors.length === 0 && warnings.length === 0, errors, warnings };
  });
}

/** What the engine makes of one rule. */
export interface RuleAnalysis {
  readonly sid: number;
  readonly rev: number;
  readonly message: string;
  /** `ip_only` is checked once per flow, `app_tx` once per transaction, `pkt` on every packet. */
  readonly type: string;
  /** Pattern that decides whether the rule is looked at, with its buffer; absent for rules without content. */
  readonly prefilter?: { readonly buffer: string; readonly pattern: string };
  readonly warnings: readonly string[];
}

/** The engine's own analysis (`--engine-analysis`), in the order of sids. */
export async function analyse(rulesFile: string, settings: SuricataSettings = {}): Promise<RuleAnalysis[]> {
  return withRun(rulesFile, settings, async ({ run, dir }) => {
    const { errors } = await run(["--engine-analysis"]);
    if (errors.length > 0) throw refused(`Suricata refuses the rules: ${errors[0]}`);
    const rules = await readJsonLines<EngineRule>(join(dir, "rules.json"));
    return rules
      .map(({ id, rev, msg, type, mpm, warnings }) => ({
        sid: id,
        rev,
        message: msg,
        type,
        ...(mpm ? { prefilter: { buffer: mpm.buffer, pattern: mpm.pattern } } : {}),
        warnings: warnings ?? [],
      }))
      .sort((a, b) => a.sid - b.sid);
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
  /** The side of the connection inside CLIENT_NETWORKS, whichever way the alert points. */
  readonly client: string;
}

/** The alerts on a capture (`-r`), in the order they were raised. */
export async function replay(rulesFile: string, pcapFile: string, settings: SuricataSettings = {}): Promise<Alert[]> {
  return withRun(rulesFile, settings, async ({ run, dir }) => {
    const { status, errors } = await run(["-r", resolve(pcapFile), "--runmode", "single", "-k", "all"]);
    if (status !== 0 || errors.length > 0) throw refused(`Suricata cannot replay ${pcapFile}: ${errors[0] ?? status}`);
    const events = await readJsonLines<EveAlert>(join(dir, "eve.json"));
    return events.map(({ alert, src_ip, dest_ip }) => ({
      sid: alert.signature_id,
      rev: alert.rev,
      message: alert.signature,
      client: isClient(src_ip) ? compressed(src_ip) : compressed(dest_ip),
    }));
  });
}

interface EveAlert {
  readonly src_ip: string;
  readonly dest_ip: string;
  readonly alert: { readonly signature_id: number; readonly rev: number; readonly signature: string };
}

function isClient(address: string): boolean {
  return /^(?:10\.|fd)/.test(address);
}

/** Suricata prints IPv6 in full groups; captures name their clients, `fd00::1:x:y`, in short form. */
function compressed(address: string): string {
  if (!address.includes(":")) return address;
  const [head, ...tail] = address.split(":").map((group) => Number.parseInt(group, 16).toString(16));
  return `${head}::${tail.slice(-3).join(":")}`;
}

function refused(message: string): RulewrightError {
  return new RulewrightError("EXPORT_REFUSED", message);
}

interface Run {
  readonly status: number | null;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

interface Runner {
  readonly dir: string;
  readonly run: (args: readonly string[]) => Promise<Run>;
}

async function withRun<T>(
  rulesFile: string,
  { program = "suricata", signal }: SuricataSettings,
  use: (runner: Runner) => Promise<T>,
): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), "rulewright-suricata-"));
  try {
    const rules = resolve(rulesFile);
    const config = join(dir, "suricata.yaml");
    await writeFile(config, await configuration(program, dirname(rules), signal));
    const run = async (args: readonly string[]): Promise<Run> => {
      const { status, output } = await execute(program, ["-c", config, "-S", rules, "-l", dir, ...args], signal);
      return { status, errors: messages(output, "E"), warnings: messages(output, "W") };
    };
    return await use({ dir, run });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Lines such as `E: detect: error parsing signature …` on the console, without their mark. */
function messages(output: string, mark: "E" | "W"): string[] {
  return output
    .split("\n")
    .filter((line) => line.startsWith(`${mark}: `))
    .map((line) => line.slice(3));
}

/** The least configuration that decodes what rules look at, with the distribution's classes. */
async function configuration(program: string, ruleDir: string, signal?: AbortSignal): Promise<string> {
  const { output } = await execute(program, ["--build-info"], signal);
  const shipped = /^\s*Configuration directory:\s*(\S+)/m.exec(output)?.[1] ?? "/etc/suricata/";
  return `%YAML 1.1
---
vars:
  address-groups:
    HOME_NET: "[${CLIENT_NETWORKS.join(",")}]"
    EXTERNAL_NET: "!$HOME_NET"
default-rule-path: ${JSON.stringify(ruleDir)}
classification-file: ${join(shipped, "classification.config")}
reference-config-file: ${join(shipped, "reference.config")}
outputs:
  - eve-log: { enabled: yes, filetype: regular, filename: eve.json, types: [alert] }
logging:
  default-log-level: notice
  outputs:
    - console: { enabled: yes }
engine-analysis: { rules-fast-pattern: yes, rules: yes }
app-layer:
  protocols:
    tls: { enabled: yes, detection-ports: { dp: 443 }, ja3-fingerprints: yes, ja4-fingerprints: yes }
    dns:
      tcp: { enabled: yes, detection-ports: { dp: 53 } }
      udp: { enabled: yes, detection-ports: { dp: 53 } }
    http:
      enabled: yes
      libhtp: { default-config: { personality: IDS, request-body-limit: 100kb, response-body-limit: 0 } }
    http2: { enabled: yes }
    quic: { enabled: yes }
    smtp: { enabled: yes }
    smb: { enabled: yes, detection-ports: { dp: "139, 445" } }
    nfs: { enabled: yes }
    ftp: { enabled: yes }
stats: { enabled: no }
stream:
  memcap: 256mb
  reassembly: { memcap: 512mb, depth: 1mb }
flow: { memcap: 512mb, hash-size: 65536, prealloc: 1000 }
`;
}

/** Runs the program; its console goes to one text. */
function execute(
  program: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<{ status: number | null; output: string }> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...(signal ? { signal } : {}) });
    let output = "";
    const read = (chunk: Buffer) => {
      output += chunk.toString("utf8");
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.on("error", (cause: NodeJS.ErrnoException) =>
      fail(
        cause.code === "ENOENT"
          ? new RulewrightError("EXPORT_REFUSED", `Cannot find ${program}: install Suricata 7.0.3 or later.`, { cause })
          : cause,
      ),
    );
    child.on("close", (status) => done({ status, output }));
  });
}

/** A file of one JSON object a line; empty when the engine had nothing to write. */
async function readJsonLines<T>(file: string): Promise<T[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch {
    return [];
  }
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}
