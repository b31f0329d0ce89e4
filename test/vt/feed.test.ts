import { spawnSync } from "node:child_process";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "../../src/model/ids.ts";
import { type FeedCadence, type FeedPage, feedCursor, feedReadyAt, readFeed } from "../../src/vt/feed.ts";
import { itNeeds } from "../support/engines.ts";
import { report } from "../support/reports.ts";
import {
  apiError,
  errorOf,
  harness,
  jumpingTime,
  printed,
  type Script,
  type Scripted,
  serve,
  type Time,
} from "./scripted-server.ts";

/** Two lines, `{"line":1}` and `{"line":2}`, as bzip2 writes them. */
const TWO_LINES = Buffer.from(
  "QlpoOTFBWSZTWR0zhC0AAAlZgAAQEAAwEAIlAAogACEqaYg/UIBppoTgnSxE2J4XBdyRThQkB0zhC0A=",
  "base64",
);

let cleanUp: (() => Promise<unknown>)[];
beforeEach(() => {
  cleanUp = [];
});
afterEach(async () => {
  for (const close of cleanUp.reverse()) await close();
});

function bzip2(data: string | Buffer, level = "-9"): Buffer {
  const { status, stdout } = spawnSync("bzip2", ["-c", level], { input: data, maxBuffer: 1 << 30 });
  if (status !== 0) throw new Error("bzip2 failed");
  return stdout;
}

interface Scene {
  readonly server: Scripted;
  readonly time: Time;
  readonly lines: readonly string[];
  pages(from: string, until: string, cadence?: FeedCadence, longestLine?: number): AsyncGenerator<FeedPage>;
}

/**
 * `batches` answers the storage server's bytes, or undefined for a 404; `spelling` is the one the API knows. The first
 * `resets` downloads are reset after most of their bytes.
 */
async function scene(
  batches: (name: string, turn: number) => Buffer | undefined | "early" | "forbidden",
  spelling = "file-behaviours",
  resets = 0,
): Promise<Scene> {
  let resetsLeft = resets;
  const time = jumpingTime("2026-11-24T12:00:00Z");
  const turns = new Map<string, number>();
  const script: Script = ({ path }, response) => {
    const [, own, name = ""] = /\/feeds\/([^/]+)\/(?:hourly\/)?(\d+)$/.exec(path) ?? [];
    if (path.startsWith("/storage/")) {
      const stored = storage.get(path) ?? Buffer.alloc(0);
      if (resetsLeft === 0) return void response.end(stored);
      resetsLeft -= 1;
      response.write(stored.subarray(0, stored.length * 0.9));
      return void setTimeout(() => response.socket?.resetAndDestroy(), 1_500);
    }
    if (own !== spelling) return apiError(response, 404, "NotFoundError");
    const turn = (turns.get(name) ?? 0) + 1;
    turns.set(name, turn);
    const batch = batches(name, turn);
    if (batch === undefined) return apiError(response, 404, "NotFoundError", `no ${name}`);
    if (batch === "early") return apiError(response, 400, "NotAvailableYet");
    if (batch === "forbidden") return apiError(response, 403, "ForbiddenError");
    storage.set(`/storage/${name}-${turn}`, batch);
    response.writeHead(302, { location: `/storage/${name}-${turn}?token=t0ken` }).end();
  };
  const storage = new Map<string, Buffer>();
  const server = await serve(script);
  const { client, lines, abort } = harness(server.baseUrl, time, { random: () => 0 });
  cleanUp.push(server.close, client.close, async () => {
    for (const line of lines) expect(line).not.toMatch(/t0ken|l1nk/);
  });
  return {
    server,
    time,
    lines,
    pages: (from, until, cadence = "minute", longestLine = 64 * 1024 * 1024) =>
      readFeed(
        {
          client,
          sleep: time.sleep,
          random: () => 0,
          log: { debug: () => {}, info: (line) => infos.push(line), warn: (line) => infos.push(line) },
          signal: abort.signal,
        },
        { from, until: new Date(until), cadence, longestLine },
      ),
  };
}
let infos: string[];
beforeEach(() => {
  infos = [];
});
afterEach(() => {
  for (const line of infos) expect(line).not.toMatch(/t0ken|l1nk/);
});

