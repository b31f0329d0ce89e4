/** A local HTTP server that stands for a receiver in tests: answers are decided by the test. */
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export interface DoubleRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface DoubleAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpDouble {
  readonly url: string;
  readonly requests: readonly DoubleRequest[];
  close(): void;
}

export async function httpDouble(answer: (request: DoubleRequest) => DoubleAnswer): Promise<HttpDouble> {
  const requests: DoubleRequest[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request.setEncoding("utf8")) body += piece;
    const own = { method: request.method ?? "", url: request.url ?? "", headers: request.headers, body };
    requests.push(own);
    const { status, body: content, headers = {} } = answer(own);
    response
      .writeHead(status, { "content-type": "application/json; charset=UTF-8", ...headers })
      .end(content === undefined ? "" : JSON.stringify(content));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
