/**
 * Sink `http`: each file of an output by PUT or POST, for anything that takes files and has no sink of its own.
 *
 * It reads nothing from the target, and sends a file whole or not at all.
 */
import { defineSink, type HttpRequest, SecretRef, type SinkContext, targetError, z } from "../../src/plugin.ts";
import { mediaTypeOf } from "../shared/files/media-type.ts";
import { publishFiles } from "../shared/files/publish.ts";
import {
  authorization,
  credentialOptions,
  hasOneCredential,
  ONE_CREDENTIAL,
  warnOfPlainHttp,
} from "../shared/http/credentials.ts";
import { createSender } from "../shared/http/sender.ts";
import { HttpUrl } from "../shared/http/url.ts";
import { answerWords, urlWords } from "../shared/http/words.ts";

const HeaderName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, "a name of a header")
  .refine(
    (name) => !/^(?:host|content-length|transfer-encoding|connection)$/i.test(name),
    "a header that is ours to set",
  );
const HeaderValue = z.union([SecretRef, z.string().regex(/^[\x20-\x7e]*$/)], {
  error: "one line of ASCII, { env: NAME } or { file: PATH }",
});

const HttpOptions = z
  .object({
    url: HttpUrl.describe("Where files go; `{path}` stands for the file's path, and is added at the end when absent"),
    method: z.enum(["PUT", "POST"]).default("PUT").describe("How a file is sent; it may arrive twice"),
    headers: z
      .record(HeaderName, HeaderValue)
      .default({})
      .describe("Further headers; a value is a text, `{ env: NAME }` or `{ file: PATH }`"),
    ...credentialOptions,
    deleteGone: z.boolean().default(false).describe("Whether files that are no longer produced are removed by DELETE"),
  })
  .refine(hasOneCredential, ONE_CREDENTIAL);
type HttpOptions = z.output<typeof HttpOptions>;

export const http = defineSink({
  name: "http",
  description: "any HTTP server, a PUT or POST for each file that changed",
  options: HttpOptions,
  accepts: "any",
  async publish(chunks, ctx) {
    const { options, mediaType } = ctx;
    const { method, deleteGone } = options;
    warnOfPlainHttp(options.url.replaceAll("{path}", ""), ctx);
    const target = options.url.includes("{path}")
      ? urlWords(options.url.replaceAll("{path}", ""))
      : urlWords(options.url);
    const send = sender(ctx, target);
    return publishFiles(chunks, ctx, {
      target,
      put: async (file) => {
        const headers = { "content-type": mediaTypeOf(file.path, mediaType) };
        return send({ method, url: urlOf(options.url, file.path), headers, body: await file.read() });
      },
      ...(deleteGone ? { remove: (path: string) => send({ method: "DELETE", url: urlOf(options.url, path) }) } : {}),
    });
  },
});

/** Sends one request; answers why the target does not take this file. */
function sender(ctx: SinkContext<HttpOptions>, target: string): (request: HttpRequest) => Promise<string | undefined> {
  const send = createSender(ctx, { target });
  const own = Object.fromEntries(
    Object.entries(ctx.options.headers).map(([name, value]) => [
      name.toLowerCase(),
      typeof value === "string" ? value : ctx.secret(value),
    ]),
  );
  const common = { ...authorization(ctx.options, ctx), ...own };
  return async (request) => {
    // What the operator says of the type wins.
    const answer = await send({ ...request, headers: { ...request.headers, ...common } });
    const { status } = answer;
    if (status >= 200 && status <= 299) return undefined;
    const isGone = request.method === "DELETE" && (status === 404 || status === 410);
    if (isGone) return undefined;
    if (status === 405 || status === 501)
      throw targetError(
        "refused",
        `${target} takes no ${request.method} (${answerWords(answer)}). Set another method, or url.`,
      );
    return `${target} answered ${answerWords(answer)}`;
  };
}

function urlOf(template: string, path: string): string {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  if (template.includes("{path}")) return template.replaceAll("{path}", () => encoded);
  return `${template}${template.endsWith("/") ? "" : "/"}${encoded}`;
}
