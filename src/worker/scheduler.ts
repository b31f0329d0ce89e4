/**
 * The scheduler: looks which jobs are due, claims them in the store, runs them stage by stage and remembers how they
 * ended. Processes on one store share the work: a claim has a time-out that its owner keeps pushing ahead while it runs.
 *
 * It does not know what a job does (stages.ts), and the arithmetic of turns is due.ts's and cadence.ts's.
 */
import { CLAIM_SECONDS, HEARTBEAT_MS } from "../app/claimed.ts";
import { EXIT } from "../errors.ts";
import type { Logger } from "../plugin.ts";
import type { Claimant } from "../store/hunt-store.ts";
import type { JobKey, JobRecord, JobStore } from "../store/job-store.ts";
import { type Due, dueAt, nextTurn, passedTurns, retryAfter, type Why } from "./due.ts";
import { failureOf } from "./failure.ts";
import type { Job, JobFailure, JobResult, Stage } from "./job.ts";
import { clockText, durationText } from "./text.ts";

export interface SchedulerDeps {
  readonly store: JobStore;
  readonly claimant: Claimant;
  readonly log: Logger;
  readonly clock: () => Date;
  /** Milliseconds; rejects with the signal's reason. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/** A machine that slept or a clock that was set is noticed within this, and so is what other processes have done. */
const LOOK_MS = 30_000;
/** Whoever runs the jobs of a stage together holds this name. */
const WHOLE_STAGE = "*";

/** Runs what is due, round after round, until the signal. What a job throws is its failure; what the store throws ends it. */
export async function runScheduled(deps: SchedulerDeps, stages: readonly Stage[]): Promise<void> {
  const scheduler = createScheduler(deps, stages);
  while (!deps.signal.aborted) {
    const wakeAt = await scheduler.round("due");
    if (deps.signal.aborted) return;
    const ms = Math.min(LOOK_MS, Math.max(1000, wakeAt * 1000 - deps.clock().getTime()));
    try {
      await deps.sleep(ms, deps.signal);
    } catch (error) {
      if (!deps.signal.aborted) throw error;
    }
  }
}

/** Runs everything once, due or not, and answers the worst exit code. */
export async function runOnce(deps: SchedulerDeps, stages: readonly Stage[]): Promise<number> {
  const scheduler = createScheduler(deps, stages);
  await scheduler.round("everything");
  return scheduler.worst();
}

/** From bad to worse: what the operator has to mend comes before what mends itself. */
const SEVERITY: readonly number[] = [EXIT.done, EXIT.unavailable, EXIT.refused, EXIT.usage, EXIT.bug];

interface Claimed {
  readonly job: Job;
  readonly key: JobKey;
  readonly record: JobRecord;
  readonly slot: number;
  readonly why: Why | "asked";
  readonly inputs?: string;
}

type Scope = "due" | "everything";

function createScheduler(deps: SchedulerDeps, stages: readonly Stage[]) {
  const { store, claimant, log, clock, signal } = deps;
  const { owner } = claimant;
  const holds = new Map<string, Date>();
  /** Jobs that another process was seen to run, by the end of its run. */
  const seenElsewhere = new Map<string, number>();
  let worstExit: number = EXIT.done;
  const now = (): number => Math.floor(clock().getTime() / 1000);

  async function due(
    { kind }: Stage,
    job: Job,
    mark: string,
    { scope, isSettled }: { readonly scope: Scope; readonly isSettled: boolean },
  ): Promise<Claimed | number | undefined> {
    const key = { kind, name: job.name };
    const at = now();
    // Turns of a length fall on whole minutes.
    const record = await store.read(key, at - (at % 60));
    const inputs = job.inputs?.(mark);
    const given = inputs === undefined ? {} : { inputs };
    const found: Due = dueAt({ cadence: job.cadence, record, now: at, isSettled, ...given });
    const claimed = { job, key, record, ...given };
    if (found.isDue) return { ...claimed, slot: found.slot, why: found.why };
    return scope === "everything" ? { ...claimed, slot: record.slot ?? at, why: "asked" } : found.next;
  }

  /** Claims it, or says that another process is at it. */
  async function claim(key: JobKey, { runs }: Pick<JobRecord, "runs">): Promise<boolean> {
    const at = now();
    if (await store.claim(key, runs, claimant, at, at + CLAIM_SECONDS)) return true;
    const other = (await store.read(key, at)).claim?.owner;
    if (other !== undefined && other !== owner && seenElsewhere.get(idOf(key)) !== runs) {
      seenElsewhere.set(idOf(key), runs);
      log.info(`${idOf(key)}: runs in another process (${other}); left to it`);
    }
    return false;
  }

  /** Runs claimed jobs by one call, keeping the claims meanwhile, and remembers how each ended. */
  async function run(stage: Stage, claimed: readonly Claimed[], extra: readonly JobKey[]): Promise<void> {
    const lost = new AbortController();
    const over = new AbortController();
    const own = AbortSignal.any([signal, lost.signal]);
    const began = clock();
    for (const { key, why, slot } of claimed) log.info(`${idOf(key)}: starts, ${whyText(why, slot)}`);
    const skipped = createSkipped(claimed);
    const keys = [...claimed.map(({ key }) => key), ...extra];
    const beating = beat(keys, over.signal, () => skipped.say(now())).catch((error: unknown) => lost.abort(error));
    let results: ReadonlyMap<string, JobResult>;
    try {
      results = await stage.run(
        claimed.map(({ job }) => job.name),
        { now: began, signal: own },
      );
    } catch (error) {
      const failure = own.aborted ? undefined : failureOf(error, log);
      results = new Map(failure ? claimed.map(({ job }) => [job.name, { text: "", failure }]) : []);
    } finally {
      over.abort();
      await beating;
    }
    const isStopped = own.aborted;
    for (const one of claimed) {
      const result = results.get(one.job.name);
      if (isStopped && (result === undefined || result.failure)) await stopped(one, lost.signal.aborted);
      else if (result) await finish(stage, one, result, began, skipped);
    }
  }

  function createSkipped(claimed: readonly Claimed[]) {
    const told = new Map(claimed.map((one) => [one, one.slot]));
    return {
      /** Tells of turns that came since it told last; answers the turn that the run counts for in the end. */
      say(at: number, only: readonly Claimed[] = claimed): number {
        let last = 0;
        for (const one of only) {
          last = told.get(one) ?? one.slot;
          const passed = passedTurns(one.job.cadence, one.record, last, at);
          if (passed.length === 0) continue;
          last = passed.at(-1) as number;
          told.set(one, last);
          log.info(`${idOf(one.key)}: was still running at its turn of ${passed.map(clockText).join(", ")}: skipped`);
        }
        return last;
      },
    };
  }

  async function beat(keys: readonly JobKey[], until: AbortSignal, onBeat: () => unknown): Promise<void> {
    for (;;) {
      try {
        await deps.sleep(HEARTBEAT_MS, until);
      } catch {
        return;
      }
      onBeat();
      // A store that is busy or gone is for the job itself to meet.
      for (const key of keys)
        if (!(await store.renew(key, owner, now() + CLAIM_SECONDS).catch(() => true)))
          throw new Error(`${idOf(key)} was taken over by another process`);
    }
  }

  async function stopped({ key }: Claimed, isLost: boolean): Promise<void> {
    await store.release(key, owner);
    if (isLost) log.warn(`${idOf(key)}: stopped, because another process has taken it over`);
    else log.info(`${idOf(key)}: stopped; what was finished is kept, and it goes on at the next start`);
  }

  async function finish(
    stage: Stage,
    one: Claimed,
    { text, failure }: JobResult,
    began: Date,
    skipped: ReturnType<typeof createSkipped>,
  ): Promise<void> {
    const { key, record, job, inputs } = one;
    const at = now();
    const slot = skipped.say(at, [one]);
    const failures = failure ? record.failures + 1 : 0;
    const hold = failure?.holdUntil;
    const retryAt = failure && Math.ceil((hold?.getTime() ?? (at + retryAfter(failures)) * 1000) / 1000);
    const isKept = await store.finish(key, owner, {
      slot,
      endedAt: at,
      failures,
      ...(failure || inputs === undefined ? {} : { inputs }),
      ...(retryAt === undefined ? {} : { retryAt }),
    });
    if (!isKept) log.warn(`${idOf(key)}: another process has taken it over meanwhile`);
    const next = nextTurn(job.cadence, record, at);
    if (!failure) {
      const took = durationText(clock().getTime() - began.getTime());
      log.info(`${idOf(key)}: done in ${took}, ${text}${next === undefined ? "" : `; next turn ${clockText(next)}`}`);
      return;
    }
    note(failure);
    const again = Math.min(retryAt as number, next ?? Number.POSITIVE_INFINITY);
    const when = hold ? "" : ` Again at ${clockText(again)}.`;
    log.warn(`${idOf(key)}: failed: ${failure.message} [${failure.code}]${text && ` It did: ${text}.`}${when}`);
    if (hold) holdStage(stage, hold);
  }

  function holdStage({ kind }: Stage, until: Date): void {
    holds.set(kind, until);
    log.info(`every ${kind} waits until ${clockText(until.getTime() / 1000)}; the rest goes on`);
  }

  function note({ exitCode }: JobFailure): void {
    if (SEVERITY.indexOf(exitCode) > SEVERITY.indexOf(worstExit)) worstExit = exitCode;
  }

  function isHeld({ kind }: Stage): boolean {
    const until = holds.get(kind);
    if (until === undefined || until.getTime() > clock().getTime()) return until !== undefined;
    holds.delete(kind);
    return false;
  }

  /** Claims and runs those of a stage's due jobs that are free; answers whether any ran. */
  async function runStage(stage: Stage, candidates: readonly Claimed[]): Promise<boolean> {
    if (!stage.isTogether) {
      let hasRun = false;
      for (const one of candidates) {
        if (signal.aborted || isHeld(stage)) break;
        if (!(await claim(one.key, one.record))) continue;
        await run(stage, [one], []);
        hasRun = true;
      }
      return hasRun;
    }
    const whole = { kind: stage.kind, name: WHOLE_STAGE };
    if (signal.aborted || candidates.length === 0 || !(await claim(whole, await store.read(whole, now()))))
      return false;
    try {
      const claimed: Claimed[] = [];
      for (const one of candidates) if (await claim(one.key, one.record)) claimed.push(one);
      if (claimed.length > 0) await run(stage, claimed, [whole]);
      return claimed.length > 0;
    } finally {
      await store.release(whole, owner);
    }
  }

  return {
    worst: () => worstExit,
    /** One pass over the stages; answers when something is due next, seconds since the epoch. */
    async round(scope: Scope): Promise<number> {
      let hasRun = false;
      const wake: number[] = [];
      for (const stage of stages) {
        if (signal.aborted) break;
        if (isHeld(stage)) {
          wake.push((holds.get(stage.kind) as Date).getTime() / 1000);
          continue;
        }
        const candidates: Claimed[] = [];
        const mark = (await stage.mark?.()) ?? "";
        for (const job of stage.jobs) {
          const found = await due(stage, job, mark, { scope, isSettled: hasRun });
          if (typeof found === "number") wake.push(found);
          else if (found) candidates.push(found);
        }
        if (await runStage(stage, candidates)) hasRun = true;
      }
      // What has just run may have made something due.
      return hasRun ? now() : Math.min(...wake, Number.MAX_SAFE_INTEGER);
    },
  };
}

function idOf({ kind, name }: JobKey): string {
  return `${kind} ${name}`;
}

function whyText(why: Claimed["why"], slot: number): string {
  switch (why) {
    case "first":
      return "for the first time";
    case "turn":
      return `turn of ${clockText(slot)}`;
    case "change":
      return "its inputs have changed";
    case "retry":
      return "again after a failure";
    case "asked":
      return "as asked";
  }
}
