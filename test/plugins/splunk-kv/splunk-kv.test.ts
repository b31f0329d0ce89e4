/** The sink `splunk-kv` against a double that answers as Splunk's KV store endpoints do. */
import { afterEach, describe, expect, it } from "vitest";
import { splunk } from "../../../plugins/splunk/index.ts";
import { splunkKv } from "../../../plugins/splunk-kv/index.ts";
import { type Chunk, type DeliveryLedger, type Indicator, sha256 } from "../../../src/plugin.ts";
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

const MEDIA_TYPE = "application/x-splunk-kv";
const TOKEN = "hush-eyJraWQiOiJzcGx1bmsu";
const secrets = { KV_TOKEN: TOKEN };
const PLACE = "/servicesNS/nobody/rulewright_iocs_kv/storage/collections/data/rulewright_ioc_kv";

interface Store extends HttpDouble {
  /** `_key` → document. */
  readonly held: Map<string, string>;
}

const opened: HttpDouble[] = [];
afterEach(() => {
  for (const double of opened.splice(0)) double.close();
});

async function store(fault: (request: DoubleRequest) => DoubleAnswer | undefined = () => undefined): Promise<Store> {
  const held = new Map<string, string>();
  const messages = (type: string, text: string) => ({ messages: [{ type, text }] });
  const double = await httpDouble((request) => {
    const { method, url, headers, body } = request;
    if (headers.authorization !== `Bearer ${TOKEN}`)
      return { status: 401, body: messages("WARN", "call not properly authenticated") };
    const own = fault(request);
    if (own) return own;
    if (!url.startsWith(`${PLACE}/`)) return { status: 404, body: messages("ERROR", "Could not find object.") };
    const key = decodeURIComponent(url.slice(PLACE.length + 1));
    if (method === "POST" && key === "batch_save") {
      const documents = JSON.parse(body) as { _key: string }[];
      if (documents.length > 1000)
        return { status: 400, body: messages("ERROR", "Number of documents exceeds the limit of 1000") };
      for (const document of documents) held.set(document._key, JSON.stringify(document));
      return { status: 200, body: documents.map(({ _key }) => _key) };
    }
    if (method === "DELETE" && key !== "") {
      return held.delete(key) ? { status: 200 } : { status: 404, body: messages("ERROR", "Could not find object.") };
    }
    return { status: 405 };
  });
  const own: Store = { ...double, held };
  opened.push(own);
  return own;
}

async function documentsOf(indicators: readonly Indicator[]): Promise<Chunk[]> {
  const { files } = await render(splunk, indicators, { format: "kv" });
  return [...files].map(([path, data]) => ({ path, data }));
}

const urls = (count: number): Indicator[] => Array.from({ length: count }, (_, index) => numbered("url", index));
const doubted: Indicator = { ...numbered("url", 4), tlp: "red" };

describeDelivery(splunkKv, {
  runner: { describe, it },
  mediaType: MEDIA_TYPE,
  chunks: await documentsOf(urls(5)),
  changed: await documentsOf([...urls(4), doubted]),
  secrets,
  async open() {
    const { url, held, close } = await store();
    return { options: { url, token: { env: "KV_TOKEN" }, maxDocuments: 2 }, held: () => held, close };
  },
});

interface Pushing {
  readonly deliveries?: DeliveryLedger;
  readonly isDryRun?: boolean;
  readonly options?: Record<string, unknown>;
}

async function push(url: string, indicators: readonly Indicator[], { options, ...settings }: Pushing = {}) {
  const ctx = sinkContext(splunkKv, { options: { url, token: { env: "KV_TOKEN" }, ...options }, secrets, ...settings });
  return splunkKv.publish(asyncIterable(await documentsOf(indicators)), ctx);
}

const keyOf = (indicator: Indicator): string => sha256(`${indicator.type}:${indicator.value}`);

