/** What a job threw, as its failure. */
import { EXIT, RulewrightError } from "../errors.ts";
import type { Logger } from "../plugin.ts";
import { storeFailure } from "../store/sqlite.ts";
import { VtError } from "../vt/failure.ts";
import type { JobFailure } from "./job.ts";

/** An error that is nobody's but ours is told with its stack: the process goes on, and nobody else would see it. */
export function failureOf(thrown: unknown, log: Logger): JobFailure {
  const error = storeFailure(thrown);
  if (error instanceof RulewrightError) {
    const holdUntil = error instanceof VtError ? error.details.resetsAt : undefined;
    const { code, message, exitCode } = error;
    return { code, message, exitCode, ...(holdUntil ? { holdUntil } : {}) };
  }
  log.warn(`this is a bug of Rulewright, please report it: ${(error as Error).stack ?? String(error)}`);
  return { code: "BUG", message: String((error as Error).message ?? error), exitCode: EXIT.bug };
}