async function all(pages: AsyncIterable<FeedPage>): Promise<FeedPage[]> {
  const found: FeedPage[] = [];
  for await (const page of pages) found.push(page);
  return found;
}

describe("the feed by minute", () => {
  it("gives the lines of each batch and a cursor behind them", async () => {
    const { pages, server } = await scene(() => TWO_LINES);
    expect(await all(pages("202611241000-0", "2026-11-24T10:02:00Z"))).toEqual([
      { batch: "202611241000", bodies: [{ line: 1 }, { line: 2 }], cursor: "202611241001-0" },
      { batch: "202611241001", bodies: [{ line: 1 }, { line: 2 }], cursor: "202611241002-0" },
    ]);
    const storage = server.requests.filter(({ path }) => path.startsWith("/storage/"));
    expect(storage).toHaveLength(2);
    for (const { headers } of storage) expect(headers["x-apikey"]).toBeUndefined();
  });

  it("goes on behind the lines that were read", async () => {
    const { pages } = await scene(() => TWO_LINES);
    const [page] = await all(pages("202611241000-1", "2026-11-24T10:01:00Z"));
    expect(page?.bodies).toEqual([{ line: 2 }]);
  });

  it("is found in either spelling, and asked in that one from then on", async () => {
    const { pages, server } = await scene(() => TWO_LINES, "file_behaviours");
    expect(await all(pages("202611241000-0", "2026-11-24T10:02:00Z"))).toHaveLength(2);
    expect(server.requests.map(({ path }) => path).filter((path) => path.includes("feeds"))).toEqual([
      "/api/v3/feeds/file-behaviours/202611241000",
      "/api/v3/feeds/file_behaviours/202611241000",
      "/api/v3/feeds/file_behaviours/202611241001",
    ]);
  });

  it("waits for a batch that is not ready", async () => {
    const { pages, time } = await scene((_, turn) => (turn < 3 ? "early" : TWO_LINES));
    expect(await all(pages("202611241000-0", "2026-11-24T10:01:00Z"))).toHaveLength(1);
    expect(time.slept).toEqual([60_000, 60_000]);
  });

  it("steps over one missing batch, not over two in a row", async () => {
    const { pages } = await scene((name) => (name === "202611241001" ? undefined : TWO_LINES));
    const found = await all(pages("202611241000-0", "2026-11-24T10:03:00Z"));
    expect(found.map(({ bodies }) => bodies.length)).toEqual([2, 0, 2]);
    expect(found[1]?.cursor).toBe("202611241002-0");
    expect(infos).toEqual(["The feed has no batch 202611241001; going on with the next."]);

    const gone = await scene((name) => (name > "202611241000" ? undefined : TWO_LINES));
    const error = await errorOf(all(gone.pages("202611241000-0", "2026-11-24T10:09:00Z")));
    expect(error).toMatchObject({ problem: "unavailable", exitCode: 3 });
    expect(error.message).toContain("neither the feed's batch 202611241001 nor 202611241002");
  });

  it("passes a longer gap when a later batch is there, and says which", async () => {
    const missing = ["202611241001", "202611241002", "202611241003"];
    const { pages } = await scene((name) => (missing.includes(name) ? undefined : TWO_LINES));
    const found = await all(pages("202611241000-0", "2026-11-24T10:05:00Z"));
    expect(found.map(({ batch, bodies }) => `${batch} ${bodies.length}`)).toEqual([
      "202611241000 2",
      ...missing.map((name) => `${name} 0`),
      "202611241004 2",
    ]);
    expect(infos).toEqual(["The feed has no batches from 202611241001 to 202611241003; going on with 202611241004."]);
  });

  it("can be left in a gap", async () => {
    const { pages } = await scene((name) => (name < "202611241002" ? undefined : TWO_LINES));
    for await (const { bodies } of pages("202611241000-0", "2026-11-24T10:05:00Z")) {
      expect(bodies).toEqual([]);
      break;
    }
  });

  it("leaves a last batch that is missing to the next run", async () => {
    const { pages } = await scene((name) => (name === "202611241001" ? undefined : TWO_LINES));
    const found = await all(pages("202611241000-0", "2026-11-24T10:02:00Z"));
    expect(found.map(({ cursor }) => cursor)).toEqual(["202611241001-0"]);
    expect(infos).toEqual([]);
  });

  it("is forbidden for most licences", async () => {
    const { pages } = await scene(() => "forbidden");
    expect(await errorOf(all(pages("202611241000-0", "2026-11-24T10:09:00Z")))).toMatchObject({ problem: "forbidden" });
  });

  it("asks again for a batch that breaks off, is empty, or is something else", async () => {
    const broken = [TWO_LINES.subarray(0, 40), Buffer.alloc(0), Buffer.from("<html>login")];
    const { pages, server } = await scene((_, turn) => broken[turn - 1] ?? TWO_LINES);
    const found = await all(pages("202611241000-0", "2026-11-24T10:01:00Z"));
    expect(found.flatMap(({ bodies }) => bodies)).toEqual([{ line: 1 }, { line: 2 }]);
    expect(server.requests).toHaveLength(8);
  });

  it("is given up after five downloads that break off", async () => {
    const { pages, server } = await scene(() => TWO_LINES.subarray(0, 40));
    const error = await errorOf(all(pages("202611241000-0", "2026-11-24T10:01:00Z")));
    expect(error).toMatchObject({ problem: "unavailable", exitCode: 3 });
    expect(printed(error)).not.toContain("t0ken");
    expect(server.requests).toHaveLength(10);
  });

  itNeeds("bzip2")("gives pages of a hundred, each line once, though the download broke off in between", async () => {
    const noise = (n: number): string => sha256(`${n}`).repeat(2) + sha256(`-${n}`).repeat(2) + sha256(`+${n}`);
    const lines = Array.from({ length: 4_000 }, (_, n) => JSON.stringify({ n, noise: noise(n) }));
    // Small blocks: the unpacker begins with the first whole one.
    const packed = bzip2(`${lines.join("\n")}\n`, "-1");
    const { pages } = await scene(() => packed, "file-behaviours", 1);
    const found = await all(pages("202611241000-0", "2026-11-24T10:01:00Z"));
    expect(infos.join()).toMatch(/broke off after line [1-9]\d{2}/);
    expect(found.flatMap(({ bodies }) => bodies.map((body) => (body as { n: number }).n))).toEqual(
      lines.map((_, n) => n),
    );
    expect(found[0]).toMatchObject({ cursor: "202611241000-100" });
    expect(found.at(-1)?.cursor).toBe("202611241001-0");
  });

  itNeeds("bzip2")("takes the links out of lines, and leaves out a line that is none without quoting it", async () => {
    const links = { html_report: "l1nk", pcap: "l1nk", evtx: "l1nk", memdump: "l1nk", file_md5: "0" };
    const line = { ...report({ dns_lookups: [] }), context_attributes: links };
    const packed = bzip2(`${JSON.stringify(line)}\r\n\n{"html_report":"l1nk\n${JSON.stringify(line)}`);
    const { pages } = await scene(() => packed);
    const [page] = await all(pages("202611241000-0", "2026-11-24T10:01:00Z"));
    const clean = { ...line, context_attributes: { file_md5: "0" } };
    expect(page?.bodies).toEqual([clean, clean]);
    expect(infos).toEqual(["The feed's batch 202611241000 has no JSON in line 3; left out."]);
  });

  itNeeds("bzip2")("does not unpack a line without end into memory", async () => {
    const bomb = bzip2(Buffer.alloc(3 * 1024 * 1024, 0x61));
    const { pages, server } = await scene(() => bomb);
    const error = await errorOf(all(pages("202611241000-0", "2026-11-24T10:01:00Z", "minute", 1024 * 1024)));
    expect(error).toMatchObject({ problem: "unavailable", exitCode: 3 });
    expect(error.message).toContain("(a line longer than 1 MiB)");
    expect(server.requests).toHaveLength(2);
  });

  itNeeds("bzip2")("takes an empty batch for one", async () => {
    const { pages } = await scene(() => bzip2(""));
    expect((await all(pages("202611241000-0", "2026-11-24T10:01:00Z"))).map(({ bodies }) => bodies)).toEqual([[]]);
  });

  it("can be left in the middle", async () => {
    const { pages, server } = await scene(() => TWO_LINES);
    for await (const page of pages("202611241000-0", "2026-11-24T11:00:00Z")) {
      expect(page.bodies).toHaveLength(2);
      break;
    }
    expect(server.requests).toHaveLength(2);
  });
});

