/**
 * The command line: parses, calls the app, maps errors to exit codes. Commands are imported when they run, so that
 * `--help` is quick and loads no plugin.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { App } from "./app.ts";
import { holdMemoryDown } from "./commands/memory.ts";
import { createOutput } from "./commands/output.ts";
import { EXIT, exitCodeOf, RulewrightError } from "./errors.ts";
import { createLog } from "./log.ts";
import { TLP_LEVELS } from "./model/indicator.ts";
import { DECISIONS } from "./model/verdict.ts";
import { WHERE_FIELDS } from "./policy/where.ts";
import { ENGINE_NAMES } from "./verify/engine-names.ts";
import { VERSION } from "./version.ts";

const output = createOutput(process.stdout, process.stderr);
const interrupted = new AbortController();
const STOPPING = ["SIGINT", "SIGTERM"] as const;

/** Runs one command with a composed app and leaves its exit code. */
async function run(configPath: string | undefined, command: (app: App) => Promise<number>): Promise<void> {
  const { openApp } = await import("./app.ts");
  const app = await openApp(
    {
      folder: process.cwd(),
      env: process.env,
      log: createLog((line) => output.say(line), process.env.RULEWRIGHT_LOG === "debug" ? "debug" : "info"),
      now: clock(),
      signal: interrupted.signal,
      stdin: process.stdin,
    },
    configPath,
  );
  if (app.loaded.isPresent) app.log.debug(`config ${app.loaded.file}`);
  process.exitCode = await command(app);
}

/** `npm run rulewright` moves to the package and leaves the place where the operator is in INIT_CWD. */
function returnToCaller(): void {
  const { npm_lifecycle_event: script, INIT_CWD: caller } = process.env;
  if (script === "rulewright" && caller !== undefined) process.chdir(caller);
}

/** The time, or SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/) for reproducible runs. */
function clock(): Date {
  const fixed = process.env.SOURCE_DATE_EPOCH;
  return fixed && /^[0-9]{1,10}$/.test(fixed) ? new Date(Number(fixed) * 1000) : new Date();
}

function list(text: string): string[] {
  const entries = text.split(",").map((entry) => entry.trim());
  if (entries.includes("")) throw new InvalidArgumentError("Names are separated by single commas.");
  return entries;
}

function day(text: string): Date {
  const date = new Date(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : Number.NaN);
  // Date takes 31 February for 3 March.
  if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== text)
    throw new InvalidArgumentError("A day looks like 2026-11-24.");
  return date;
}

function whole(text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) throw new InvalidArgumentError("It is a whole number.");
  return Number(text);
}

function share(text: string): number {
  if (!/^(?:0|1|0?\.[0-9]{1,6})$/.test(text)) throw new InvalidArgumentError("It is a share from 0 to 1, such as 0.1.");
  return Number(text);
}

const configOption = () =>
  new Option("-c, --config <file>", "configuration file; default rulewright.yaml when it is there").env(
    "RULEWRIGHT_CONFIG",
  );
const jsonOption = () => new Option("--json", "machine-readable JSON on standard output");
const listsOption = () => new Option("--warning-lists <dir>", "folder of a checkout of MISP's warning lists");
const noListsOption = () => new Option("--no-warning-lists", "judge without any");

const WHERE_HELP = `\nFields of --where, joined by spaces, each with =, !=, <, <=, > or >= and values separated by |:\n${Object.entries(
  WHERE_FIELDS,
)
  .map(([field, meaning]) => `  ${field.padEnd(12)}${meaning}`)
  .join("\n")}`;

const storeOption = () => new Option("--store <location>", "sqlite:PATH; default RULEWRIGHT_STORE, then the config's");

const RULINGS = {
  allow: "a value that is never an indicator",
  deny: "a value that always is one",
  revoke: "withdraw an indicator, in every output that can say so",
} as const;

const EXIT_CODES = `
Exit codes: 0 done, 2 usage, config, plugin or template, 3 source or store unavailable (nothing lost, run again),
4 an export failed or was refused (the previous output stands), 130 interrupted, 1 a bug of ours.`;

