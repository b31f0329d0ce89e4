/** What `rulewright doctor` says of each target of pushes: its config, its secrets and its certificates. It asks no target. */
import type { App } from "../app.ts";
import { SecretRef } from "../plugin.ts";
import { type Check, problem } from "./check.ts";
import { httpClientOf, planPushes } from "./pushing.ts";
import { openSecrets } from "./secrets.ts";

export async function sinkChecks(app: App): Promise<Check[]> {
  const checks: Check[] = [];
  for (const name of Object.keys(app.loaded.config.sinks)) checks.push(await sinkCheck(app, name));
  return checks;
}

async function sinkCheck(app: App, target: string): Promise<Check> {
  const name = `sink ${target}`;
  try {
    const planned = planPushes(app, [target]);
    const secrets = openSecrets(app);
    for (const { job, tls } of planned) {
      for (const reference of secretRefsIn(job.sinkOptions)) secrets.reveal(reference);
      await httpClientOf(app, tls, secrets).close();
    }
    const { maxTlp } = app.loaded.config.sinks[target] as { maxTlp: string };
    const exports = planned.map(({ job }) => `${job.name}:${job.format}`).join(", ");
    return { name, state: "ok", text: `${planned[0]?.job.sink.name} gets ${exports} up to ${maxTlp}; not asked` };
  } catch (error) {
    return problem(name, error);
  }
}

/** Wherever they stand in a sink's options. */
export function secretRefsIn(options: unknown): SecretRef[] {
  if (typeof options !== "object" || options === null) return [];
  const reference = SecretRef.safeParse(options);
  return reference.success ? [reference.data] : Object.values(options).flatMap(secretRefsIn);
}
