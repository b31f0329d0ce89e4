/** The sink `taxii` against a strict server: what arrives, in which envelopes, and what is said when it does not. */
import { afterEach, describe, expect, it } from "vitest";
import { taxii } from "../../../plugins/taxii/index.ts";
import type { Published } from "../../../src/plugin.ts";
import { memoryDeliveryLedger, type SinkSettings, sinkContext } from "../../../src/testing.ts";
import { chunksOf, domain, indicator, indicators, LATER } from "../../support/stix-objects.ts";
import {
  COLLECTION,
  startTaxiiServer,
  TAXII,
  type TaxiiServer,
  type TaxiiServerOptions,
} from "../../support/taxii-server.ts";

const servers: TaxiiServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function start(options: TaxiiServerOptions = {}): Promise<TaxiiServer> {
  const server = await startTaxiiServer(options);
  servers.push(server);
  return server;
}

const TOKEN = "hush-8f21d07c55";

/** Pushes, by one ledger for all pushes of a test. */
function pusher(server: TaxiiServer, options: Record<string, unknown> = {}, settings: SinkSettings = {}) {
  const deliveries = memoryDeliveryLedger();
  return (objects: readonly object[], more: SinkSettings = {}): Promise<Published> =>
    taxii.publish(
      chunksOf(objects),
      sinkContext(taxii, { options: { url: server.url, ...options }, deliveries, ...settings, ...more }),
    );
}

const posts = ({ requests }: TaxiiServer): number => requests.filter((line) => line.startsWith("POST")).length;

describe("what arrives", () => {
  it.each(["accepted", "ok", "slow", "silent"] as const)("is everything, once and in order (%s)", async (style) => {
    const server = await start({ style });
    const objects = [domain(1), ...indicators(1200)];
    const published = await pusher(server)(objects);
    expect(published).toMatchObject({
      target: `Sandbox at ${server.root}`,
      changed: true,
      objects: { delivered: 1201, unchanged: 0, failed: 0 },
      failures: [],
    });
    expect(server.envelopes.flatMap((envelope) => envelope.objects)).toEqual(objects);
    expect(server.repeated).toBe(0);
  });

  it("comes in envelopes within the server's limit of bytes, and within ours of objects", async () => {
    const server = await start({ maxContentLength: 20_000 });
    await pusher(server, { maxObjects: 30 })(indicators(200));
    expect(Math.max(...server.envelopes.map(({ bytes }) => bytes))).toBeLessThan(20_000);
    expect(Math.max(...server.envelopes.map(({ objects }) => objects.length))).toBe(30);
    const narrow = await start({ maxContentLength: 2_000 });
    await pusher(narrow)(indicators(50));
    expect(narrow.envelopes.length).toBeGreaterThan(5);
    expect(narrow.held.size).toBe(50);
  });

  it("is only what changed: nothing the second time, one object when one changed", async () => {
    const server = await start();
    const push = pusher(server);
    const objects = [domain(1), ...indicators(20)];
    await push(objects);
    const before = server.requests.length;
    expect(await push(objects)).toMatchObject({ changed: false, bytes: 0, objects: { delivered: 0, unchanged: 21 } });
    expect(posts(server)).toBe(1);
    expect(server.requests.length).toBeGreaterThan(before);
    const revoked = indicator(7, LATER, { revoked: true });
    const news = [domain(1, { defanged: false }), ...objects.slice(1).map((o) => (o.id === revoked.id ? revoked : o))];
    expect(await push(news)).toMatchObject({ objects: { delivered: 2, unchanged: 19, failed: 0 } });
    expect(server.envelopes.at(-1)?.objects).toEqual([news[0], revoked]);
    expect(server.requests.some((line) => line.startsWith("DELETE"))).toBe(false);
  });

  it("is nothing in a dry run, which asks what the server takes and says what would be sent", async () => {
    const server = await start();
    const push = pusher(server);
    await push(indicators(3));
    const dry = await push(indicators(5), { isDryRun: true });
    expect(dry).toMatchObject({ changed: true, objects: { delivered: 2, unchanged: 3, failed: 0 } });
    expect(posts(server)).toBe(1);
    expect(await push(indicators(5))).toMatchObject({ objects: { delivered: 2, unchanged: 3 } });
  });
});

