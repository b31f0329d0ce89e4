/** The sink `sentinel` against a double of Entra ID and of the upload API. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { sentinelSink as sentinel } from "../../../plugins/sentinel/sink.ts";
import { describeDelivery, type SinkSettings, sinkContext } from "../../../src/testing.ts";
import { chunksOf, domain, indicator, indicators, LATER, OBJECTS, pageOf } from "../../support/stix-objects.ts";

const WORKSPACE = "6f4c2b60-6b0a-4d43-8f5e-0a6f3a9b1c22";
const TENANT = "11111111-2222-4333-8444-555555555555";
const CLIENT = "0a9c5b1e-1c56-4a3e-9d5e-8b1f6f0c7d33";
const SECRET = "hush~Q7d2.secret";

interface Azure {
  readonly url: string;
  readonly held: Map<string, string>;
  readonly uploads: { sourcesystem: string; stixobjects: { id: string; modified: string }[] }[];
  readonly requests: string[];
  tokens: number;
  /** Uploads that a token is good for. */
  tokenUses: number;
  refuses: (id: string) => string | undefined;
  close(): void;
}

const doubles: Azure[] = [];
afterEach(() => {
  for (const double of doubles.splice(0)) double.close();
});

async function azure(): Promise<Azure> {
  let used = 0;
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request.setEncoding("utf8")) body += piece;
    own.requests.push(`${request.method} ${request.url}`);
    const reply = (status: number, content: object): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(content));
    };
    if (request.url === `/${TENANT}/oauth2/v2.0/token`) {
      const form = new URLSearchParams(body);
      const isKnown =
        form.get("grant_type") === "client_credentials" &&
        form.get("client_id") === CLIENT &&
        form.get("client_secret") === SECRET &&
        form.get("scope") === "https://management.azure.com/.default";
      if (!isKnown) return reply(401, { error: "invalid_client", error_description: "AADSTS7000215: Invalid secret" });
      own.tokens += 1;
      used = 0;
      return reply(200, { access_token: `token-${own.tokens}`, expires_in: 3599, token_type: "Bearer" });
    }
    const path = `/workspaces/${WORKSPACE}/threat-intelligence-stix-objects:upload?api-version=2024-02-01-preview`;
    if (request.method !== "POST" || request.url !== path)
      return reply(404, { error: { message: "no such workspace" } });
    if (request.headers.authorization !== `Bearer token-${own.tokens}` || used++ >= own.tokenUses)
      return reply(401, { error: { code: "ExpiredAuthenticationToken", message: "The access token expired." } });
    const upload = JSON.parse(body) as Azure["uploads"][number];
    if (upload.stixobjects.length > 100) return reply(400, { message: "more than 100 objects" });
    own.uploads.push(upload);
    const errors = upload.stixobjects.flatMap(({ id, modified }, recordIndex) => {
      const message = own.refuses(id);
      if (message === undefined) own.held.set(id, modified);
      return message === undefined ? [] : [{ recordIndex, errorMessages: [message] }];
    });
    reply(200, errors.length > 0 ? { errors } : {});
  });
  const own: Azure = {
    url: "",
    held: new Map(),
    uploads: [],
    requests: [],
    tokens: 0,
    tokenUses: 1000,
    refuses: () => undefined,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  doubles.push(own);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(own, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

const options = ({ url }: Azure) => ({
  workspaceId: WORKSPACE,
  tenantId: TENANT,
  clientId: CLIENT,
  clientSecret: { env: "SECRET" },
  url,
  loginUrl: url,
});

const push = (double: Azure, objects: readonly object[], settings: SinkSettings = {}) =>
  sentinel.publish(
    chunksOf(objects),
    sinkContext(sentinel, { options: options(double), secrets: { SECRET }, ...settings }),
  );

describeDelivery(sentinel, {
  runner: { describe, it },
  mediaType: OBJECTS,
  chunks: [pageOf(indicators(240))],
  changed: [pageOf([...indicators(239), indicator(239, LATER)])],
  secrets: { SECRET },
  isReading: ({ method, url }) => method === "GET" || String(url).endsWith("/token"),
  async open() {
    const double = await azure();
    return { options: options(double), held: () => double.held, close: double.close };
  },
});

describe("sentinel", () => {
  it("uploads a hundred at a time, at the API's pace, with one token", async () => {
    const double = await azure();
    const waits: number[] = [];
    const published = await push(double, indicators(250), { onSleep: (ms) => waits.push(ms) });
    expect(published.objects).toEqual({ delivered: 250, unchanged: 0, failed: 0 });
    expect(double.uploads.map(({ stixobjects }) => stixobjects.length)).toEqual([100, 100, 50]);
    expect(double.uploads[0]).toEqual({ sourcesystem: "Rulewright", stixobjects: indicators(100) });
    expect(waits).toEqual([600, 600]);
    expect(double.tokens).toBe(1);
  });

  it("sends indicators with a STIX pattern, and of other types nothing unless told", async () => {
    const double = await azure();
    const yara = indicator(2, undefined, { pattern_type: "yara" });
    const identity = { ...indicator(3), type: "identity", id: indicator(3).id.replace("indicator", "identity") };
    const objects = [domain(1), indicator(1), yara, identity];
    const published = await push(double, objects);
    expect(published.objects).toEqual({ delivered: 1, unchanged: 0, failed: 0 });
    const told = { options: { ...options(double), types: ["indicator", "identity"] } };
    await push(double, objects, told);
    expect(double.uploads.at(-1)?.stixobjects.map(({ id }) => id)).toEqual([indicator(1).id, identity.id]);
  });

  it("names records that were not taken, by their index, and tries them again", async () => {
    const double = await azure();
    double.refuses = (id) => (id === indicator(120).id ? "Error for Property=validFrom: required" : undefined);
    const published = await push(double, indicators(150));
    expect(published.objects).toEqual({ delivered: 149, unchanged: 0, failed: 1 });
    expect(published.failures).toEqual([{ id: indicator(120).id, reason: "Error for Property=validFrom: required" }]);
  });

  it("fetches another token when one has expired, and gives up one that is refused at once", async () => {
    const double = await azure();
    double.tokenUses = 1;
    await push(double, indicators(250));
    expect(double.held.size).toBe(250);
    expect(double.tokens).toBe(3);
    double.tokenUses = 0;
    await expect(push(double, indicators(3))).rejects.toThrow(/refused a new token: 401 \(The access token expired/);
  });

  it("says what to check when the secret is wrong, without it", async () => {
    const double = await azure();
    const error = await push(double, indicators(3), { secrets: { SECRET: "hush-wrong" } }).catch(String);
    expect(error).toMatch(/TargetRefused: the login at .* 401 \(invalid_client: AADSTS7000215.*clientSecret/);
    expect(error).not.toContain("hush-wrong");
    const elsewhere = { ...options(double), workspaceId: TENANT };
    await expect(push(double, indicators(3), { options: elsewhere })).rejects.toThrow(
      /answered 404 \(no such workspace\)\. Check workspaceId/,
    );
  });

  it("asks for no token in a dry run", async () => {
    const double = await azure();
    expect((await push(double, indicators(3), { isDryRun: true })).objects?.delivered).toBe(3);
    expect(double.requests).toEqual([]);
  });
});
