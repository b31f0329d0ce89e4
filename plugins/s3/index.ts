/**
 * Sink `s3`: the files of an output as objects of a bucket, at AWS or at anything that speaks its API.
 *
 * It reads nothing from the bucket, sets no policy and no ACL, and knows no credentials but those in its options.
 */
import { defineSink, type HttpAnswer, plainText, SecretRef, targetError, z } from "../../src/plugin.ts";
import { mediaTypeOf } from "../shared/files/media-type.ts";
import { publishFiles } from "../shared/files/publish.ts";
import { warnOfPlainHttp } from "../shared/http/credentials.ts";
import { createSender } from "../shared/http/sender.ts";
import { HttpUrl } from "../shared/http/url.ts";
import { createSigningSender } from "./signer.ts";

const S3Options = z.object({
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "a name of a bucket")
    .describe("Name of the bucket"),
  prefix: z
    .string()
    .regex(/^(?:[^/\p{Cc}]+\/)*[^/\p{Cc}]*$/u, "a path without a leading slash")
    .default("")
    .describe("What the objects' keys begin with, such as `feeds/`"),
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .default("us-east-1")
    .describe("Region of the bucket"),
  endpoint: HttpUrl.optional().describe("Of a service that is not AWS, such as `https://minio.example:9000`"),
  pathStyle: z
    .boolean()
    .optional()
    .describe(
      "Whether the bucket stands in the path and not in the host name; default: with an `endpoint`, and for a name with dots, which no certificate covers",
    ),
  accessKeyId: SecretRef.describe("`{ env: AWS_ACCESS_KEY_ID }` or `{ file: PATH }`"),
  secretAccessKey: SecretRef.describe("`{ env: AWS_SECRET_ACCESS_KEY }` or `{ file: PATH }`"),
  sessionToken: SecretRef.optional().describe("Of temporary credentials"),
  cacheControl: z
    .string()
    .regex(/^[\x20-\x7e]+$/)
    .optional()
    .describe("Cache-Control of the objects, such as `max-age=300`"),
  deleteGone: z.boolean().default(false).describe("Whether files that are no longer produced are removed"),
});
type S3Options = z.output<typeof S3Options>;

export const s3 = defineSink({
  name: "s3",
  description: "a bucket at S3 or at what speaks its API, only the files that changed, indexes last",
  options: S3Options,
  accepts: "any",
  async publish(chunks, ctx) {
    const { options, mediaType } = ctx;
    const { bucket, prefix, cacheControl, deleteGone } = options;
    const base = bucketUrl(options);
    warnOfPlainHttp(base, ctx);
    const target = `s3://${bucket}/${prefix} at ${base.host}`;
    // A 403 says many things; which one is in its code.
    const plain = createSender(ctx, { target, refusals: [401, 407] });
    const send = createSigningSender(ctx, options, plain);
    const urlOf = (path: string): string => `${base.href}${`${prefix}${path}`.split("/").map(encoded).join("/")}`;
    return publishFiles(chunks, ctx, {
      target,
      async put(file) {
        const headers = {
          "content-type": mediaTypeOf(file.path, mediaType),
          ...(cacheControl === undefined ? {} : { "cache-control": cacheControl }),
        };
        const answer = await send({ method: "PUT", url: urlOf(file.path), headers, body: await file.read() });
        return answer.status === 200 ? undefined : refuse(answer, target);
      },
      ...(deleteGone
        ? {
            async remove(path: string) {
              const answer = await send({ method: "DELETE", url: urlOf(path) });
              return [200, 204, 404].includes(answer.status) ? undefined : refuse(answer, target);
            },
          }
        : {}),
    });
  },
});

function bucketUrl({
  bucket,
  region,
  endpoint,
  pathStyle = endpoint !== undefined || bucket.includes("."),
}: S3Options): URL {
  const url = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`);
  if (pathStyle) url.pathname = `${url.pathname.replace(/\/$/, "")}/${bucket}/`;
  else url.hostname = `${bucket}.${url.hostname}`;
  return url;
}

/** As Signature Version 4 wants it: all but the unreserved characters of RFC 3986. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const CURES: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: "Check accessKeyId.",
  SignatureDoesNotMatch: "Check secretAccessKey, and that no proxy rewrites the request.",
  ExpiredToken: "Fetch new temporary credentials.",
  AccessDenied: "The key needs s3:PutObject on the prefix, and s3:DeleteObject for deleteGone.",
  NoSuchBucket: "Check bucket and endpoint.",
  AuthorizationHeaderMalformed: "Check region.",
  PermanentRedirect: "Check region.",
};

/** Errors of S3 concern the sink, not one file: its options or its rights have to be mended. */
function refuse({ status, headers, text }: HttpAnswer, target: string): never {
  const [, code = ""] = /<Code>([A-Za-z]+)<\/Code>/.exec(text) ?? [];
  const [, message = ""] = /<Message>([^<]*)<\/Message>/.exec(text) ?? [];
  const region = headers["x-amz-bucket-region"];
  const words = [code, plainText(message, 200), region ? `the bucket is in ${plainText(region, 30)}` : ""];
  throw targetError(
    "refused",
    `${target} answered ${[String(status), ...words].filter(Boolean).join(": ")}. ${CURES[code] ?? "Check the sink's options."}`,
  );
}
