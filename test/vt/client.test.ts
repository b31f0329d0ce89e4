import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as readText } from "node:stream/consumers";
import { deflateSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { proxyFromEnvironment } from "../../src/net/proxy.ts";
import type { Page, VtClient } from "../../src/vt/client.ts";
import { isForbidden, isItemRefused, isQuotaUsedUp, VtError } from "../../src/vt/failure.ts";
import { endpointOf, paths, urlId } from "../../src/vt/paths.ts";
import { itNeeds } from "../support/engines.ts";
import { sampleId } from "../support/reports.ts";
import {
  apiError,
  errorOf,
  type Harness,
  harness,
  heldTime,
  json,
  jumpingTime,
  KEY,
  page,
  printed,
  type Script,
  type Scripted,
  serve,
  settled,
  type Time,
} from "./scripted-server.ts";

let cleanUp: (() => Promise<unknown>)[];
/** Everything any client of this file logged or threw: none of it may hold the key. */
let shown: string[];
beforeEach(() => {
  cleanUp = [];
  shown = [];
});
afterEach(async () => {
  for (const close of cleanUp.reverse()) await close();
  for (const text of shown) expect(text).not.toMatch(new RegExp(`${KEY.slice(0, 16)}|${KEY.slice(-16)}`, "i"));
});

interface Scene extends Harness {
  readonly server: Scripted;
  readonly time: Time;
  /** The error of a request, shown as a log or debugger would. */
  fails(ask: (client: VtClient) => Promise<unknown>): Promise<VtError>;
}

async function scene(script: Script, options: Parameters<typeof harness>[2] & { time?: Time } = {}): Promise<Scene> {
  const { time = jumpingTime(), ...rest } = options;
  const server = await serve(script);
  const { client, quota, lines, abort } = harness(server.baseUrl, time, rest);
  cleanUp.push(async () => {
    shown.push(...lines);
    await client.close();
    await server.close();
  });
  return {
    client,
    quota,
    lines,
    abort,
    server,
    time,
    async fails(ask) {
      const error = await errorOf(ask(client));
      shown.push(printed(error));
      expect(error).toBeInstanceOf(VtError);
      return error as VtError;
    },
  };
}

/** Answers in order; the last one stays. */
function inTurn(...scripts: Script[]): Script {
  let turn = 0;
  return (seen, response) => {
    const script = scripts[Math.min(turn, scripts.length - 1)] as Script;
    turn += 1;
    script(seen, response);
  };
}

const ok: Script = (_, response) => json(response, 200, { data: { type: "file", id: sampleId(1) } });
const says =
  (status: number, code: string, message = "", headers = {}): Script =>
  (_, response) =>
    apiError(response, status, code, message, headers);
const file = paths.file(sampleId(1));

async function all(pages: AsyncIterable<Page>): Promise<Page[]> {
  const found: Page[] = [];
  for await (const one of pages) found.push(one);
  return found;
}

describe("a request", () => {
  it("has the key, the tool, and a user agent that says gzip", async () => {
    const { client, server } = await scene(ok);
    await client.get(file);
    expect(server.requests[0]?.headers).toMatchObject({
      "x-apikey": KEY,
      "x-tool": "Rulewright.rulewright.1.2",
      accept: "application/json",
      "accept-encoding": "gzip",
      "user-agent": "rulewright/1.2.3; gzip",
    });
  });

  it("sends a query as it was written: + is %2B, quotes and capitals stay", async () => {
    const { client, server } = await scene((_, response) => json(response, 200, { data: [] }));
    const query = 'content:"A B" fs:2026-11-01T00:00:00+ p:5+ name:"ü&="';
    await client.get(paths.intelligenceSearch, { query, limit: 300, descriptors_only: true, order: undefined });
    expect(server.requests[0]?.query.get("query")).toBe(query);
    expect(server.requests[0]?.raw).toContain("00%2B");
    expect([...(server.requests[0]?.query.keys() ?? [])]).toEqual(["query", "limit", "descriptors_only"]);
  });

  it("encodes ids: sandbox names have spaces, and an id walks nowhere", async () => {
    const { client, server } = await scene(ok);
    await client.get(paths.behaviour(`${sampleId(1)}_VirusTotal Jujubox`));
    await client.get(paths.domain("a/../../users/me?x=1#y"));
    expect(server.requests.map(({ raw }) => raw)).toEqual([
      `/api/v3/file_behaviours/${sampleId(1)}_VirusTotal%20Jujubox`,
      "/api/v3/domains/a%2F..%2F..%2Fusers%2Fme%3Fx%3D1%23y",
    ]);
    for (const id of ["", ".", ".."]) expect(() => paths.file(id)).toThrow("is not an id");
  });

  it("names a URL by its hash, or by unpadded base64url", () => {
    expect(urlId("http://a.example/?x=1")).toBe("aHR0cDovL2EuZXhhbXBsZS8_eD0x");
    expect(urlId(sampleId(7))).toBe(sampleId(7));
  });

  it("reads gzip", async () => {
    const body = gzipSync(JSON.stringify({ data: { id: "packed" } }));
    const { client } = await scene((_, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(body);
    });
    expect(await client.get(file)).toEqual({ data: { id: "packed" } });
  });

  it("gives a body of null as it is, and undefined for what VirusTotal does not know", async () => {
    const { client } = await scene(({ path }, response) =>
      path.endsWith("summary") ? json(response, 200, { data: null }) : apiError(response, 404, "NotFoundError"),
    );
    expect(await client.get(paths.behaviourSummary(sampleId(1)))).toEqual({ data: null });
    expect(await client.get(file)).toBeUndefined();
  });

  it("never sends more at once than allowed", async () => {
    let [open, most] = [0, 0];
    const { client } = await scene(
      (_, response) => {
        open += 1;
        most = Math.max(most, open);
        setTimeout(() => {
          open -= 1;
          json(response, 200, { data: [] });
        }, 10);
      },
      { concurrency: 3 },
    );
    await Promise.all(Array.from({ length: 12 }, (_, n) => client.get(paths.file(sampleId(n)))));
    expect(most).toBe(3);
  });
});

describe("an answer that ends the request", () => {
  it.each(["AuthenticationRequiredError", "UserNotActiveError", "WrongCredentialsError"])(
    "401 %s: the key is refused, and nobody tries it again",
    async (code) => {
      const { client, server, fails } = await scene(says(401, code, "Wrong API key"));
      const error = await fails(() => client.get(file));
      expect(error).toMatchObject({ problem: "key", exitCode: 2, details: { status: 401, apiCode: code } });
      expect(error.message).toBe(
        `VirusTotal refuses the API key (401 ${code}: Wrong API key). Set VT_API_KEY or virustotal.apiKey to a working one.`,
      );
      await fails(() => client.get(paths.domain("a.example")));
      expect(server.requests).toHaveLength(1);
    },
  );

  it("403: this endpoint is forbidden, others go on", async () => {
    const { client, server, fails } = await scene(({ path }, response) =>
      path.includes("search") ? apiError(response, 403, "ForbiddenError", "no") : json(response, 200, { data: [] }),
    );
    const error = await fails(() => client.get(paths.intelligenceSearch, { query: "x" }));
    expect(isForbidden(error)).toBe(true);
    expect(error.message).toContain("GET /intelligence/search");
    expect(await client.get(file)).toEqual({ data: [] });
    expect(server.requests).toHaveLength(2);
  });

  it.each(["BadRequestError", "UnselectiveContentQueryError", "UnsupportedContentQueryError"])(
    "400 %s: the API's own words, once",
    async (code) => {
      const { client, server, fails } = await scene(says(400, code, "pattern\u202eis\ntoo common"));
      const error = await fails(() => client.get(paths.intelligenceSearch, { query: "content:a" }));
      expect(error).toMatchObject({ problem: "refused", exitCode: 2 });
      expect(error.message).toContain(`400 ${code}: pattern is too common`);
      expect(isItemRefused(error)).toBe(false);
      expect(server.requests).toHaveLength(1);
    },
  );

  it("400 InvalidArgumentError: this item alone", async () => {
    const { client, fails } = await scene(says(400, "InvalidArgumentError", "not a hash"));
    expect(isItemRefused(await fails(() => client.get(paths.file("zz"))))).toBe(true);
  });

  it("a 404 that is not the API's: the base URL, not an unknown object", async () => {
    const { client, fails } = await scene((_, response) => page(response, 404, "<html>nginx"));
    const error = await fails(() => client.get(file));
    expect(error).toMatchObject({ problem: "setup", exitCode: 2 });
    expect(error.message).toContain("virustotal.baseUrl");
  });

  it("a redirect of anything but a feed", async () => {
    const { client, server, fails } = await scene((_, response) => {
      response.writeHead(302, { location: "http://127.0.0.1:1/elsewhere" }).end();
    });
    expect((await fails(() => client.get(file))).problem).toBe("setup");
    expect(server.requests).toHaveLength(1);
  });
});

describe("an answer that is asked for again", () => {
  it.each([
    ["503 TransientError", says(503, "TransientError")],
    ["504 DeadlineExceededError", says(504, "DeadlineExceededError")],
    ["424 FailedDependencyError", says(424, "FailedDependencyError")],
    ["an edge server's 502", ((_, response) => page(response, 502, "<html>Bad Gateway</html>")) as Script],
    ["an edge server's 500", ((_, response) => page(response, 500, "oops")) as Script],
    ["an edge server's JSON", ((_, response) => json(response, 502, { error: { code: 502 } })) as Script],
    ["a reset before the headers", ((_, response) => response.socket?.resetAndDestroy()) as Script],
    ["a close before the headers", ((_, response) => response.socket?.destroy()) as Script],
    [
      "a body shorter than announced",
      ((_, response) => {
        response.writeHead(200, { "content-length": "500" }).write('{"data":[');
        setTimeout(() => response.socket?.destroy(), 5);
      }) as Script,
    ],
    [
      "a reset inside a chunked body",
      ((_, response) => {
        response.writeHead(200).write('{"data":[');
        setTimeout(() => response.socket?.resetAndDestroy(), 5);
      }) as Script,
    ],
    ["JSON that ends too early", ((_, response) => response.writeHead(200).end('{"data":[{"id":"a')) as Script],
    ["an empty 200", ((_, response) => response.writeHead(200).end()) as Script],
    ["a web page with 200", ((_, response) => page(response, 200, "<html>please wait")) as Script],
    [
      "a gzip body that is cut",
      ((_, response) => {
        const packed = gzipSync(JSON.stringify({ data: "x".repeat(5_000) }));
        response.writeHead(200, { "content-encoding": "gzip" }).end(packed.subarray(0, packed.length - 9));
      }) as Script,
    ],
    ["what is not HTTP", ((_, response) => response.socket?.end("SSH-2.0-OpenSSH_9.2\r\n")) as Script],
  ])("%s", async (_, broken) => {
    const { client, server, time } = await scene(inTurn(broken, broken, ok));
    expect(await client.get(file)).toMatchObject({ data: { id: sampleId(1) } });
    expect(server.requests).toHaveLength(3);
    expect(time.slept).toEqual([250, 500]);
    expect(client.stats()).toEqual({ requests: 3, repeated: 2 });
  });

  it.each([
    ["a server that never answers", { headers: 60 }, () => {}],
    [
      "a body that stands still",
      { body: 60 },
      (response: ServerResponse) => {
        response.writeHead(200).write('{"data":');
      },
    ],
    [
      "a body that trickles for ever",
      { total: 120 },
      (response: ServerResponse) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(" "), 10);
        response.on("close", () => clearInterval(timer));
      },
    ],
  ])("%s, after the phase's time-out", async (_, timeouts, slow) => {
    const { client, lines } = await scene(
      inTurn((__, response) => slow(response), ok),
      { timeouts },
    );
    expect(await client.get(file)).toMatchObject({ data: { id: sampleId(1) } });
    expect(lines.join("\n")).toMatch(/timeout|timed out|within 0.12 s/i);
  });

  it("503 with Retry-After waits that long at least", async () => {
    const { client, time } = await scene(inTurn(says(503, "TransientError", "", { "retry-after": "9" }), ok));
    await client.get(file);
    expect(time.slept).toEqual([9_000]);
  });

  it("is given up after ten tries, with exit 3 and nothing lost", async () => {
    const { client, server, fails } = await scene(says(503, "TransientError", "try later"));
    const error = await fails(() => client.get(file));
    expect(error).toMatchObject({ problem: "unavailable", exitCode: 3, details: { status: 503 } });
    expect(error.message).toBe(
      "VirusTotal gave no answer to GET /files/* in 10 tries: 503 TransientError: try later. It may be in trouble. Nothing is lost: run the same command again.",
    );
    expect(server.requests).toHaveLength(10);
  });

  it("is given up sooner when nobody listens", async () => {
    const { client, fails, server, time } = await scene(ok);
    await server.close();
    const error = await fails(() => client.get(file));
    expect(error).toMatchObject({ problem: "unavailable", exitCode: 3 });
    expect(error.message).toContain("in 4 tries");
    expect(time.slept).toHaveLength(3);
  });

  it("500 with a code of the API that is not transient is not repeated", async () => {
    const { client, server, fails } = await scene(says(500, "InternalError"));
    expect((await fails(() => client.get(file))).problem).toBe("unavailable");
    expect(server.requests).toHaveLength(1);
  });

  it("stops waiting when the run is interrupted", async () => {
    const { client, abort, time } = await scene(says(503, "TransientError"), { time: heldTime() });
    const error = errorOf(client.get(file));
    await settled(() => time.slept.length === 1);
    abort.abort(new Error("interrupted"));
    expect((await error).message).toBe("interrupted");
  });

  it("stops a running request when the run is interrupted", async () => {
    const { client, abort, server } = await scene(() => {});
    const error = errorOf(client.get(file));
    await settled(() => server.requests.length === 1);
    abort.abort(new Error("interrupted"));
    expect((await error).message).toBe("interrupted");
  });
});

