/**
 * Sink `misp`: events into a MISP over its REST interface. A new event is added, a known one is viewed and edited by
 * what differs, and what the server kept is compared with what was sent, because it drops what it does not like and
 * answers "saved".
 *
 * It does not touch what analysts added there, deletes no event, and publishes none unless told to.
 */
import { defineSink, type Published, type SinkContext } from "../../../src/plugin.ts";
import { createSender } from "../../shared/http/sender.ts";
import { EVENT_MEDIA_TYPE } from "../media-types.ts";
import { createCourier } from "./courier.ts";
import { readEvents } from "./incoming.ts";
import { MispSinkOptions } from "./options.ts";
import { createServer } from "./server.ts";
import { withdrawMissing } from "./withdraw.ts";

export const mispSink = defineSink({
  name: "misp",
  description: "a MISP over REST; adds and edits events, and tells what the server did not keep",
  options: MispSinkOptions,
  accepts: [EVENT_MEDIA_TYPE],
  publish: (chunks, ctx) => publishEvents(readEvents(chunks), ctx),
});

async function publishEvents(
  events: ReturnType<typeof readEvents>,
  ctx: SinkContext<MispSinkOptions>,
): Promise<Published> {
  const target = `the MISP at ${new URL(ctx.options.url).host}`;
  const send = createSender(ctx, { target, refusals: [401, 407], cure: "Check the key in the sink's options." });
  const server = createServer(send, { url: ctx.options.url, key: ctx.secret(ctx.options.key), target });
  const courier = createCourier(ctx, server, await server.probe(ctx.options.publish, ctx.log));
  const seen = new Set<string>();
  for await (const event of events) {
    ctx.signal.throwIfAborted();
    seen.add(event.uuid);
    await courier.deliver(event);
  }
  await withdrawMissing(seen, ctx.deliveries, courier);
  const { bytes, failures, isChanged, delivered, unchanged, failed } = courier.tally;
  return { target, changed: isChanged, bytes, objects: { delivered, unchanged, failed }, failures };
}
