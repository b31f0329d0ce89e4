/**
 * The `stix` exporter: STIX 2.1 as one bundle or as one object a line. Both are written object by object; what is kept
 * is which shared objects were given out, and of each sample the ids of what its sandboxes saw.
 *
 * It does not emit custom properties, mail addresses, file names, or reports and groupings.
 */
import { batches, defineExporter, type Indicator, plainText, type RenderContext } from "../../src/plugin.ts";
import { createAssembler } from "./assemble.ts";
import type { Entry } from "./entry.ts";
import { EXPRESSIBLE_TYPES } from "./express.ts";
import { ownId } from "./ids.ts";
import { StixOptions } from "./options.ts";
import { PROFILES } from "./profile.ts";
import type { Samples } from "./samples.ts";
import { identity } from "./shared-objects.ts";
import { serialise } from "./writer.ts";

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

const SAMPLE_SAMPLE = {
  family: "quillet",
  sha256: "9f2b5c7d1e3a4f60817263544536271809fadbecdcbdae9f8071625344352617",
  hash: "9f2b5c7d1e3a",
  detections: "40 of 70 engines",
};

/** Indicators that are read before anything is written; their samples, 20 of each, are asked for at once. */
const BATCH = 32;
/** Objects that are worth a transaction of the version ledger. */
const WORTH_WRITING = 1000;

export const stix = defineExporter({
  name: "stix",
  description: "STIX 2.1: indicators, and the samples, sandbox runs, families and techniques behind them, as one graph",
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
      "infrastructure-name": {
        description: "name of what a family uses on the network",
        sample: { family: "quillet" },
      },
      "sample-name": { description: "name of a sample", sample: SAMPLE_SAMPLE },
      "sample-description": { description: "description of a sample", sample: SAMPLE_SAMPLE },
      "analysis-name": {
        description: "result name of a sandbox's analysis; it must tell samples apart",
        sample: { sandbox: "Zenbox", result: "malicious", sha256: SAMPLE_SAMPLE.sha256 },
      },
    },
    escape: (value) => plainText(value),
    fields: {
      type: "type of the indicator in words, such as `registry key`",
      value: "the value, on one line, cut at 250 characters",
      confidence: "0 to 100",
      decision: "keep, review or drop",
      reasons: "why, with the points each reason adds to the confidence",
      families: "malware families, comma separated",
      samples: "number of samples in words, such as `3 samples`; empty when a listing names it and no sample",
      sandboxes: "names of the sandboxes, comma separated",
      hunts: "hunts that found it, comma separated",
      firstSeen: "first seen, ISO 8601",
      lastSeen: "last seen, ISO 8601",
      family: "name of the malware family (malware, infrastructure and sample rows); empty when a sample has none",
      sha256: "sha256 of the sample (sample and analysis rows)",
      hash: "the first twelve digits of it (sample rows)",
      detections: "such as `40 of 70 engines`, empty when unknown (sample rows)",
      sandbox: "name of the sandbox (analysis-name)",
      result: "malicious, benign or unknown (analysis-name)",
    },
  },
  async *render(indicators, ctx) {
    const { options, format, versions } = ctx;
    const isBundle = format === "bundle";
    const path = isBundle ? "rulewright.stix.json" : "rulewright.stix.ndjson";
    if (isBundle) yield { path, data: `{"type":"bundle","id":"${ownId("bundle", options.bundleKey)}","objects":[\n` };
    let isFirst = true;
    for await (const { entries, written } of portions(indicators, ctx)) {
      const texts = await serialise(entries, versions);
      const data = isBundle ? `${isFirst ? "" : ",\n"}${texts.join(",\n")}` : `${texts.join("\n")}\n`;
      isFirst = false;
      yield { path, data, rows: texts.length, indicators: written };
    }
    if (isBundle) yield { path, data: "\n]}\n" };
  },
});

interface Portion {
  readonly entries: readonly Entry[];
  /** Indicators among them. */
  readonly written: number;
}

/** Everything in dependency order, in portions that are worth a transaction; the author comes first. */
async function* portions(
  indicators: AsyncIterable<Indicator>,
  ctx: RenderContext<StixOptions>,
): AsyncGenerator<Portion> {
  const author = identity(ctx.options);
  const assembler = createAssembler(author.draft.id, ctx);
  let entries: Entry[] = [author];
  let written = 0;
  const take = (): Portion => {
    const portion = { entries, written };
    entries = [];
    written = 0;
    return portion;
  };
  for await (const batch of batches(indicators, BATCH)) {
    ctx.signal.throwIfAborted();
    const details = await samplesOf(batch, ctx);
    for (const indicator of batch) {
      const own = assembler.assemble(indicator, details);
      if (own.length > 0) written += 1;
      for (const entry of own) entries.push(entry);
    }
    if (entries.length >= WORTH_WRITING) yield take();
  }
  for (const own of assembler.conclude()) {
    ctx.signal.throwIfAborted();
    for (const entry of own) entries.push(entry);
    if (entries.length >= WORTH_WRITING) yield take();
  }
  if (entries.length > 0) yield take();
}

/** What is known of the samples that a batch names: at most 21 of each of its indicators. */
async function samplesOf(
  batch: readonly Indicator[],
  { samples, options }: RenderContext<StixOptions>,
): Promise<Samples> {
  if (!PROFILES[options.profile].hasGraph) return new Map();
  const hashes = batch.flatMap(({ type, value, evidence }) => [
    ...(type === "sha256" ? [value] : []),
    ...evidence.flatMap(({ sample }) => sample ?? []),
  ]);
  return samples([...new Set(hashes)]);
}
