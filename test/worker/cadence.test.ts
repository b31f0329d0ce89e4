import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { cronProblem, type Slots, slotsBetween, slotsOf, turnAt } from "../../src/cadence.ts";

const at = (text: string): number => Date.parse(text) / 1000;
const text = (seconds: number | undefined): string | undefined =>
  seconds === undefined ? undefined : new Date(seconds * 1000).toISOString();

const everies = fc.constantFrom(60, 900, 3600, 25_200, 86_400, 604_800);
const crons = fc.constantFrom("*/15 * * * *", "30 2 * * *", "0 */6 * * 1-5", "59 23 31 * *", "0 0 29 2 *");
const moments = fc.integer({ min: at("2020-01-01T00:00:00Z"), max: at("2035-01-01T00:00:00Z") });
const grids: fc.Arbitrary<Slots> = fc.oneof(
  fc.tuple(everies, moments).map(([everySeconds, anchor]) => slotsOf({ everySeconds }, anchor)),
  crons.map((cron) => slotsOf({ cron }, 0)),
);
/** Steps of a clock: looks a second, an hour, a sleep of months apart. */
const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: 120 }), fc.integer({ min: 1, max: 10_000_000 })), {
  minLength: 1,
  maxLength: 40,
});

describe("a grid of turns", () => {
  it("has its slots on both sides of every moment", () => {
    fc.assert(
      fc.property(grids, moments, (slots, now) => {
        const [latest, next] = [slots.latest(now) as number, slots.next(now) as number];
        expect(latest).toBeLessThanOrEqual(now);
        expect(next).toBeGreaterThan(now);
        // Neighbours: nothing lies between them.
        expect(slots.next(latest)).toBe(next);
        expect(slots.latest(next)).toBe(next);
        expect(slots.latest(next - 1)).toBe(latest);
      }),
    );
  });

  it("of a length is the anchor and multiples of it", () => {
    fc.assert(
      fc.property(everies, moments, moments, (everySeconds, anchor, now) => {
        const latest = slotsOf({ everySeconds }, anchor).latest(now) as number;
        expect(Math.abs((latest - anchor) % everySeconds)).toBe(0);
      }),
    );
  });

  it("runs each turn once, makes up for missed ones once, and skips none, wherever the clock jumps ahead", () => {
    fc.assert(
      fc.property(grids, moments, steps, (slots, start, jumps) => {
        let now = start;
        let last: number | undefined;
        const ran: number[] = [];
        for (const jump of [0, ...jumps]) {
          now += jump;
          const { due } = turnAt(slots, last, now);
          if (due !== undefined) ran.push(due);
          last = due ?? last;
          // Nothing that has come is left.
          expect(last).toBe(slots.latest(now));
          expect(turnAt(slots, last, now).due).toBeUndefined();
          expect(turnAt(slots, last, now).next).toBe(slots.next(now));
        }
        expect(ran).toEqual([...new Set(ran)].toSorted((a, b) => a - b));
      }),
    );
  });

  it("doubles nothing when the clock goes back within a turn, and goes on when it was wrong by more", () => {
    fc.assert(
      fc.property(grids, moments, fc.integer({ min: 0, max: 50_000_000 }), (slots, now, back) => {
        const { due: last } = turnAt(slots, undefined, now);
        const then = now - back;
        const { due, next } = turnAt(slots, last, then);
        if ((last as number) <= (slots.next(then) as number)) {
          expect(due).toBeUndefined();
          expect(next).toBeGreaterThan(then);
          expect(next).toBeGreaterThan(last as number);
        } else expect(due).toBe(slots.latest(then));
      }),
    );
  });

  it("tells which turns passed", () => {
    const slots = slotsOf({ everySeconds: 900 }, at("2026-11-24T08:03:00Z"));
    const passed = slotsBetween(slots, at("2026-11-24T08:03:00Z"), at("2026-11-24T08:40:00Z"));
    expect(passed.map(text)).toEqual(["2026-11-24T08:18:00.000Z", "2026-11-24T08:33:00.000Z"]);
    expect(slotsBetween(slots, 0, at("2026-11-24T08:40:00Z"), 3)).toHaveLength(3);
  });
});

describe("time zones", () => {
  const zone = process.env.TZ;
  afterEach(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  it.each(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"])("%s does not matter", (name) => {
    process.env.TZ = name;
    // The hour that Berlin and New York have twice, and the one that they lack.
    const nightly = slotsOf({ cron: "30 2 * * *" }, 0);
    for (const day of ["2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01", "2026-04-05"]) {
      const slot = at(`${day}T02:30:00Z`);
      expect(nightly.latest(slot)).toBe(slot);
      expect(nightly.next(slot - 1)).toBe(slot);
      expect(nightly.next(slot)).toBe(slot + 86_400);
      expect(nightly.latest(slot - 1)).toBe(slot - 86_400);
    }
    const quarters = slotsOf({ cron: "*/15 * * * *" }, 0);
    expect(slotsBetween(quarters, at("2026-10-24T23:59:59Z"), at("2026-10-25T23:59:59Z"))).toHaveLength(96);
  });
});

describe("a cron expression", () => {
  it.each([
    ["*/15 * * * *", undefined],
    ["30 6 * * MON-FRI", undefined],
    ["@daily", undefined],
    ["61 * * * *", "Invalid value for minute: 61"],
    ["0 0 30 2 *", "it names a moment that never comes"],
    ["* * * * * *", "mode '5-part' requires exactly 5 parts, but pattern '* * * * * *' has 6 parts."],
  ])("%s", (cron, problem) => {
    expect(cronProblem(cron)).toBe(problem);
  });
});
