/**
 * The `stix` exporter: STIX 2.1 as one bundle or as one object a line. Both are written object by object, so memory
 * does not grow with the output.
 *
 * It does not emit custom properties, mail addresses, sandbox reports as graphs, or variants for single consumers.
 */
import { batches, defineExporter, plainText } from "../../src/plugin.ts";
import { assembler } from "./assemble.ts";
import { identity } from "./domain-objects.ts";
import { ownId } from "./ids.ts";
import { EXPRESSIBLE_TYPES } from "./observables.ts";
import { StixOptions } from "./options.ts";

const SAMPLE = {
  type: "domain",
  value: "quillet-morrow.top",
  confidence: 85,
  decision: "keep",
  reasons: "contacted by 1 sample (+60); the sample is malicious by 40 of 70 engines (+25)",
  families: "quillet",
  samples: "1 sample",
  sandboxes: "Zenbox",
  hunts: "quillet-loader",
  firstSeen: "2026-10-01T08:00:00.000Z",
  lastSeen: "2026-10-20T09:30:00.000Z",
};

export const stix = defineExporter({
  name: "stix",
  description: "STIX 2.1 indicators with observables, observed data and malware families",
  options: StixOptions,
  accepts: EXPRESSIBLE_TYPES,
  formats: {
    bundle: { description: "one bundle, a single JSON document", mediaType: "application/stix+json;version=2.1" },
    objects: {
      description: "one object a line, for TAXII and bulk loading",
      // No registered name says STIX and one object a line; sinks that push objects take exactly this one.
      mediaType: "application/stix+x-ndjson;version=2.1",
    },
  },
  tombstones: true,
  templates: {
    dir: new URL("../../templates/stix/", import.meta.url),
    rows: {
      "indicator-name": { description: "name of an indicator", sample: SAMPLE },
      "indicator-description": { description: "description of an indicator", sample: SAMPLE },
      "malware-description": { description: "description of a malware family", sample: { family: "quillet" } },
    },
    escape: (value) => plainText(value),
    fields: {
      type: "type of the indicator in words, such as `registry key`",
      value: "the value, on one line, cut at 250 characters",
      confidence: "0 to 100",
      decision: "keep, review or drop",
      reasons: "why, with the points each reason adds to the confidence",
      families: "malware families, comma separated",
      samples: "number of samples in words, such as `3 samples`",
      sandboxes: "names of the sandboxes, comma separated",
      hunts: "hunts that found it, comma separated",
      firstSeen: "first seen, ISO 8601",
      lastSeen: "last seen, ISO 8601",
      family: "name of the malware family (malware-description only)",
    },
  },
  async *render(indicators, ctx) {
    const { options, format, signal } = ctx;
    const author = identity(options);
    const assemble = assembler(author, ctx);
    const isBundle = format === "bundle";
    const path = isBundle ? "rulewright.stix.json" : "rulewright.stix.ndjson";
    const serialise = isBundle
      ? (object: object) => `,\n${JSON.stringify(object)}`
      : (object: object) => `${JSON.stringify(object)}\n`;

    const first = JSON.stringify(author);
    const bundleHead = `{"type":"bundle","id":"${ownId("bundle", options.bundleKey)}","objects":[\n`;
    yield { path, data: isBundle ? `${bundleHead}${first}` : `${first}\n`, rows: 1, indicators: 0 };
    for await (const batch of batches(indicators, 32)) {
      signal.throwIfAborted();
      const objects = batch.flatMap(assemble);
      if (objects.length === 0) continue;
      const written = objects.filter(({ type }) => type === "indicator").length;
      yield { path, data: objects.map(serialise).join(""), rows: objects.length, indicators: written };
    }
    if (isBundle) yield { path, data: "\n]}\n" };
  },
});
