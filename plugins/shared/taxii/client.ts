/**
 * TAXII 2.1 over HTTP (OASIS standard, 10 June 2021): the media type on everything, whole bodies, and what the common
 * statuses mean. It does not know what is pushed.
 */
import { type HttpAnswer, type SinkContext, targetError, type z } from "../../../src/plugin.ts";
import { authorization, type Credentials, warnOfPlainHttp } from "../http/credentials.ts";
import { createSender } from "../http/sender.ts";
import { answerWords, parseJson, urlWords } from "../http/words.ts";

/** Exactly so: servers refuse it without the version. */
export const TAXII_MEDIA_TYPE = "application/taxii+json;version=2.1";

export interface TaxiiClient {
  /** The resource, or undefined for 404 (and 403, when `orForbidden`). Throws targetError for all else. */
  get<T>(url: URL, resource: z.ZodType<T>, options?: { readonly orForbidden?: boolean }): Promise<T | undefined>;
  /** Any status but 401 and 403 is an answer. */
  post(url: URL, body: string): Promise<HttpAnswer>;
}

export function createTaxiiClient(ctx: SinkContext, url: string, credentials: Credentials): TaxiiClient {
  const { host, origin } = new URL(url);
  warnOfPlainHttp(url, ctx);
  const target = `the TAXII server ${host}`;
  const cure = "Check token, or username and password, and what they may do there.";
  const send = createSender(ctx, { target, refusals: [401, 407], cure });
  const headers = { accept: TAXII_MEDIA_TYPE, ...authorization(credentials, ctx) };
  /** Credentials go to the configured place alone. */
  const guard = (where: URL): void => {
    if (where.origin !== origin)
      throw targetError(
        "refused",
        `${target} names ${urlWords(where)}, on another host. If that is right, set the sink's url to it.`,
      );
  };
  return {
    async get(where, resource, { orForbidden = false } = {}) {
      guard(where);
      const answer = await send({ method: "GET", url: where, headers });
      const { status, text } = answer;
      if (status === 404 || (orForbidden && status === 403)) return undefined;
      if (status === 403) throw targetError("refused", `${target} refused the GET: ${answerWords(answer)}. ${cure}`);
      const parsed = status === 200 ? resource.safeParse(parseJson(text)) : undefined;
      if (parsed?.success) return parsed.data;
      const detail = parsed && parseJson(text) !== undefined ? " that is not TAXII 2.1's" : "";
      throw targetError(
        "refused",
        `${urlWords(where)} answered ${answerWords(answer)}${detail}. Check that the sink's url is that of a TAXII 2.1 server.`,
      );
    },
    async post(where, body) {
      guard(where);
      const answer = await send({
        method: "POST",
        url: where,
        headers: { ...headers, "content-type": TAXII_MEDIA_TYPE },
        body,
      });
      if (answer.status === 403)
        throw targetError("refused", `${target} refused the POST: ${answerWords(answer)}. ${cure}`);
      return answer;
    },
  };
}
