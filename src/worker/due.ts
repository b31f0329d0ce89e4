/** Which job is due and why: pure arithmetic over what the store remembers. It claims nothing and runs nothing. */
import { type Cadence, slotsBetween, slotsOf, turnAt } from "../cadence.ts";
import type { JobRecord } from "../store/job-store.ts";

/** Why a job runs: it never has, its turn has come, its inputs have changed, or the last try failed. */
export type Why = "first" | "turn" | "change" | "retry";

export type Due =
  /** `slot` is the turn that the run counts for. */
  | { readonly isDue: true; readonly why: Why; readonly slot: number }
  /** `next` is when to look again, seconds since the epoch; absent when it will never be. */
  | { readonly isDue: false; readonly next?: number };

export interface DueInput {
  readonly cadence: Cadence;
  readonly record: JobRecord;
  readonly now: number;
  /** What its inputs are now; absent for a job that only its cadence makes due. */
  readonly inputs?: string;
  /** Whether something has just run that the inputs come from: then a change is not waited out. */
  readonly isSettled: boolean;
}

/** Somebody may be filling the store in small steps: a change alone runs a job no sooner than this after its last run. */
export const SETTLE_SECONDS = 300;

/** A job that fails is tried again after a minute, two, four, … at most an hour; its next turn tries in any case. */
export function retryAfter(failures: number): number {
  return Math.min(3600, 60 * 2 ** Math.min(10, failures - 1));
}

export function dueAt({ cadence, record, now, inputs, isSettled }: DueInput): Due {
  const { slot, failures, retryAt, endedAt = 0 } = record;
  const turn = turnAt(slotsOf(cadence, record.anchor), slot, now);
  if (turn.due !== undefined) return { isDue: true, why: slot === undefined ? "first" : "turn", slot: turn.due };
  const counts = slot ?? now;
  if (failures > 0 && retryAt !== undefined) {
    if (now >= retryAt) return { isDue: true, why: "retry", slot: counts };
    return notBefore(turn.next, retryAt);
  }
  if (inputs === undefined || inputs === record.inputs) return notBefore(turn.next);
  const settledAt = endedAt + SETTLE_SECONDS;
  // An end that lies ahead comes from a clock that was wrong.
  if (isSettled || now >= settledAt || endedAt > now) return { isDue: true, why: "change", slot: counts };
  return notBefore(turn.next, settledAt);
}

function notBefore(...times: readonly (number | undefined)[]): Due {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? { isDue: false } : { isDue: false, next: Math.min(...known) };
}

/** The turns that came while a job ran, and with them the one that its run counts for: they are not made up for. */
export function passedTurns(cadence: Cadence, record: JobRecord, slot: number, now: number): readonly number[] {
  return slotsBetween(slotsOf(cadence, record.anchor), slot, now);
}

/** When the turn after `now` is. */
export function nextTurn(cadence: Cadence, record: JobRecord, now: number): number | undefined {
  return slotsOf(cadence, record.anchor).next(now);
}
