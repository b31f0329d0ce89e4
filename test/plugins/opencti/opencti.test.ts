/** The sink `opencti` against a double that answers as the platform's TAXII push ingester does. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { opencti } from "../../../plugins/opencti/index.ts";
import { describeDelivery, sinkContext } from "../../../src/testing.ts";
import { chunksOf, indicator, indicators, LATER, OBJECTS, pageOf } from "../../support/stix-objects.ts";

const INGESTER = "3b1f1f0e-6f0f-4f6f-9a53-8f6a2a1e7c55";
const TOKEN = "hush-5c1c0a77e9";

interface Platform {
  readonly url: string;
  readonly held: Map<string, string>;
  readonly bodies: string[];
  readonly requests: string[];
  isStarted: boolean;
  close(): void;
}

async function platform(base = ""): Promise<Platform> {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request.setEncoding("utf8")) body += piece;
    own.requests.push(`${request.method} ${request.url}`);
    const reply = (status: number, content: object): void => {
      response.writeHead(status, { "content-type": "application/taxii+json;version=2.1" }).end(JSON.stringify(content));
    };
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return reply(401, { title: "Unauthorized" });
    const isHere = request.url === `${base}/taxii2/root/collections/${INGESTER}/objects/`;
    if (request.method !== "POST" || !isHere || !own.isStarted) return reply(404, { title: "Collection not found" });
    if (!/^application\/(?:taxii|vnd\.oasis\.stix)\+json;version=2\.1$/.test(request.headers["content-type"] ?? ""))
      return reply(400, { title: "Invalid Content-Type" });
    own.bodies.push(body);
    for (const object of JSON.parse(body).objects) own.held.set(object.id, object.modified);
    reply(200, {
      id: `work_${INGESTER}_2026-11-24T17:24:03.420Z`,
      status: "pending",
      request_timestamp: "2026-11-24T17:24:03.420Z",
      total_count: null,
      success_count: null,
      failure_count: null,
      pending_count: null,
    });
  });
  const own: Platform = {
    url: "",
    held: new Map(),
    bodies: [],
    requests: [],
    isStarted: true,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(own, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${base}` });
}

const options = (url: string) => ({ url, ingester: INGESTER, token: { env: "TOKEN" } });
const secrets = { TOKEN };

describeDelivery(opencti, {
  runner: { describe, it },
  mediaType: OBJECTS,
  chunks: [pageOf(indicators(5))],
  changed: [pageOf([...indicators(4), indicator(4, LATER)])],
  secrets,
  async open() {
    const { url, held, close } = await platform();
    return { options: { ...options(url), maxObjects: 2 }, held: () => held, close };
  },
});

describe("opencti", () => {
  it("posts envelopes to the ingester below the platform's URL, and asks nothing else", async () => {
    const double = await platform("/cti");
    const ctx = sinkContext(opencti, { options: options(`${double.url}/`), secrets });
    const published = await opencti.publish(chunksOf(indicators(3)), ctx);
    expect(published).toMatchObject({
      target: `the ingester ${INGESTER} at ${double.url}/taxii2/root/`,
      objects: { delivered: 3, unchanged: 0, failed: 0 },
    });
    expect(double.requests).toEqual([`POST /cti/taxii2/root/collections/${INGESTER}/objects/`]);
    expect(double.bodies).toEqual([
      `{"objects":[${indicators(3)
        .map((o) => JSON.stringify(o))
        .join(",")}]}`,
    ]);
    double.close();
  });

  it("says that the ingester is not started", async () => {
    const double = await platform();
    double.isStarted = false;
    const ctx = sinkContext(opencti, { options: options(double.url), secrets });
    await expect(opencti.publish(chunksOf(indicators(3)), ctx)).rejects.toThrow(
      "answered 404 (Collection not found). There is no such TAXII push ingester, or it is not started",
    );
    double.close();
  });
});
