import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, describe, expect, it } from "vitest";
import { http } from "../../../plugins/http/index.ts";
import { mediaTypeOf } from "../../../plugins/shared/files/media-type.ts";
import type { Chunk } from "../../../src/plugin.ts";
import {
  asyncIterable,
  describeDelivery,
  memoryDeliveryLedger,
  type SinkSettings,
  sinkContext,
} from "../../../src/testing.ts";
import { type FileServer, startFileServer } from "../../support/file-server.ts";

const TOKEN = "hush-71c0de55aa";
const CHUNKS: Chunk[] = [
  { path: "manifest.json", data: '{"of":' },
  { path: "a.rules", data: "one\n" },
  { path: "lists/ü b.txt", data: Buffer.from("two\n") },
  { path: "manifest.json", data: "2}\n" },
  { path: "a.rules", data: "three\n" },
];

const servers: FileServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function start(): Promise<FileServer> {
  const server = await startFileServer();
  servers.push(server);
  return server;
}

describeDelivery(http, {
  runner: { describe, it },
  mediaType: "text/plain",
  chunks: CHUNKS,
  changed: [...CHUNKS, { path: "a.rules", data: "four\n" }],
  secrets: { TOKEN },
  async open() {
    const { url, held, close } = await startFileServer();
    return { options: { url, token: { env: "TOKEN" } }, held: () => held, close };
  },
});

function pusher(server: FileServer, options: Record<string, unknown> = {}, settings: SinkSettings = {}) {
  const deliveries = memoryDeliveryLedger();
  return (chunks: readonly Chunk[]) =>
    http.publish(
      asyncIterable(chunks),
      sinkContext(http, {
        options: { url: server.url, ...options },
        mediaType: "text/plain",
        secrets: { TOKEN },
        deliveries,
        ...settings,
      }),
    );
}

