/**
 * Sink `splunk-kv`: documents of the exporter's format `kv` into a KV store collection. What changed is saved under its
 * `_key`, what is no longer exported is deleted; documents of others in the collection are not touched.
 *
 * It installs no app: the collection has to be there.
 * Source: Splunk REST API reference, "KV store endpoints".
 */
import { type Chunk, defineSink, type HttpAnswer, SecretRef, sha256, targetError, z } from "../../src/plugin.ts";
import { warnOfPlainHttp } from "../shared/http/credentials.ts";
import { createSender, type Sender } from "../shared/http/sender.ts";
import { folderUrl, HttpUrl } from "../shared/http/url.ts";
import { answerWords, parseJson, urlWords } from "../shared/http/words.ts";
import { publishObjects, type Verdict } from "../shared/objects/publish.ts";
import { type ObjectLine, readLines } from "../shared/objects/read.ts";
import { deleteWithdrawn } from "./withdrawn.ts";

const Name = z.string().regex(/^\w[\w.-]*$/, "letters, digits, _, - and .");

const KvOptions = z.object({
  url: HttpUrl.describe("Of the management port, such as `https://splunk.example:8089`"),
  token: SecretRef.describe("Authentication token of a Splunk user, `{ env: NAME }` or `{ file: PATH }`"),
  app: Name.default("rulewright_iocs_kv").describe("App that defines the collection, the export's `appId` with `_kv`"),
  collection: Name.default("rulewright_ioc_kv").describe("Collection, the export's `lookupPrefix` with `_kv`"),
  maxDocuments: z
    .int()
    .min(1)
    .max(1000)
    .default(1000)
    .describe("Documents of one request; limits.conf `max_documents_per_batch_save`"),
});

/** Well below limits.conf `max_size_per_batch_save_mb`, 50. */
const MAX_BYTES = 8_000_000;

export const splunkKv = defineSink({
  name: "splunk-kv",
  description: "a Splunk KV store collection; documents that changed, and withdrawn ones deleted",
  options: KvOptions,
  accepts: ["application/x-splunk-kv"],
  async publish(chunks, ctx) {
    const { url, token, app, collection, maxDocuments } = ctx.options;
    const place = new URL(`servicesNS/nobody/${app}/storage/collections/data/${collection}/`, folderUrl(url));
    const target = `the collection ${collection} at ${urlWords(folderUrl(url))}`;
    warnOfPlainHttp(place, ctx);
    const headers = { authorization: `Bearer ${ctx.secret(token)}`, "content-type": "application/json" };
    const ask = createSender(ctx, {
      target,
      cure: "Check the sink's token, and that its user may write to the collection.",
    });
    const send: Sender = (request) => ask({ ...request, headers });
    const exported = new Set<string>();
    const published = await publishObjects(chunks, ctx, {
      target,
      most: { count: maxDocuments, bytes: MAX_BYTES },
      overhead: "[]".length,
      read: (all) => readDocuments(all, exported),
      async post(group) {
        const body = `[${group.map(({ text }) => text).join(",")}]`;
        return verdictOf(await send({ method: "POST", url: new URL("batch_save", place), body }), group, target);
      },
    });
    const deleted = await deleteWithdrawn(ctx, { exported, place, send, target });
    return { ...published, changed: published.changed || deleted > 0 };
  },
});

const Document = z.looseObject({ _key: z.string().min(1) });

/** Documents of the batches, one a line; the app beside them is for Splunk. Notes the key of each. */
async function* readDocuments(chunks: AsyncIterable<Chunk>, keys: Set<string>): AsyncGenerator<ObjectLine> {
  for await (const { path, line } of readLines(chunks)) {
    if (path.includes("/") || !path.endsWith(".json") || line === "[" || line === "]") continue;
    const text = line.replace(/,$/, "");
    const document = Document.safeParse(parseJson(text));
    if (!document.success) throw new Error(`a line of ${path} is no document`);
    const { _key: id } = document.data;
    keys.add(id);
    yield { id, type: "document", version: sha256(text).slice(0, 32), text, bytes: Buffer.byteLength(text) };
  }
}

/** The keys that it saved; those it does not name have failed. */
const Saved = z.array(z.string());

function verdictOf(answer: HttpAnswer, group: readonly ObjectLine[], target: string): Verdict {
  const words = answerWords(answer);
  switch (answer.status) {
    case 200: {
      const saved = Saved.safeParse(parseJson(answer.text)).data;
      if (!saved) throw targetError("refused", `${target} answered ${words}, without keys. Check the sink's url.`);
      const keys = new Set(saved);
      const missing = group.filter(({ id }) => !keys.has(id));
      return { kind: "taken", failed: new Map(missing.map(({ id }) => [id, "the store did not name it as saved"])) };
    }
    case 400:
      return { kind: "refused", reason: `the store answered ${words}` };
    case 413:
      return { kind: "too-large" };
    case 404:
      throw targetError("refused", `${target} is not there: ${words}. Install the app that the export writes (.spl).`);
    default:
      throw targetError("refused", `${target} answered ${words}. Check the sink's url.`);
  }
}