describe("429", () => {
  it.each([
    ["seconds", "12", [12_000]],
    ["a date", "Tue, 24 Nov 2026 12:00:45 GMT", [15_000]],
    ["nothing", undefined, [60_000]],
  ])("with Retry-After as %s", async (_, header, slept) => {
    const headers = header ? { "retry-after": header } : {};
    const { client, time } = await scene(inTurn(says(429, "TooManyRequestsError", "", headers), ok), {
      random: () => 0,
    });
    expect(await client.get(file)).toMatchObject({ data: {} });
    expect(time.slept).toEqual(slept);
  });

  it("as an edge server's web page is waited for a minute", async () => {
    const { client, time } = await scene(
      inTurn((_, response) => page(response, 429, "<title>429</title>429 Too Many Requests"), ok),
      { random: () => 0 },
    );
    await client.get(file);
    expect(time.slept).toEqual([60_000]);
  });

  it("rests this endpoint for all ids, and other endpoints go on", async () => {
    const time = heldTime();
    const { client, server } = await scene(
      ({ path, time: turn }, response) =>
        path.endsWith(sampleId(1)) && turn === 1
          ? apiError(response, 429, "TooManyRequestsError", "", { "retry-after": "30" })
          : json(response, 200, { data: path }),
      { time, random: () => 0 },
    );
    const first = client.get(file);
    await settled(() => time.sleepers() === 1);
    const second = client.get(paths.file(sampleId(2)));
    const behaviours = await client.get(paths.fileBehaviours(sampleId(2)));
    const domain = await client.get(paths.domain("a.example"));
    expect([behaviours, domain]).toEqual([
      { data: `/api/v3/files/${sampleId(2)}/behaviours` },
      { data: "/api/v3/domains/a.example" },
    ]);
    expect(server.requests).toHaveLength(3);
    time.pass(29_000);
    await client.get(paths.domain("b.example"));
    expect(server.requests).toHaveLength(4);
    time.pass(1_000);
    await Promise.all([first, second]);
    expect(server.requests).toHaveLength(6);
  });

  it.each([
    ["plain", (body: Buffer) => body, {}],
    ["compressed", gzipSync, { "content-encoding": "gzip" }],
  ])(
    "of a minute's quota, %s, costs one refusal a minute, whatever waits, and nobody starves",
    async (_, pack, headers) => {
      const refusal = Buffer.from(JSON.stringify({ error: { code: "QuotaExceededError", message: "Quota exceeded" } }));
      const time = jumpingTime("2026-11-24T12:00:00Z");
      const passed = new Map<string, number>();
      let refused = 0;
      const { client } = await scene(
        ({ path }, response) => {
          const minute = time.at().slice(0, 16);
          const count = (passed.get(minute) ?? 0) + 1;
          if (count > 4) {
            refused += 1;
            response.writeHead(429, { "content-type": "application/json", ...headers }).end(pack(refusal));
          } else {
            passed.set(minute, count);
            json(response, 200, { data: path });
          }
        },
        { time, concurrency: 10, random: () => 0 },
      );
      const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => client.get(paths.file(sampleId(n)))));
      expect(answers.every(Boolean)).toBe(true);
      // What was on its way or took the place of the four that passed first, then one in each of nine minutes. Without
      // the line it is 47.
      expect(refused).toBeLessThanOrEqual(10 + 4 + 9);
    },
  );

  it("that asks for more than the ceiling is not waited for", async () => {
    const { client, fails, time } = await scene(says(429, "TooManyRequestsError", "", { "retry-after": "3600" }), {
      random: () => 0,
    });
    const error = await fails(() => client.get(file));
    expect(error).toMatchObject({ problem: "unavailable", exitCode: 3 });
    expect(error.message).toContain("It wants to be asked again at 2026-11-24 13:00 UTC.");
    expect(time.slept).toEqual([]);
  });
});

