/** Envelopes of STIX objects to a collection of a TAXII 2.1 server. Nothing is deleted there: what is withdrawn is sent revoked. */
import { type Chunk, type HttpAnswer, type Published, type SinkContext, targetError } from "../../../src/plugin.ts";
import { answerWords, parseJson, urlWords } from "../http/words.ts";
import { publishObjects, type Verdict } from "../objects/publish.ts";
import type { ObjectLine } from "../objects/read.ts";
import type { TaxiiClient } from "./client.ts";
import type { Place } from "./find.ts";
import { rememberPending, settleLate } from "./late.ts";
import { isPending, Status, settled, verdictOf } from "./status.ts";

export interface TaxiiDelivery {
  readonly client: TaxiiClient;
  readonly place: Place;
  /** Of one envelope. */
  readonly most: { readonly count: number; readonly bytes: number };
  /** How long to wait for what the server does with an envelope; 0 takes its word for it. */
  readonly statusPatienceMs: number;
  /** What a 404 of the POST means; a sentence. */
  readonly whenMissing: string;
}

const HEAD = '{"objects":[';
const TAIL = "]}";
/** Servers count in different ways; this much of their limit is left free. */
const SLACK = 0.02;

export async function publishToTaxii(
  chunks: AsyncIterable<Chunk>,
  ctx: SinkContext,
  { client, place, most, statusPatienceMs, whenMissing }: TaxiiDelivery,
): Promise<Published> {
  const url = new URL(`collections/${encodeURIComponent(place.collectionId)}/objects/`, place.root);
  const target = `${place.title} at ${urlWords(place.root)}`;
  const limit = Math.floor((place.maxContentLength ?? Number.POSITIVE_INFINITY) * (1 - SLACK));
  const waits = statusPatienceMs > 0;
  const pending = waits ? await settleLate(client, place.root, ctx) : [];

  async function post(group: readonly ObjectLine[]): Promise<Verdict> {
    const answer = await client.post(url, `${HEAD}${group.map(({ text }) => text).join(",")}${TAIL}`);
    const refusal = refusalOf(answer, target, whenMissing);
    if (refusal) return refusal;
    const first = Status.safeParse(parseJson(answer.text));
    // Accepted, by a server that has nothing more to say.
    if (!first.success) return { kind: "taken", failed: new Map() };
    const status = waits ? await settled(client, place.root, first.data, statusPatienceMs, ctx) : first.data;
    if (waits && status && isPending(status)) {
      pending.push(first.data.id);
      // Before the objects count as delivered: a push may end any time.
      await rememberPending(pending, ctx);
    }
    return status ? verdictOf(status, group) : { kind: "taken", failed: new Map() };
  }

  const published = await publishObjects(chunks, ctx, {
    target,
    most: { ...most, bytes: Math.min(most.bytes, limit) },
    overhead: HEAD.length + TAIL.length,
    post,
  });
  if (waits) await rememberPending(pending, ctx);
  if (pending.length > 0)
    ctx.log.info(
      `${target}: ${pending.length} requests are accepted and still being processed; the next push looks again`,
    );
  return published;
}

/** Undefined when it is accepted. */
function refusalOf(answer: HttpAnswer, target: string, whenMissing: string): Verdict | undefined {
  const words = answerWords(answer);
  switch (answer.status) {
    // OpenCTI answers 200.
    case 200:
    case 201:
    case 202:
      if (answer.text.trim() === "" || typeof parseJson(answer.text) === "object") return undefined;
      throw targetError(
        "refused",
        `${target} answered ${words}, not in JSON: a proxy or a login page. Check the sink's url.`,
      );
    case 400:
    case 422:
      return { kind: "refused", reason: `the server answered ${words}` };
    case 413:
      return { kind: "too-large" };
    case 404:
      throw targetError("refused", `${target} answered ${words}. ${whenMissing}`);
    default:
      throw targetError(
        "refused",
        `${target} answered ${words} to an envelope. Check that it takes STIX 2.1 over TAXII 2.1.`,
      );
  }
}
