import { describe, expect, it } from "vitest";
import { BehaviourReport, FileAttributes, NetworkAttributes } from "../../src/vt/schema.ts";
import { all, get, smallWorld, withEmulator } from "./support.ts";

const world = smallWorld();
const busy = world.samples.find(
  ({ relationships, reports }) => (relationships.contacted_domains?.length ?? 0) > 20 && reports.length > 1,
);
const idle = world.samples.find(({ reports }) => reports.length === 0);
if (!busy || !idle) throw new Error("this world lacks a busy or an idle sample");

describe("/files", () => {
  it("answers by SHA-256, SHA-1 and MD5, in any case", async () => {
    await withEmulator({ world }, async (emulator) => {
      const { sha1, md5 } = busy.file.attributes as { sha1: string; md5: string };
      for (const id of [busy.sha256, sha1, md5, md5.toUpperCase()])
        expect((await get(emulator, `files/${id}`)).body.data.id).toBe(busy.sha256);
      const { body } = await get(emulator, `files/${busy.sha256}`);
      expect(FileAttributes.parse(body.data.attributes)).toMatchObject({ sha256: busy.sha256, md5 });
      expect(body.data.relationships).toBeUndefined();
    });
  });

  it("embeds relationships, cut at twenty, with a cursor that goes on behind them", async () => {
    await withEmulator({ world }, async (emulator) => {
      const { body } = await get(emulator, `files/${busy.sha256}`, {
        relationships: "contacted_domains,contacted_ips,contacted_urls",
      });
      const { contacted_domains: domains, contacted_urls: urls } = body.data.relationships;
      expect(Object.keys(body.data.relationships)).toEqual(["contacted_domains", "contacted_ips", "contacted_urls"]);
      expect(domains.data).toHaveLength(20);
      expect(domains.links.self).toMatch(/\/relationships\/contacted_domains\?limit=20$/);
      const rest = await all(emulator, domains.links.next);
      const ids = [...domains.data, ...rest].map(({ id }: { id: string }) => id);
      expect(ids).toEqual(busy.relationships.contacted_domains?.map(({ id }) => id));
      const byCursor = await get(emulator, `files/${busy.sha256}/relationships/contacted_domains`, {
        cursor: domains.meta.cursor,
        limit: "20",
      });
      expect(byCursor.body.data).toEqual(rest.slice(0, 20));
      for (const { context_attributes, id } of urls.data) {
        expect(context_attributes.url).toMatch(/^http/);
        expect(id).toMatch(/^[0-9a-f]{64}$/);
      }
    });
  });

  it("lists a relationship as full objects and as descriptors, ten at a time, at most forty", async () => {
    await withEmulator({ world }, async (emulator) => {
      const full = await get(emulator, `files/${busy.sha256}/contacted_domains`);
      expect(full.body.data).toHaveLength(10);
      expect(NetworkAttributes.parse(full.body.data[0].attributes).last_analysis_stats).toBeDefined();
      const short = await get(emulator, `files/${busy.sha256}/relationships/contacted_domains`);
      expect(short.body.data.map(({ id }: { id: string }) => id)).toEqual(
        full.body.data.map(({ id }: { id: string }) => id),
      );
      expect(short.body.data[0].attributes).toBeUndefined();
      expect((await get(emulator, `files/${busy.sha256}/contacted_domains`, { limit: "41" })).status).toBe(400);
      expect((await get(emulator, `files/${busy.sha256}/bogus`)).body.error.code).toBe("BadRequestError");
    });
  });

  it("has dropped files that VirusTotal does not hold as error items", async () => {
    await withEmulator({ world }, async (emulator) => {
      const sample = world.samples.find(({ relationships }) => (relationships.dropped_files?.length ?? 0) > 0);
      const items = await all(emulator, `files/${sample?.sha256}/dropped_files`);
      const absent = items.find(({ error }) => error);
      expect(absent).toMatchObject({ type: "file", error: { code: "NotFoundError" } });
      expect(absent.attributes).toBeUndefined();
    });
  });

  it("trims attributes", async () => {
    await withEmulator({ world }, async (emulator) => {
      const only = await get(emulator, `files/${busy.sha256}`, { attributes: "md5,size" });
      expect(Object.keys(only.body.data.attributes).sort()).toEqual(["md5", "size"]);
      const less = await get(emulator, `files/${busy.sha256}`, { exclude_attributes: "last_analysis_results" });
      expect(less.body.data.attributes.last_analysis_results).toBeUndefined();
      expect(less.body.data.attributes.md5).toBeDefined();
    });
  });

  it("does not know a file before its first submission, and shows submissions as they happen", async () => {
    const again = world.samples.find(({ submissions }) => submissions.length > 1)!;
    const [first, second] = again.submissions as [number, number];
    let now = new Date((first - 1) * 1000);
    await withEmulator({ world, clock: () => now }, async (emulator) => {
      const path = `files/${again.sha256}`;
      expect((await get(emulator, path)).status).toBe(404);
      now = new Date(first * 1000);
      expect((await get(emulator, path)).body.data.attributes).toMatchObject({
        last_submission_date: first,
        times_submitted: 1,
      });
      now = new Date(second * 1000);
      expect((await get(emulator, path)).body.data.attributes).toMatchObject({
        last_submission_date: second,
        times_submitted: 2,
      });
    });
  });

  it("shows the assessment of Google Threat Intelligence to a named tool with the right only", async () => {
    const assessed = world.samples.find(({ file }) => file.attributes.gti_assessment);
    const path = `files/${assessed?.sha256}`;
    await withEmulator({ world }, async (emulator) => {
      expect((await get(emulator, path)).body.data.attributes.gti_assessment).toBeUndefined();
      expect(
        (await get(emulator, path, {}, { "x-tool": "org.tool.1.0" })).body.data.attributes.gti_assessment.verdict.value,
      ).toMatch(/^VERDICT_/);
    });
    await withEmulator({ world, privileges: [] }, async (emulator) => {
      expect(
        (await get(emulator, path, {}, { "x-tool": "org.tool.1.0" })).body.data.attributes.gti_assessment,
      ).toBeUndefined();
    });
  });
});