describe("a used-up quota", () => {
  const quotas = (day: [number, number], month: [number, number], search?: [number, number]): object => {
    const of = ([used, allowed]: [number, number]): object => ({ user: { allowed, used } });
    return {
      data: {
        api_requests_hourly: of([5, 60_000_000_000]),
        api_requests_daily: of(day),
        api_requests_monthly: of(month),
        intelligence_downloads_monthly: of([300, 300]),
        intelligence_graphs_private: of([0, 0]),
        ...(search ? { intelligence_searches_monthly: of(search) } : {}),
      },
    };
  };
  const refusing =
    (body: object): Script =>
    ({ path }, response) =>
      path.endsWith("/overall_quotas")
        ? json(response, 200, body)
        : apiError(response, 429, "QuotaExceededError", "Quota exceeded");

  it("of the day, by the account's own figures: a clear stop for everybody, asked once", async () => {
    const { client, server, fails, time } = await scene(refusing(quotas([500, 500], [1_000, 15_500])), { user: "ann" });
    const errors = await Promise.all([1, 2, 3].map((n) => fails(() => client.get(paths.file(sampleId(n))))));
    for (const error of errors) {
      expect(error).toMatchObject({ problem: "quota", exitCode: 3 });
      expect(error.details.resetsAt).toEqual(new Date("2026-11-25T00:00:00Z"));
    }
    expect(errors[0]?.message).toBe(
      "VirusTotal's daily quota of this key is used up; it resets at 2026-11-25 00:00 UTC. Nothing is lost: run the same command then.",
    );
    expect(server.requests.filter(({ path }) => path.endsWith("overall_quotas")).length).toBeLessThanOrEqual(3);
    const before = server.requests.length;
    expect(isQuotaUsedUp(await fails(() => client.get(paths.domain("a.example"))))).toBe(true);
    expect(server.requests).toHaveLength(before);
    expect(time.slept).toEqual([]);
  });

  it("of the month resets on the first", async () => {
    const { client, fails } = await scene(refusing(quotas([500, 500], [15_500, 15_500])), { user: "ann" });
    const error = await fails(() => client.get(file));
    expect(error.message).toContain("monthly quota of this key is used up; it resets at 2026-12-01 00:00 UTC");
  });

  it("of searches alone leaves the look-ups", async () => {
    const { client, fails } = await scene(
      ({ path }, response) => {
        if (path.includes("/intelligence/")) apiError(response, 429, "QuotaExceededError");
        else json(response, 200, path.endsWith("quotas") ? quotas([1, 500], [1, 500], [300, 300]) : { data: [] });
      },
      { user: "ann" },
    );
    expect((await fails(() => client.get(paths.intelligenceSearch, { query: "x" }))).problem).toBe("quota");
    expect(await client.get(file)).toEqual({ data: [] });
  });

  it("of the minute, when the account has more left, is waited for", async () => {
    const { client, time } = await scene(
      inTurn(
        says(429, "QuotaExceededError"),
        (_, response) => json(response, 200, quotas([20, 500], [300, 15_500], [300, 300])),
        ok,
      ),
      { user: "ann", random: () => 0 },
    );
    expect(await client.get(file)).toMatchObject({ data: {} });
    expect(time.slept).toEqual([60_000]);
  });

  it.each([
    ["Daily quota exceeded", "2026-11-25T00:00:00.000Z"],
    ["Monthly API quota exceeded", "2026-12-01T00:00:00.000Z"],
    ["You have reached your hourly quota", "2026-11-24T13:00:00.000Z"],
  ])("is told by the message without an account: %s", async (message, resetsAt) => {
    const { client, server, fails } = await scene(says(429, "QuotaExceededError", message));
    const error = await fails(() => client.get(file));
    expect(error.details.resetsAt?.toISOString()).toBe(resetsAt);
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ["1200", "2026-11-24T13:00:00.000Z"],
    ["43170", "2026-11-25T00:00:00.000Z"],
    ["Tue, 01 Dec 2026 00:00:00 GMT", "2026-12-01T00:00:00.000Z"],
  ])("is told by a long Retry-After: %s", async (header, resetsAt) => {
    const { client, fails, time } = await scene(says(429, "QuotaExceededError", "", { "retry-after": header }));
    expect((await fails(() => client.get(file))).details.resetsAt?.toISOString()).toBe(resetsAt);
    expect(time.slept).toEqual([]);
  });

  it("is told by the message when the account cannot be asked", async () => {
    const { client, fails } = await scene(
      ({ path }, response) =>
        path.endsWith("quotas")
          ? apiError(response, 403, "ForbiddenError")
          : apiError(response, 429, "QuotaExceededError", "daily quota"),
      { user: "ann" },
    );
    expect((await fails(() => client.get(file))).problem).toBe("quota");
  });

  it("is told by time when nothing else does: three minutes in which nothing passes", async () => {
    const { client, server, fails, time } = await scene(says(429, "QuotaExceededError", "Quota exceeded"), {
      random: () => 0,
    });
    expect((await fails(() => client.get(file))).problem).toBe("quota");
    expect(server.requests).toHaveLength(4);
    expect(time.slept).toEqual([60_000, 60_000, 60_000]);
  });

  it("asks again after a quarter of an hour: a quota can be raised", async () => {
    const time = heldTime();
    const { client, fails } = await scene(inTurn(says(429, "QuotaExceededError", "daily"), ok), { time });
    await fails(() => client.get(file));
    time.pass(14 * 60_000);
    await fails(() => client.get(file));
    time.pass(60_000);
    expect(await client.get(file)).toMatchObject({ data: {} });
  });

  it("is never asked about with the key as the user's name", async () => {
    const { client, server, fails } = await scene(ok, { user: KEY });
    expect((await fails(() => client.overallQuotas())).problem).toBe("setup");
    expect(server.requests).toHaveLength(0);
  });

  it("of our own stops before the request", async () => {
    const { client, server, fails } = await scene(ok, { limits: { perDay: 2 } });
    await client.get(file);
    await client.get(file);
    const error = await fails(() => client.get(file));
    expect(error).toMatchObject({ problem: "quota", exitCode: 3 });
    expect(error.message).toContain("virustotal.perDay");
    expect(server.requests).toHaveLength(2);
  });
});

