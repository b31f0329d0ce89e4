/**
 * A TAXII 2.1 server after the OASIS standard, as strict as one may be: it refuses what the standard does not say, and
 * holds what it was given. It keeps nothing on disk and has one user.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const TAXII = "application/taxii+json;version=2.1";
export const COLLECTION = "0cb10b6d-3f1c-4a5c-9d6a-2f3c7f1b9b1e";
const READ_ONLY = "5f0d1c0a-7b52-4d0e-8f55-0a6a3e6c9a11";

export interface StixObject {
  readonly id: string;
  readonly modified?: string;
  readonly [key: string]: unknown;
}

export interface Envelope {
  readonly bytes: number;
  readonly objects: readonly StixObject[];
}

export interface TaxiiServerOptions {
  readonly maxContentLength?: number;
  /** `accepted`: 202 and complete; `ok`: 200; `slow`: pending for two questions; `late`: pending until `isFinished`. */
  readonly style?: "accepted" | "ok" | "slow" | "late" | "silent";
  readonly authorization?: string;
  /** Why an object is not taken, or undefined. */
  readonly refuses?: (object: StixObject) => string | undefined;
  /** Refuses the whole envelope with 422 instead. */
  readonly refusesWhole?: boolean;
  /** Says how many failed, and not which. */
  readonly hidesFailures?: boolean;
  /** Answers a request by itself; called with its number from 1. */
  readonly intercept?: (number: number, request: IncomingMessage, response: ServerResponse) => boolean;
  readonly mediaTypes?: readonly string[];
}

export interface TaxiiServer {
  readonly url: string;
  readonly root: string;
  /** Envelopes that were taken, in order. */
  readonly envelopes: Envelope[];
  /** Every request: `POST /root/…`. */
  readonly requests: string[];
  /** id → versions that it holds. */
  readonly held: Map<string, string[]>;
  /** Objects that came although this version of them was there. */
  repeated: number;
  /** For the style `late`. */
  isFinished: boolean;
  close(): void;
}

interface Reply {
  readonly status: number;
  readonly body?: object;
}

const versionOf = ({ modified, created }: StixObject): string => modified ?? (created as string) ?? "";

export async function startTaxiiServer(options: TaxiiServerOptions = {}): Promise<TaxiiServer> {
  const { maxContentLength = 100_000, style = "accepted" } = options;
  const statuses = new Map<string, { body: Record<string, unknown>; asked: number }>();
  const own = {
    url: "",
    root: "",
    envelopes: [] as Envelope[],
    requests: [] as string[],
    held: new Map<string, string[]>(),
    repeated: 0,
    isFinished: false,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };

  const refusal = (status: number, title: string): Reply => ({ status, body: { title, http_status: String(status) } });

  function take(objects: readonly StixObject[]): { successes: object[]; failures: object[] } {
    const successes: object[] = [];
    const failures: object[] = [];
    for (const object of objects) {
      const message = options.refuses?.(object);
      if (message !== undefined) {
        failures.push({ id: object.id, version: versionOf(object), message });
        continue;
      }
      const versions = own.held.get(object.id) ?? [];
      if (versions.includes(versionOf(object))) own.repeated += 1;
      else own.held.set(object.id, [...versions, versionOf(object)]);
      successes.push({ id: object.id, version: versionOf(object) });
    }
    return { successes, failures };
  }

  function post(request: IncomingMessage, body: string): Reply {
    if (request.headers["transfer-encoding"] || request.headers["content-length"] === undefined)
      return refusal(400, "a request without Content-Length");
    if (request.headers["content-encoding"]) return refusal(400, "compressed");
    if (request.headers["content-type"] !== TAXII) return refusal(415, "not the media type of TAXII 2.1");
    const bytes = Buffer.byteLength(body);
    if (bytes > maxContentLength) return refusal(413, "too large");
    const envelope = JSON.parse(body) as { objects?: StixObject[] };
    if (Object.keys(envelope).join() !== "objects" || !envelope.objects?.length) return refusal(422, "not an envelope");
    const bad = envelope.objects.map((object) => options.refuses?.(object)).find((message) => message !== undefined);
    if (options.refusesWhole && bad !== undefined) return refusal(422, bad);
    const { successes, failures } = take(envelope.objects);
    own.envelopes.push({ bytes, objects: envelope.objects });
    if (style === "silent") return { status: 202 };
    const id = `work_${own.envelopes.length}/2026-11-24T17:24:03.420Z?`;
    const counts = { total_count: envelope.objects.length, success_count: successes.length };
    const named = options.hidesFailures ? {} : { successes, failures };
    const complete = { id, status: "complete", ...counts, failure_count: failures.length, pending_count: 0, ...named };
    statuses.set(id, { body: complete, asked: 0 });
    return {
      status: style === "ok" ? 200 : 202,
      body: style === "slow" || style === "late" ? pendingOf(id) : complete,
    };
  }

  const pendingOf = (id: string) => ({ id, status: "pending", total_count: null, pending_count: null });

  const collection = (id: string, more: object) => ({
    id,
    can_read: true,
    media_types: options.mediaTypes ?? ["application/stix+json;version=2.1"],
    ...more,
  });
  const collections = [
    collection(READ_ONLY, { title: "Others", can_write: false }),
    collection(COLLECTION, { title: "Sandbox", alias: "sandbox", can_write: true }),
  ];

  function get(path: string): Reply {
    if (path === "/taxii2/")
      return { status: 200, body: { title: "Double", default: own.root, api_roots: [own.root] } };
    if (path === "/root/")
      return { status: 200, body: { title: "Root", versions: [TAXII], max_content_length: maxContentLength } };
    if (path === "/root/collections/") return { status: 200, body: { collections } };
    const [, statusId] = /^\/root\/status\/([^/]+)\/$/.exec(path) ?? [];
    const status = statuses.get(decodeURIComponent(statusId ?? ""));
    if (!status) return refusal(404, "not found");
    status.asked += 1;
    const isPending = style === "late" ? !own.isFinished : style === "slow" && status.asked < 2;
    return { status: 200, body: isPending ? pendingOf(String(status.body.id)) : status.body };
  }

  function reply(request: IncomingMessage, body: string): Reply {
    const { method, headers } = request;
    const { pathname } = new URL(request.url ?? "", own.url);
    if (headers.accept !== TAXII) return refusal(406, "not acceptable");
    if (options.authorization !== undefined && headers.authorization !== options.authorization)
      return refusal(401, "who are you");
    if (method === "GET") return get(pathname);
    if (method === "POST" && pathname === `/root/collections/${COLLECTION}/objects/`) return post(request, body);
    return refusal(pathname.endsWith("/objects/") ? 403 : 404, "not here");
  }

  const server: Server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request.setEncoding("utf8")) body += piece;
    own.requests.push(`${request.method} ${request.url}`);
    if (options.intercept?.(own.requests.length, request, response)) return;
    const { status, body: content } = reply(request, body);
    const text = content === undefined ? "" : JSON.stringify(content);
    response.writeHead(status, { "content-type": TAXII, "content-length": Buffer.byteLength(text) }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  own.url = `${origin}/taxii2/`;
  own.root = `${origin}/root/`;
  return own;
}
