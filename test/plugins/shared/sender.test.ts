/** The sender of all sinks over HTTP, against a real server that answers as told. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createSender, type SenderOptions } from "../../../plugins/shared/http/sender.ts";
import { answerWords } from "../../../plugins/shared/http/words.ts";
import { defineSink, z } from "../../../src/plugin.ts";
import { type SinkSettings, sinkContext } from "../../../src/testing.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

type Reply = { status: number; headers?: Record<string, string>; body?: string } | "cut";
interface Got {
  readonly method: string;
  readonly url: string;
  readonly body: string;
  readonly headers: IncomingMessage["headers"];
}

/** Answers in turn; the last answer for ever. */
async function target(...replies: Reply[]): Promise<{ url: string; got: Got[] }> {
  const got: Got[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    const reply = replies[Math.min(got.length, replies.length - 1)] as Reply;
    got.push({ method: request.method ?? "", url: request.url ?? "", body, headers: request.headers });
    if (reply === "cut") request.socket.destroy();
    else response.writeHead(reply.status, reply.headers).end(reply.body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/in/`, got };
}

const nothing = defineSink({
  name: "nothing",
  description: "for its context",
  options: z.object({}),
  accepts: "any",
  publish: async () => ({ target: "nowhere", changed: false, bytes: 0 }),
});

function sender(options: Partial<SenderOptions> = {}, settings: SinkSettings = {}) {
  const waits: number[] = [];
  const ctx = sinkContext(nothing, { onSleep: (ms) => waits.push(ms), ...settings });
  return { send: createSender(ctx, { target: "the double", ...options }), waits };
}

const post = (url: string) => ({ method: "POST", url, headers: { authorization: "x" }, body: "payload" }) as const;

describe("the sender", () => {
  it("answers what waiting does not change", async () => {
    for (const status of [200, 202, 204, 400, 404, 409, 413, 415, 422, 501]) {
      const { url, got } = await target({ status });
      const { send } = sender();
      expect((await send(post(url))).status).toBe(status);
      expect(got.length).toBe(1);
    }
  });

  it("sends the same again after trouble, with growing waits", async () => {
    const { url, got } = await target({ status: 503 }, "cut", { status: 500 }, { status: 429 }, { status: 200 });
    const { send, waits } = sender();
    expect((await send(post(url))).status).toBe(200);
    expect(got.map(({ body }) => body)).toEqual(Array(5).fill("payload"));
    expect(got[0]?.headers["content-length"]).toBe("7");
    expect(waits).toEqual([250, 500, 1000, 2000]);
  });

  it("never undercuts a Retry-After, in seconds or as a date by the server's clock", async () => {
    const date = "Tue, 24 Nov 2020 00:00:00 GMT";
    const { url } = await target(
      { status: 429, headers: { "retry-after": "7" } },
      { status: 503, headers: { "retry-after": "Tue, 24 Nov 2020 00:00:20 GMT", date } },
      { status: 200 },
    );
    const { send, waits } = sender();
    await send(post(url));
    expect(waits).toEqual([7500, 20_500]);
  });

  it("gives up a Retry-After beyond its patience at once", async () => {
    const { url, got } = await target({ status: 429, headers: { "retry-after": "7200" } });
    const error = await sender().send(post(url)).catch(String);
    expect(error).toContain("TargetUnavailable: the double answered 429, asked once and wants 121 minutes");
    expect(got.length).toBe(1);
  });

  it("gives up a target that stays in trouble or away: run again", async () => {
    const busy = await target({ status: 502, body: "<html>", headers: { "content-type": "text/html" } });
    expect(await sender().send(post(busy.url)).catch(String)).toMatch(
      /^TargetUnavailable: the double answered 502, asked 10 times\..*push again\.$/,
    );
    const gone = await target({ status: 200 });
    servers.splice(0).map((server) => server.close());
    expect(await sender().send(post(gone.url)).catch(String)).toMatch(
      /^TargetUnavailable: the double gave no answer \(.*\), asked 4 times/,
    );
  });

  it("says that the operator has to act on 401 and 403, and what the target said, without the secret", async () => {
    for (const status of [401, 403]) {
      const { url, got } = await target({
        status,
        headers: { "content-type": "application/json" },
        body: '{"title":"No","description":"not you\\u202e\\n"}',
      });
      const error = await sender({ cure: "Check the token." }).send(post(url)).catch(String);
      expect(error).toBe(`TargetRefused: the double refused the POST: ${status} (No: not you). Check the token.`);
      expect(got.length).toBe(1);
    }
  });

  it("leaves a 403 to a sink that knows better", async () => {
    const { url } = await target({ status: 403 });
    expect((await sender({ refusals: [401] }).send(post(url))).status).toBe(403);
  });

  it("follows 307 and 308 within the origin with method, body and credentials", async () => {
    const { url, got } = await target({ status: 308, headers: { location: "/in/there/?a=b" } }, { status: 202 });
    expect((await sender().send(post(url))).status).toBe(202);
    expect(got[1]).toMatchObject({ method: "POST", url: "/in/there/?a=b", body: "payload" });
    expect(got[1]?.headers.authorization).toBe("x");
  });

  it("takes no credentials to another origin, and makes no GET of a POST", async () => {
    const other = await target({ status: 200 });
    const away = await target({ status: 307, headers: { location: other.url } });
    expect(await sender().send(post(away.url)).catch(String)).toContain("TargetRefused");
    expect(other.got).toEqual([]);
    const odd = await target({ status: 302, headers: { location: "/login" } });
    expect(await sender().send(post(odd.url)).catch(String)).toMatch(/redirects to .*\/login \(302\)/);
    const circle = await target({ status: 308, headers: { location: "/in/" } });
    expect(await sender().send(post(circle.url)).catch(String)).toContain("in circles");
  });

  it("stops waiting when aborted", async () => {
    const { url } = await target({ status: 503, headers: { "retry-after": "60" } });
    const controller = new AbortController();
    const { send } = sender(
      {},
      { signal: controller.signal, onSleep: () => controller.abort(new Error("stopped by hand")) },
    );
    await expect(send(post(url))).rejects.toThrow("stopped by hand");
  });
});

describe("the words of an answer", () => {
  const json = (body: object, status = 400) =>
    answerWords({ status, headers: { "content-type": "application/json" }, text: JSON.stringify(body) });

  it.each([
    [json({ title: "Bad", description: "worse" }), "400 (Bad: worse)"],
    [json({ name: "Bad", message: "Bad", url: "/x" }), "400 (Bad)"],
    [json({ error: { code: "A", message: "expired" } }), "400 (expired)"],
    [json({ error: "invalid_client", error_description: "no" }), "400 (invalid_client: no)"],
    [json([]), "400"],
    [answerWords({ status: 500, headers: { "content-type": "text/plain" }, text: "down\n" }), "500 (down)"],
    [answerWords({ status: 502, headers: { "content-type": "text/html" }, text: "<h1>no</h1>" }), "502"],
  ])("%s", (words, expected) => {
    expect(words).toBe(expected);
  });
});