describe("a listing", () => {
  /** Pages of two out of five; the cursor is a pickled integer, as seen in the wild. */
  const listing =
    (style: "cursor" | "next" | "both", origin = ""): Script =>
    ({ query, path }, response) => {
      const start = { "": 0, "STEwCi4=": 2, "eJw=+/&": 4 }[query.get("cursor") ?? ""] ?? 99;
      const cursor = ["STEwCi4=", "eJw=+/&"][start / 2];
      const data = [0, 1, 2, 3, 4].slice(start, start + 2).map((n) => ({ type: "file", id: sampleId(n) }));
      const next = `${origin || `http://${response.req.headers.host}`}${path}?limit=2&cursor=${encodeURIComponent(cursor ?? "")}`;
      json(response, 200, {
        data,
        meta: { count: 5, ...(cursor && style !== "next" ? { cursor } : {}) },
        links: { self: "x", ...(cursor && style !== "cursor" ? { next } : {}) },
      });
    };

  it.each(["cursor", "next", "both"] as const)("is followed by %s to its end, the cursor as it came", async (style) => {
    const { client, server } = await scene(listing(style));
    const found = await all(client.pages(paths.iocStream, { limit: 2, filter: "date:2026+" }));
    expect(found.map(({ items }) => items.length)).toEqual([2, 2, 1]);
    expect(found.map(({ cursor }) => cursor)).toEqual(["STEwCi4=", "eJw=+/&", undefined]);
    expect(server.requests.map(({ query }) => query.get("cursor"))).toEqual([null, "STEwCi4=", "eJw=+/&"]);
    expect(server.requests[1]?.raw).toContain("cursor=STEwCi4%3D");
    if (style !== "next")
      expect(server.requests.map(({ query }) => query.get("filter"))).toEqual(Array(3).fill("date:2026+"));
  });

  it("goes on from a cursor", async () => {
    const { client } = await scene(listing("both"));
    const found = await all(client.pages(paths.iocStream, {}, { cursor: "STEwCi4=" }));
    expect(found.flatMap(({ items }) => items)).toHaveLength(3);
  });

  it("follows no link to another address, for the key would go there", async () => {
    const { client, server, fails } = await scene(listing("next", "http://localhost:9"));
    const error = await fails(() => all(client.pages(paths.iocStream)));
    expect(error.message).toContain("another address");
    expect(server.requests).toHaveLength(1);
  });

  it("follows no link out of the API, nor one with a user in it", async () => {
    for (const next of ["/api/v4/x?cursor=a", "/api/v3evil/x", "/api/v3/../../x", "http://ann:b@HOST/api/v3/x"]) {
      const { client, server, fails } = await scene((_, response) =>
        json(response, 200, { data: [], links: { next: next.replace("HOST", response.req.headers.host ?? "") } }),
      );
      await fails(() => all(client.pages(paths.iocStream)));
      expect(server.requests).toHaveLength(1);
    }
  });

  it("with a cursor does not mind a link to the public API: an emulator or recording may have it", async () => {
    const { client } = await scene(listing("both", "https://www.virustotal.com"));
    expect(await all(client.pages(paths.iocStream))).toHaveLength(3);
  });

  it("that goes round in a circle is left", async () => {
    const { client, server, fails } = await scene((_, response) =>
      json(response, 200, { data: [], meta: { cursor: "a" } }),
    );
    expect((await fails(() => all(client.pages(paths.iocStream)))).message).toContain("circle");
    expect(server.requests.length).toBeLessThanOrEqual(3);
  });

  it("of an unknown object has no pages; other shapes have no items", async () => {
    const { client } = await scene(({ path }, response) =>
      path.endsWith("behaviours") ? apiError(response, 404, "NotFoundError") : json(response, 200, { data: null }),
    );
    expect(await all(client.pages(paths.fileBehaviours(sampleId(1))))).toEqual([]);
    expect((await all(client.pages(paths.iocStream))).map(({ items }) => items)).toEqual([[]]);
  });

  it("keeps items that VirusTotal no longer holds as they are", async () => {
    const gone = { type: "file", id: sampleId(3), error: { code: "NotFoundError" } };
    const { client } = await scene((_, response) => json(response, 200, { data: [gone] }));
    expect((await all(client.pages(paths.iocStream)))[0]?.items).toEqual([gone]);
  });
});

