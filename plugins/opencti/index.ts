/**
 * Sink `opencti`: STIX objects into a TAXII push ingester of OpenCTI (6.5 and later). The platform queues what it takes;
 * what its workers make of it is shown there, and not told here.
 *
 * It does not use OpenCTI's GraphQL, and registers no connector.
 */
import { defineSink, z } from "../../src/plugin.ts";
import { credentialOptions, hasOneCredential, ONE_CREDENTIAL } from "../shared/http/credentials.ts";
import { folderUrl, HttpUrl } from "../shared/http/url.ts";
import { STIX_OBJECTS } from "../shared/objects/read.ts";
import { createTaxiiClient } from "../shared/taxii/client.ts";
import { publishToTaxii } from "../shared/taxii/publish.ts";

const OpenctiOptions = z
  .object({
    url: HttpUrl.describe("Of the platform, such as `https://opencti.example`"),
    ingester: z.uuid().describe("Id of the TAXII push ingester, the last part of the URL that it shows"),
    ...credentialOptions,
    maxObjects: z.number().int().min(1).max(50_000).default(5000).describe("Objects of one request"),
    maxBytes: z
      .number()
      .int()
      .min(1024)
      .max(100_000_000)
      .default(40_000_000)
      .describe(
        "Bytes of one request; the platform takes 50 MB unless configured otherwise, whatever its API root says",
      ),
  })
  .refine(hasOneCredential, ONE_CREDENTIAL);

export const opencti = defineSink({
  name: "opencti",
  description: "a TAXII push ingester of OpenCTI; objects that changed, withdrawn ones as revoked",
  options: OpenctiOptions,
  accepts: [STIX_OBJECTS],
  async publish(chunks, ctx) {
    const { url, ingester, maxObjects, maxBytes } = ctx.options;
    return publishToTaxii(chunks, ctx, {
      client: createTaxiiClient(ctx, url, ctx.options),
      // Its API root answers neither for the ingester nor for the requests that it took.
      place: {
        root: new URL("taxii2/root/", folderUrl(url)),
        collectionId: ingester,
        title: `the ingester ${ingester}`,
        maxContentLength: undefined,
      },
      most: { count: maxObjects, bytes: maxBytes },
      statusPatienceMs: 0,
      whenMissing:
        "There is no such TAXII push ingester, or it is not started: look under Data, Ingestion, TAXII push.",
    });
  },
});
