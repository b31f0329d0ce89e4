/**
 * When a job's turns are. Turns are slots of a fixed grid, of a length from an anchor or of a cron expression, and never
 * counted from the end of the last run, so that nothing drifts. Everything is UTC and whole seconds since the epoch:
 * time zones and daylight saving do not come in.
 *
 * It reads no clock, keeps nothing and runs nothing (see worker/).
 */
import { Cron } from "croner";

export type Cadence = { readonly everySeconds: number } | { readonly cron: string };

/** A grid of turns. */
export interface Slots {
  /** The newest slot that is not behind `now`; undefined when there has never been one. */
  latest(now: number): number | undefined;
  /** The first slot behind `now`; undefined when none will come. */
  next(now: number): number | undefined;
}

/** The grid of a cadence; a cron expression has no use for the anchor. Throws for an expression that is none. */
export function slotsOf(cadence: Cadence, anchor: number): Slots {
  if ("cron" in cadence) {
    const cron = parseCron(cadence.cron);
    return {
      latest: (now) => secondsOf(cron.previousRuns(1, new Date((now + 1) * 1000))[0]),
      next: (now) => secondsOf(cron.nextRun(new Date(now * 1000)) ?? undefined),
    };
  }
  const { everySeconds } = cadence;
  const latest = (now: number): number => anchor + Math.floor((now - anchor) / everySeconds) * everySeconds;
  return { latest, next: (now) => latest(now) + everySeconds };
}

export interface Turn {
  /** The slot to run now: the newest of those that were not run, so that many missed ones are made up for once. */
  readonly due?: number;
  /** The first slot after this. */
  readonly next?: number;
}

/**
 * What is to do at `now` when `last` is the slot that was run last, if any. A clock that was set back a little waits
 * until it is there again; a last slot that lies further ahead than the next one can only come from a clock that was
 * wrong, and is not believed.
 */
export function turnAt(slots: Slots, last: number | undefined, now: number): Turn {
  const latest = slots.latest(now);
  const next = slots.next(now);
  const wasRun = last !== undefined && (next === undefined || last <= next);
  if (wasRun && (latest === undefined || last >= latest))
    return turn(undefined, last === next ? slots.next(last) : next);
  return turn(latest ?? now, next);
}

function turn(due: number | undefined, next: number | undefined): Turn {
  return { ...(due === undefined ? {} : { due }), ...(next === undefined ? {} : { next }) };
}

/** The slots in (`from`, `to`], at most the first `most`. */
export function slotsBetween(slots: Slots, from: number, to: number, most = 1000): number[] {
  const found: number[] = [];
  for (let at = slots.next(from); at !== undefined && at <= to && found.length < most; at = slots.next(at))
    found.push(at);
  return found;
}

/** Why a text is no cron expression that comes to pass, in words; undefined when it is one. */
export function cronProblem(text: string): string | undefined {
  try {
    return parseCron(text).nextRun(new Date()) === null ? "it names a moment that never comes" : undefined;
  } catch (error) {
    return (error as Error).message.replace(/^CronPattern: /, "");
  }
}

/** Minute, hour, day of month, month, day of week, in UTC. */
function parseCron(text: string): Cron {
  return new Cron(text, { mode: "5-part", timezone: "UTC", paused: true });
}

function secondsOf(date: Date | undefined): number | undefined {
  return date && Math.floor(date.getTime() / 1000);
}
