/** Requests to S3, signed by AWS Signature Version 4 with aws4fetch. Why: docs/adr/0008-signing-for-s3.md. */
import { AwsV4Signer } from "aws4fetch";
import { type HttpAnswer, type HttpRequest, type SecretRef, type SinkContext, sha256 } from "../../src/plugin.ts";
import type { Sender } from "../shared/http/sender.ts";

export interface Keys {
  readonly accessKeyId: SecretRef;
  readonly secretAccessKey: SecretRef;
  readonly sessionToken?: SecretRef | undefined;
  readonly region: string;
}

/**
 * A sender that signs. A signature is good for 15 minutes by the server's clock: when the server says that ours is off,
 * its own time is used from then on.
 */
export function createSigningSender({ secret, now }: SinkContext, keys: Keys, send: Sender): Sender {
  const { accessKeyId, secretAccessKey, sessionToken, region } = keys;
  const credentials = {
    accessKeyId: secret(accessKeyId),
    secretAccessKey: secret(secretAccessKey),
    ...(sessionToken ? { sessionToken: secret(sessionToken) } : {}),
  };
  let clock = now;
  const sign = async ({ method, url, headers, body }: HttpRequest): Promise<HttpRequest> => {
    const signed = await new AwsV4Signer({
      ...credentials,
      service: "s3",
      region,
      method,
      url: String(url),
      headers: { ...headers, "x-amz-content-sha256": sha256(body ?? "") },
      datetime: clock.toISOString().replaceAll(/[:-]|\.\d{3}/g, ""),
      allHeaders: true,
    }).sign();
    const all = Object.fromEntries(signed.headers);
    return { method, url: signed.url, headers: all, ...(body === undefined ? {} : { body }) };
  };
  return async (request) => {
    const answer = await send(await sign(request));
    const theirs = serverTime(answer);
    if (answer.status !== 403 || theirs === undefined || !answer.text.includes("RequestTimeTooSkewed")) return answer;
    clock = theirs;
    return send(await sign(request));
  };
}

function serverTime({ headers }: HttpAnswer): Date | undefined {
  const time = Date.parse(headers.date ?? "");
  return Number.isNaN(time) ? undefined : new Date(time);
}
