/** A token of Entra ID for an application: the client-credentials grant of OAuth 2.0 (RFC 6749 section 4.4). */
import { type SecretRef, type SinkContext, targetError, z } from "../../src/plugin.ts";
import { createSender } from "../shared/http/sender.ts";
import { answerWords, parseJson } from "../shared/http/words.ts";

export interface Application {
  readonly loginUrl: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: SecretRef;
  readonly scope: string;
}

const Token = z.object({ access_token: z.string().min(1) });
/** What Entra ID asks for in the body, and what it answers with when the secret is wrong or has expired. */
const CURE = "Check tenantId, clientId and clientSecret: a secret of an application expires.";

/** Throws targetError `refused` for credentials that are not taken. */
export async function fetchToken(ctx: SinkContext, application: Application): Promise<string> {
  const { loginUrl, tenantId, clientId, clientSecret, scope } = application;
  const target = `the login at ${new URL(loginUrl).host}`;
  const send = createSender(ctx, { target, refusals: [400, 401, 403, 407], cure: CURE });
  const answer = await send({
    method: "POST",
    url: new URL(`/${encodeURIComponent(tenantId)}/oauth2/v2.0/token`, loginUrl),
    headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: ctx.secret(clientSecret),
      scope,
    }).toString(),
  });
  const token = Token.safeParse(answer.status === 200 ? parseJson(answer.text) : undefined);
  if (token.success) return token.data.access_token;
  // The answer is not quoted: it may hold a token.
  throw targetError(
    "refused",
    `${target} answered ${answer.status === 200 ? "200 without a token" : answerWords(answer)}. Check loginUrl.`,
  );
}
