/**
 * The command line: parses, calls the app, maps errors to exit codes. Commands are imported when they run, so that
 * `--help` is quick and loads no plugin.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { App } from "./app.ts";
import { createOutput } from "./commands/output.ts";
import { EXIT, exitCodeOf, RulewrightError } from "./errors.ts";
import { createLog } from "./log.ts";
import { TLP_LEVELS } from "./model/indicator.ts";
import { VERSION } from "./version.ts";

const output = createOutput(process.stdout, process.stderr);
const interrupted = new AbortController();

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
  process.exitCode = await command(app);
}

/** The time, or SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/) for reproducible runs. */
function clock(): Date {
  const fixed = process.env.SOURCE_DATE_EPOCH;
  return fixed && /^[0-9]{1,10}$/.test(fixed) ? new Date(Number(fixed) * 1000) : new Date();
}

function list(text: string): string[] {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

function day(text: string): Date {
  const date = new Date(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : Number.NaN);
  if (Number.isNaN(date.getTime())) throw new InvalidArgumentError("A day looks like 2026-11-24.");
  return date;
}

const configOption = () =>
  new Option("-c, --config <file>", "configuration file; default rulewright.yaml when it is there").env(
    "RULEWRIGHT_CONFIG",
  );
const jsonOption = () => new Option("--json", "machine-readable JSON on standard output");
const listsOption = () => new Option("--warning-lists <dir>", "folder of a checkout of MISP's warning lists");

const EXIT_CODES = `
Exit codes: 0 done, 2 usage, config, plugin or template, 3 source or store unavailable (nothing lost, run again),
4 an export failed or was refused (the previous output stands), 130 interrupted (outputs untouched), 1 a bug of ours.`;

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
    .option("--out <dir>", "folder for the output", "out")
    .option("--where <filter>", 'only these indicators, such as "type=domain|url confidence>=70 family=emotet"')
    .addOption(listsOption())
    .addOption(new Option("--tlp <level>", "TLP of every indicator; default amber").choices(TLP_LEVELS))
    .option("--as-of <day>", "date for reports that bear none; default today (UTC)", day)
    .option("--explain", "print every decision with its reasons, kept and dropped")
    .addOption(jsonOption())
    .addOption(configOption())
    .action((paths, { config, ...options }) =>
      run(config, async (app) => (await import("./commands/generate.ts")).generate(app, output, paths, options)),
    );

  root
    .command("explain")
    .description("why a value is kept, in review or dropped")
    .argument("<value>", "an address, host, URL, endpoint, hash, …; defanged is fine")
    .argument("<path...>", "the reports to judge by")
    .addOption(listsOption())
    .addOption(jsonOption())
    .addOption(configOption())
    .action((value, paths, { config, ...options }) =>
      run(config, async (app) => (await import("./commands/explain.ts")).explain(app, output, value, paths, options)),
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

  const config = root.command("config").description("configuration: check, show, schema");
  config
    .command("check")
    .description("is the configuration sound, and do its exports and plugins exist?")
    .addOption(configOption())
    .action(({ config: file }) =>
      run(file, async (app) => (await import("./commands/config.ts")).checkConfig(app, output)),
    );
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
    output.say("Interrupted: the outputs are untouched.\n");
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

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort());
// `rulewright … | head` ends quietly.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(EXIT.done);
});

await program().parseAsync().catch(fail);