describe("the feed by hour", () => {
  itNeeds("bzip2")("reads the batches inside the tar, packed or not, as one", async () => {
    const tar = pack();
    tar.entry({ name: "feed/202611241000.bz2" }, TWO_LINES);
    tar.entry({ name: "feed", type: "directory" });
    tar.entry({ name: "feed/202611241001" }, '{"line":3}\n{"line":4}\n');
    tar.finalize();
    const packed = bzip2(await buffer(tar));
    const { pages, server } = await scene(() => packed);
    expect(await all(pages("2026112410-1", "2026-11-24T11:00:00Z", "hourly"))).toEqual([
      { batch: "2026112410", bodies: [{ line: 2 }, { line: 3 }, { line: 4 }], cursor: "2026112411-0" },
    ]);
    expect(server.requests[0]?.path).toBe("/api/v3/feeds/file-behaviours/hourly/2026112410");
  });

  itNeeds("bzip2")("asks again for a tar that breaks off", async () => {
    const tar = pack();
    tar.entry({ name: "a" }, '{"line":1}\n');
    tar.entry({ name: "b.bz2" }, TWO_LINES);
    tar.finalize();
    const packed = bzip2(await buffer(tar));
    const { pages } = await scene((_, turn) => (turn === 1 ? packed.subarray(0, packed.length - 20) : packed));
    const [page] = await all(pages("2026112410-0", "2026-11-24T11:00:00Z", "hourly"));
    expect(page?.bodies).toEqual([{ line: 1 }, { line: 1 }, { line: 2 }]);
  });
});

