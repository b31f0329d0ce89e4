/** `rulewright config check|schema|show`. */
import { dirname } from "node:path";
import { stringify } from "yaml";
import { type App, openWarningLists, planExports } from "../app.ts";
import { configSchema } from "../config.ts";
import { EXIT } from "../errors.ts";
import type { Output } from "./output.ts";

/** The app has loaded the config by now, so it is sound; what remains are the exports, plugins and folders it names. */
export async function checkConfig(app: App, output: Output): Promise<number> {
  const { loaded, registry } = app;
  planExports(app, Object.keys(loaded.config.exports), dirname(loaded.file));
  await openWarningLists(app);
  for (const { plugin, reason } of registry.problems) output.say(`The plugin ${plugin} did not load: ${reason}.\n`);
  output.say(loaded.isPresent ? `${loaded.file} is sound.\n` : `There is no ${loaded.file}: the defaults hold.\n`);
  return registry.problems.length > 0 ? EXIT.usage : EXIT.done;
}

export async function showConfig(app: App, output: Output, options: { readonly json?: boolean }): Promise<number> {
  const { config } = app.loaded;
  await output.print(options.json ? `${JSON.stringify(config, undefined, 2)}\n` : stringify(config));
  return EXIT.done;
}

export async function printSchema(output: Output): Promise<number> {
  await output.print(`${JSON.stringify(configSchema(), undefined, 2)}\n`);
  return EXIT.done;
}
