import { describe, expect, it } from "vitest";
import { all, get, smallWorld, withEmulator } from "./support.ts";

const world = smallWorld();

describe("/intelligence/search", () => {
  it("pages through everything once, in order, with total_hits, allowed orders and look-back", async () => {
    await withEmulator({ world }, async (emulator) => {
      const query = { query: "have:behaviour", order: "first_submission_date+", limit: "25" };
      const first = await get(emulator, "intelligence/search", query);
      expect(first.body.data).toHaveLength(25);
      expect(first.body.meta).toEqual({
        total_hits: world.samples.filter(({ reports }) => reports.length > 0).length,
        allowed_orders: ["first_submission_date", "last_submission_date", "positives", "times_submitted", "size"],
        days_back: 365,
        cursor: expect.any(String),
      });
      expect(first.body.data[0]).toMatchObject({
        type: "file",
        links: { self: `${emulator.baseUrl}/files/${first.body.data[0].id}` },
        attributes: { sha256: first.body.data[0].id },
      });
      const found = await all(emulator, "intelligence/search", query);
      const expected = world.samples.filter(({ reports }) => reports.length > 0).map(({ sha256 }) => sha256);
      expect(found.map(({ id }) => id)).toEqual(expected);
    });
  });

  it("gives the same pages by cursor as by links.next", async () => {
    await withEmulator({ world }, async (emulator) => {
      const query = { query: "p:5+", limit: "10" };
      const first = await get(emulator, "intelligence/search", query);
      const byCursor = await get(emulator, "intelligence/search", { ...query, cursor: first.body.meta.cursor });
      const byLink = await get(emulator, first.body.links.next);
      expect(byCursor.body.data).toEqual(byLink.body.data);
    });
  });

  it("defaults to ten, allows 300 and orders by last submission downwards; no sign is upwards", async () => {
    await withEmulator({ world }, async (emulator) => {
      const { body } = await get(emulator, "intelligence/search", { query: "entity:file" });
      const dates = body.data.map(
        (file: { attributes: { last_submission_date: number } }) => file.attributes.last_submission_date,
      );
      expect(dates).toHaveLength(10);
      expect(dates).toEqual(dates.toSorted((a: number, b: number) => b - a));
      expect(
        (await get(emulator, "intelligence/search", { query: "entity:file", limit: "300" })).body.data,
      ).toHaveLength(120);
      expect((await get(emulator, "intelligence/search", { query: "entity:file", limit: "301" })).status).toBe(400);
      const sizes = (await get(emulator, "intelligence/search", { query: "p:0+", order: "size" })).body.data;
      expect(sizes[0].attributes.size).toBeLessThanOrEqual(sizes[9].attributes.size);
    });
  });

  it("refuses the cursor of another query or order, and garbage", async () => {
    await withEmulator({ world }, async (emulator) => {
      const { body } = await get(emulator, "intelligence/search", { query: "p:5+" });
      const cursor = body.meta.cursor;
      for (const query of [
        { query: "p:6+", cursor },
        { query: "p:5+", order: "size-", cursor },
        { query: "p:5+", cursor: "AAAA" },
      ])
        expect(await get(emulator, "intelligence/search", query as Record<string, string>)).toMatchObject({
          status: 400,
          body: { error: { code: "BadRequestError", message: "Invalid cursor" } },
        });
    });
  });

  it("refuses what is no query, order or modifier", async () => {
    await withEmulator({ world }, async (emulator) => {
      for (const query of [{}, { query: "  " }, { query: "bogus:1" }, { query: "p:1+", order: "colour-" }])
        expect((await get(emulator, "intelligence/search", query as Record<string, string>)).body.error.code).toBe(
          "BadRequestError",
        );
    });
  });

  it("gives descriptors only when asked", async () => {
    await withEmulator({ world }, async (emulator) => {
      const { body } = await get(emulator, "intelligence/search", { query: "p:5+", descriptors_only: "true" });
      expect(Object.keys(body.data[0]).sort()).toEqual(["id", "type"]);
    });
  });

  it("finds a sample only once it is indexed, some time behind its first submission", async () => {
    const late = world.samples.find(({ indexedAt, submissions }) => indexedAt - (submissions[0] as number) > 7200);
    if (!late) throw new Error("no late sample in this world");
    let now = new Date((late.indexedAt - 1) * 1000);
    await withEmulator({ world, clock: () => now }, async (emulator) => {
      const search = async () => (await get(emulator, "intelligence/search", { query: late.sha256 })).body.data.length;
      expect(await search()).toBe(0);
      // It is there all the same for who knows the hash.
      expect((await get(emulator, `files/${late.sha256}`)).status).toBe(200);
      now = new Date(late.indexedAt * 1000);
      expect(await search()).toBe(1);
      expect(late.file.attributes.first_submission_date).toBeLessThan(now.getTime() / 1000 - 7200);
    });
  });

  it("goes on behind the last item when new samples come in between two pages", async () => {
    let now = new Date("2026-10-10T00:00:00Z");
    await withEmulator({ world, clock: () => now }, async (emulator) => {
      const query = { query: "entity:file", order: "first_submission_date+", limit: "10" };
      const first = await get(emulator, "intelligence/search", query);
      now = new Date("2026-10-12T00:00:00Z");
      const second = await get(emulator, first.body.links.next);
      const last = first.body.data.at(-1).attributes.first_submission_date;
      for (const { attributes } of second.body.data)
        expect(attributes.first_submission_date).toBeGreaterThanOrEqual(last);
    });
  });

  it("looks back no further than the licence", async () => {
    await withEmulator({ world, daysBack: 10 }, async (emulator) => {
      const { body } = await get(emulator, "intelligence/search", { query: "fs:2026-09-01+", limit: "300" });
      expect(body.meta.days_back).toBe(10);
      expect(body.data.length).toBeLessThan(120);
      expect(body.data.length).toBeGreaterThan(0);
    });
  });

  it("searches domains, addresses and URLs", async () => {
    await withEmulator({ world }, async (emulator) => {
      for (const [entity, type] of [
        ["domain", "domain"],
        ["ip", "ip_address"],
        ["url", "url"],
      ]) {
        const { body } = await get(emulator, "intelligence/search", { query: `entity:${entity} p:3+` });
        expect(body.data.length).toBeGreaterThan(0);
        for (const object of body.data) expect(object.type).toBe(type);
      }
    });
  });
});

describe("/search", () => {
  it("looks a hash, a host and an address up exactly", async () => {
    await withEmulator({ world, privileges: [] }, async (emulator) => {
      const sample = world.samples[3];
      for (const query of [sample?.sha256, sample?.file.attributes.md5, "www.google.com", "8.8.8.8"])
        expect((await get(emulator, "search", { query: String(query) })).body.data).toHaveLength(1);
      expect((await get(emulator, "search", { query: "nothing.invalid" })).body.data).toEqual([]);
    });
  });
});
