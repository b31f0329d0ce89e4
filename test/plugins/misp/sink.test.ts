/** The sink `misp` against a MISP that behaves as a real one. */
import { afterEach, describe, expect, it } from "vitest";
import { misp } from "../../../plugins/misp/index.ts";
import { EVENT_MEDIA_TYPE } from "../../../plugins/misp/media-types.ts";
import { mispSink } from "../../../plugins/misp/sink/index.ts";
import type { Chunk, DeliveryLedger, Indicator, Published, SampleDetails, VersionLedger } from "../../../src/plugin.ts";
import {
  asyncIterable,
  describeDelivery,
  exampleIndicator,
  exampleIndicators,
  memoryDeliveryLedger,
  memoryVersionLedger,
  numbered,
  render,
  type SinkSettings,
  sinkContext,
} from "../../../src/testing.ts";
import { everyAttribute, type MispServer, type MispServerOptions, startMispServer } from "../../support/misp-server.ts";
import type { Json } from "./support.ts";

const KEY = "hush-0c1f77d2aa";
const NOW = new Date("2026-11-24T00:00:00.000Z");

const servers: MispServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function start(options: MispServerOptions = {}): Promise<MispServer> {
  const server = await startMispServer({ key: KEY, ...options });
  servers.push(server);
  return server;
}

async function chunksOf(indicators: Indicator[], versions: VersionLedger, events = "rolling"): Promise<Chunk[]> {
  const samples: SampleDetails[] = [];
  const { files } = await render(misp, indicators, { versions, options: { events }, samples });
  return [...files].map(([path, data]) => ({ path, data }));
}

/** A store's two ledgers, and what one push after the other says of them. */
function operator(server: MispServer, events = "rolling") {
  let versions = memoryVersionLedger(NOW);
  const deliveries: DeliveryLedger = memoryDeliveryLedger();
  return {
    deliveries,
    /** Versions are told by another day from now on; what they were is forgotten. */
    on(day: string): void {
      versions = memoryVersionLedger(new Date(day));
    },
    async push(indicators: Indicator[], settings: SinkSettings = {}): Promise<Published> {
      const chunks = await chunksOf(indicators, versions, events);
      const options = { url: server.url, key: { env: "KEY" }, ...settings.options };
      const context = { mediaType: EVENT_MEDIA_TYPE, secrets: { KEY }, deliveries, now: NOW, ...settings, options };
      return mispSink.publish(asyncIterable(chunks), sinkContext(mispSink, context));
    },
  };
}

const writes = ({ requests }: MispServer): string[] => requests.filter((one) => /^POST \/events/.test(one));
const standing = (server: MispServer): Json[] =>
  [...server.events.values()].flatMap(everyAttribute).filter(({ deleted }) => !deleted);
const valuesOf = (server: MispServer): string[] => standing(server).map(({ value }) => value);

const deliveryChunks = (confidence: number): Promise<Chunk[]> =>
  chunksOf(
    [0, 1, 2, 3].map((index) => {
      const verdict = { decision: "keep" as const, confidence: index === 1 ? confidence : 85, reasons: [] };
      return { ...numbered("domain", index), verdict };
    }),
    memoryVersionLedger(NOW),
  );

/** Two events, the second of which says something else when `isChanged`. */
const [first, second] = [await deliveryChunks(85), await deliveryChunks(90)];
const other = (
  await render(misp, [exampleIndicator("ipv4"), exampleIndicator("mutex")], { options: { eventKey: "other" } })
).files;
const otherChunks: Chunk[] = [...other].map(([, data]) => ({ path: "other.event.json", data }));

describeDelivery(mispSink, {
  runner: { describe, it },
  mediaType: EVENT_MEDIA_TYPE,
  chunks: [...otherChunks, ...first],
  changed: [...otherChunks, ...second],
  secrets: { KEY },
  isReading: ({ method, url }) => method === "GET" || String(url).endsWith("/restSearch"),
  async open() {
    const server = await start();
    return {
      options: { url: server.url, key: { env: "KEY" } },
      held: () =>
        new Map(
          [...server.events.values()]
            .flatMap(everyAttribute)
            .map((one): [string, string] => [
              one.uuid,
              JSON.stringify([one.value, one.comment, one.to_ids, one.deleted]),
            ]),
        ),
      close: server.close,
    };
  },
});

