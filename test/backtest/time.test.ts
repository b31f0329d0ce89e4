import { expect, it } from "vitest";
import { dayName, dayOf, toMilliseconds } from "../../src/backtest/time.ts";

it.each([
  ["2026-11-03T23:30:00.250123-0100", "2026-11-04T00:30:00.250Z"],
  ["2026-11-03T23:30:00+05:30", "2026-11-03T18:00:00.000Z"],
  ["2026-11-03T23:30:00+02", "2026-11-03T21:30:00.000Z"],
  ["2026-11-03T23:30:00Z", "2026-11-03T23:30:00.000Z"],
  ["2026-11-03 23:30:00,5", "2026-11-03T23:30:00.500Z"],
  ["2026/11/03 23:30", "2026-11-03T23:30:00.000Z"],
  ["2026-11-03", "2026-11-03T00:00:00.000Z"],
  ["03/Nov/2026:23:30:00 +0200", "2026-11-03T21:30:00.000Z"],
  ["[03/Nov/2026:23:30:00 -0000]", "2026-11-03T23:30:00.000Z"],
  [1793748600, "2026-11-03T23:30:00.000Z"],
  [1793748600.25, "2026-11-03T23:30:00.250Z"],
  ["1793748600.250", "2026-11-03T23:30:00.250Z"],
  [1793748600250, "2026-11-03T23:30:00.250Z"],
  ["1793748600250000", "2026-11-03T23:30:00.250Z"],
  ["1793748600250000000", "2026-11-03T23:30:00.250Z"],
])("reads %s", (time, iso) => {
  const milliseconds = toMilliseconds(time);
  expect(milliseconds === undefined ? undefined : new Date(milliseconds).toISOString()).toBe(iso);
  expect(dayName(dayOf(milliseconds as number))).toBe(iso.slice(0, 10));
});

it.each([
  "",
  "yesterday",
  "2026-02-31T00:00:00Z",
  "2026-13-01",
  "2026-11-03T25:00:00Z",
  "12",
  -1,
  0,
  Number.NaN,
  undefined,
])("takes %s for no time", (time) => expect(toMilliseconds(time)).toBeUndefined());
