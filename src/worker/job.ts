/** What the scheduler runs: jobs of a kind, and the kinds in the order in which one feeds the next. */
import type { Cadence } from "../cadence.ts";
import type { ErrorCode } from "../errors.ts";

export interface Job {
  readonly name: string;
  readonly cadence: Cadence;
  /** What it works on, as a text that changes with it and with the stage's mark: a change makes the job due before its turn. */
  readonly inputs?: (mark: string) => string;
}

export interface JobContext {
  readonly now: Date;
  /** Aborted when the process is to stop, or when another process has taken the job over. */
  readonly signal: AbortSignal;
}

/** How a run of a job ended. */
export interface JobResult {
  /** What it did, for one line of the log. */
  readonly text: string;
  readonly failure?: JobFailure;
}

export interface JobFailure {
  readonly code: ErrorCode | "BUG";
  readonly message: string;
  readonly exitCode: number;
  /** No job of this kind can do anything before. */
  readonly holdUntil?: Date;
}

/** Jobs of one kind. Stages run in their order; within a round each job runs once at most. */
export interface Stage {
  /** `hunt`, `judge`, `export`; what log lines and the store call it. */
  readonly kind: string;
  readonly jobs: readonly Job[];
  /** Whether due jobs are run by one call, and by one process at a time; else one after the other. */
  readonly isTogether: boolean;
  /** What all of its jobs work on, as a text that changes with it. */
  mark?(): Promise<string>;
  /** Name → how it ended. What it throws is the failure of all of them. */
  run(names: readonly string[], context: JobContext): Promise<ReadonlyMap<string, JobResult>>;
}