describe("pushing to a MISP", () => {
  it("adds an event whole, unpublished, and the same again changes nothing", async () => {
    const server = await start();
    const { push } = operator(server, "sample");
    const published = await push(exampleIndicators());
    expect(published.objects).toEqual({ delivered: standing(server).length, unchanged: 0, failed: 0 });
    expect(writes(server)).toEqual(["POST /events/add"]);
    expect([...server.events.values()][0].published).toBe(false);
    const before = structuredClone([...server.events.values()]);
    const again = await push(exampleIndicators());
    expect(again).toMatchObject({
      changed: false,
      bytes: 0,
      objects: { delivered: 0, unchanged: standing(server).length },
    });
    expect(writes(server)).toHaveLength(1);
    expect([...server.events.values()]).toEqual(before);
  });

  it("finds its event there when it has forgotten that it sent it, and changes nothing", async () => {
    const server = await start();
    await operator(server, "sample").push(exampleIndicators());
    const before = structuredClone([...server.events.values()]);
    const published = await operator(server, "sample").push(exampleIndicators());
    expect(published).toMatchObject({ changed: false, objects: { delivered: 0, failed: 0 } });
    expect(writes(server)).toEqual(["POST /events/add", "POST /events/add"]);
    expect([...server.events.values()]).toEqual(before);
  });

  it("edits with what changed only", async () => {
    const server = await start();
    const { push } = operator(server);
    const indicators = [numbered("domain", 0), numbered("domain", 1)];
    await push(indicators);
    const before = structuredClone(standing(server));
    const published = await push([numbered("domain", 0), { ...numbered("domain", 1), status: "expired" }]);
    expect(published.objects).toEqual({ delivered: 1, unchanged: 1, failed: 0 });
    const [kept, expired] = standing(server);
    expect(kept).toEqual(before[0]);
    expect(expired).toMatchObject({ to_ids: false, timestamp: String(NOW.getTime() / 1000) });
  });

  it("withdraws what is revoked, with its object and reference, and brings it back when it is restored", async () => {
    const server = await start();
    const { push } = operator(server, "sample");
    const domain = exampleIndicator("domain");
    const ipv4 = exampleIndicator("ipv4");
    await push([domain, ipv4]);
    await push([{ ...domain, status: "revoked" }, ipv4]);
    expect(valuesOf(server)).not.toContain(domain.value);
    expect(valuesOf(server)).toContain(ipv4.value);
    const published = await push([domain, ipv4]);
    expect(published.objects?.failed).toBe(0);
    expect(valuesOf(server)).toContain(domain.value);
  });

  it("takes back what is no longer exported, of whole events too, and nothing that an analyst added", async () => {
    const server = await start();
    const { push } = operator(server);
    const indicators = [numbered("domain", 0), numbered("domain", 1)];
    await push(indicators);
    const [event] = [...server.events.values()];
    const theirs = {
      uuid: "11111111-2222-4333-8444-555555555555",
      type: "text",
      category: "Other",
      value: "our case 7",
      timestamp: "1",
    };
    event.Attribute.push(theirs);
    await push([numbered("domain", 1)]);
    expect(valuesOf(server)).toEqual([numbered("domain", 1).value, "our case 7"]);
    await push([]);
    expect(valuesOf(server)).toEqual(["our case 7"]);
    const quiet = writes(server).length;
    await push([]);
    expect(writes(server)).toHaveLength(quiet);
    expect((await push(indicators)).objects).toEqual({ delivered: 2, unchanged: 0, failed: 0 });
    expect(valuesOf(server).sort()).toEqual([...indicators.map(({ value }) => value), "our case 7"].sort());
  });

  it("leaves alone what an analyst edited later, and what one deleted", async () => {
    const server = await start();
    const { push, on } = operator(server);
    const [one, two, three] = [0, 1, 2].map((index) => numbered("domain", index)) as [Indicator, Indicator, Indicator];
    await push([one, two, three]);
    const [edited, deleted] = standing(server);
    Object.assign(edited, { comment: "seen in case 7", to_ids: false, timestamp: "1900000000" });
    Object.assign(deleted, { deleted: true, timestamp: "1900000000" });
    on("2026-12-01T00:00:00.000Z");
    const later = { lastSeen: "2026-11-30T00:00:00.000Z" };
    const published = await push([
      { ...one, ...later },
      { ...two, ...later },
      { ...three, ...later },
    ]);
    expect(published.objects?.failed).toBe(0);
    expect(edited).toMatchObject({ comment: "seen in case 7", to_ids: false });
    expect(valuesOf(server)).toEqual([one.value, three.value]);
  });

  it("edits an event that an analyst touched after our last change", async () => {
    const server = await start();
    const { push } = operator(server);
    await push([numbered("domain", 0)]);
    const [event] = [...server.events.values()];
    event.timestamp = "1900000000";
    expect((await push([numbered("domain", 0), numbered("domain", 1)])).objects).toMatchObject({
      delivered: 1,
      failed: 0,
    });
    expect(event.timestamp).toBe("1900000001");
  });

  it("tries again when somebody edits between view and edit", async () => {
    const server = await start();
    const { push } = operator(server);
    await push([numbered("domain", 0)]);
    let edits = 0;
    server.options = {
      ...server.options,
      before: (method, path) => {
        if (method === "POST" && path.includes("/edit/") && ++edits === 1)
          [...server.events.values()][0].timestamp = "1900000000";
      },
    };
    expect((await push([numbered("domain", 0), numbered("domain", 1)])).objects).toMatchObject({
      delivered: 1,
      failed: 0,
    });
    expect(edits).toBe(2);
  });

  it("names by value what the server dropped, again with every push, and does not write for it", async () => {
    const dropped = numbered("domain", 1).value;
    const server = await start({ drops: ({ value }) => value === dropped });
    const { push } = operator(server);
    const indicators = [numbered("domain", 0), numbered("domain", 1)];
    const published = await push(indicators);
    expect(published.objects).toEqual({ delivered: 1, unchanged: 0, failed: 1 });
    expect(published.failures).toEqual([
      { id: `domain ${dropped}`, reason: "the server saved the event and dropped this; its log has the reason" },
    ]);
    const before = structuredClone([...server.events.values()]);
    const again = await push(indicators);
    expect(again.objects).toEqual({ delivered: 0, unchanged: 1, failed: 1 });
    expect(again.failures?.[0]?.id).toBe(`domain ${dropped}`);
    expect(again.changed).toBe(false);
    expect([...server.events.values()]).toEqual(before);
    server.options = { key: KEY };
    const mended = await push([...indicators, numbered("domain", 2)]);
    expect(mended.objects).toEqual({ delivered: 2, unchanged: 1, failed: 0 });
    expect((await push([...indicators, numbered("domain", 2)])).objects?.failed).toBe(0);
  });

  it("says when the event there has the value already", async () => {
    const server = await start();
    const { push } = operator(server);
    await push([numbered("domain", 0)]);
    const [event] = [...server.events.values()];
    const { type, category } = event.Attribute[0];
    const uuid = "11111111-2222-4333-8444-555555555555";
    event.Attribute.push({ uuid, type, category, value: numbered("domain", 1).value, timestamp: "1" });
    const published = await push([numbered("domain", 0), numbered("domain", 1)]);
    expect(published.failures).toEqual([
      { id: `domain ${numbered("domain", 1).value}`, reason: `the event there has it already, as ${uuid}` },
    ]);
  });

  it("publishes when told to, and only then", async () => {
    const server = await start();
    const { push } = operator(server);
    await push([numbered("domain", 0)], { options: { publish: true } });
    expect(writes(server)).toEqual(["POST /events/add", expect.stringMatching(/^POST \/events\/publish\//)]);
    expect([...server.events.values()][0].published).toBe(true);
    const warnings: string[] = [];
    const log = { debug() {}, info() {}, warn: (message: string) => void warnings.push(message) };
    await push([numbered("domain", 0), numbered("domain", 1)], { log });
    expect([...server.events.values()][0].published).toBe(false);
    expect(warnings.join()).toMatch(/was published, and is not since it was edited/);
  });

  it.each([
    [["perm_add"], {}, /lacks perm_add at the MISP/],
    [["perm_modify"], {}, /lacks perm_modify/],
    [["perm_publish"], { publish: true }, /lacks perm_publish/],
  ])("is refused before anything is sent when the user lacks %s", async (lacks, options, message) => {
    const server = await start({ lacks });
    await expect(operator(server).push([numbered("domain", 0)], { options })).rejects.toThrow(message);
    expect(writes(server)).toEqual([]);
  });

  it("sends without tags for a user who may not tag, and does not try for ever", async () => {
    const server = await start({ lacks: ["perm_tagger"] });
    const warnings: string[] = [];
    const log = { debug() {}, info() {}, warn: (message: string) => void warnings.push(message) };
    const { push } = operator(server);
    await push([numbered("domain", 0)], { log });
    expect(warnings.join()).toMatch(/perm_tagger/);
    await operator(server).push([numbered("domain", 0)]);
    expect(writes(server)).toEqual(["POST /events/add", "POST /events/add"]);
  });

  it("says what to check when the key is wrong, or there is no MISP", async () => {
    const server = await start({ key: "another" });
    await expect(operator(server).push([])).rejects.toThrow(/Check the key/);
    const nothing = { options: { url: `${server.url}/nothing/` } };
    server.options = {};
    await expect(operator(server).push([], nothing)).rejects.toThrow(/Check the sink's url/);
  });

  it("takes events one after another only", async () => {
    const server = await start();
    const [chunk] = await chunksOf([numbered("domain", 0)], memoryVersionLedger(NOW));
    const data = String(chunk?.data);
    const chunks = [
      { path: "a", data: data.slice(0, 9) },
      { path: "b", data },
      { path: "a", data: data.slice(9) },
    ];
    const context = sinkContext(mispSink, { options: { url: server.url, key: { env: "KEY" } }, secrets: { KEY } });
    await expect(mispSink.publish(asyncIterable(chunks), context)).rejects.toThrow(/a is no JSON|comes in pieces/);
  });

  it("carries hostile values as they are", async () => {
    const server = await start();
    const text = `"},{"uuid":"x"}]}} \\ \u2028 <script>`;
    const published = await operator(server, "sample").push([exampleIndicator("mutex", { value: text })]);
    expect(published.objects?.failed).toBe(0);
    expect(valuesOf(server)).toContain(text);
  });
});