describe("a server in trouble", () => {
  it("that fails every third request, by status or cut connection, gets everything once", async () => {
    const server = await start({
      maxContentLength: 20_000,
      style: "slow",
      intercept: (number, request, response) => {
        if (number % 3 !== 0) return false;
        if (number % 2 === 0) request.socket.destroy();
        else response.writeHead(503, { "retry-after": "2" }).end();
        return true;
      },
    });
    const published = await pusher(server)(indicators(300));
    expect(published.objects).toEqual({ delivered: 300, unchanged: 0, failed: 0 });
    expect(server.held.size).toBe(300);
  });

  it("that took an envelope and lost the answer, gets it again and holds it once", async () => {
    let isCut = false;
    const server = await start({
      intercept: (_, request, response) => {
        if (request.method !== "POST" || isCut) return false;
        isCut = true;
        // Taken, but nobody hears of it.
        response.end = (() => request.socket.destroy()) as never;
        return false;
      },
    });
    await pusher(server)(indicators(10));
    expect(server.held.size).toBe(10);
    expect([...server.held.values()].every((versions) => versions.length === 1)).toBe(true);
    expect(server.repeated).toBe(10);
  });

  it("that stops in the middle, gets the rest with the next push", async () => {
    let envelopesLeft = 2;
    const server = await start({
      intercept: (_, request, response) => {
        if (request.method !== "POST" || envelopesLeft-- > 0) return false;
        response.writeHead(500).end();
        return true;
      },
    });
    const push = pusher(server, { maxObjects: 10 });
    await expect(push(indicators(50))).rejects.toThrow(/answered 500, asked 10 times.*run rulewright push again/);
    expect(server.held.size).toBe(20);
    envelopesLeft = 50;
    expect(await push(indicators(50))).toMatchObject({ objects: { delivered: 30, unchanged: 20, failed: 0 } });
    expect(server.held.size).toBe(50);
    expect(server.repeated).toBe(0);
  });

  it("that gives status 404 has taken it: the status has expired", async () => {
    const server = await start({
      style: "slow",
      intercept: (_, request, response) => {
        const isStatus = request.url?.includes("/status/") === true;
        if (isStatus) response.writeHead(404, { "content-type": TAXII }).end('{"title":"gone"}');
        return isStatus;
      },
    });
    expect(await pusher(server)(indicators(5))).toMatchObject({ objects: { delivered: 5, failed: 0 } });
  });

  it("that does not finish has accepted it, after a wait; the next push asks again", async () => {
    const waits: number[] = [];
    const server = await start({ style: "late" });
    const push = pusher(server, { statusSeconds: 30 }, { onSleep: (ms) => waits.push(ms) });
    expect(await push(indicators(5))).toMatchObject({ objects: { delivered: 5, failed: 0 } });
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 4250]);
    const questions = () => server.requests.filter((line) => line.includes("/status/")).length;
    for (const [isFinished, asked] of [
      [false, 1],
      [true, 1],
      [true, 0],
    ] as const) {
      server.isFinished = isFinished;
      const before = questions();
      expect(await push(indicators(5))).toMatchObject({ objects: { delivered: 0, unchanged: 5 } });
      expect(questions() - before).toBe(asked);
    }
  });

  it("that fails an object after the push has ended, gets it again, and the log says so", async () => {
    let isRefused = true;
    const late = indicator(3).id;
    const warnings: string[] = [];
    const log = { debug: () => {}, info: () => {}, warn: (text: string) => void warnings.push(text) };
    const server = await start({
      style: "late",
      refuses: ({ id }) => (isRefused && id === late ? "no space" : undefined),
    });
    const push = pusher(server, {}, { log });
    expect(await push(indicators(5))).toMatchObject({ objects: { delivered: 5, failed: 0 } });
    server.isFinished = true;
    isRefused = false;
    expect(await push(indicators(5), { isDryRun: true })).toMatchObject({ objects: { unchanged: 5 } });
    expect(await push(indicators(5))).toMatchObject({ objects: { delivered: 1, unchanged: 4 } });
    expect(server.held.size).toBe(5);
    expect(warnings.at(-1)).toBe(
      `One object of an earlier push failed at the server later on, to be sent again: ${late} (no space)`,
    );
  });
});

describe("objects that are refused", () => {
  const bad = new Set([indicator(3).id, indicator(17).id]);
  const refuses = ({ id }: { id: string }) => (bad.has(id) ? "a pattern it does not know" : undefined);
  const SETTINGS: [string, TaxiiServerOptions][] = [
    ["named in the status", { refuses }],
    ["named later in the status", { refuses, style: "slow" }],
    ["as a whole envelope", { refuses, refusesWhole: true }],
    ["without saying which", { refuses, hidesFailures: true }],
  ];

  it.each(SETTINGS)("%s: they are named, the others arrive, the next push tries them again", async (_, options) => {
    const server = await start(options);
    const push = pusher(server);
    const published = await push(indicators(40));
    expect(published.objects).toEqual({ delivered: 38, unchanged: 0, failed: 2 });
    expect(published.failures?.map(({ id }) => id)).toEqual([indicator(3).id, indicator(17).id]);
    if (!options.hidesFailures) expect(published.failures?.[0]?.reason).toContain("a pattern it does not know");
    expect(server.held.size).toBe(38);
    expect(await push(indicators(40))).toMatchObject({ objects: { delivered: 0, unchanged: 38, failed: 2 } });
  });

  it("all of them: it gives up early and says what to check", async () => {
    const server = await start({ refuses: () => "no STIX 2.1 here", refusesWhole: true });
    await expect(pusher(server)(indicators(2000))).rejects.toThrow(
      /takes none of the objects: the server answered 422 \(no STIX 2.1 here\)/,
    );
    expect(server.requests.length).toBeLessThan(100);
  });

  it("one larger than the server takes is named and not sent", async () => {
    const server = await start({ maxContentLength: 5_000 });
    const large = indicator(1, undefined, { description: "x".repeat(6_000) });
    const published = await pusher(server)([indicator(0), large, indicator(2)]);
    expect(published).toMatchObject({ objects: { delivered: 2, failed: 1 } });
    expect(published.failures?.[0]?.reason).toMatch(/^its \d+ bytes are more than the 4900 it takes$/);
  });

  it("by 413 although the server named no such limit: envelopes get smaller", async () => {
    const server = await start({
      maxContentLength: 4_000,
      intercept: (_, { method, url }, response) => {
        const isRoot = method === "GET" && url === "/root/";
        if (isRoot) response.writeHead(200).end(JSON.stringify({ title: "Root", versions: [TAXII] }));
        return isRoot;
      },
    });
    const published = await pusher(server)(indicators(100));
    expect(published.objects).toEqual({ delivered: 100, unchanged: 0, failed: 0 });
    expect(server.held.size).toBe(100);
    // Halved once, then within what it learned.
    expect(posts(server) - server.envelopes.length).toBeLessThan(12);
  });
});

