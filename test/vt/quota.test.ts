import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readOverallQuotas, usedUpWindow, windowNamed } from "../../src/vt/overall-quotas.ts";
import { createQuotaGate, endOf, type QuotaGate, type QuotaLimits } from "../../src/vt/quota.ts";
import { openQuotaLedger, type QuotaLedger } from "../../src/vt/quota-ledger.ts";
import { root, temporaryFolder } from "../support/cli.ts";
import { errorOf, heldTime, jumpingTime, settled, type Time } from "./scripted-server.ts";

const { signal } = new AbortController();

function gate(
  limits: QuotaLimits,
  time: Time,
  ledger = openQuotaLedger(":memory:", time.clock()),
  account = "a",
): QuotaGate {
  return createQuotaGate({ ledger, account, limits, clock: time.clock, sleep: time.sleep, random: () => 0 });
}

const takeMany = async (quota: QuotaGate, times: number): Promise<void> => {
  for (let n = 0; n < times; n += 1) await quota.take(1, "lookup", signal);
};

describe("the minute", () => {
  it("is waited for", async () => {
    const time = jumpingTime("2026-11-24T12:00:45Z");
    const quota = gate({ perMinute: 4 }, time);
    await takeMany(quota, 9);
    expect(time.slept).toEqual([15_000, 60_000]);
    expect(time.at()).toBe("2026-11-24T12:02:00.000Z");
  });

  it("counts what a request costs, and never lets one through in part", async () => {
    const time = jumpingTime("2026-11-24T12:00:00Z");
    const quota = gate({ perMinute: 4 }, time);
    await quota.take(3, "search", signal);
    await quota.take(2, "search", signal);
    expect(time.slept).toEqual([60_000]);
    expect(quota.remaining(time.clock()).minute).toEqual({
      limit: 4,
      used: 2,
      left: 2,
      resetsAt: new Date("2026-11-24T12:02:00Z"),
    });
  });

  it("that can never be enough is not waited for", async () => {
    const time = jumpingTime();
    const error = await errorOf(gate({ perMinute: 2 }, time).take(3, "lookup", signal));
    expect(error.message).toContain("virustotal.perMinute");
    expect(time.slept).toEqual([]);
  });

  it("is not waited for when the run is interrupted", async () => {
    const time = heldTime();
    const quota = gate({ perMinute: 1 }, time);
    await quota.take(1, "lookup", signal);
    const abort = new AbortController();
    const error = errorOf(quota.take(1, "lookup", abort.signal));
    await settled(() => time.sleepers() === 1);
    abort.abort(new Error("interrupted"));
    expect((await error).message).toBe("interrupted");
    expect((await errorOf(quota.take(1, "lookup", abort.signal))).message).toBe("interrupted");
  });
});

