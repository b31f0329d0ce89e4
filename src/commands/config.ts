/** `rulewright config check|schema|show`. */
import { stringify } from "yaml";
import { checkConfig } from "../app/config-check.ts";
import type { App } from "../app.ts";
import { configSchema } from "../config.ts";
import { EXIT } from "../errors.ts";
import type { Output } from "./output.ts";
import { count } from "./summary.ts";

/** The app has loaded the config by now, so its keys are known; what remains is what they name. */
export async function check(app: App, output: Output): Promise<number> {
  const { file, isPresent } = app.loaded;
  const { problems, warnings } = await checkConfig(app);
  for (const text of warnings) output.say(`warning: ${text}\n`);
  for (const { message, code } of problems) output.say(`error: ${message} [${code}]\n`);
  if (problems.length > 0) output.say(`${file} has ${count(problems.length, "problem")}.\n`);
  else output.say(isPresent ? `${file} is sound.\n` : `There is no ${file}: the defaults hold.\n`);
  return problems[0]?.exitCode ?? EXIT.done;
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