describe("embedded relationships", () => {
  const descriptor = (n: number): object => ({ type: "ip_address", id: `203.0.113.${n}` });
  const range = (from: number, to: number): object[] =>
    Array.from({ length: to - from }, (_, index) => descriptor(from + index));

  /** 45 addresses by twenties, 3 domains, one parent. */
  const world =
    (style: "next" | "cursor" | "both"): Script =>
    ({ path, query }, response) => {
      const at = Number(query.get("cursor")?.replace("c", "") ?? 0);
      const more = at + 20 < 45 ? `c${at + 20}` : undefined;
      const self = `http://${response.req.headers.host}/api/v3/files/${sampleId(1)}/relationships/contacted_ips`;
      const ips = {
        data: range(at, Math.min(45, at + 20)),
        meta: { count: 45, ...(more && style !== "next" ? { cursor: more } : {}) },
        links: { self, ...(more && style !== "cursor" ? { next: `${self}?cursor=${more}&limit=20` } : {}) },
      };
      if (path.endsWith("contacted_ips")) return json(response, 200, ips);
      const relationships = {
        contacted_ips: ips,
        contacted_domains: { data: [{ type: "domain", id: "a.example" }], links: { self: "s" } },
        parent: { data: { type: "file", id: sampleId(2) } },
        nothing: { data: [] },
      };
      json(response, 200, { data: { type: "file", id: sampleId(1), attributes: { size: 1 }, relationships } });
    };

  it.each(["next", "cursor", "both"] as const)("are complete past twenty, by %s", async (style) => {
    const { client, server } = await scene(world(style));
    const body = (await client.embedded(sampleId(1), ["contacted_ips", "contacted_domains"])) as {
      data: { attributes: object; relationships: Record<string, { data: unknown; meta?: object; links?: object }> };
    };
    expect(server.requests[0]?.query.get("relationships")).toBe("contacted_ips,contacted_domains");
    expect(server.requests.map(({ query }) => query.get("limit"))).toEqual([null, "20", "20"]);
    const { contacted_ips: ips, contacted_domains: domains, parent } = body.data.relationships;
    expect(ips?.data).toEqual(range(0, 45));
    expect(ips?.meta).toEqual({ count: 45 });
    expect(ips?.links).not.toHaveProperty("next");
    expect(domains?.data).toEqual([{ type: "domain", id: "a.example" }]);
    expect(parent?.data).toEqual({ type: "file", id: sampleId(2) });
    expect(body.data.attributes).toEqual({ size: 1 });
  });

  it("are followed by the cursor though the link is to the public API", async () => {
    const { client } = await scene(({ path, query }, response) => {
      const isNext = path.endsWith("/relationships/contacted_ips") && query.get("limit") === "20";
      if (isNext) return json(response, 200, { data: range(20, 22), links: { self: "s" } });
      const next = "https://www.virustotal.com/api/v3/files/x/relationships/contacted_ips?cursor=c&limit=20";
      const ips = { data: range(0, 20), meta: { cursor: "c" }, links: { self: "s", next } };
      json(response, 200, { data: { type: "file", id: sampleId(1), relationships: { contacted_ips: ips } } });
    });
    const body = await client.embedded(sampleId(1), ["contacted_ips"]);
    expect(body).toMatchObject({ data: { relationships: { contacted_ips: { data: range(0, 22) } } } });
  });

  it("hold an item that comes again on the next page once, where it was", async () => {
    const again: Script = ({ path, query }, response) => {
      const self = `http://${response.req.headers.host}/api/v3/files/${sampleId(1)}/relationships/contacted_ips`;
      if (path.endsWith("contacted_ips"))
        return json(response, 200, { data: query.get("cursor") ? range(19, 22) : range(0, 20), links: { self } });
      const ips = { data: range(0, 20), meta: { cursor: "c" }, links: { self, next: `${self}?cursor=c&limit=20` } };
      json(response, 200, { data: { type: "file", id: sampleId(1), relationships: { contacted_ips: ips } } });
    };
    const { client } = await scene(again);
    const body = await client.embedded(sampleId(1), ["contacted_ips"]);
    expect(body).toMatchObject({ data: { relationships: { contacted_ips: { data: range(0, 22) } } } });
    expect(await client.completed(body, sampleId(1))).toEqual(body);
  });

  it("stop where they are told to, and keep the cursor for it to show", async () => {
    const { client } = await scene(world("both"));
    const body = await client.embedded(sampleId(1), ["contacted_ips"], { mostPages: 1 });
    expect(body).toMatchObject({ data: { relationships: { contacted_ips: { meta: { cursor: "c40" } } } } });
    const none = await client.embedded(sampleId(1), ["contacted_ips"], { mostPages: 0 });
    expect(none).toMatchObject({ data: { relationships: { contacted_ips: { meta: { cursor: "c20" } } } } });
  });

  it("of an unknown file are undefined, of a file without any the file", async () => {
    const { client } = await scene(({ path }, response) =>
      path.endsWith(sampleId(1))
        ? json(response, 200, { data: { id: "x" } })
        : apiError(response, 404, "NotFoundError"),
    );
    expect(await client.embedded(sampleId(1), ["contacted_ips"])).toEqual({ data: { id: "x" } });
    expect(await client.embedded(sampleId(2), ["contacted_ips"])).toBeUndefined();
  });
});

