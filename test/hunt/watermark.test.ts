import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { advance, boundedQuery, lowerBound, moment, OVERLAP_SECONDS, type Progress } from "../../src/hunt/watermark.ts";

const NOW = Date.parse("2026-11-24T12:00:00Z") / 1000;
const DAY = 86_400;

describe("a hunt's query", () => {
  it.each([
    ["engines:emotet p:5+", "engines:emotet p:5+ fs:2026-11-24T12:00:00+"],
    ["engines:emotet OR engines:heodo", "(engines:emotet OR engines:heodo) fs:2026-11-24T12:00:00+"],
    ['content:"this or that"', 'content:"this or that" fs:2026-11-24T12:00:00+'],
    ['name:"fs:1" p:5+', 'name:"fs:1" p:5+ fs:2026-11-24T12:00:00+'],
    ["engines:fsecure", "engines:fsecure fs:2026-11-24T12:00:00+"],
  ])("%s goes out verbatim with its bound", (query, sent) => {
    expect(boundedQuery(query, "fs", NOW)).toBe(sent);
  });

  it.each(["engines:emotet fs:2020-02-01+ fs:2020-05-01-", "(ls:3d+ or p:5+)", "FS:3d+ p:1+"])(
    "%s bounds itself and is left alone",
    (query) => {
      expect(boundedQuery(query, "fs", NOW)).toBe(query);
    },
  );

  it("that is walked by last submission is bounded by it", () => {
    expect(boundedQuery("p:5+", "ls", NOW)).toBe("p:5+ ls:2026-11-24T12:00:00+");
    expect(moment(0)).toBe("1970-01-01T00:00:00");
  });
});

describe("the lower bound", () => {
  it("of the first run is since", () => {
    expect(lowerBound({}, 7 * DAY, NOW)).toBe(NOW - 7 * DAY);
  });

  it("of the next is the overlap behind the watermark, and never below the first", () => {
    expect(lowerBound({ floor: NOW - 30 * DAY, watermark: NOW - DAY }, 7 * DAY, NOW)).toBe(NOW - 4 * DAY);
    expect(lowerBound({ floor: NOW - 2 * DAY, watermark: NOW - DAY }, 7 * DAY, NOW)).toBe(NOW - 2 * DAY);
  });

  it("stays where it was while nothing was found", () => {
    expect(lowerBound({ floor: NOW - DAY }, 3600, NOW + 9 * DAY)).toBe(NOW - DAY);
  });

  it("does not follow a watermark into the future of a clock that was set back", () => {
    expect(lowerBound({ floor: 0, watermark: NOW + 99 * DAY }, 3600, NOW)).toBe(NOW - OVERLAP_SECONDS);
  });
});

/** A sample: submitted at a second, found by searches from `delay` later on. */
const Sample = fc.record({ submittedAt: fc.integer({ min: 0, max: 40 * DAY }), delay: fc.nat(OVERLAP_SECONDS) });
/** A run: begins some time after the one before, each of its pages takes a while, and it may be cut off at a page. */
const Run = fc.record({
  after: fc.integer({ min: 1, max: 10 * DAY }),
  pageSeconds: fc.integer({ min: 1, max: 5 * DAY }),
  cutAfter: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
});

describe("a watermark", () => {
  it("never skips a sample, whatever the order of arrival, late indexing, slow and cut walks", () => {
    fc.assert(
      fc.property(
        fc.array(Sample, { maxLength: 40 }),
        fc.array(Run, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        (samples, runs, pageSize, isOldestFirst) => {
          const since = 2 * DAY;
          let now = 5 * DAY;
          const handled = new Set<number>();
          let progress: Progress = {};
          const walkOnce = (pageSeconds: number, cutAfter: number | undefined): void => {
            const from = lowerBound(progress, since, now);
            const walk = { startedAt: now, newest: undefined as number | undefined };
            progress = { floor: from, ...progress };
            let position: [number, number] | undefined;
            for (let page = 0; ; page += 1) {
              if (cutAfter !== undefined && page >= cutAfter) return;
              const sign = isOldestFirst ? 1 : -1;
              const items = samples
                .map(({ submittedAt, delay }, id) => ({ submittedAt, id, indexedAt: submittedAt + delay }))
                .filter(({ submittedAt, indexedAt }) => submittedAt >= from && indexedAt <= now)
                .sort((a, b) => sign * (a.submittedAt - b.submittedAt) || a.id - b.id)
                .filter(
                  ({ submittedAt, id }) =>
                    position === undefined ||
                    sign * (submittedAt - position[0]) > 0 ||
                    (submittedAt === position[0] && id > position[1]),
                )
                .slice(0, pageSize);
              for (const { id, submittedAt } of items) {
                handled.add(id);
                walk.newest = Math.max(walk.newest ?? 0, submittedAt);
                position = [submittedAt, id];
              }
              now += pageSeconds;
              if (items.length < pageSize) break;
            }
            const watermark = advance(progress.watermark, {
              startedAt: walk.startedAt,
              ...(walk.newest === undefined ? {} : { newest: walk.newest }),
            });
            progress = { ...progress, ...(watermark === undefined ? {} : { watermark }) };
          };
          for (const { after, pageSeconds, cutAfter } of runs) {
            now += after;
            walkOnce(pageSeconds, cutAfter);
          }
          // A last run, when everything has been indexed.
          now = Math.max(now, 50 * DAY);
          walkOnce(1, undefined);
          for (const [id, { submittedAt }] of samples.entries())
            if (submittedAt >= (progress.floor as number)) expect(handled.has(id), `${submittedAt}`).toBe(true);
        },
      ),
      { numRuns: 2000, seed: 20_261_124 },
    );
  });
});
