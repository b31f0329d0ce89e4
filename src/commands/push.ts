/** `rulewright push [name…]`: the store's exports to the targets of the config. */
import { type PushOutcome, planPushes, pushAll } from "../app/pushing.ts";
import { requireContent, withStore } from "../app/stored.ts";
import type { App } from "../app.ts";
import { EXIT } from "../errors.ts";
import type { Output } from "./output.ts";
import { pushSummary } from "./summary.ts";

export interface PushCommandOptions {
  readonly dryRun?: boolean;
  readonly again?: boolean;
  readonly store?: string;
  readonly json?: boolean;
}

export async function push(
  app: App,
  output: Output,
  names: readonly string[],
  options: PushCommandOptions,
): Promise<number> {
  const planned = planPushes(app, names);
  const isDryRun = options.dryRun === true;
  return withStore(app, options.store, async (store) => {
    await requireContent(app, store, options.store);
    const outcomes = await pushAll(app, store, planned, { isDryRun, isAgain: options.again === true });
    output.say(`${pushSummary(outcomes, isDryRun)}\n`);
    for (const { target, name, result, error } of outcomes) {
      for (const { id, reason } of result?.failures ?? []) output.say(`${target}: ${name}: ${id}: ${reason}\n`);
      if (error) output.say(`error: ${target}: ${error.message} [${error.code}]\n`);
    }
    if (options.json) await output.print(`${JSON.stringify(outcomes.map(jsonOf), undefined, 2)}\n`);
    return exitCodeOf(outcomes);
  });
}

/** A target that cannot be reached is worth another run, so it goes before one that refuses. */
function exitCodeOf(outcomes: readonly PushOutcome[]): number {
  const codes = outcomes.map(({ result, error }) =>
    error ? error.exitCode : (result?.objects?.failed ?? 0) > 0 ? EXIT.refused : EXIT.done,
  );
  return codes.find((code) => code === EXIT.unavailable) ?? codes.find((code) => code !== EXIT.done) ?? EXIT.done;
}

function jsonOf({ target, name, result, heldBack, error }: PushOutcome): object {
  if (error) return { sink: target, export: name, error: { code: error.code, message: error.message } };
  const { in: taken, written, skipped, files, target: where, changed, objects, failures } = result ?? {};
  const bytes = files?.reduce((sum, file) => sum + file.bytes, 0);
  const counts = { in: taken, written, skipped, heldBack, bytes };
  return { sink: target, export: name, target: where, changed, ...counts, objects, failures };
}