describe("behaviour", () => {
  it("lists the reports, one a sandbox, with a count", async () => {
    await withEmulator({ world }, async (emulator) => {
      const { body } = await get(emulator, `files/${busy.sha256}/behaviours`);
      expect(body.meta.count).toBe(busy.reports.length);
      expect(body.data.map(({ id }: { id: string }) => id)).toEqual(busy.reports.map(({ id }) => id));
      expect(BehaviourReport.parse(body.data[0].attributes).sandbox_name).toBe(
        busy.reports[0]?.attributes.sandbox_name,
      );
      const paged = await all(emulator, `files/${busy.sha256}/behaviours`, { limit: "1" });
      expect(paged).toEqual(body.data);
    });
  });

  it("answers one report by its id, spaces encoded", async () => {
    await withEmulator({ world }, async (emulator) => {
      const spaced = world.samples.flatMap(({ reports }) => reports).find(({ id }) => id.includes(" "));
      const path = `file_behaviours/${encodeURIComponent(spaced?.id as string)}`;
      const { body } = await get(emulator, path);
      expect(body.data.id).toBe(spaced?.id);
      expect(body.data.links.self).toBe(`${emulator.baseUrl}/${path}`);
      expect((await get(emulator, `file_behaviours/${busy.sha256}_No%20Sandbox`)).status).toBe(404);
    });
  });

  it("merges a bare summary, and has null when no sandbox ran", async () => {
    await withEmulator({ world }, async (emulator) => {
      const { body } = await get(emulator, `files/${busy.sha256}/behaviour_summary`);
      expect(body.data.type).toBeUndefined();
      expect(body.data.sandbox_name).toBeUndefined();
      expect(body.data.analysis_date).toBeUndefined();
      const lookups = busy.reports.flatMap(
        ({ attributes }) => (attributes.dns_lookups ?? []) as { hostname: string }[],
      );
      const merged = body.data.dns_lookups.map(({ hostname }: { hostname: string }) => hostname);
      expect(new Set(merged)).toEqual(new Set(lookups.map(({ hostname }) => hostname)));
      expect(await get(emulator, `files/${idle.sha256}/behaviour_summary`)).toMatchObject({
        status: 200,
        body: { data: null },
      });
      expect((await get(emulator, `files/${idle.sha256}/behaviours`)).body).toMatchObject({
        data: [],
        meta: { count: 0 },
      });
    });
  });

  it("shows a report when its sandbox is done", async () => {
    const [report] = busy.reports;
    const done = report?.attributes.analysis_date as number;
    await withEmulator({ world, clock: () => new Date((busy.submissions[0] as number) * 1000) }, async (emulator) => {
      expect((await get(emulator, `files/${busy.sha256}/behaviours`)).body.data).toEqual([]);
      emulator.setClock(() => new Date(done * 1000));
      expect((await get(emulator, `files/${busy.sha256}/behaviours`)).body.data.length).toBeGreaterThan(0);
    });
  });

  it("has technique trees", async () => {
    await withEmulator({ world }, async (emulator) => {
      const { body } = await get(emulator, `files/${busy.sha256}/behaviour_mitre_trees`);
      expect(Object.keys(body.data)).toEqual(busy.reports.map(({ attributes }) => attributes.sandbox_name));
    });
  });
});