describe("a body's size", () => {
  const mebibyte = 1024 * 1024;

  it("has a limit, and is not asked for again", async () => {
    const { client, server, fails } = await scene(
      (_, response) => {
        response.writeHead(200);
        const pour = (): void => {
          while (!response.destroyed && response.write("x".repeat(65_536)));
        };
        response.on("drain", pour);
        pour();
      },
      { maxBodyBytes: 2 * mebibyte },
    );
    const error = await fails(() => client.get(file));
    expect(error).toMatchObject({ problem: "unavailable", exitCode: 3 });
    expect(error.message).toContain("an answer larger than 2 MiB");
    expect(server.requests).toHaveLength(1);
  });

  it("is limited after decompression too, without ever unpacking the bomb", async () => {
    const bomb = gzipSync(Buffer.alloc(100 * mebibyte, 0x20), { level: 1 });
    const { client, fails } = await scene(
      (_, response) => {
        response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
      },
      { maxBodyBytes: 4 * mebibyte },
    );
    expect(bomb.length).toBeLessThan(mebibyte);
    const before = process.memoryUsage().rss;
    expect((await fails(() => client.get(file))).message).toContain("an answer larger than 4 MiB");
    expect(process.memoryUsage().rss - before).toBeLessThan(60 * mebibyte);
  });

  it("in a compression nobody asked for is refused", async () => {
    const { client, fails } = await scene((_, response) => {
      response.writeHead(200, { "content-encoding": "deflate" }).end(deflateSync("{}"));
    });
    expect((await fails(() => client.get(file))).message).toContain("compressed with deflate");
  });
});

describe("a download", () => {
  const feed = paths.feedBatch("file-behaviours", "202611241000");

  it("follows the redirect to the storage server without the key", async () => {
    const storage = await serve((_, response) => {
      response.end("batch");
    });
    cleanUp.push(storage.close);
    const { client, server, lines } = await scene((_, response) => {
      response.writeHead(302, { location: `${storage.origin}/bucket/batch?token=t0ken` }).end("moved");
    });
    const body = await client.download(feed);
    expect(await readText(body as NonNullable<typeof body>)).toBe("batch");
    expect(server.requests[0]?.headers["x-apikey"]).toBe(KEY);
    expect(Object.keys(storage.requests[0]?.headers ?? {})).not.toContain("x-apikey");
    expect(JSON.stringify(storage.requests[0]?.headers)).not.toContain(KEY);
    expect(lines.join("\n")).not.toContain("t0ken");
  });

  it("goes without the key even to the API's own address", async () => {
    const { client, server } = await scene(({ path }, response) => {
      if (path.includes("feeds")) response.writeHead(302, { location: "/api/v3/storage/x" }).end();
      else response.end("batch");
    });
    await readText((await client.download(feed)) as NonNullable<Awaited<ReturnType<VtClient["download"]>>>);
    expect(server.requests[1]?.path).toBe("/api/v3/storage/x");
    expect(server.requests[1]?.headers["x-apikey"]).toBeUndefined();
  });

  it("gets a new link when the storage server fails, and does not show the old one", async () => {
    let turn = 0;
    const { client, lines, server } = await scene(({ path }, response) => {
      turn += 1;
      if (path.includes("feeds")) response.writeHead(302, { location: `/storage?token=t0ken${turn}` }).end();
      else if (turn < 4) page(response, 403, "expired t0ken");
      else response.end("batch");
    });
    expect(await client.download(feed)).toBeDefined();
    expect(server.requests).toHaveLength(4);
    expect(lines.join("\n")).toContain("the storage server answered 403");
    expect(lines.join("\n")).not.toContain("t0ken");
  });

  it("waits a minute for what is not ready, and stops at what is forbidden or missing", async () => {
    const { client, time } = await scene(
      inTurn(says(400, "NotAvailableYet"), (_, response) => {
        response.end("batch");
      }),
      { random: () => 0 },
    );
    expect(await client.download(feed)).toBeDefined();
    expect(time.slept).toEqual([60_000]);
    const packed = gzipSync(JSON.stringify({ error: { code: "NotAvailableYet", message: "soon" } }));
    const { client: early, time: own } = await scene(
      inTurn(
        (_, response) => {
          response.writeHead(400, { "content-encoding": "gzip" }).end(packed);
        },
        (_, response) => {
          response.end("batch");
        },
      ),
      { random: () => 0 },
    );
    expect(await early.download(feed)).toBeDefined();
    expect(own.slept).toEqual([60_000]);
    const { client: poor, fails } = await scene(says(403, "ForbiddenError"));
    expect(isForbidden(await fails(() => poor.download(feed)))).toBe(true);
    const { client: late } = await scene(says(404, "NotFoundError"));
    expect(await late.download(feed)).toBeUndefined();
  });

  it("can be left unread", async () => {
    const { client } = await scene((_, response) => {
      response.writeHead(200).write("the beginning");
    });
    const body = await client.download(feed);
    body?.destroy();
    await new Promise((resolve) => body?.once("close", resolve));
    expect(body?.destroyed).toBe(true);
  });

  it("does not go round in circles", async () => {
    const { client, server, fails } = await scene(
      (_, response) => {
        response.writeHead(302, { location: "/api/v3/feeds/again" }).end();
      },
      { ceiling: { attempts: 1 } },
    );
    await fails(() => client.download(feed));
    expect(server.requests.length).toBeLessThanOrEqual(4);
  });
});

