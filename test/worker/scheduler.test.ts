import { describe, expect, it } from "vitest";
import { RulewrightError } from "../../src/errors.ts";
import { VtError } from "../../src/vt/failure.ts";
import { failureOf } from "../../src/worker/failure.ts";
import { BEGIN, createTime, HOUR, MINUTE, once, stageOf, startProcess, withStore } from "./support.ts";

const QUARTER = { everySeconds: 900 };
const HOURLY = { everySeconds: 3600 };
const quiet = { debug: () => {}, info: () => {}, warn: () => {} };

describe("the scheduler", () => {
  it("runs everything at the first start, then each at its turn, hunts before what they feed", async () => {
    await withStore(async (store) => {
      const time = createTime();
      const started: string[] = [];
      const hunts = stageOf(time, started, {
        kind: "hunt",
        jobs: [
          { name: "a", cadence: QUARTER },
          { name: "b", cadence: HOURLY },
        ],
      });
      const exports = stageOf(time, started, {
        kind: "export",
        jobs: [{ name: "csv", cadence: HOURLY }],
        isTogether: true,
      });
      const running = startProcess(store, time, [hunts, exports]);
      await time.pass(HOUR + MINUTE);
      await running.stop();
      expect(started).toEqual([
        "08:00 hunt a",
        "08:00 hunt b",
        "08:00 export csv",
        "08:15 hunt a",
        "08:30 hunt a",
        "08:45 hunt a",
        "09:00 hunt a",
        "09:00 hunt b",
        "09:00 export csv",
      ]);
      expect(running.lines.slice(0, 2)).toEqual([
        "hunt a: starts, for the first time",
        "hunt a: done in 0.0 s, well; next turn 2026-11-24 08:15 UTC",
      ]);
      expect(running.lines).toContain("hunt a: starts, turn of 2026-11-24 08:15 UTC");
    });
  });

  it("after a restart runs only what is due, and a turn that was missed once", async () => {
    await withStore(async (store) => {
      const time = createTime();
      const started: string[] = [];
      const stages = [stageOf(time, started, { kind: "hunt", jobs: [{ name: "a", cadence: QUARTER }] })];
      const first = startProcess(store, time, stages);
      await time.pass(5 * MINUTE);
      await first.stop();
      const second = startProcess(store, time, stages);
      await time.pass(5 * MINUTE);
      await second.stop();
      expect(started).toEqual(["08:00 hunt a"]);
      await time.pass(3 * HOUR);
      const third = startProcess(store, time, stages);
      await time.pass(10 * MINUTE);
      await third.stop();
      expect(started).toEqual(["08:00 hunt a", "11:10 hunt a", "11:15 hunt a"]);
    });
  });

  it("follows changed inputs behind their source, once", async () => {
    await withStore(async (store) => {
      const time = createTime();
      const started: string[] = [];
      let mark = 0;
      const hunts = stageOf(time, started, { kind: "hunt", jobs: [{ name: "a", cadence: QUARTER }] }, async () => {
        if (time.clock().getTime() < BEGIN + 20 * MINUTE) mark += 1;
        return undefined;
      });
      const exports = stageOf(time, started, {
        kind: "export",
        jobs: [{ name: "csv", cadence: { everySeconds: 86_400 }, inputs: (own) => own }],
        isTogether: true,
        mark: async () => String(mark),
      });
      const running = startProcess(store, time, [hunts, exports]);
      await time.pass(44 * MINUTE);
      // Somebody else writes: seen without a hunt, when it has come to rest.
      mark += 1;
      await time.pass(MINUTE - 1);
      await running.stop();
      expect(started).toEqual([
        "08:00 hunt a",
        "08:00 export csv",
        "08:15 hunt a",
        "08:15 export csv",
        "08:30 hunt a",
        "08:44 export csv",
      ]);
    });
  });

  it("skips the turns that come while a job runs, and says so", async () => {
    await withStore(async (store) => {
      const time = createTime();
      const started: string[] = [];
      const stage = stageOf(
        time,
        started,
        { kind: "hunt", jobs: [{ name: "a", cadence: QUARTER }] },
        async (_, { signal }) => {
          if (started.length === 1) await time.sleep(40 * MINUTE, signal);
          return undefined;
        },
      );
      const running = startProcess(store, time, [stage]);
      await time.pass(20 * MINUTE);
      expect(running.lines).toEqual([
        "hunt a: starts, for the first time",
        "hunt a: was still running at its turn of 2026-11-24 08:15 UTC: skipped",
      ]);
      await time.pass(26 * MINUTE);
      await running.stop();
      expect(started).toEqual(["08:00 hunt a", "08:45 hunt a"]);
      expect(running.lines.slice(2, 4)).toEqual([
        "hunt a: was still running at its turn of 2026-11-24 08:30 UTC: skipped",
        "hunt a: done in 40 min, well; next turn 2026-11-24 08:45 UTC",
      ]);
    });
  });

  it("does not drift, however long runs take", async () => {
    await withStore(async (store) => {
      const time = createTime();
      const started: string[] = [];
      const stage = stageOf(
        time,
        started,
        { kind: "hunt", jobs: [{ name: "a", cadence: QUARTER }] },
        async (_, { signal }) => {
          await time.sleep(7 * MINUTE, signal);
          return undefined;
        },
      );
      const running = startProcess(store, time, [stage]);
      await time.pass(2 * HOUR + MINUTE);
      await running.stop();
      expect(started.map((line) => line.slice(3, 5))).toEqual(["00", "15", "30", "45", "00", "15", "30", "45", "00"]);
    });
  });

  it("makes up once for the turns that a sleeping machine missed, and bears a clock that is set back", async () => {
    await withStore(async (store) => {
      const time = createTime();
      const started: string[] = [];
      const running = startProcess(store, time, [
        stageOf(time, started, { kind: "hunt", jobs: [{ name: "a", cadence: QUARTER }] }),
      ]);
      await time.pass(MINUTE);
      time.jump(5 * HOUR);
      await time.pass(MINUTE);
      expect(started).toEqual(["08:00 hunt a", "13:01 hunt a"]);
      time.jump(-5 * MINUTE);
      await time.pass(10 * MINUTE);
      expect(started).toEqual(["08:00 hunt a", "13:01 hunt a"]);
      time.jump(-3 * HOUR);
      await time.pass(10 * MINUTE);
      await running.stop();
      expect(started.slice(2)).toEqual(["10:07 hunt a", "10:15 hunt a"]);
    });
  });
});

