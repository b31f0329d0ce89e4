/**
 * Runs Snort 3 offline (https://docs.snort.org/start): `-R` rules over `-r` a capture with `alert_json`. Written after
 * its manual; what the tests run is the command line, the configuration and the reading of its output.
 *
 * Snort refuses to start over one bad rule and has no analysis of single rules.
 */
import { createReadStream, existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { RulewrightError } from "../errors.ts";
import { type Engine, type EngineAlert, type EngineProblem, type EngineSettings, execute, locate } from "./engine.ts";
import { CLIENT_NETWORKS } from "./traffic.ts";

const INSTALL = "install Snort 3 and name it with --engine-path.";

/** Throws ENGINE_MISSING, and ENGINE_FAILED when the program is not Snort 3. */
export async function openSnort(settings: EngineSettings): Promise<Engine> {
  const command = locate("snort", settings);
  const options = { install: INSTALL, ...(settings.signal ? { signal: settings.signal } : {}) };
  const { output } = await execute(command, ["-V"], options);
  const version = /Version (3\.\S+)/.exec(output)?.[1];
  if (version === undefined)
    throw new RulewrightError("ENGINE_FAILED", `${command.program} is not Snort 3: ${output.slice(0, 200).trim()}`);
  return {
    name: "snort3",
    version,
    async replay({ rules, captures, home, onAlert }) {
      const dir = await mkdtemp(join(tmpdir(), "rulewright-snort-"));
      try {
        const config = join(dir, "snort.lua");
        await writeFile(config, snortConfiguration(home));
        const args = snortArguments({
          config,
          rules,
          captures,
          dir,
          ...(settings.root ? { root: settings.root } : {}),
        });
        const run = await execute(command, args, options);
        const problems = snortProblems(run.output);
        if (run.status !== 0 && !problems.some(({ line }) => line !== undefined))
          throw new RulewrightError(
            "ENGINE_FAILED",
            `Snort does not run with these rules: ${problems[0]?.text ?? `it ended with ${run.status}`}`,
          );
        await readAlerts(join(dir, "alert_json.txt"), onAlert);
        return { problems, isCut: false };
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },
  };
}

export interface SnortRun {
  readonly config: string;
  readonly rules: readonly string[];
  readonly captures: string;
  readonly dir: string;
  readonly root?: string;
}

/** `-k all` verifies checksums; `--warn-rules` says what it thinks of each rule. */
export function snortArguments({ config, rules, captures, dir, root }: SnortRun): string[] {
  const daq =
    root === undefined
      ? undefined
      : ["usr/lib/daq", "usr/local/lib/daq"].map((path) => join(root, path)).find((path) => existsSync(path));
  return [
    ...["-c", config, "--warn-rules", "-q", "-k", "all"],
    ...rules.flatMap((path) => ["-R", resolve(path)]),
    ...(captures.endsWith("cap") ? ["-r", resolve(captures)] : ["--pcap-dir", resolve(captures)]),
    ...["-A", "alert_json", "-l", dir],
    ...(daq === undefined ? [] : ["--daq-dir", daq]),
  ];
}

const PRIVATE_NETWORKS = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"];

/** The least that finds DNS, HTTP and TLS by what is said, not by the port. */
export function snortConfiguration(home: "synthetic" | "private"): string {
  const [homes, external] = home === "private" ? [PRIVATE_NETWORKS, "any"] : [CLIENT_NETWORKS, "!$HOME_NET"];
  return `HOME_NET = '[${homes.join(",")}]'
EXTERNAL_NET = '${external}'
stream = { }
stream_ip = { }
stream_tcp = { }
stream_udp = { }
http_inspect = { }
ssl = { }
dns = { }
wizard =
{
    spells =
    {
        { service = 'http', proto = 'tcp', to_server = { 'GET ', 'POST ', 'HEAD ', 'PUT ' }, to_client = { 'HTTP/' } },
    },
    hexes =
    {
        { service = 'ssl', proto = 'tcp', to_server = { '|16 03|' }, to_client = { '|16 03|' } },
    },
}
binder =
{
    { when = { proto = 'udp', ports = '53' }, use = { type = 'dns' } },
    { when = { proto = 'tcp', ports = '53' }, use = { type = 'dns' } },
    { use = { type = 'wizard' } },
}
ips = { variables = { nets = { HOME_NET = HOME_NET, EXTERNAL_NET = EXTERNAL_NET } } }
alert_json = { file = true, fields = 'src_addr dst_addr gid sid rev msg' }
`;
}

/** Lines such as `ERROR: /path/x.rules:12 unknown rule option: nope` and `WARNING: …`. */
export function snortProblems(output: string): EngineProblem[] {
  return output.split("\n").flatMap((line): EngineProblem[] => {
    const [, mark, text = ""] = /^(ERROR|WARNING|FATAL): (.*)$/.exec(line) ?? [];
    if (mark === undefined || /^see prior \d+ errors/.test(text)) return [];
    const level = mark === "WARNING" ? "warning" : "error";
    const [, file, number, rest] = /^(\/.*?):(\d+):? (.*)$/.exec(text) ?? [];
    return [file === undefined ? { level, text } : { level, text: rest ?? "", file, line: Number(number) }];
  });
}

async function readAlerts(file: string, onAlert: (alert: EngineAlert) => void): Promise<void> {
  if (!existsSync(file)) return;
  for await (const line of createInterface({ input: createReadStream(file, "utf8") })) {
    const alert = snortAlert(line);
    if (alert) onAlert(alert);
  }
}

/** A line of alert_json; undefined for one that was cut off and for events that are no rules'. */
export function snortAlert(line: string): EngineAlert | undefined {
  if (!line.trimEnd().endsWith("}")) return undefined;
  const event = JSON.parse(line) as Record<string, unknown>;
  if (event.gid !== 1) return undefined;
  return {
    sid: Number(event.sid),
    rev: Number(event.rev),
    message: String(event.msg),
    source: String(event.src_addr),
    destination: String(event.dst_addr),
  };
}