describe("the key", () => {
  it("is not shown when the server echoes it, in whatever way", async () => {
    const spread = `your key ${KEY}, ${KEY.toUpperCase()}, ${Buffer.from(KEY).toString("base64")} is wrong`;
    for (const status of [400, 401, 403, 429, 503]) {
      const { client, fails } = await scene(says(status, `Odd${KEY}Error`, spread), { ceiling: { totalMs: 1 } });
      const error = await fails(() => client.get(file));
      expect(error.message).toContain("[secret]");
    }
  });

  it("is not shown in part when a long message is cut in the middle of it", async () => {
    for (const offset of [250, 270, 295, 299]) {
      const { client, fails } = await scene(says(400, "BadRequestError", `${"x".repeat(offset)}${KEY}`));
      expect((await fails(() => client.get(file))).message).not.toContain(KEY.slice(0, 4));
    }
  });

  it("is taken out of bodies, for they may be stored", async () => {
    const { client } = await scene((_, response) => json(response, 200, { data: { apikey: KEY, id: "ann" } }));
    expect(await client.get(file)).toEqual({ data: { apikey: "[secret]", id: "ann" } });
  });

  it("is in no property of the client, and in no process title", async () => {
    const { client } = await scene(ok);
    shown.push(printed(client), process.title, process.argv.join(" "));
    await client.get(file);
  });

  it("is not sent to an odd base URL, whose text is not repeated", () => {
    for (const baseUrl of [
      "not a url",
      "ftp://a.example",
      "https://ann:pa55word@a.example/api/v3",
      "https://a.example/?x",
    ]) {
      const broken = (): unknown => harness(baseUrl, jumpingTime());
      expect(broken).toThrow("virustotal.baseUrl");
      expect(broken).not.toThrow("pa55word");
    }
  });

  it("is warned about when it would go over the network in the clear", () => {
    expect(harness("http://emulator.example/api/v3", jumpingTime()).lines).toEqual([
      "warn emulator.example is asked without TLS: the API key can be read on the way.",
    ]);
    expect(harness("http://localhost:1/api/v3", jumpingTime()).lines).toEqual([]);
  });
});

describe("endpoints", () => {
  it.each([
    [file, "GET /files/*"],
    [paths.fileBehaviours(sampleId(1)), "GET /files/*/behaviours"],
    [paths.fileDescriptors(sampleId(1), "contacted_ips"), "GET /files/*/relationships/contacted_ips"],
    [paths.behaviour("a_b c"), "GET /file_behaviours/*"],
    [paths.intelligenceSearch, "GET /intelligence/search"],
    [paths.retrohuntMatches("ann-1"), "GET /intelligence/retrohunt_jobs/*/matching_files"],
    [paths.feedBatch("file-behaviours", "202611241000"), "GET /feeds/file-behaviours/*"],
    [paths.feedBatch("file_behaviours", "2026112410"), "GET /feeds/file_behaviours/hourly/*"],
    [paths.overallQuotas("ann"), "GET /users/*/overall_quotas"],
    [paths.url("http://a.example/files/secret"), "GET /urls/*"],
    [paths.collectionRelated("c--1", "files"), "GET /collections/*/files"],
  ])("%s is %s", (path, endpoint) => {
    expect(endpointOf(path)).toBe(endpoint);
  });
});

