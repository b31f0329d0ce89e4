/**
 * Exporter `elastic`: indicators as ECS threat documents, as plain NDJSON or as bodies for `_bulk`. It does not send
 * them, and it writes no documents for types that are context: Elastic's own rules alert on what they find.
 */
import {
  type Chunk,
  defineExporter,
  type Indicator,
  indicatorKey,
  type RenderContext,
  sha256,
  TLP_LEVELS,
  z,
} from "../../src/plugin.ts";
import { oneLine } from "../shared/options.ts";
import { unlistable } from "../shared/rows/alert.ts";
import { writeLines } from "../shared/rows/lines.ts";
import { numberedFiles } from "../shared/rows/numbered-files.ts";
import { indexTemplate, matchRules } from "./companions.ts";
import { commonFields, commonIndicatorFields, ownFields, TYPES } from "./document.ts";

const ElasticOptions = z.object({
  index: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,254}$/, "must be lower case letters, digits, ., _ and -")
    .default("logs-ti_rulewright")
    .describe(
      "Index of the documents. Elastic's prebuilt rules read `logs-ti_*`; a name `logs-*-*` would be a data stream, where nothing can be replaced.",
    ),
  timestamp: z
    .enum(["export", "last-seen"])
    .default("export")
    .describe(
      "What `@timestamp` says: the time of the export, or when the value was last seen. Elastic's rules look back 30 days, so what was last seen earlier would never match.",
    ),
  feedName: oneLine(200).default("Rulewright").describe("Name of the feed in each document."),
  maxBytes: z
    .int()
    .min(10_000)
    .default(10_000_000)
    .describe("Most bytes of a `_bulk` body. Elasticsearch refuses above 100 MB and likes less."),
});
type ElasticOptions = z.output<typeof ElasticOptions>;
type Context = RenderContext<ElasticOptions>;

export const elastic = defineExporter({
  name: "elastic",
  description: "Elastic ECS threat documents, with detection rules and an index template",
  options: ElasticOptions,
  accepts: TYPES,
  formats: {
    ndjson: { description: "one document a line, rules and index template", mediaType: "application/x-ndjson" },
    bulk: { description: "numbered bodies for the _bulk API", mediaType: "application/x-ndjson;profile=bulk" },
  },
  tombstones: true,
  render: (indicators, ctx: Context) =>
    ctx.format === "bulk" ? renderBulk(indicators, ctx) : renderDocuments(indicators, ctx),
});

async function* renderDocuments(indicators: AsyncIterable<Indicator>, ctx: Context): AsyncGenerator<Chunk> {
  const path = "indicators.ndjson";
  yield { path, data: "", indicators: 0 };
  yield { path: "index-template.json", data: indexTemplate(ctx.options.index) };
  yield { path: "rules.ndjson", data: matchRules(ctx.options.index) };
  const write = documentWriter(ctx);
  yield* writeLines(
    indicators,
    ctx,
    (indicator) => unlistable(indicator) ?? { path, text: write(indicator, quotedId(indicator)), rows: 1 },
  );
}

/** Withdrawn indicators are deleted: a rule matches whatever lies in the index. */
async function* renderBulk(indicators: AsyncIterable<Indicator>, ctx: Context): AsyncGenerator<Chunk> {
  const { index, maxBytes } = ctx.options;
  const files = numberedFiles({ path: (number) => `indicators-${number}.bulk.ndjson`, maxBytes });
  const write = documentWriter(ctx);
  const inIndex = `{"_index":"${index}","_id":`;
  yield files.begin;
  yield* writeLines(indicators, ctx, (indicator) => {
    const id = quotedId(indicator);
    if (indicator.status !== "active") return files.place(`{"delete":${inIndex}${id}}}\n`);
    return unlistable(indicator) ?? files.place(`{"index":${inIndex}${id}}}\n${write(indicator, id)}`);
  });
}

/** Elasticsearch takes 512 bytes. */
const MAX_ID = 512;

/** `"domain:evil.example"`, so that a person can ask for it; of a longer URL its digest. */
function quotedId(indicator: Indicator): string {
  const key = indicatorKey(indicator);
  const id = key.length <= MAX_ID && isVisibleAscii(key) ? key : `${indicator.type}:sha256:${sha256(key)}`;
  return JSON.stringify(id);
}

function isVisibleAscii(text: string): boolean {
  return /^[!-~]+$/.test(text);
}

/** Documents as lines. What they have in common is serialised once: it is a third of each. */
function documentWriter({ options, now }: Context) {
  const exported = now.toISOString();
  const common = membersOf(commonFields());
  const feed = JSON.stringify({ name: options.feedName });
  const ofTlp = Object.fromEntries(TLP_LEVELS.map((tlp) => [tlp, membersOf(commonIndicatorFields(tlp))]));
  return (indicator: Indicator, id: string): string => {
    const timestamp = options.timestamp === "export" ? exported : indicator.lastSeen;
    const own = ownFields(indicator);
    const threat = `{"feed":${feed},"indicator":{"id":[${id}],${membersOf(own.indicator)},${ofTlp[indicator.tlp]}}}`;
    return `{"@timestamp":"${timestamp}",${common},${membersOf(own.document)},"threat":${threat}}\n`;
  };
}

function membersOf(fields: object): string {
  return JSON.stringify(fields).slice(1, -1);
}