function program() {
  const root = new Command("rulewright")
    .description("Turns VirusTotal sandbox reports into detection content: explained, proven, stable.")
    .version(VERSION)
    .addHelpText("after", EXIT_CODES)
    .showHelpAfterError("(add --help for the options)")
    .enablePositionalOptions();

  root
    .command("generate")
    .description("reports in, detection content out; no key, no store, no config")
    .argument("<path...>", "files or folders with saved VirusTotal API v3 bodies, or - for standard input")
    .option("--to <names>", "comma-separated exporters or exports of the config, each with an optional :format", list)
    .option("--out <dir>", "folder for the output, or - for standard output", "out")
    .option("--where <filter>", 'only these indicators, such as "type=domain|url confidence>=70 family=emotet"')
    .option("--verify", "prove rules with the real engine before they are swapped in; see docs/verify.md")
    .addOption(listsOption())
    .addOption(noListsOption())
    .addOption(new Option("--tlp <level>", "TLP of every indicator; default amber").choices(TLP_LEVELS))
    .option(
      "--as-of <day>",
      "day on which the reports count as current and from which validity runs; default their newest date",
      day,
    )
    .option("--explain", "print every decision with its reasons, kept and dropped")
    .addOption(jsonOption())
    .addOption(configOption())
    .action((paths, { config, ...options }) =>
      run(config, async (app) => (await import("./commands/generate.ts")).generate(app, output, paths, options)),
    )
    .addHelpText("after", WHERE_HELP);

  root
    .command("explain")
    .description("why a value is kept, in review or dropped")
    .argument("<value>", "an address, host, URL, endpoint, hash, …; defanged is fine")
    .argument("[path...]", "reports to judge by; default what the store holds")
    .addOption(storeOption())
    .addOption(listsOption())
    .addOption(noListsOption())
    .addOption(jsonOption())
    .addOption(configOption())
    .action((value, paths, { config, ...options }) =>
      run(config, async (app) => (await import("./commands/explain.ts")).explain(app, output, value, paths, options)),
    );

  root
    .command("pivot")
    .description("what samples share, and VirusTotal Intelligence queries that find more")
    .argument("[sha256...]", "samples; default all in the reports")
    .option("--reports <path...>", "files or folders with saved file objects and behaviour reports, or -")
    .option("--all", "also traits that one sample alone has")
    .addOption(jsonOption())
    .addOption(configOption())
    .action((hashes, { config, ...options }) =>
      run(config, async (app) => (await import("./commands/pivot.ts")).pivot(app, output, hashes, options)),
    );

  root
    .command("hunt")
    .description("search VirusTotal for what is new, into the store; goes on where it was cut off")
    .argument("[name...]", "hunts of the config; default all")
    .option("--plan", "print searches, pages and look-ups and what they cost; spends nothing")
    .addOption(storeOption())
    .addOption(listsOption())
    .addOption(noListsOption())
    .addOption(jsonOption())
    .addOption(configOption())
    .action((names, { config, ...options }) => {
      holdMemoryDown();
      return run(config, async (app) => (await import("./commands/hunt.ts")).hunt(app, output, names, options));
    });

  root
    .command("ingest")
    .description("saved reports into the store")
    .argument("<path...>", "files or folders with saved VirusTotal API v3 bodies, or - for standard input")
    .addOption(storeOption())
    .addOption(listsOption())
    .addOption(noListsOption())
    .addOption(configOption())
    .action((paths, { config, ...options }) =>
      run(config, async (app) => (await import("./commands/ingest.ts")).ingestReports(app, output, paths, options)),
    );

  root
    .command("judge")
    .description("judge the store's evidence anew, after a change of policy, lists or rulings")
    .option("--all", "everything in the store; the default")
    .addOption(storeOption())
    .addOption(listsOption())
    .addOption(noListsOption())
    .addOption(configOption())
    .action(({ config, all: _all, ...options }) =>
      run(config, async (app) => (await import("./commands/ingest.ts")).judgeStored(app, output, options)),
    );

  root
    .command("export")
    .description("the store's indicators into files, with what has expired or was withdrawn")
    .argument("[name...]", "exports of the config or exporters; default all of the config")
    .option("--to <names>", "the same, comma-separated, each with an optional :format", list)
    .option("--out <dir>", "folder for the output, or - for standard output", "out")
    .option("--where <filter>", 'only these indicators, such as "type=domain|url confidence>=70"')
    .option("--verify", "prove rules with the real engine before they are swapped in; see docs/verify.md")
    .addOption(storeOption())
    .addOption(jsonOption())
    .addOption(configOption())
    .action((names, { config, ...options }) =>
      run(config, async (app) => (await import("./commands/export.ts")).exportStored(app, output, names, options)),
    )
    .addHelpText("after", WHERE_HELP);

  root
    .command("push")
    .description(
      "the store's exports to the sinks of the config: what is new, changed or withdrawn since the last push",
    )
    .argument("[name...]", "sinks of the config; default all")
    .option("--dry-run", "say what would be sent, and send nothing")
    .option("--again", "send also what was acknowledged, to a target that has lost it or is another one")
    .addOption(storeOption())
    .addOption(jsonOption())
    .addOption(configOption())
    .action((names, { config, ...options }) =>
      run(config, async (app) => (await import("./commands/push.ts")).push(app, output, names, options)),
    );

  root
    .command("run")
    .description("the scheduler: hunts, judging, exports and pushes at their cadence, until a signal")
    .option("--once", "everything once, due or not, then exit with the worst exit code")
    .option("--out <dir>", "folder for the output", "out")
    .addOption(storeOption())
    .addOption(listsOption())
    .addOption(noListsOption())
    .addOption(configOption())
    .action(({ config, ...options }) =>
      run(config, async (app) => (await import("./commands/run.ts")).runScheduler(app, output, options)),
    );

  root
    .command("verify")
    .description("proves rules: the real engine loads them, each fires on its own traffic and none on a look-alike")
    .argument("<rules...>", "rule files, or folders with them")
    .addOption(new Option("--engine <name>", "default suricata").choices(ENGINE_NAMES))
    .option("--engine-path <program>", "default the engine's name on the PATH")
    .option("--engine-root <dir>", "folder of unpacked packages with the engine and its libraries")
    .option("--ledger <file>", "sid ledger; default sid-ledger.ndjson beside or above the rules, then the store's")
    .option("--benign <dir>", "captures of your own network, on which no rule may fire")
    .option("--record", "send indicators whose rules fire on harmless traffic to review, in the store")
    .option("--pcap <file>", "keep the traffic")
    .option("--quarantine <path>", "write the rules that stand there, and those that failed apart, with reasons")
    .addOption(storeOption())
    .addOption(jsonOption())
    .addOption(configOption())
    .action((paths, { config, ...options }) =>
      run(config, async (app) => (await import("./commands/verify.ts")).verify(app, output, paths, options)),
    );

  root
    .command("list")
    .description("what the store knows, one observable a line; expired is a value that was kept and has aged since")
    .addOption(new Option("--decision <decision>", "only these").choices(DECISIONS))
    .option("--where <filter>", 'only these, such as "family=emotet confidence>=70"')
    .addOption(
      new Option("--rulings", "what operators allowed, denied and revoked, with reason and day").conflicts([
        "decision",
        "where",
      ]),
    )
    .addOption(storeOption())
    .addOption(jsonOption())
    .addOption(configOption())
    .action(({ config, ...options }) =>
      run(config, async (app) => (await import("./commands/list.ts")).list(app, output, options)),
    )
    .addHelpText("after", WHERE_HELP);

  root
    .command("stats")
    .description("how much the store knows")
    .option("--sandboxes", "what the sandboxes show of their own, whatever they run")
    .addOption(storeOption())
    .addOption(jsonOption())
    .addOption(configOption())
    .action(({ config, ...options }) =>
      run(config, async (app) => (await import("./commands/stats.ts")).stats(app, output, options)),
    );

  for (const [action, description] of Object.entries(RULINGS)) {
    root
      .command(action)
      .description(description)
      .argument("<value>", "an address, host, URL, endpoint, hash, …; defanged is fine")
      .requiredOption("--reason <text>", "why; kept with the decision and shown by explain")
      .option("--type <type>", "observable type, when the value does not show it")
      .addOption(storeOption())
      .addOption(configOption())
      .action((value, { config, ...options }) =>
        run(config, async (app) =>
          (await import("./commands/ruling.ts")).rule(app, output, action as keyof typeof RULINGS, value, options),
        ),
      );
  }

  root
    .command("restore")
    .description("take an allow, deny or revoke back: the rules decide again")
    .argument("<value>")
    .option("--reason <text>", "why")
    .option("--type <type>", "observable type, when the value does not show it")
    .addOption(storeOption())
    .addOption(configOption())
    .action((value, { config, ...options }) =>
      run(config, async (app) => (await import("./commands/ruling.ts")).restore(app, output, value, options)),
    );

  root
    .command("backtest")
    .description("what would these indicators have hit on your own logs? Nothing leaves the machine")
    .argument("[rules...]", "release folders, .rules files, CSV or JSON Lines of the csv exporter; default the store")
    .option("--eve <file...>", "Suricata's eve.json")
    .option("--zeek <file...>", "Zeek's conn, dns, http, ssl, quic, files and x509 logs, TSV or JSON")
    .option("--dns <file...>", "DNS logs: JSON Lines, or CSV or TSV with a header")
    .option("--proxy <file...>", "proxy logs: the same, W3C extended, or Squid's access.log")
    .option("--log <file...>", "logs or captures whose format shows in their content")
    .option("--pcap <file...>", "captures, read by the installed Suricata with the rules")
    .option("--columns <pairs>", "columns of DNS and proxy logs, such as host=cs-host,client=c-ip", list)
    .addOption(new Option("--top <number>", "rows of each table").argParser(whole).default(20))
    .addOption(
      new Option(
        "--record [as]",
        "remember the hits in the store: as sightings, or as false positives of a harmless log",
      )
        .choices(["sightings", "false-positives"] as const)
        .preset("sightings"),
    )
    .addOption(storeOption())
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText("after", "\nFiles may be gzipped, and - is standard input. See docs/backtest.md.")
    .action((rules, { config, ...options }) =>
      run(config, async (app) => (await import("./commands/backtest.ts")).runBacktest(app, output, rules, options)),
    );

  root
    .command("emulate")
    .description("VirusTotal's API over a synthetic world on a loopback port, to try hunts without a key")
    .addOption(new Option("--port <port>", "of 127.0.0.1").argParser(whole).default(8642))
    .addOption(new Option("--seed <number>", "another seed is another world").argParser(whole).default(1))
    .addOption(new Option("--samples <number>", "samples in the world").argParser(whole).default(500))
    .addOption(new Option("--families <number>", "families they belong to").argParser(whole).default(8))
    .addOption(new Option("--days <number>", "the samples came in the last of them").argParser(whole).default(30))
    .addOption(new Option("--latency <ms>", "before every answer").argParser(whole).default(0))
    .addOption(new Option("--per-minute <number>", "quota; default none").argParser(whole))
    .addOption(new Option("--per-day <number>", "quota; default none").argParser(whole))
    .option("--faults <modes>", "all, or comma-separated, see docs/emulator.md", list)
    .addOption(new Option("--fault-rate <share>", "share of requests they hit").argParser(share).default(0.1))
    .option("--truth <file>", "write what is true of every observable, as JSON Lines")
    .addOption(configOption())
    .action(({ config, ...options }) =>
      run(config, async (app) => (await import("./commands/emulate.ts")).emulate(app, output, options)),
    );

  root
    .command("init")
    .description("write a commented rulewright.yaml")
    .argument("[dir]", "folder", ".")
    .action(async (dir) => {
      process.exitCode = await (await import("./commands/init.ts")).init(process.cwd(), output, dir);
    });

  root
    .command("plugins")
    .description("exporters and sinks with their formats and options")
    .addOption(jsonOption())
    .addOption(configOption())
    .action(({ config, ...options }) =>
      run(config, async (app) => (await import("./commands/plugins.ts")).listPlugins(app, output, options)),
    );

  const templates = root.command("templates").description("row templates: list, eject, check");
  templates
    .command("list")
    .description("templates with the fields they may use")
    .argument("[exporter...]")
    .addOption(configOption())
    .action((names, { config }) =>
      run(config, async (app) => (await import("./commands/templates.ts")).listTemplates(app, output, names)),
    );
  templates
    .command("eject")
    .description("copy an exporter's templates beside the config, to change them")
    .argument("<exporter>")
    .addOption(configOption())
    .action((name, { config }) =>
      run(config, async (app) => (await import("./commands/templates.ts")).ejectTemplates(app, output, name)),
    );
  templates
    .command("check")
    .description("compile every template and render it with a sample row")
    .argument("[exporter...]")
    .addOption(configOption())
    .action((names, { config }) =>
      run(config, async (app) => (await import("./commands/templates.ts")).checkTemplates(app, output, names)),
    );

  root
    .command("doctor")
    .description("will it work here? config, store, lists, engines, and what VirusTotal says of the key")
    .option("--offline", "leave VirusTotal out; otherwise four requests count against the quota")
    .addOption(storeOption())
    .addOption(listsOption())
    .addOption(noListsOption())
    .addOption(jsonOption())
    .addOption(configOption())
    .action(({ config, ...options }) =>
      run(config, async (app) => (await import("./commands/doctor.ts")).doctor(app, output, options)),
    );

  const config = root.command("config").description("configuration: check, show, schema");
  config
    .command("check")
    .description("what is wrong with the configuration and the exports, sinks, hunts and plugins it names; asks nobody")
    .addOption(configOption())
    .action(({ config: file }) => run(file, async (app) => (await import("./commands/config.ts")).check(app, output)));
  config
    .command("show")
    .description("the configuration in force, defaults included")
    .addOption(jsonOption())
    .addOption(configOption())
    .action(({ config: file, ...options }) =>
      run(file, async (app) => (await import("./commands/config.ts")).showConfig(app, output, options)),
    );
  config
    .command("schema")
    .description("JSON Schema of the configuration, for editors")
    .action(async () => {
      process.exitCode = await (await import("./commands/config.ts")).printSchema(output);
    });

  for (const command of [root, ...root.commands, ...templates.commands, ...config.commands]) command.exitOverride();
  return root;
}