describe("a job that fails", () => {
  it("is logged with its code, tried again after a growing pause, and stops nobody else", async () => {
    await withStore(async (store) => {
      const time = createTime();
      const started: string[] = [];
      const stage = stageOf(
        time,
        started,
        {
          kind: "hunt",
          jobs: [
            { name: "bad", cadence: HOURLY },
            { name: "good", cadence: HOURLY },
          ],
        },
        async (name) => {
          if (name === "bad" && time.clock().getTime() < BEGIN + 10 * MINUTE)
            throw new RulewrightError("VT_UNAVAILABLE", "Nobody answers.");
          return undefined;
        },
      );
      const running = startProcess(store, time, [stage]);
      await time.pass(30 * MINUTE);
      await running.stop();
      expect(started).toEqual([
        "08:00 hunt bad",
        "08:00 hunt good",
        "08:01 hunt bad",
        "08:03 hunt bad",
        "08:07 hunt bad",
        "08:15 hunt bad",
      ]);
      expect(running.lines[1]).toBe(
        "hunt bad: failed: Nobody answers. [VT_UNAVAILABLE] Again at 2026-11-24 08:01 UTC.",
      );
      expect(running.lines.at(-1)).toBe("hunt bad: done in 0.0 s, well; next turn 2026-11-24 09:00 UTC");
    });
  });

  it("keeps its pause over a restart", async () => {
    await withStore(async (store) => {
      const time = createTime();
      const started: string[] = [];
      const stage = stageOf(time, started, { kind: "hunt", jobs: [{ name: "bad", cadence: HOURLY }] }, async () => {
        throw new TypeError("x is not a function");
      });
      for (let start = 0; start < 5; start += 1) {
        const running = startProcess(store, time, [stage]);
        await time.pass(5000);
        if (start === 0) expect(running.lines.join("\n")).toMatch(/this is a bug of Rulewright.*x is not a function/);
        await running.stop();
      }
      expect(started).toEqual(["08:00 hunt bad"]);
    });
  });

  it("for want of quota: every hunt waits for the reset, the exports go on", async () => {
    await withStore(async (store) => {
      const time = createTime();
      const started: string[] = [];
      const resetsAt = new Date("2026-11-25T00:00:00Z");
      const stages = [
        stageOf(
          time,
          started,
          {
            kind: "hunt",
            jobs: [
              { name: "a", cadence: HOURLY },
              { name: "b", cadence: HOURLY },
            ],
          },
          async (name) => {
            if (time.clock() >= resetsAt || name === "b") return undefined;
            return { text: "3 fetched", failure: failureOf(new VtError("quota", "Used up.", { resetsAt }), quiet) };
          },
        ),
        stageOf(time, started, { kind: "export", jobs: [{ name: "csv", cadence: { everySeconds: 28_800 } }] }),
      ];
      const running = startProcess(store, time, stages);
      await time.pass(16 * HOUR + MINUTE);
      await running.stop();
      expect(started).toEqual([
        "08:00 hunt a",
        "08:00 export csv",
        "16:00 export csv",
        "00:00 hunt a",
        "00:00 hunt b",
        "00:00 export csv",
      ]);
      expect(running.lines.slice(1, 3)).toEqual([
        "hunt a: failed: Used up. [VT_QUOTA_USED_UP] It did: 3 fetched.",
        "every hunt waits until 2026-11-25 00:00 UTC; the rest goes on",
      ]);
    });
  });
});

