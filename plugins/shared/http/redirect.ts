/**
 * Redirects of a request that carries credentials: followed within the same origin only, and never in a way that turns
 * a POST into a GET (RFC 9110 section 15.4).
 */
import { type HttpAnswer, type HttpRequest, targetError } from "../../../src/plugin.ts";
import { urlWords } from "./words.ts";

const KEEPS_METHOD = new Set([307, 308]);
const FOR_GET = new Set([301, 302, 303]);

/** The request to send instead; undefined when the answer is no redirect. Throws `refused` for one not to follow. */
export function redirected(request: HttpRequest, { status, headers }: HttpAnswer): HttpRequest | undefined {
  const { location } = headers;
  if (!(KEEPS_METHOD.has(status) || FOR_GET.has(status)) || location === undefined) return undefined;
  const from = new URL(request.url);
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to?.origin === from.origin && (KEEPS_METHOD.has(status) || request.method === "GET")) {
    return { ...request, url: to };
  }
  const where = to === undefined || to.origin === "null" ? "elsewhere" : `to ${urlWords(to)}`;
  throw targetError(
    "refused",
    `${urlWords(from)} redirects ${where} (${status}), where no ${request.method} with credentials is sent. If that is the right place, set the sink's url to it.`,
  );
}
