import { describe, expect, it } from "vitest";
import type { JobRecord } from "../../src/store/job-store.ts";
import { type DueInput, dueAt, retryAfter, SETTLE_SECONDS } from "../../src/worker/due.ts";

const HOUR = 3600;
/** An hourly job that ran its turn at 10:00 of the epoch's first day, from 10:00 to 10:01. */
const TEN = 10 * HOUR;
const record: JobRecord = { anchor: 0, runs: 1, slot: TEN, endedAt: TEN + 60, inputs: "a", failures: 0 };

function due(changes: Partial<JobRecord>, now: number, input: Partial<DueInput> = {}) {
  return dueAt({ cadence: { everySeconds: HOUR }, record: { ...record, ...changes }, now, isSettled: false, ...input });
}

describe("a job is due", () => {
  it("when it never ran", () => {
    const { slot: _slot, endedAt: _endedAt, inputs: _inputs, ...fresh } = record;
    expect(
      dueAt({ cadence: { everySeconds: HOUR }, record: { ...fresh, anchor: 77 }, now: 77, isSettled: false }),
    ).toEqual({
      isDue: true,
      why: "first",
      slot: 77,
    });
  });

  it("when its turn has come, not before", () => {
    expect(due({}, 11 * HOUR - 1)).toEqual({ isDue: false, next: 11 * HOUR });
    expect(due({}, 11 * HOUR)).toEqual({ isDue: true, why: "turn", slot: 11 * HOUR });
  });

  it("once for all the turns that it missed", () => {
    expect(due({}, 17 * HOUR + 5)).toEqual({ isDue: true, why: "turn", slot: 17 * HOUR });
    expect(due({ slot: 17 * HOUR }, 17 * HOUR + 6)).toEqual({ isDue: false, next: 18 * HOUR });
  });

  it("when its inputs have changed: at once behind their source, else when they have come to rest", () => {
    expect(due({}, TEN + 120, { inputs: "a" })).toEqual({ isDue: false, next: 11 * HOUR });
    expect(due({}, TEN + 120, { inputs: "b", isSettled: true })).toEqual({ isDue: true, why: "change", slot: TEN });
    const settledAt = TEN + 60 + SETTLE_SECONDS;
    expect(due({}, TEN + 120, { inputs: "b" })).toEqual({ isDue: false, next: settledAt });
    expect(due({}, settledAt, { inputs: "b" })).toEqual({ isDue: true, why: "change", slot: TEN });
  });

  it("after a failure when the pause is over, or at its turn, whatever its inputs are", () => {
    const failed = { failures: 2, retryAt: TEN + 240 };
    expect(due(failed, TEN + 239, { inputs: "b", isSettled: true })).toEqual({ isDue: false, next: TEN + 240 });
    expect(due(failed, TEN + 240)).toEqual({ isDue: true, why: "retry", slot: TEN });
    expect(due({ failures: 9, retryAt: 12 * HOUR }, 11 * HOUR)).toEqual({ isDue: true, why: "turn", slot: 11 * HOUR });
  });

  it("again when the clock was in the next year and is back", () => {
    expect(due({ slot: 9000 * HOUR, endedAt: 9000 * HOUR }, TEN)).toEqual({ isDue: true, why: "turn", slot: TEN });
  });
});

it("pauses grow from a minute to an hour", () => {
  expect([1, 2, 3, 4, 6, 7, 50].map(retryAfter)).toEqual([60, 120, 240, 480, 1920, 3600, 3600]);
});