describe("cursors of the feed", () => {
  it("begin at the batch that holds a moment", () => {
    const moment = new Date("2026-11-24T10:07:59Z");
    expect(feedCursor(moment, "minute")).toBe("202611241007-0");
    expect(feedCursor(moment, "hourly")).toBe("2026112410-0");
  });

  it("end where batches should be ready: an hour and two behind, and some minutes", () => {
    const now = new Date("2026-11-24T12:00:00Z");
    expect(feedReadyAt(now, "minute").toISOString()).toBe("2026-11-24T10:51:00.000Z");
    expect(feedReadyAt(now, "hourly").toISOString()).toBe("2026-11-24T10:00:00.000Z");
    // The hour from 10 on is there at twelve.
    const after = new Date("2026-11-24T12:10:00Z");
    expect(feedReadyAt(after, "hourly").toISOString()).toBe("2026-11-24T11:00:00.000Z");
  });

  it.each(["", "202611241000", "202611241000-", "2026112410-0", "202613241000-0", "202602301000-0", "x-1"])(
    "are checked: %j",
    async (cursor) => {
      const { pages, server } = await scene(() => TWO_LINES);
      const error = await errorOf(all(pages(cursor, "2026-11-24T11:00:00Z")));
      expect(error.message).toContain("is no cursor of the minute feed");
      expect(server.requests).toEqual([]);
    },
  );
});
