/**
 * The `misp` exporter: native MISP events, as files to import or push, or as a feed folder to pull.
 *
 * One rolling event holds everything; above 10,000 attributes it becomes several (see split.ts). It does not write
 * one event per sample, event reports, galaxy clusters or mail addresses.
 */
import { defineExporter, plainText } from "../../src/plugin.ts";
import { MAPPED_TYPES } from "./attributes.ts";
import { toEntries } from "./entries.ts";
import { serialise, toEvent } from "./event.ts";
import { hashLines, manifestEntry } from "./feed.ts";
import { MispOptions } from "./options.ts";
import { split } from "./split.ts";

export const misp = defineExporter({
  name: "misp",
  description: "MISP events with attributes and objects, to import or as a feed",
  options: MispOptions,
  accepts: MAPPED_TYPES,
  formats: {
    event: { description: "one JSON file per event, to import or push", mediaType: "application/json" },
    feed: {
      description: "a feed folder to pull: manifest.json, hashes.csv and the events",
      mediaType: "application/json;profile=misp-feed",
    },
  },
  tombstones: true,
  templates: {
    dir: new URL("../../templates/misp/", import.meta.url),
    rows: {
      "event-info": {
        description: "title of an event, one line, cut at 255 characters",
        sample: { key: "rulewright", from: "", date: "2026-10-20" },
      },
      "attribute-comment": {
        description: "comment of an attribute or object",
        sample: {
          type: "endpoint",
          transport: "tcp",
          families: "quillet",
          confidence: 85,
          reason: "contacted by 1 sample",
          samples: "1 sample",
          sandboxes: "Zenbox",
        },
      },
    },
    escape: (value) => plainText(value),
    fields: {
      key: "the option eventKey (event-info only)",
      from: "first indicator of the event when there are several events, else empty (event-info only)",
      date: "day of the newest sighting, YYYY-MM-DD (event-info only)",
      type: "type of the indicator in words, such as `registry key`",
      transport: "`tcp` or `udp` on endpoints, else empty: MISP has no field for it",
      families: "malware families, comma separated",
      confidence: "0 to 100",
      reason: "the first reason of the verdict",
      samples: "number of samples in words, such as `3 samples`",
      sandboxes: "names of the sandboxes, comma separated",
    },
  },
  async *render(indicators, ctx) {
    const isFeed = ctx.format === "feed";
    const manifest: Record<string, object> = {};
    if (isFeed) yield { path: "hashes.csv", data: "", indicators: 0 };
    for await (const part of split(toEntries(indicators, ctx))) {
      ctx.signal.throwIfAborted();
      if (isFeed && part.entries.length === 0) break;
      const event = toEvent(part, ctx);
      const { uuid } = event.header;
      const path = isFeed ? `${uuid}.json` : fileName(part.number);
      for (const piece of serialise(event)) yield { path, ...piece };
      if (isFeed) {
        manifest[uuid] = manifestEntry(event.header);
        for (const data of hashLines(uuid, part.entries)) yield { path: "hashes.csv", data };
      }
    }
    if (isFeed) yield { path: "manifest.json", data: `${JSON.stringify(manifest, undefined, 1)}\n` };
  },
});

function fileName(number: number | undefined): string {
  return number === undefined ? "rulewright.event.json" : `rulewright-${String(number).padStart(3, "0")}.event.json`;
}