function fail(error: unknown): void {
  output.progress("");
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
    return;
  }
  if (interrupted.signal.aborted) {
    const isTold = error instanceof RulewrightError && error.code === "INTERRUPTED";
    output.say(`${isTold ? error.message : "Interrupted."}\n`);
    process.exitCode = EXIT.interrupted;
    return;
  }
  process.exitCode = exitCodeOf(error);
  if (error instanceof RulewrightError) output.say(`error: ${error.message} [${error.code}]\n`);
  else
    output.say(
      `This is a bug of Rulewright, please report it with this text:\n${(error as Error).stack ?? String(error)}\n`,
    );
}

/** Ctrl-C below npm comes twice, from the terminal and from npm: what follows so soon is the same wish. */
const SAME_WISH_MS = 1000;

/** The first signal lets the work stop where nothing is lost; the next one finds no listener and ends the process. */
function interrupt(signal: NodeJS.Signals): void {
  if (interrupted.signal.aborted) return;
  interrupted.abort(new DOMException(signal, "AbortError"));
  setTimeout(() => {
    for (const name of STOPPING) process.off(name, interrupt);
  }, SAME_WISH_MS).unref();
}

for (const signal of STOPPING) process.on(signal, interrupt);
// `rulewright … | head` ends quietly.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(EXIT.done);
});
// Nobody reads the words any more; the work is worth finishing all the same.
process.stderr.on("error", () => {});

returnToCaller();
await program().parseAsync().catch(fail);