describe("network objects", () => {
  const domain = world.truth.find(({ type, class: name }) => type === "domain" && name === "c2-domain")
    ?.value as string;
  const url = world.truth.find(({ type, class: name }) => type === "url" && name === "c2-url")?.value as string;

  it("answers domains, addresses and URLs by hash and by base64url", async () => {
    await withEmulator({ world }, async (emulator) => {
      const object = (await get(emulator, `domains/${domain.toUpperCase()}`)).body.data;
      expect(object).toMatchObject({ type: "domain", id: domain });
      const [{ value: address }] = object.attributes.last_dns_records;
      expect((await get(emulator, `ip_addresses/${address}`)).body.data.attributes).toMatchObject({
        as_owner: expect.any(String),
        asn: expect.any(Number),
      });
      const encoded = await get(emulator, `urls/${Buffer.from(url).toString("base64url")}`);
      expect(encoded.body.data).toMatchObject({ type: "url", attributes: { url } });
      expect(encoded.body.data.id).toMatch(/^[0-9a-f]{64}$/);
      expect((await get(emulator, `urls/${encoded.body.data.id}`)).body.data.attributes.url).toBe(url);
    });
  });

  it("relates them: resolutions, files that talk to them, serving address, location", async () => {
    await withEmulator({ world }, async (emulator) => {
      const [resolution] = await all(emulator, `domains/${domain}/resolutions`);
      expect(resolution).toMatchObject({
        type: "resolution",
        id: `${resolution.attributes.ip_address}${domain}`,
        attributes: { host_name: domain },
      });
      expect(
        (await all(emulator, `ip_addresses/${resolution.attributes.ip_address}/resolutions`)).map(({ id }) => id),
      ).toContain(resolution.id);
      const files = await all(emulator, `domains/${domain}/communicating_files`);
      expect(files.length).toBeGreaterThan(0);
      expect(files.every(({ type }) => type === "file")).toBe(true);
      const id = Buffer.from(url).toString("base64url");
      expect((await get(emulator, `urls/${id}/relationships/network_location`)).body.data.id).toBe(
        new URL(url).hostname,
      );
      const embedded = await get(emulator, `domains/${domain}`, { relationships: "resolutions,communicating_files" });
      expect(embedded.body.data.relationships.resolutions.data[0]).toEqual({ type: "resolution", id: resolution.id });
    });
  });

  it("has fresh and stale ranks", () => {
    const ranks = (world.domains.get("www.google.com")?.attributes.popularity_ranks ?? {}) as Record<
      string,
      { timestamp: number }
    >;
    const all = [...world.domains.values()].flatMap(({ attributes }) =>
      Object.values(attributes.popularity_ranks as typeof ranks),
    );
    expect(all.some(({ timestamp }) => timestamp < 1_700_000_000)).toBe(true);
    expect(all.some(({ timestamp }) => timestamp > 1_790_000_000)).toBe(true);
  });
});

