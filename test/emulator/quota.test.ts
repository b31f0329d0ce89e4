import { describe, expect, it } from "vitest";
import { get, smallWorld, withEmulator } from "./support.ts";

const world = smallWorld(7, 20);
const path = "popular_threat_categories";

describe("quota", () => {
  it("refuses beyond the minute and allows the next one", async () => {
    let now = new Date("2026-11-10T10:00:20Z");
    await withEmulator({ world, clock: () => now, quotas: { perMinute: 2 } }, async (emulator) => {
      const statuses = [await get(emulator, path), await get(emulator, path), await get(emulator, path)].map(
        ({ status }) => status,
      );
      expect(statuses).toEqual([200, 200, 429]);
      const refused = await get(emulator, path);
      expect(refused.body).toEqual({ error: { code: "QuotaExceededError", message: "Quota exceeded" } });
      expect(refused.headers.get("retry-after")).toBeNull();
      now = new Date("2026-11-10T10:01:00Z");
      expect((await get(emulator, path)).status).toBe(200);
    });
  });

  it("counts days to midnight UTC and months to the first, and says when by seconds or date", async () => {
    let now = new Date("2026-11-30T23:59:30Z");
    await withEmulator({ world, clock: () => now, quotas: { perDay: 1, retryAfter: "seconds" } }, async (emulator) => {
      await get(emulator, path);
      expect((await get(emulator, path)).headers.get("retry-after")).toBe("30");
      now = new Date("2026-12-01T00:00:00Z");
      expect((await get(emulator, path)).status).toBe(200);
    });
    now = new Date("2026-11-30T23:59:30Z");
    await withEmulator({ world, clock: () => now, quotas: { perMonth: 1, retryAfter: "date" } }, async (emulator) => {
      await get(emulator, path);
      expect((await get(emulator, path)).headers.get("retry-after")).toBe("Tue, 01 Dec 2026 00:00:00 GMT");
    });
  });

  it("tells what is used and allowed, and takes nothing for that; unknown things count", async () => {
    const clock = () => new Date("2026-11-10T10:00:20Z");
    await withEmulator({ world, clock, quotas: { perDay: 500, perMinute: 4 } }, async (emulator) => {
      await get(emulator, path);
      await get(emulator, "domains/unknown.example");
      for (let at = 0; at < 5; at += 1) await get(emulator, "users/someone/overall_quotas");
      const { data } = (await get(emulator, "users/someone/overall_quotas")).body;
      expect(data.api_requests_hourly.user).toEqual({ allowed: 240, used: 2 });
      expect(data.api_requests_daily.user).toEqual({ allowed: 500, used: 2 });
      expect(data.api_requests_monthly.user.allowed).toBeGreaterThan(2 ** 32);
    });
  });
});
