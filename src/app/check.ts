/** One thing that `rulewright doctor` looked at. */
import { RulewrightError } from "../errors.ts";

export interface Check {
  readonly name: string;
  readonly state: "ok" | "warning" | "problem";
  /** What was found, in one line. */
  readonly text: string;
  /** What helps. */
  readonly cure?: string;
  /** Exit code of a problem. */
  readonly exitCode?: number;
}

/** A check that failed by an error with a code: its message says what helps. */
export function problem(name: string, error: unknown): Check {
  if (!(error instanceof RulewrightError) || error.code === "INTERRUPTED") throw error;
  return { name, state: "problem", text: error.message, exitCode: error.exitCode };
}