describe("two processes on one store", () => {
  const jobs = [
    { name: "a", cadence: QUARTER },
    { name: "b", cadence: QUARTER },
  ];

  it("run each turn once between them", async () => {
    await withStore(async (store) => {
      const time = createTime();
      const started: string[] = [];
      const stages = [
        stageOf(time, started, { kind: "hunt", jobs }, async (_, { signal }) => {
          await time.sleep(3 * MINUTE, signal);
          return undefined;
        }),
        stageOf(time, started, { kind: "export", jobs: [{ name: "csv", cadence: QUARTER }], isTogether: true }),
      ];
      const processes = ["here/1/a", "here/2/b"].map((owner) =>
        startProcess(store, time, stages, { owner, isGone: () => false }),
      );
      await time.pass(44 * MINUTE);
      for (const one of processes) await one.stop();
      const count = new Map<string, number>();
      for (const line of started) count.set(line.slice(6), (count.get(line.slice(6)) ?? 0) + 1);
      expect(Object.fromEntries(count)).toEqual({ "hunt a": 3, "hunt b": 3, "export csv": 3 });
      expect(processes.flatMap(({ lines }) => lines)).toContain(
        "hunt a: runs in another process (here/1/a); left to it",
      );
    });
  });

  it("one that is gone leaves its job to the other: at once when that is known, else when its claim runs out", async () => {
    for (const isGone of [true, false]) {
      await withStore(async (store) => {
        const time = createTime();
        const started: string[] = [];
        const now = time.clock().getTime() / 1000;
        const key = { kind: "hunt", name: "a" };
        await store.jobs.read(key, now);
        expect(await store.jobs.claim(key, 0, { owner: "there/9/z", isGone: () => false }, now, now + 600)).toBe(true);
        const stages = [stageOf(time, started, { kind: "hunt", jobs: [{ name: "a", cadence: HOURLY }] })];
        const running = startProcess(store, time, stages, { owner: "here/1/a", isGone: () => isGone });
        await time.pass(20 * MINUTE);
        await running.stop();
        expect(started).toEqual([isGone ? "08:00 hunt a" : "08:10 hunt a"]);
      });
    }
  });

  it("a run whose claim was taken over is stopped and does not count", async () => {
    await withStore(async (store) => {
      const time = createTime();
      const started: string[] = [];
      const stages = [
        stageOf(time, started, { kind: "hunt", jobs: [{ name: "a", cadence: HOURLY }] }, async (_, { signal }) => {
          await time.sleep(30 * MINUTE, signal);
          return undefined;
        }),
      ];
      const running = startProcess(store, time, stages);
      await time.pass(MINUTE / 2);
      const key = { kind: "hunt", name: "a" };
      const now = time.clock().getTime() / 1000;
      expect(await store.jobs.claim(key, 0, { owner: "there/9/z", isGone: () => true }, now, now + 6000)).toBe(true);
      await time.pass(5 * MINUTE);
      expect(running.lines).toContain("hunt a: stopped, because another process has taken it over");
      expect((await store.jobs.read(key, 0)).runs).toBe(0);
      expect((await store.jobs.read(key, 0)).claim?.owner).toBe("there/9/z");
      await running.stop();
    });
  });
});

describe("a stop", () => {
  it("ends the running job, gives its claim back, and the next start runs it again", async () => {
    await withStore(async (store) => {
      const time = createTime();
      const started: string[] = [];
      const stages = [
        stageOf(time, started, { kind: "hunt", jobs: [{ name: "a", cadence: HOURLY }] }, async (_, { signal }) => {
          await time.sleep(10 * MINUTE, signal);
          return undefined;
        }),
      ];
      const first = startProcess(store, time, stages);
      await time.pass(MINUTE);
      await first.stop();
      expect(first.lines.at(-1)).toBe("hunt a: stopped; what was finished is kept, and it goes on at the next start");
      const second = startProcess(store, time, stages, { owner: "here/2/b", isGone: () => false });
      await time.pass(20 * MINUTE);
      await second.stop();
      expect(started).toEqual(["08:00 hunt a", "08:01 hunt a"]);
    });
  });
});

describe("once", () => {
  it("runs everything in order, due or not, and answers the worst exit code", async () => {
    await withStore(async (store) => {
      const time = createTime();
      const started: string[] = [];
      const codes = { a: "VT_UNAVAILABLE", b: "EXPORT_REFUSED", c: "VT_REQUEST_REFUSED", d: "EXPORT_FAILED" } as const;
      const wrong = new Set<string>();
      const stage = stageOf(
        time,
        started,
        { kind: "job", jobs: Object.keys(codes).map((name) => ({ name, cadence: HOURLY })) },
        async (name) => {
          if (wrong.has(name)) throw new RulewrightError(codes[name as keyof typeof codes], "No.");
          return undefined;
        },
      );
      expect((await once(store, time, [stage])).code).toBe(0);
      const again = await once(store, time, [stage]);
      expect(again.code).toBe(0);
      expect(again.lines[0]).toBe("job a: starts, as asked");
      expect(started).toHaveLength(8);
      for (const [name, code] of [
        ["a", 3],
        ["b", 4],
        ["c", 2],
        ["d", 2],
      ] as const) {
        wrong.add(name);
        expect((await once(store, time, [stage])).code).toBe(code);
      }
    });
  });
});
