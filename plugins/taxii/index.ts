/**
 * Sink `taxii`: STIX objects into a collection of a TAXII 2.1 server, only what is new or changed there.
 *
 * It deletes nothing: what is withdrawn arrives as a revoked version. It does not read what others put there.
 */
import { defineSink, z } from "../../src/plugin.ts";
import { credentialOptions, hasOneCredential, ONE_CREDENTIAL } from "../shared/http/credentials.ts";
import { HttpUrl } from "../shared/http/url.ts";
import { STIX_OBJECTS } from "../shared/objects/read.ts";
import { createTaxiiClient } from "../shared/taxii/client.ts";
import { findCollection } from "../shared/taxii/find.ts";
import { publishToTaxii } from "../shared/taxii/publish.ts";

const TaxiiOptions = z
  .object({
    url: HttpUrl.describe("Of the server's discovery (`https://host/taxii2/`) or of an API root"),
    collection: z
      .string()
      .min(1)
      .optional()
      .describe("Id, alias or title; default: the only collection that can be written"),
    ...credentialOptions,
    maxObjects: z.number().int().min(1).max(10_000).default(500).describe("Objects of one request"),
    maxBytes: z
      .number()
      .int()
      .min(1024)
      .max(100_000_000)
      .default(8_000_000)
      .describe("Bytes of one request; the server's max_content_length, when smaller, wins"),
    statusSeconds: z
      .number()
      .min(0)
      .max(3600)
      .default(60)
      .describe("How long to wait for the server to process a request; 0 does not ask"),
  })
  .refine(hasOneCredential, ONE_CREDENTIAL);

export const taxii = defineSink({
  name: "taxii",
  description: "a collection of a TAXII 2.1 server; objects that changed, withdrawn ones as revoked",
  options: TaxiiOptions,
  accepts: [STIX_OBJECTS],
  async publish(chunks, ctx) {
    const { url, collection, maxObjects, maxBytes, statusSeconds } = ctx.options;
    const client = createTaxiiClient(ctx, url, ctx.options);
    const place = await findCollection(client, url, collection);
    return publishToTaxii(chunks, ctx, {
      client,
      place,
      most: { count: maxObjects, bytes: maxBytes },
      statusPatienceMs: statusSeconds * 1000,
      whenMissing: "The collection is gone, or is hidden from these credentials: ask whoever runs it.",
    });
  },
});
