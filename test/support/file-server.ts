/** A target that takes files by HTTP and holds them: path → content. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface FileRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface FileServer {
  readonly url: string;
  readonly held: Map<string, string>;
  readonly requests: FileRequest[];
  /** Answers a request by itself, when it does not like it. */
  check: (request: FileRequest, raw: IncomingMessage, response: ServerResponse) => boolean;
  close(): void;
}

/** `success` is the status of a PUT or POST. */
export async function startFileServer(success = 201): Promise<FileServer> {
  const server = createServer(async (raw, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of raw) pieces.push(piece as Buffer);
    const path = decodeURIComponent((raw.url ?? "").slice(1));
    const request = { method: raw.method ?? "", path, headers: raw.headers, body: Buffer.concat(pieces) };
    own.requests.push(request);
    if (own.check(request, raw, response)) return;
    if (request.method === "DELETE") response.writeHead(own.held.delete(path) ? 204 : 404).end();
    else {
      own.held.set(path, request.body.toString("utf8"));
      response.writeHead(success).end();
    }
  });
  const own: FileServer = {
    url: "",
    held: new Map(),
    requests: [],
    check: () => false,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(own, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
}
