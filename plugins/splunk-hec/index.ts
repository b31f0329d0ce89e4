/**
 * Sink `splunk-hec`: events of the exporter's format `hec` into Splunk's HTTP Event Collector. An event is sent once in
 * each version; an index has no ids, so what was sent twice, after a cut connection, is there twice.
 *
 * It asks for no indexer acknowledgement and creates no index.
 * Source: Splunk, "HTTP Event Collector REST API endpoints" and "Troubleshoot HTTP Event Collector" (its codes).
 */
import { type Chunk, defineSink, type HttpAnswer, SecretRef, sha256, targetError, z } from "../../src/plugin.ts";
import { warnOfPlainHttp } from "../shared/http/credentials.ts";
import { createSender } from "../shared/http/sender.ts";
import { folderUrl, HttpUrl } from "../shared/http/url.ts";
import { answerWords, parseJson, urlWords } from "../shared/http/words.ts";
import { publishObjects, type Verdict } from "../shared/objects/publish.ts";
import { type ObjectLine, readLines } from "../shared/objects/read.ts";

const HecOptions = z.object({
  url: HttpUrl.describe("Of the collector, such as `https://splunk.example:8088`"),
  token: SecretRef.describe("Token of the collector, `{ env: NAME }` or `{ file: PATH }`"),
  index: z
    .string()
    .regex(/^[a-z0-9_][a-z0-9_-]*$/, "an index: lower-case letters, digits, _ and -")
    .optional()
    .describe("Index to write to; default that of the token"),
  maxEvents: z.int().min(1).max(10_000).default(1000).describe("Events of one request"),
  maxBytes: z
    .int()
    .min(10_000)
    .max(100_000_000)
    .default(900_000)
    .describe("Bytes of one request; older collectors take 1 MB (`max_content_length`)"),
});

export const splunkHec = defineSink({
  name: "splunk-hec",
  description: "Splunk's HTTP Event Collector; events that are new or changed, withdrawn ones with their status",
  options: HecOptions,
  accepts: ["application/x-splunk-hec"],
  async publish(chunks, ctx) {
    const { url, token, index, maxEvents, maxBytes } = ctx.options;
    const endpoint = new URL("services/collector/event", folderUrl(url));
    const target = `the event collector at ${urlWords(endpoint)}`;
    warnOfPlainHttp(endpoint, ctx);
    const send = createSender(ctx, {
      target,
      cure: "Check the sink's token: that it exists, is enabled, and may write to the index.",
    });
    const headers = { authorization: `Splunk ${ctx.secret(token)}`, "content-type": "application/json" };
    return publishObjects(chunks, ctx, {
      target,
      most: { count: maxEvents, bytes: maxBytes },
      overhead: 0,
      read: (all) => readEvents(all, index),
      async post(group) {
        const body = group.map(({ text }) => text).join("\n");
        return verdictOf(await send({ method: "POST", url: endpoint, headers, body }), target);
      },
    });
  },
});

const Event = z.looseObject({ event: z.looseObject({ id: z.string().min(1) }) });

/** An event is known by the id of its indicator, and is another one when anything in it is. */
async function* readEvents(chunks: AsyncIterable<Chunk>, index: string | undefined): AsyncGenerator<ObjectLine> {
  for await (const { path, line } of readLines(chunks)) {
    const event = Event.safeParse(parseJson(line));
    if (!event.success) throw new Error(`a line of ${path} is no event`);
    const text = index === undefined ? line : JSON.stringify({ index, ...event.data });
    yield {
      id: event.data.event.id,
      type: "event",
      version: sha256(text).slice(0, 32),
      text,
      bytes: Buffer.byteLength(text),
    };
  }
}

/** Codes of the collector that blame an event: no data, bad format, a missing or empty event, fields of other types. */
const EVENT_CODES = new Set([5, 6, 12, 13, 15]);
const Answer = z.object({ code: z.number() });

/** Throws `refused` for what the operator has to change: the index, acknowledgement, something that is no collector. */
function verdictOf(answer: HttpAnswer, target: string): Verdict {
  const code = Answer.safeParse(parseJson(answer.text)).data?.code;
  if (answer.status === 200 && code === 0) return { kind: "taken", failed: new Map() };
  if (answer.status === 413) return { kind: "too-large" };
  const words = answerWords(answer);
  if (answer.status === 400 && code !== undefined && EVENT_CODES.has(code)) {
    return { kind: "refused", reason: `the collector answered ${words}` };
  }
  throw targetError("refused", `${target} answered ${words}. ${cureOf(code)}`);
}

function cureOf(code: number | undefined): string {
  switch (code) {
    case 7:
      return "The index does not exist or is not one of the token's; set the sink's index.";
    case 10:
    case 11:
      return "Turn off indexer acknowledgement for this token.";
    default:
      return "Check that the sink's url is that of an event collector, and that it is enabled.";
  }
}