describe("who we are", () => {
  it.each([
    ["a bearer token", { token: { env: "T" } }, `Bearer ${TOKEN}`],
    ["name and password", { username: "feed", password: { file: "T" } }, `Basic ${btoa(`feed:${TOKEN}`)}`],
  ])("is said by %s", async (_, options, authorization) => {
    const server = await start({ authorization });
    await pusher(server, options, { secrets: { T: TOKEN } })(indicators(2));
    expect(server.held.size).toBe(2);
  });

  it("is refused without the secret in the message", async () => {
    const server = await start({ authorization: "Bearer other" });
    const error = await pusher(server, { token: { env: "T" } }, { secrets: { T: TOKEN } })(indicators(2)).catch(String);
    expect(error).toMatch(
      /^TargetRefused: the TAXII server 127.0.0.1:\d+ refused the GET: 401 \(who are you\)\. Check token/,
    );
    expect(error).not.toContain(TOKEN);
  });

  it("is not both", () => {
    for (const options of [{ token: { env: "A" }, username: "b", password: { env: "C" } }, { username: "b" }]) {
      const parsed = taxii.options.safeParse({ url: "https://tip.example/", ...options });
      expect(parsed.error?.issues[0]?.message).toContain("either token");
    }
    expect(taxii.options.safeParse({ url: "https://me:pw@tip.example/" }).success).toBe(false);
    expect(taxii.options.safeParse({ url: "ftp://tip.example/" }).success).toBe(false);
  });

  it("is told to no other host", async () => {
    const other = await start();
    const server = await start({
      intercept: (_, { url }, response) => {
        if (url === "/taxii2/")
          response.writeHead(200).end(JSON.stringify({ title: "Double", api_roots: [other.root] }));
        return url === "/taxii2/";
      },
    });
    await expect(pusher(server)(indicators(1))).rejects.toThrow(/names .*, on another host/);
    expect(other.requests).toEqual([]);
  });
});

describe("the collection", () => {
  it.each([COLLECTION, COLLECTION.toUpperCase(), "sandbox", "Sandbox", undefined])(
    "is found as %s",
    async (collection) => {
      const server = await start();
      await pusher(server, collection === undefined ? {} : { collection })(indicators(1));
      expect(server.held.size).toBe(1);
    },
  );

  it("is found from the API root, with or without its last slash", async () => {
    const server = await start();
    await pusher(server, { url: server.root })(indicators(1));
    await pusher(server, { url: server.root.slice(0, -1) })(indicators(1));
    expect(server.held.size).toBe(1);
  });

  it.each([
    [{ collection: "Sandbx" }, /No collection at .* is called Sandbx; there is: Others, Sandbox/],
    [{ collection: "Others" }, /The collection Others .* cannot be written/],
  ])("%o is an error that helps", async (options, message) => {
    const server = await start();
    await expect(pusher(server, options)(indicators(1))).rejects.toThrow(message);
    expect(posts(server)).toBe(0);
  });

  it("of another STIX, another TAXII, or of no TAXII is an error that helps", async () => {
    const old = await start({ mediaTypes: ["application/stix+json;version=2.0"] });
    await expect(pusher(old)(indicators(1))).rejects.toThrow(/takes application\/stix\+json;version=2.0, not STIX 2.1/);
    const other = await start({
      intercept: (_, __, response) => {
        response.writeHead(200, { "content-type": "text/html" }).end("<h1>Log in</h1>");
        return true;
      },
    });
    await expect(pusher(other)(indicators(1))).rejects.toThrow(/answered 200\. Check that the sink's url/);
    const server = await start();
    await expect(pusher(server, { url: server.url.replace("taxii2", "taxi") })(indicators(1))).rejects.toThrow(
      /There is nothing at .*such as http:\/\/127.0.0.1:\d+\/taxii2\//,
    );
  });
});