describe("a proxy", () => {
  /** Forwards plain requests and CONNECT tunnels; wants a password when given one. */
  async function proxyServer(password?: string): Promise<{ url: string; seen: string[]; close: () => Promise<void> }> {
    const seen: string[] = [];
    const isWelcome = (header: string | undefined): boolean =>
      password === undefined || header === `Basic ${Buffer.from(`ann:${password}`).toString("base64")}`;
    const server = createHttpServer((request, response) => {
      seen.push(`GET ${request.url}`);
      if (!isWelcome(request.headers["proxy-authorization"])) response.writeHead(407).end();
      else json(response, 200, { data: "through the proxy" });
    });
    server.on("connect", (request, socket) => {
      seen.push(`CONNECT ${request.url}`);
      if (!isWelcome(request.headers["proxy-authorization"])) {
        socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
        return;
      }
      const [host, port] = (request.url ?? "").split(":");
      const target = connect(Number(port), host, () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        target.pipe(socket).pipe(target);
      });
      target.on("error", () => socket.destroy());
      socket.on("error", () => target.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return {
      url: `http://${password === undefined ? "" : `ann:${encodeURIComponent(password)}@`}127.0.0.1:${port}`,
      seen,
      close: () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    };
  }

  it("is asked for plain addresses, but for those in NO_PROXY", async () => {
    const proxy = await proxyServer();
    cleanUp.push(proxy.close);
    const { client } = await scene(ok, { proxy: { http: proxy.url } });
    expect(await client.get(file)).toEqual({ data: "through the proxy" });
    expect(proxy.seen).toHaveLength(1);
    const { client: direct } = await scene(ok, { proxy: { http: proxy.url, no: "example.org,127.0.0.1" } });
    expect(await direct.get(file)).toMatchObject({ data: { type: "file" } });
    expect(proxy.seen).toHaveLength(1);
  });

  it("is not taken from the process's environment behind our back", async () => {
    process.env.HTTP_PROXY = "http://127.0.0.1:9";
    cleanUp.push(async () => {
      delete process.env.HTTP_PROXY;
    });
    const { client } = await scene(ok);
    expect(await client.get(file)).toMatchObject({ data: {} });
  });

  it("that wants another password is the operator's, and the password is not shown", async () => {
    const proxy = await proxyServer("right/word");
    cleanUp.push(proxy.close);
    const url = proxy.url.replace("right%2Fword", "wr0ng%2Fword");
    for (const baseUrl of ["http://a.example/api/v3", "https://a.example/api/v3"]) {
      const { client, lines } = harness(baseUrl, jumpingTime(), { proxy: { http: url, https: url } });
      cleanUp.push(client.close);
      const error = await errorOf(client.get(file));
      expect(error).toMatchObject({ problem: "setup", exitCode: 2 });
      expect(error.message).toContain("HTTPS_PROXY");
      for (const text of [printed(error), ...lines]) expect(text).not.toMatch(/wr0ng|d3IwbmcvZ29yZA/);
    }
  });

  it("with an unreadable URL is named without it", () => {
    const broken = (): unknown => harness("http://a.example", jumpingTime(), { proxy: { http: "http://ann:pa55@[" } });
    expect(broken).toThrow("HTTP_PROXY");
    expect(broken).not.toThrow("pa55");
  });

  it("comes from an environment in both spellings, lower case first", () => {
    expect(
      proxyFromEnvironment({ HTTP_PROXY: "http://a", http_proxy: "http://b", HTTPS_PROXY: "", NO_PROXY: "c" }),
    ).toEqual({
      http: "http://b",
      no: "c",
    });
  });

  describe("and certificates", () => {
    const folder = mkdtempSync(join(tmpdir(), "rulewright-tls-"));
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const selfSigned = async (): Promise<Scripted> => {
      execFileSync(
        "openssl",
        [
          ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
          ...["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
        ],
        { stdio: "ignore" },
      );
      const tls = { key: readFileSync(key), cert: readFileSync(cert) };
      const server = await serve(ok, (listener) => createHttpsServer(tls, listener));
      cleanUp.push(server.close);
      return server;
    };
    itNeeds("openssl")("of its own are trusted when they are named, directly and through a tunnel", async () => {
      const server = await selfSigned();
      const proxy = await proxyServer("right/word");
      cleanUp.push(proxy.close);
      const { client } = harness(server.baseUrl, jumpingTime(), { caFile: cert });
      const { client: tunnelled } = harness(server.baseUrl, jumpingTime(), {
        caFile: cert,
        proxy: { https: proxy.url },
      });
      cleanUp.push(client.close, tunnelled.close);
      expect(await client.get(file)).toMatchObject({ data: { type: "file" } });
      expect(await tunnelled.get(file)).toMatchObject({ data: { type: "file" } });
      expect(proxy.seen).toEqual([`CONNECT ${server.origin.slice("https://".length)}`]);
      expect(server.requests[1]?.headers["x-apikey"]).toBe(KEY);
    });

    itNeeds("openssl")("that nobody knows end the request at once, before the key is sent", async () => {
      const server = await selfSigned();
      const { client, lines } = harness(server.baseUrl, jumpingTime());
      cleanUp.push(client.close);
      const error = await errorOf(client.get(file));
      expect(error).toMatchObject({ problem: "setup", exitCode: 2 });
      expect(error.message).toContain("virustotal.caFile");
      expect(server.requests).toEqual([]);
      expect(lines).toEqual([]);
    });

    it("that cannot be read are named", () => {
      writeFileSync(join(folder, "empty.pem"), "nothing");
      for (const name of ["missing.pem", "empty.pem"])
        expect(() => harness("https://a.example", jumpingTime(), { caFile: join(folder, name) })).toThrow(name);
    });
  });
});

describe("with every fault at once", () => {
  it("each of 150 files comes once, whole and right", async () => {
    let seed = 7;
    const chance = (): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const faults: Script[] = [
      says(429, "TooManyRequestsError", "", { "retry-after": "1" }),
      says(429, "QuotaExceededError", "Quota exceeded", { "retry-after": "1" }),
      says(503, "TransientError"),
      says(504, "DeadlineExceededError"),
      (_, response) => page(response, 502, "<html>"),
      (_, response) => page(response, 429, "<html>429"),
      (_, response) => response.socket?.resetAndDestroy(),
      (_, response) => response.writeHead(200).end('{"data":{"id":"'),
      (_, response) => {
        response.writeHead(200, { "content-length": "99" }).write('{"data"');
        setTimeout(() => response.socket?.destroy(), 1);
      },
    ];
    const { client } = await scene(
      (seen, response) => {
        if (chance() < 0.3) (faults[Math.floor(chance() * faults.length)] as Script)(seen, response);
        else json(response, 200, { data: seen.path });
      },
      { concurrency: 8, random: chance },
    );
    const ids = Array.from({ length: 150 }, (_, n) => sampleId(n));
    const bodies = await Promise.all(ids.map((id) => client.get(paths.file(id))));
    expect(bodies).toEqual(ids.map((id) => ({ data: `/api/v3/files/${id}` })));
  });
});

describe("a server that accepts and says nothing", () => {
  it("is left after the connect time-out", async () => {
    const sockets: Socket[] = [];
    const silent = createTcpServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    cleanUp.push(async () => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const { port } = silent.address() as AddressInfo;
    const { client } = harness(`https://127.0.0.1:${port}/api/v3`, jumpingTime(), { timeouts: { connect: 100 } });
    cleanUp.push(client.close);
    const error = await errorOf(client.get(file));
    expect(error).toMatchObject({ problem: "unavailable" });
    expect(error.message).toContain("in 4 tries");
  });
});