describe("splunk-kv", () => {
  it("saves documents in the app's collection, as nobody, with a bearer token", async () => {
    const double = await store();
    const published = await push(double.url, urls(2));
    expect(published).toMatchObject({
      target: `the collection rulewright_ioc_kv at ${double.url}/`,
      objects: { delivered: 2, unchanged: 0, failed: 0 },
    });
    expect(double.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([`POST ${PLACE}/batch_save`]);
    expect([...double.held.keys()]).toEqual(urls(2).map(keyOf));
    expect(JSON.parse([...double.held.values()][0] as string)).toMatchObject({ type: "url", confidence: 85 });
  });

  it("goes to the app and the collection of its options, below the path of the url", async () => {
    const double = await store((request) => ({
      status: 200,
      body: JSON.parse(request.body).map(({ _key }: { _key: string }) => _key),
    }));
    await push(`${double.url}/splunkd`, urls(1), { options: { app: "acme_kv", collection: "iocs" } });
    expect(double.requests[0]?.url).toBe("/splunkd/servicesNS/nobody/acme_kv/storage/collections/data/iocs/batch_save");
  });

  it("never saves more than 1000 documents at once", async () => {
    const double = await store();
    await push(double.url, urls(1500));
    expect(double.requests.map(({ body }) => (JSON.parse(body) as unknown[]).length)).toEqual([1000, 500]);
    expect(double.held.size).toBe(1500);
  });

  it("deletes what is no longer exported, by its key, and nobody else's", async () => {
    const double = await store();
    double.held.set("analyst-1", "{}");
    const deliveries = memoryDeliveryLedger();
    await push(double.url, urls(3), { deliveries });
    const published = await push(double.url, urls(1), { deliveries });
    expect(published.changed).toBe(true);
    expect([...double.held.keys()].toSorted()).toEqual(["analyst-1", keyOf(numbered("url", 0))].toSorted());
    const deletes = double.requests.filter(({ method }) => method === "DELETE").map(({ url }) => url);
    expect(deletes.toSorted()).toEqual([1, 2].map((n) => `${PLACE}/${keyOf(numbered("url", n))}`).toSorted());
    const requests = double.requests.length;
    expect((await push(double.url, urls(1), { deliveries })).changed).toBe(false);
    expect(double.requests).toHaveLength(requests);
  });

  it("saves again what comes back after it was deleted", async () => {
    const double = await store();
    const deliveries = memoryDeliveryLedger();
    for (const count of [2, 0, 2]) await push(double.url, urls(count), { deliveries });
    expect(double.held.size).toBe(2);
  });

  it("takes a document that is gone already for deleted", async () => {
    const double = await store();
    const deliveries = memoryDeliveryLedger();
    await push(double.url, urls(2), { deliveries });
    double.held.clear();
    await push(double.url, [], { deliveries });
    for await (const page of deliveries.all()) expect(page).toEqual([]);
  });

  it("deletes nothing in a dry run and when the export fails", async () => {
    const double = await store();
    const deliveries = memoryDeliveryLedger();
    await push(double.url, urls(2), { deliveries });
    expect((await push(double.url, [], { deliveries, isDryRun: true })).changed).toBe(true);
    const failing = (async function* (): AsyncGenerator<Chunk> {
      yield (await documentsOf([]))[0] as Chunk;
      throw new Error("boom");
    })();
    const options = { url: double.url, token: { env: "KV_TOKEN" } };
    const ctx = sinkContext(splunkKv, { options, secrets, deliveries });
    await expect(splunkKv.publish(failing, ctx)).rejects.toThrow("boom");
    expect(double.held.size).toBe(2);
  });

  it("reports the documents that the store does not name as saved, and tries them again", async () => {
    let isPartial = true;
    const double = await store(({ method, body }) => {
      if (method !== "POST" || !isPartial) return undefined;
      const [first] = JSON.parse(body) as { _key: string }[];
      return { status: 200, body: [first?._key] };
    });
    const deliveries = memoryDeliveryLedger();
    const published = await push(double.url, urls(2), { deliveries });
    expect(published.objects).toEqual({ delivered: 1, unchanged: 0, failed: 1 });
    expect(published.failures).toEqual([
      { id: keyOf(numbered("url", 1)), reason: "the store did not name it as saved" },
    ]);
    isPartial = false;
    expect((await push(double.url, urls(2), { deliveries })).objects).toEqual({
      delivered: 1,
      unchanged: 1,
      failed: 0,
    });
  });

  it("saves the good documents of a batch in which one is refused", async () => {
    const bad = keyOf(numbered("url", 1));
    const double = await store(({ body }) =>
      body.includes(bad) ? { status: 400, body: { messages: [{ type: "ERROR", text: "bad" }] } } : undefined,
    );
    const published = await push(double.url, urls(4));
    expect(double.held.size).toBe(3);
    expect(published.failures).toEqual([{ id: bad, reason: "the store answered 400 (bad)" }]);
  });

  it.each([
    [404, /is not there: 404.*Install the app/],
    [403, /refused the POST: 403.*may write to the collection/],
    [200, /without keys/],
  ])("tells the operator what to change: %i", async (status, message) => {
    const double = await store(() => ({ status }));
    await expect(push(double.url, urls(1))).rejects.toThrow(message);
  });

  it("has one document for a file's sha256, sha1 and md5, deleted together", async () => {
    const double = await store();
    const deliveries = memoryDeliveryLedger();
    const details = { md5: "d41d8cd98f00b204e9800998ecf8427f", sha1: "da39a3ee5e6b4b0d3255bfef95601890afd80708" };
    await push(double.url, [exampleIndicator("sha256", { details })], { deliveries });
    expect(double.held.size).toBe(3);
    await push(double.url, [], { deliveries });
    expect(double.held.size).toBe(0);
  });
});
