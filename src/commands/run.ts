/** `rulewright run`: hunts, judging and exports at their cadence; `--once` does all of it once. */
import { resolve } from "node:path";
import { createClaimant } from "../app/claimant.ts";
import { openJudging, storePath, withNewStore } from "../app/stored.ts";
import { openVirusTotal, pause, runningClock } from "../app/virustotal.ts";
import { type ListsChoice, rememberLists } from "../app/warning-lists.ts";
import type { App } from "../app.ts";
import { EXIT, RulewrightError } from "../errors.ts";
import type { Logger } from "../plugin.ts";
import { runOnce, runScheduled, type SchedulerDeps } from "../worker/scheduler.ts";
import { stagesOf } from "../worker/stages.ts";
import type { StoreOptions } from "./ingest.ts";
import type { Output } from "./output.ts";
import { STANDARD_OUTPUT } from "./publish.ts";
import { count } from "./summary.ts";

export interface RunOptions extends StoreOptions {
  readonly once?: boolean;
  readonly out: string;
}

/** Answers 0 after SIGTERM, which is how services are stopped, 130 after SIGINT, and with `--once` the worst exit code. */
export async function runScheduler(plain: App, output: Output, options: RunOptions): Promise<number> {
  if (options.out === STANDARD_OUTPUT)
    throw new RulewrightError(
      "USAGE",
      "run writes into a folder. Give --out the folder, or use: rulewright export --out -",
    );
  const clock = runningClock(plain.now);
  const app = { ...plain, loaded: withLists(plain, options.warningLists), log: stamped(plain.log, clock) };
  const { hunts } = app.loaded.config;
  if (hunts.length > 0) await openVirusTotal(app, options.store).close();
  return withNewStore(app, options.store, async (store) => {
    // A folder that is not there is told at the start, and not by the first judgement.
    await openJudging(plain, store, options.warningLists);
    await rememberLists(plain, store, options.warningLists);
    const folder = resolve(app.folder, options.out);
    const stages = stagesOf(app, store, { ...options, folder });
    const deps: SchedulerDeps = {
      store: store.jobs,
      claimant: createClaimant(),
      log: app.log,
      clock,
      sleep: pause,
      signal: app.signal,
    };
    const [hunting, , exporting] = stages.map(({ jobs }) => jobs.length) as [number, number, number];
    const work = `${count(hunting, "hunt")} and ${count(exporting, "export")}`;
    app.log.info(
      `run: ${work}, store ${storePath(app, options.store)}, output ${folder}${options.once ? ", once" : ""}`,
    );
    if (options.once) {
      const worst = await runOnce(deps, stages);
      app.signal.throwIfAborted();
      return worst;
    }
    await runScheduled(deps, stages);
    output.say("Stopped. What was finished is kept; the next start makes up for what is due.\n");
    return (app.signal.reason as Error | undefined)?.message === "SIGTERM" ? EXIT.done : EXIT.interrupted;
  });
}

/** `--warning-lists` as if the config had it: every judgement of the scheduler goes by the same lists. */
function withLists({ loaded, folder }: App, choice: ListsChoice | undefined): App["loaded"] {
  if (choice === undefined) return loaded;
  const { warningLists: _, ...config } = loaded.config;
  return { ...loaded, config: choice === false ? config : { ...config, warningLists: resolve(folder, choice) } };
}

/** Lines with their time: a service's log may be read without the journal's own. */
function stamped(log: Logger, clock: () => Date): Logger {
  const at = (message: string): string => `${clock().toISOString().slice(0, 19)}Z ${message}`;
  return {
    debug: (message) => log.debug(at(message)),
    info: (message) => log.info(at(message)),
    warn: (message) => log.warn(at(message)),
  };
}