describe("errors", () => {
  it("refuses without a key and with a wrong one", async () => {
    await withEmulator({ world }, async (emulator) => {
      const bare = await fetch(`${emulator.baseUrl}/files/${busy.sha256}`);
      expect(bare.status).toBe(401);
      expect(await bare.json()).toEqual({
        error: { code: "AuthenticationRequiredError", message: "X-Apikey header is missing" },
      });
      expect(await get(emulator, "files/x", {}, { "x-apikey": "other" })).toMatchObject({
        status: 401,
        body: { error: { code: "WrongCredentialsError", message: "Wrong API key" } },
      });
    });
  });

  it("refuses what the key has no right to, and answers the rest", async () => {
    await withEmulator({ world, privileges: [] }, async (emulator) => {
      const premium = [
        "intelligence/search?query=p:1%2B",
        "ioc_stream",
        "intelligence/hunting_notifications",
        "intelligence/hunting_notification_files",
        "intelligence/retrohunt_jobs",
        "collections",
        "feeds/file-behaviours/202610050000",
        `files/${busy.sha256}/embedded_urls`,
      ];
      for (const path of premium)
        expect(await get(emulator, path), path).toMatchObject({
          status: 403,
          body: { error: { code: "ForbiddenError" } },
        });
      expect((await get(emulator, `files/${busy.sha256}/behaviours`)).status).toBe(200);
      expect((await get(emulator, `files/${busy.sha256}/contacted_ips`)).status).toBe(200);
    });
  });

  it("tells what it does not know", async () => {
    await withEmulator({ world }, async (emulator) => {
      const hash = "0123456789abcdef".repeat(2);
      expect((await get(emulator, `files/${hash}`)).body).toEqual({
        error: { code: "NotFoundError", message: `File "${hash}" not found` },
      });
      expect((await get(emulator, "files/nohash")).body.error.code).toBe("InvalidArgumentError");
      expect((await get(emulator, "domains/unknown.example")).body.error.code).toBe("NotFoundError");
      expect((await get(emulator, "nowhere/at/all")).status).toBe(404);
      expect((await get(emulator, "files/%ff")).body.error.code).toBe("BadRequestError");
      const posted = await fetch(`${emulator.baseUrl}/files`, {
        method: "POST",
        headers: { "x-apikey": "emulator-key" },
      });
      expect(posted.status).toBe(405);
    });
  });
});

describe("odds and ends", () => {
  it("compresses for a User-Agent that says gzip, and for no other", async () => {
    await withEmulator({ world }, async (emulator) => {
      const encoding = async (agent: string) =>
        (
          await get(emulator, "popular_threat_categories", {}, { "user-agent": agent, "accept-encoding": "gzip" })
        ).headers.get("content-encoding");
      expect(await encoding("rulewright; gzip")).toBe("gzip");
      expect(await encoding("rulewright")).toBeNull();
    });
  });

  it("knows the categories, and logs requests without the key", async () => {
    const lines: string[] = [];
    await withEmulator({ world, log: (line) => lines.push(line) }, async (emulator) => {
      expect((await get(emulator, "popular_threat_categories")).body.data).toContain("phising");
      await get(emulator, "search", { query: "8.8.8.8" });
      expect(emulator.requests.map(({ method, path, query, status }) => ({ method, path, query, status }))).toEqual([
        { method: "GET", path: "/popular_threat_categories", query: {}, status: 200 },
        { method: "GET", path: "/search", query: { query: "8.8.8.8" }, status: 200 },
      ]);
      expect(lines.join("\n")).not.toContain("emulator-key");
    });
  });

  it("adds latency and counts what is under way", async () => {
    await withEmulator({ world, latencyMs: 60 }, async (emulator) => {
      const started = performance.now();
      await Promise.all([1, 2, 3, 4].map(() => get(emulator, "popular_threat_categories")));
      expect(performance.now() - started).toBeGreaterThanOrEqual(55);
      expect(emulator.peakConcurrency).toBe(4);
    });
  });
});
