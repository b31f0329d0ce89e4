/**
 * The `misp` exporter: native MISP events, as files to import or push, or as a feed folder to pull. One rolling event,
 * or one of each sample, or of each hunt and period; above 10,000 attributes an event becomes several (see split.ts).
 *
 * It does not write clusters of malware families, whose names we do not have, or mail addresses.
 */
import { defineExporter } from "../../src/plugin.ts";
import { MAPPED_TYPES } from "./attributes.ts";
import { toEntries } from "./entries.ts";
import { toEvent } from "./event.ts";
import { eventFile } from "./event-file.ts";
import { hashLines, manifestEntry } from "./feed.ts";
import { groupsByEvent, oneGroup } from "./groups.ts";
import { EVENT_MEDIA_TYPE, FEED_MEDIA_TYPE } from "./media-types.ts";
import { MispOptions } from "./options.ts";
import { placement } from "./placement.ts";
import { serialise } from "./serialise.ts";
import { split } from "./split.ts";
import { subjectOf } from "./subject.ts";
import { TEMPLATES } from "./templates.ts";

export const misp = defineExporter({
  name: "misp",
  description: "MISP events with attributes and objects, to import or as a feed",
  options: MispOptions,
  accepts: MAPPED_TYPES,
  formats: {
    event: { description: "one JSON file per event, to import or push", mediaType: EVENT_MEDIA_TYPE },
    feed: {
      description: "a feed folder to pull: manifest.json, hashes.csv and the events",
      mediaType: FEED_MEDIA_TYPE,
    },
  },
  tombstones: true,
  templates: TEMPLATES,
  async *render(indicators, ctx) {
    const isFeed = ctx.format === "feed";
    const { events } = ctx.options;
    const manifest: Record<string, object> = {};
    if (isFeed) yield { path: "hashes.csv", data: "", indicators: 0 };
    const placed = toEntries(indicators, placement(ctx.options), ctx);
    for await (const { key, entries } of events === "rolling" ? oneGroup(placed) : groupsByEvent(placed, ctx)) {
      const subject = subjectOf(
        events,
        key,
        (await ctx.samples(events === "sample" && key !== "" ? [key] : [])).get(key),
      );
      for await (const part of split(entries)) {
        ctx.signal.throwIfAborted();
        if (isFeed && part.entries.length === 0) break;
        const event = await toEvent(part, subject, ctx);
        const { uuid } = event.header;
        const path = isFeed ? `${uuid}.json` : eventFile(subject, part.number);
        const written = part.entries.filter(({ isLast }) => isLast).length;
        for (const piece of serialise(event, written)) yield { path, ...piece };
        if (isFeed) {
          manifest[uuid] = manifestEntry(event.header);
          for (const data of hashLines(event)) yield { path: "hashes.csv", data };
        }
      }
    }
    if (isFeed) yield { path: "manifest.json", data: `${JSON.stringify(manifest, undefined, 1)}\n` };
  },
});