describe("the day and the month", () => {
  it("stop the run and say until when; the next day goes on", async () => {
    const time = heldTime("2026-11-24T23:59:00Z");
    const quota = gate({ perDay: 3 }, time);
    await takeMany(quota, 3);
    const error = await errorOf(quota.take(1, "lookup", signal));
    expect(error).toMatchObject({
      problem: "quota",
      exitCode: 3,
      details: { resetsAt: new Date("2026-11-25T00:00:00Z") },
    });
    expect(error.message).toBe(
      "This day's 3 requests (virustotal.perDay) are used up on this machine until 2026-11-25 00:00 UTC. Nothing is lost: run the same command then, or raise the limit.",
    );
    time.pass(60_000);
    await quota.take(1, "lookup", signal);
    expect(quota.remaining(time.clock()).day.used).toBe(1);
  });

  it("are asked before the minute: nobody waits to be told to come tomorrow", async () => {
    const time = jumpingTime();
    const quota = gate({ perMinute: 1, perDay: 1 }, time);
    await quota.take(1, "lookup", signal);
    await errorOf(quota.take(1, "lookup", signal));
    expect(time.slept).toEqual([]);
  });

  it("take nothing from the other windows when they refuse", async () => {
    const time = jumpingTime();
    const quota = gate({ perDay: 1 }, time);
    await quota.take(1, "lookup", signal);
    await errorOf(quota.take(1, "lookup", signal));
    const { minute, day, month } = quota.remaining(time.clock());
    expect([minute.used, day.used, month.used]).toEqual([1, 1, 1]);
    expect(month).toEqual({ used: 1, resetsAt: new Date("2026-12-01T00:00:00Z") });
  });

  it("end at 00:00 UTC and on the first, whatever the local time", () => {
    const late = new Date("2026-12-31T23:30:00Z");
    expect(endOf("hour", late).toISOString()).toBe("2027-01-01T00:00:00.000Z");
    expect(endOf("day", late).toISOString()).toBe("2027-01-01T00:00:00.000Z");
    expect(endOf("month", late).toISOString()).toBe("2027-01-01T00:00:00.000Z");
    expect(endOf("month", new Date("2028-02-29T12:00:00Z")).toISOString()).toBe("2028-03-01T00:00:00.000Z");
  });

  it("belong to one key", async () => {
    const time = jumpingTime();
    const ledger = openQuotaLedger(":memory:", time.clock());
    await gate({ perDay: 1 }, time, ledger, "a").take(1, "lookup", signal);
    await gate({ perDay: 1 }, time, ledger, "b").take(1, "lookup", signal);
    await errorOf(gate({ perDay: 1 }, time, ledger, "a").take(1, "lookup", signal));
  });
});

describe("a quota that the server calls used up", () => {
  it("stops this kind, or all, for a quarter of an hour at most", async () => {
    const time = heldTime("2026-11-24T12:00:00Z");
    const quota = gate({}, time);
    quota.exhaust("month", "search");
    const error = await errorOf(quota.take(1, "search", signal));
    expect(error.message).toContain("monthly quota of this key is used up; it resets at 2026-12-01 00:00 UTC");
    await quota.take(1, "lookup", signal);
    quota.exhaust("day", "all");
    expect((await errorOf(quota.take(1, "lookup", signal))).message).toContain("daily quota");
    time.pass(15 * 60_000);
    await quota.take(1, "search", signal);
  });

  it("is free again at the reset", async () => {
    const time = heldTime("2026-11-24T23:58:00Z");
    const quota = gate({}, time);
    quota.exhaust("day", "all");
    time.pass(2 * 60_000);
    await quota.take(1, "lookup", signal);
  });
});

describe("the quota file", () => {
  const script = (work: string): string => `
    const { createQuotaGate } = await import(${JSON.stringify(join(root, "src/vt/quota.ts"))});
    const { openQuotaLedger } = await import(${JSON.stringify(join(root, "src/vt/quota-ledger.ts"))});
    const clock = () => new Date("2026-11-24T12:00:00Z");
    const { signal } = new AbortController();
    const open = (limits, sleep = async () => { throw new Error("waited"); }) => createQuotaGate({
      ledger: openQuotaLedger(process.argv[1], clock()), account: "a", limits, clock, sleep, random: () => 0 });
    ${work}`;
  const run = (file: string, work: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ["--input-type=module", "-e", script(work), file], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let out = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        out += text;
      });
      child.on("error", reject);
      child.on("close", (code) => (code === 0 ? resolve(out.trim()) : reject(new Error(`exit ${code}: ${out}`))));
    });

  it("is shared by processes that start at once: together they take the limit and not one more", async () => {
    const file = join(temporaryFolder(), "quota.sqlite");
    const work = `
      const quota = open({ perDay: 500 });
      let granted = 0;
      try { for (;; granted += 1) await quota.take(1, "lookup", signal); }
      catch (error) { if (error.problem !== "quota") throw error; }
      console.log(granted);`;
    const granted = await Promise.all(Array.from({ length: 4 }, () => run(file, work)));
    expect(granted.map(Number).reduce((sum, own) => sum + own, 0)).toBe(500);
  });

  it("tells other processes what the server said to one", async () => {
    const file = join(temporaryFolder(), "quota.sqlite");
    await run(file, `open({}).exhaust("day", "all");`);
    const said = await run(
      file,
      `await open({}).take(1, "feed", signal).catch((error) => console.log(error.message));`,
    );
    expect(said).toContain("daily quota of this key is used up");
  });

  it("forgets what is over", () => {
    const file = join(temporaryFolder(), "quota.sqlite");
    const day = (at: string): { ledger: QuotaLedger; now: Date } => {
      const now = new Date(at);
      return { ledger: openQuotaLedger(file, now), now };
    };
    const first = day("2026-11-24T12:00:00Z");
    first.ledger.take([{ key: "k", limit: 9, endsAt: first.now.getTime() + 60_000 }], 2);
    expect(first.ledger.used("k")).toBe(2);
    first.ledger.close();
    expect(day("2026-11-24T12:00:30Z").ledger.used("k")).toBe(2);
    expect(day("2026-11-24T12:02:00Z").ledger.used("k")).toBe(0);
  });

  it("that cannot be opened is named", () => {
    expect(() => openQuotaLedger("/nowhere/quota.sqlite", new Date(0))).toThrow("/nowhere/quota.sqlite");
  });
});