describe("http", () => {
  it("puts each file whole, with its type and length, indexes last", async () => {
    const server = await start();
    const published = await pusher(server)(CHUNKS);
    expect(published).toEqual({
      target: server.url,
      changed: true,
      bytes: 23,
      objects: { delivered: 3, unchanged: 0, failed: 0 },
      failures: [],
    });
    expect(
      server.requests.map(({ method, path, headers, body }) => [method, path, headers["content-type"], String(body)]),
    ).toEqual([
      ["PUT", "a.rules", "text/plain", "one\nthree\n"],
      ["PUT", "lists/ü b.txt", "text/plain", "two\n"],
      ["PUT", "manifest.json", "application/json", '{"of":2}\n'],
    ]);
    expect(server.requests[0]?.headers["content-length"]).toBe("10");
  });

  it("takes a method, a template of the URL, headers with secrets, and says who we are", async () => {
    const server = await start();
    const options = {
      url: `${server.url}in?name={path}`,
      method: "POST",
      headers: { "X-Api-Key": { env: "TOKEN" }, "content-type": "application/octet-stream", "x-team": "blue" },
      username: "feed",
      password: { env: "TOKEN" },
    };
    await pusher(server, options)([{ path: "sub/a&b.txt", data: "x" }]);
    expect(server.requests[0]).toMatchObject({ method: "POST", path: "in?name=sub/a&b.txt" });
    expect(server.requests[0]?.headers).toMatchObject({
      "x-api-key": TOKEN,
      "content-type": "application/octet-stream",
      "x-team": "blue",
      authorization: `Basic ${btoa(`feed:${TOKEN}`)}`,
    });
  });

  it("deletes what is no longer produced when told, and nothing else", async () => {
    const server = await start();
    server.held.set("theirs.txt", "x");
    const keeping = pusher(server);
    await keeping(CHUNKS);
    await keeping(CHUNKS.slice(0, 2));
    expect(server.requests.some(({ method }) => method === "DELETE")).toBe(false);
    const deleting = pusher(server, { deleteGone: true });
    await deleting(CHUNKS);
    server.held.delete("lists/ü b.txt");
    const published = await deleting([{ path: "a.rules", data: "one\nthree\n" }]);
    expect(published.objects).toEqual({ delivered: 2, unchanged: 1, failed: 0 });
    expect([...server.held.keys()].sort()).toEqual(["a.rules", "theirs.txt"]);
    expect(await deleting([{ path: "a.rules", data: "one\nthree\n" }])).toMatchObject({ changed: false });
  });

  it("names files that are not taken, sends the others but no index of them, and tries again", async () => {
    const server = await start();
    const push = pusher(server, { deleteGone: true });
    await push([{ path: "gone.rules", data: "zero\n" }]);
    server.check = ({ path }, _, response) => {
      if (path !== "a.rules") return false;
      response.writeHead(422, { "content-type": "text/plain" }).end("no rules here");
      return true;
    };
    const published = await push(CHUNKS);
    expect(published.objects).toEqual({ delivered: 1, unchanged: 0, failed: 3 });
    expect(published.failures).toEqual([
      { id: "a.rules", reason: `${server.url} answered 422 (no rules here)` },
      { id: "manifest.json", reason: "held back, as files before it are not taken" },
      { id: "gone.rules", reason: "held back, as files before it are not taken" },
    ]);
    expect([...server.held.keys()].sort()).toEqual(["gone.rules", "lists/ü b.txt"]);
    server.check = () => false;
    expect((await push(CHUNKS)).objects).toEqual({ delivered: 3, unchanged: 1, failed: 0 });
    expect([...server.held.keys()].sort()).toEqual(["a.rules", "lists/ü b.txt", "manifest.json"]);
  });

  it("shows nothing of an export that fails on its way, and leaves no file behind here", async () => {
    const server = await start();
    const staged = () => readdirSync(tmpdir()).filter((name) => name.startsWith("rulewright-push-"));
    const before = staged();
    const failing = (async function* (): AsyncGenerator<Chunk> {
      yield* CHUNKS;
      throw new Error("boom");
    })();
    const ctx = sinkContext(http, { options: { url: server.url }, mediaType: "text/plain" });
    await expect(http.publish(failing, ctx)).rejects.toThrow("boom");
    await pusher(server)(CHUNKS);
    expect(server.requests.length).toBe(3);
    expect(staged()).toEqual(before);
  });

  it("takes hundreds of files in any order", async () => {
    const server = await start();
    const chunks = Array.from({ length: 600 }, (_, n) => ({ path: `f/${n % 150}.txt`, data: `${n}\n` }));
    await pusher(server)(chunks);
    expect(server.held.size).toBe(150);
    expect(server.held.get("f/7.txt")).toBe("7\n157\n307\n457\n");
  });

  it.each([
    [{ headers: { "content-length": "1" } }, "ours to set"],
    [{ headers: { "a b": "1" } }, "a name of a header"],
    [{ headers: { a: "1\r\nb: 2" } }, ""],
    [{ url: "https://me:pw@x.example/" }, "without name and password"],
  ])("refuses the options %o", (options, words) => {
    const parsed = http.options.safeParse({ url: "https://x.example/", ...options });
    expect(parsed.success).toBe(false);
    expect(JSON.stringify(parsed.error?.issues)).toContain(words);
  });
});

describe("the media type of a file", () => {
  it.each([
    ["a.json", "application/stix+json;version=2.1", "application/stix+json;version=2.1"],
    ["a.ndjson", "application/stix+x-ndjson;version=2.1", "application/stix+x-ndjson;version=2.1"],
    ["a.csv", "text/csv", "text/csv"],
    ["a.csv", "application/zip", "text/csv"],
    ["a.tar.gz", "text/plain", "application/gzip"],
    ["a.tar.gz.md5", "text/plain", "text/plain"],
    ["a.rules", "text/plain", "text/plain"],
    ["README.txt", "application/json", "text/plain"],
    ["rulewright.lst", "text/x-suricata-rules", "text/plain"],
    ["zone", "text/dns", "text/dns"],
  ])("%s of %s is %s", (path, ofOutput, expected) => {
    expect(mediaTypeOf(path, ofOutput)).toBe(expected);
  });
});
