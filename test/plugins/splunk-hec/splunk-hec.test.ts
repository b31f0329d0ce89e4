/** The sink `splunk-hec` against a double that answers as the HTTP Event Collector's documented codes say. */
import { afterEach, describe, expect, it } from "vitest";
import { splunk } from "../../../plugins/splunk/index.ts";
import { splunkHec } from "../../../plugins/splunk-hec/index.ts";
import type { Chunk, Indicator } from "../../../src/plugin.ts";
import {
  asyncIterable,
  describeDelivery,
  exampleIndicator,
  memoryDeliveryLedger,
  numbered,
  render,
  sinkContext,
} from "../../../src/testing.ts";
import { type DoubleAnswer, type DoubleRequest, type HttpDouble, httpDouble } from "../../support/http-double.ts";

const MEDIA_TYPE = "application/x-splunk-hec";
const TOKEN = "hush-0b8c6d1e-9a55";
const secrets = { HEC_TOKEN: TOKEN };

interface Collector extends HttpDouble {
  /** Event id → the event as it was indexed last. */
  readonly held: Map<string, string>;
}

const opened: HttpDouble[] = [];
afterEach(() => {
  for (const double of opened.splice(0)) double.close();
});

/** Takes events one behind the other; `fault` answers before it looks at them. */
async function collector(fault: (request: DoubleRequest) => DoubleAnswer | undefined = () => undefined) {
  const held = new Map<string, string>();
  const double = await httpDouble((request) => {
    if (request.method !== "POST" || request.url !== "/services/collector/event") return { status: 404 };
    if (request.headers.authorization === undefined)
      return { status: 401, body: { text: "Token is required", code: 2 } };
    if (request.headers.authorization !== `Splunk ${TOKEN}`)
      return { status: 403, body: { text: "Invalid token", code: 4 } };
    const own = fault(request);
    if (own) return own;
    const events = request.body.split("\n").map((line) => JSON.parse(line) as { event?: { id: string } });
    const bad = events.findIndex(({ event }) => event === undefined);
    if (bad >= 0)
      return { status: 400, body: { text: "Event field is required", code: 12, "invalid-event-number": bad } };
    for (const event of events) held.set(event.event?.id as string, JSON.stringify(event));
    return { status: 200, body: { text: "Success", code: 0 } };
  });
  const own: Collector = { ...double, held };
  opened.push(own);
  return own;
}

async function eventsOf(indicators: readonly Indicator[]): Promise<Chunk[]> {
  const { files } = await render(splunk, indicators, { format: "hec" });
  return [...files].map(([path, data]) => ({ path, data }));
}

const urls = (count: number): Indicator[] => Array.from({ length: count }, (_, index) => numbered("url", index));
const doubted = exampleIndicator("url", { ...numbered("url", 4), status: "revoked" });

describeDelivery(splunkHec, {
  runner: { describe, it },
  mediaType: MEDIA_TYPE,
  chunks: await eventsOf(urls(5)),
  changed: await eventsOf([...urls(4), doubted]),
  secrets,
  async open() {
    const { url, held, close } = await collector();
    return { options: { url, token: { env: "HEC_TOKEN" }, maxEvents: 2 }, held: () => held, close };
  },
});

async function push(url: string, indicators: readonly Indicator[], more: Record<string, unknown> = {}) {
  const options = { url, token: { env: "HEC_TOKEN" }, ...more };
  return splunkHec.publish(asyncIterable(await eventsOf(indicators)), sinkContext(splunkHec, { options, secrets }));
}

