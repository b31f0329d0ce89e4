/** The sink `s3` against a double that checks each signature by itself, after AWS's description of Signature Version 4. */
import { createHash, createHmac } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { s3 } from "../../../plugins/s3/index.ts";
import type { Chunk } from "../../../src/plugin.ts";
import {
  asyncIterable,
  describeDelivery,
  memoryDeliveryLedger,
  type SinkSettings,
  sinkContext,
} from "../../../src/testing.ts";
import { type FileServer, startFileServer } from "../../support/file-server.ts";

const KEY = "AKIAEXAMPLEKEY000001";
const SECRET = "hush/Zx81+secretAccessKey";
const CHUNKS: Chunk[] = [
  { path: "manifest.json", data: "{}\n" },
  { path: "rulewright.rules", data: "one\n" },
  { path: "a b/ü(1)*!'.txt", data: "two\n" },
];

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
const hex = (text: string | Buffer): string => createHash("sha256").update(text).digest("hex");

/** Whether a request is signed by SECRET for its own method, path, headers and body. */
function isSigned(raw: { method?: string; url?: string; headers: Record<string, unknown> }, body: Buffer): boolean {
  const { authorization, "x-amz-date": date } = raw.headers as Record<string, string>;
  const [, scope = "", names = "", signature] =
    /^AWS4-HMAC-SHA256 Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      authorization ?? "",
    ) ?? [];
  const signedHeaders = names.split(";").map((name) => `${name}:${String(raw.headers[name]).trim()}\n`);
  if (!names.includes("host") || raw.headers["x-amz-content-sha256"] !== hex(body)) return false;
  const [path = "", query = ""] = (raw.url ?? "").split("?");
  const canonical = [raw.method, path, query, signedHeaders.join(""), names, hex(body)].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", date, scope, hex(canonical)].join("\n");
  const key = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${SECRET}`);
  return hmac(key, toSign).toString("hex") === signature;
}

const servers: FileServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const xml = (code: string): string =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code} it is</Message></Error>`;

/** A bucket whose clock says `time`. */
async function bucket(time = Date.parse("2026-11-24T00:05:00Z")): Promise<FileServer> {
  const server = await startFileServer(200);
  server.check = ({ body }, raw, response) => {
    const refuse = (code: string): true => {
      const headers = { "content-type": "application/xml", date: new Date(time).toUTCString() };
      response.writeHead(403, headers).end(xml(code));
      return true;
    };
    const date = String(raw.headers["x-amz-date"]);
    const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
    if (!(Math.abs(at - time) < 15 * 60_000)) return refuse("RequestTimeTooSkewed");
    return isSigned(raw as never, body) ? false : refuse("SignatureDoesNotMatch");
  };
  servers.push(server);
  return server;
}

const optionsOf = ({ url }: FileServer, more: object = {}) => ({
  bucket: "detections",
  endpoint: url,
  accessKeyId: { env: "KEY" },
  secretAccessKey: { env: "SECRET" },
  ...more,
});

function pusher(server: FileServer, more: object = {}, settings: SinkSettings = {}) {
  const deliveries = memoryDeliveryLedger();
  return (chunks: readonly Chunk[]) =>
    s3.publish(
      asyncIterable(chunks),
      sinkContext(s3, {
        options: optionsOf(server, more),
        mediaType: "text/plain",
        secrets: { KEY, SECRET, TOKEN: "session" },
        deliveries,
        ...settings,
      }),
    );
}

describeDelivery(s3, {
  runner: { describe, it },
  mediaType: "text/plain",
  chunks: CHUNKS,
  changed: [...CHUNKS, { path: "rulewright.rules", data: "three\n" }],
  secrets: { KEY, SECRET },
  async open() {
    const server = await bucket();
    return { options: optionsOf(server), held: () => server.held, close: server.close };
  },
});

describe("s3", () => {
  it("puts signed objects below the prefix, with types, indexes last", async () => {
    const server = await bucket();
    const published = await pusher(server, { prefix: "feeds/eu ", cacheControl: "max-age=300" })(CHUNKS);
    expect(published.target).toBe(`s3://detections/feeds/eu  at ${new URL(server.url).host}`);
    expect(published.objects).toEqual({ delivered: 3, unchanged: 0, failed: 0 });
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "PUT detections/feeds/eu a b/ü(1)*!'.txt",
      "PUT detections/feeds/eu rulewright.rules",
      "PUT detections/feeds/eu manifest.json",
    ]);
    expect(server.requests[2]?.headers).toMatchObject({
      "content-type": "application/json",
      "cache-control": "max-age=300",
      "content-length": "3",
    });
  });

  it("signs temporary credentials, and names the bucket in the host for AWS", async () => {
    const server = await bucket();
    await pusher(server, { sessionToken: { env: "TOKEN" } })(CHUNKS);
    expect(server.requests[0]?.headers["x-amz-security-token"]).toBe("session");
    const asked: string[] = [];
    const http = {
      send: async ({ url }: { url: string | URL }) => {
        asked.push(String(url));
        return { status: 200, headers: {}, text: "" };
      },
    };
    for (const [more, expected] of [
      [{ region: "eu-west-1" }, "https://detections.s3.eu-west-1.amazonaws.com/a"],
      [{ bucket: "our.feeds" }, "https://s3.us-east-1.amazonaws.com/our.feeds/a"],
      [{ endpoint: "https://minio.example:9000", pathStyle: false }, "https://detections.minio.example:9000/a"],
    ] as const) {
      const options = { ...optionsOf(server), endpoint: undefined, ...more };
      const ctx = sinkContext(s3, { options, secrets: { KEY, SECRET }, mediaType: "text/plain" });
      await s3.publish(asyncIterable([{ path: "a", data: "x" }]), { ...ctx, http });
      expect(asked.at(-1)).toBe(expected);
    }
  });

  it("goes on by the server's time when ours is off, or the push is long", async () => {
    const server = await bucket(Date.parse("2026-11-24T02:00:00Z"));
    await pusher(server)(CHUNKS);
    expect(server.held.size).toBe(3);
    // Told once, it knows.
    expect(server.requests.length).toBe(4);
  });

  it("removes what is no longer produced when told", async () => {
    const server = await bucket();
    const push = pusher(server, { deleteGone: true });
    await push(CHUNKS);
    expect(await push(CHUNKS.slice(0, 2))).toMatchObject({ objects: { delivered: 1, unchanged: 2, failed: 0 } });
    expect([...server.held.keys()].sort()).toEqual(["detections/manifest.json", "detections/rulewright.rules"]);
  });

  it("says what to check, without the secret", async () => {
    const server = await bucket();
    const wrong = await pusher(server, {}, { secrets: { KEY, SECRET: "hush-wrong" } })(CHUNKS).catch(String);
    expect(wrong).toMatch(/403: SignatureDoesNotMatch: SignatureDoesNotMatch it is\. Check secretAccessKey/);
    expect(wrong).not.toContain("hush-wrong");
    server.check = (_, __, response) => {
      response.writeHead(301, { "x-amz-bucket-region": "eu-north-1" }).end(xml("PermanentRedirect"));
      return true;
    };
    await expect(pusher(server)(CHUNKS)).rejects.toThrow(/the bucket is in eu-north-1\. Check region\./);
  });
});
