import { describe, expect, it } from "vitest";
import { collectionId, retrohuntJobId, rulesetId } from "../../src/emulator/index.ts";
import { all, get, smallWorld, withEmulator } from "./support.ts";

const world = smallWorld();
const malware = world.samples.filter(({ family }) => family);

describe("/ioc_stream", () => {
  it("streams objects of mixed types, newest first, ten at a time and forty at most", async () => {
    await withEmulator({ world }, async (emulator) => {
      const first = await get(emulator, "ioc_stream");
      expect(first.body.data).toHaveLength(10);
      expect((await get(emulator, "ioc_stream", { limit: "41" })).status).toBe(400);
      const items = await all(emulator, "ioc_stream", { limit: "40" });
      expect(items).toHaveLength(first.body.meta.count);
      expect(new Set(items.map(({ type }) => type))).toEqual(new Set(["file", "domain", "ip_address", "url"]));
      const dates = items.map(({ context_attributes: context }) => context.notification_date);
      expect(dates).toEqual(dates.toSorted((a, b) => b - a));
      expect(items.every(({ attributes }) => attributes !== undefined)).toBe(true);
    });
  });

  it("filters by date, origin, type, source and tag, and orders upwards", async () => {
    await withEmulator({ world }, async (emulator) => {
      const date = "2026-10-20T00:00:00";
      const items = await all(emulator, "ioc_stream", {
        filter: `date:${date}+ origin:hunting source_type:hunting_ruleset`,
        order: "date+",
        limit: "40",
      });
      const from = Date.parse(`${date}Z`) / 1000;
      expect(items.length).toBe(malware.filter(({ indexedAt }) => indexedAt + 30 >= from).length);
      for (const { context_attributes: context } of items) {
        expect(context.notification_date).toBeGreaterThanOrEqual(from);
        expect(context.hunting_info.rule_name).toMatch(/_emulated$/);
      }
      const one = await all(emulator, "ioc_stream", { filter: `source_id:${rulesetId("emotet")}` });
      expect(one).toHaveLength(malware.filter(({ family }) => family === "emotet").length);
      const hosts = await all(emulator, "ioc_stream", { filter: "entity_type:domain notification_tag:lokibot" });
      expect(
        hosts.every(({ type, context_attributes: context }) => type === "domain" && context.origin === "subscriptions"),
      ).toBe(true);
      const short = await get(emulator, "ioc_stream", { descriptors_only: "true" });
      expect(short.body.data[0].attributes).toBeUndefined();
    });
  });

  it("tells nothing before it happened and refuses bad filters", async () => {
    await withEmulator({ world, clock: () => new Date("2026-09-01") }, async (emulator) => {
      expect((await get(emulator, "ioc_stream")).body.data).toEqual([]);
      expect((await get(emulator, "ioc_stream", { filter: "origin:notHunting" })).body).toEqual({
        error: {
          code: "BadRequestError",
          message: 'origin "notHunting" is not valid. Valid origins are: hunting,subscriptions',
        },
      });
      expect((await get(emulator, "ioc_stream", { filter: "colour:red" })).status).toBe(400);
      expect((await get(emulator, "ioc_stream", { filter: "date:never+" })).status).toBe(400);
    });
  });
});

describe("older notifications", () => {
  it("lists notifications and the files behind them", async () => {
    await withEmulator({ world }, async (emulator) => {
      const [notification] = await all(emulator, "intelligence/hunting_notifications", { limit: "40" });
      expect(notification).toMatchObject({
        type: "hunting_notification",
        attributes: { rule_name: expect.stringMatching(/_emulated$/) },
      });
      expect(notification.attributes.tags[1]).toMatch(/^[0-9a-f]{64}$/);
      const files = await all(emulator, "intelligence/hunting_notification_files", { limit: "40" });
      expect(new Set(files.map(({ id }) => id))).toEqual(new Set(malware.map(({ sha256 }) => sha256)));
      expect(files[0].context_attributes).toMatchObject({
        notification_date: expect.any(Number),
        ruleset_id: expect.any(String),
      });
    });
  });
});

describe("Retrohunt", () => {
  it("lists matches with their relationships in the listing", async () => {
    await withEmulator({ world }, async (emulator) => {
      const job = retrohuntJobId("emotet");
      expect((await get(emulator, `intelligence/retrohunt_jobs/${job}`)).body.data.attributes.status).toBe("finished");
      expect(await all(emulator, "intelligence/retrohunt_jobs")).toHaveLength(8);
      const before = emulator.requests.length;
      const files = await all(emulator, `intelligence/retrohunt_jobs/${job}/matching_files`, {
        relationships: "contacted_ips",
        limit: "40",
      });
      expect(files).toHaveLength(malware.filter(({ family }) => family === "emotet").length);
      expect(emulator.requests.length - before).toBe(1);
      expect(
        files.some(
          ({ relationships }) =>
            relationships.contacted_ips.data.length === 20 && relationships.contacted_ips.links.next,
        ),
      ).toBe(true);
      expect((await get(emulator, "intelligence/retrohunt_jobs/none/matching_files")).status).toBe(404);
    });
  });
});

describe("collections", () => {
  it("has one a family, with files and network members", async () => {
    await withEmulator({ world }, async (emulator) => {
      const id = collectionId("icedid");
      expect((await get(emulator, `collections/${id}`)).body.data.attributes.name).toBe("icedid");
      expect(await all(emulator, "collections")).toHaveLength(8);
      const files = await all(emulator, `collections/${id}/files`);
      expect(files).toHaveLength(malware.filter(({ family }) => family === "icedid").length);
      const domains = await all(emulator, `collections/${id}/relationships/domains`);
      const truth = world.truth.filter(
        ({ type, label, family }) => type === "domain" && label === "malicious" && family === "icedid",
      );
      expect(domains.map(({ id: host }) => host)).toEqual(truth.map(({ value }) => value));
      expect((await get(emulator, `collections/${id}/ip_addresses`)).body.data[0].attributes.asn).toBeDefined();
      expect((await get(emulator, `collections/${id}/urls`)).status).toBe(200);
      expect((await get(emulator, "collections/none")).status).toBe(404);
    });
  });
});