describe("the account's own figures", () => {
  it("are read by any name, with numbers beyond 32 bits, for user and group", () => {
    const lines = readOverallQuotas({
      data: {
        api_requests_hourly: { user: { allowed: 60_000_000_000, used: 12 } },
        api_requests_daily: {
          user: { allowed: 500, used: 501 },
          group: { allowed: "1000", used: "7", inherited_from: "g" },
        },
        something_new_monthly: { group: { allowed: 3, used: 0 } },
        broken: { user: { allowed: null } },
        text: "x",
      },
    });
    expect(lines).toEqual([
      { name: "api_requests_hourly", scope: "user", allowed: 60_000_000_000, used: 12, left: 59_999_999_988 },
      { name: "api_requests_daily", scope: "user", allowed: 500, used: 501, left: 0 },
      { name: "api_requests_daily", scope: "group", allowed: 1_000, used: 7, left: 993 },
      { name: "something_new_monthly", scope: "group", allowed: 3, used: 0, left: 3 },
    ]);
  });

  it("are read out of a user object too, and nothing out of anything else", () => {
    const quotas = { api_requests_daily: { allowed: 500, used: 20 } };
    expect(readOverallQuotas({ data: { type: "user", id: "ann", attributes: { quotas } } })).toEqual([
      { name: "api_requests_daily", scope: "user", allowed: 500, used: 20, left: 480 },
    ]);
    for (const body of [undefined, null, 7, [], {}, { data: null }, { data: [] }])
      expect(readOverallQuotas(body)).toEqual([]);
  });

  it("say which window is used up: the longest, of those that count for this request", () => {
    const line = (name: string, allowed: number, left: number) => ({
      name,
      allowed,
      used: allowed - left,
      left,
      scope: "user",
    });
    const month = line("api_requests_monthly", 10, 0);
    const day = line("api_requests_daily", 10, 0);
    const searches = line("intelligence_searches_monthly", 10, 0);
    expect(usedUpWindow([day, month], false)).toEqual({ window: "month", onlySearch: false });
    expect(usedUpWindow([day, searches], false)).toEqual({ window: "day", onlySearch: false });
    expect(usedUpWindow([searches], true)).toEqual({ window: "month", onlySearch: true });
    expect(usedUpWindow([searches], false)).toBeUndefined();
    expect(
      usedUpWindow([line("api_requests_daily", 0, 0), line("intelligence_downloads_monthly", 5, 0)], true),
    ).toBeUndefined();
    expect(usedUpWindow([], true)).toBeUndefined();
  });

  it.each([
    ["Daily quota exceeded", "day"],
    ["monthly", "month"],
    ["hourly quota", "hour"],
    ["Quota exceeded", undefined],
    ["4 requests/minute", undefined],
  ])("or the message does: %s", (text, window) => {
    expect(windowNamed(text)).toBe(window);
  });
});