describe("splunk-hec", () => {
  it("posts events one behind the other, with the token in Splunk's own scheme", async () => {
    const double = await collector();
    const published = await push(double.url, urls(2));
    expect(published).toMatchObject({
      target: `the event collector at ${double.url}/services/collector/event`,
      objects: { delivered: 2, unchanged: 0, failed: 0 },
    });
    const [request] = double.requests;
    expect(request?.headers.authorization).toBe(`Splunk ${TOKEN}`);
    const lines = request?.body.split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toHaveLength(2);
    expect(lines?.[0]).toMatchObject({ sourcetype: "rulewright:ioc", event: { type: "url" } });
    expect(lines?.[0]).not.toHaveProperty("index");
  });

  it("names the index of its options in each event", async () => {
    const double = await collector();
    await push(double.url, urls(1), { index: "threat_intel" });
    expect(JSON.parse(double.requests[0]?.body as string)).toMatchObject({ index: "threat_intel" });
  });

  it("sends no more events and bytes at once than its options say", async () => {
    const double = await collector();
    await push(double.url, urls(5), { maxEvents: 2 });
    expect(double.requests.map(({ body }) => body.split("\n").length)).toEqual([2, 2, 1]);
    await push(double.url, urls(40), { maxBytes: 10_000 });
    for (const { body } of double.requests) expect(body.length).toBeLessThanOrEqual(10_000);
  });

  it("waits as long as a busy collector asks, and then sends again", async () => {
    let busy = 2;
    const double = await collector(() =>
      busy-- > 0
        ? { status: 503, body: { text: "Server is busy", code: 9 }, headers: { "retry-after": "7" } }
        : undefined,
    );
    const slept: number[] = [];
    const options = { url: double.url, token: { env: "HEC_TOKEN" } };
    const ctx = sinkContext(splunkHec, { options, secrets, onSleep: (ms) => slept.push(ms) });
    await splunkHec.publish(asyncIterable(await eventsOf(urls(1))), ctx);
    expect(double.held.size).toBe(1);
    expect(slept).toHaveLength(2);
    for (const ms of slept) expect(ms).toBeGreaterThanOrEqual(7000);
  });

  it("delivers the good events of a batch in which one is refused, and names that one", async () => {
    const bad = numbered("url", 2).value;
    const double = await collector(({ body }) =>
      body.includes(bad)
        ? { status: 400, body: { text: "Invalid data format", code: 6, "invalid-event-number": 2 } }
        : undefined,
    );
    const published = await push(double.url, urls(4));
    expect(double.held.size).toBe(3);
    expect(published.objects).toEqual({ delivered: 3, unchanged: 0, failed: 1 });
    expect(published.failures?.map(({ reason }) => reason)).toEqual([
      "the collector answered 400 (Invalid data format)",
    ]);
  });

  it("halves what is too large for the collector", async () => {
    const double = await collector(({ body }) => (body.split("\n").length > 1 ? { status: 413 } : undefined));
    await push(double.url, urls(3));
    expect(double.held.size).toBe(3);
  });

  it.each([
    [403, { text: "Token disabled", code: 1 }, /refused the POST: 403 \(Token disabled\).*Check the sink's token/],
    [400, { text: "Incorrect index", code: 7 }, /400 \(Incorrect index\).*set the sink's index/],
    [400, { text: "Data channel is missing", code: 10 }, /Turn off indexer acknowledgement/],
    [404, undefined, /answered 404.*url is that of an event collector/],
    [200, { hello: "I am no collector" }, /answered 200.*url is that of an event collector/],
  ])("tells the operator what to change: %i %j", async (status, body, message) => {
    const double = await collector(() => ({ status, body }));
    await expect(push(double.url, urls(1))).rejects.toThrow(message);
    await expect(push(double.url, urls(1))).rejects.toMatchObject({ name: "TargetRefused" });
    expect(double.held.size).toBe(0);
  });

  it("tells what was withdrawn, once", async () => {
    const double = await collector();
    const deliveries = memoryDeliveryLedger();
    const options = { url: double.url, token: { env: "HEC_TOKEN" } };
    const send = async (indicators: readonly Indicator[]) =>
      splunkHec.publish(
        asyncIterable(await eventsOf(indicators)),
        sinkContext(splunkHec, { options, secrets, deliveries }),
      );
    await send([exampleIndicator("domain")]);
    const withdrawn = [exampleIndicator("domain", { status: "revoked" })];
    expect((await send(withdrawn)).objects?.delivered).toBe(1);
    expect((await send(withdrawn)).objects).toEqual({ delivered: 0, unchanged: 1, failed: 0 });
    expect([...double.held.values()].join()).toContain('"status":"revoked"');
  });
});
