/**
 * Exporter `secops`: Google SecOps (Chronicle) reference lists, or entities for its ingestion. It writes no YARA-L rules
 * and no data tables. An endpoint is left out of both: neither knows a port.
 */
import {
  type Chunk,
  defineExporter,
  type Indicator,
  type ObservableType,
  type RenderContext,
  z,
} from "../../src/plugin.ts";
import { oneLine } from "../shared/options.ts";
import { unlistable } from "../shared/rows/alert.ts";
import { type LinesOrReason, writeLines } from "../shared/rows/lines.ts";
import { type NumberedFiles, numberedFiles } from "../shared/rows/numbered-files.ts";
import { entity } from "./entity.ts";
import { LISTS, type List, listItem, listOf } from "./reference-lists.ts";

const SecopsOptions = z.object({
  vendorName: oneLine(100).default("Rulewright").describe("`entities`: vendor that SecOps shows for each entity."),
  productName: oneLine(100).default("Malware sandbox indicators").describe("`entities`: product, likewise."),
});
type SecopsOptions = z.output<typeof SecopsOptions>;
type Context = RenderContext<SecopsOptions>;

export const secops = defineExporter({
  name: "secops",
  description: "Reference lists and entities for Google SecOps",
  options: SecopsOptions,
  accepts: ["domain", "ipv4", "ipv6", "url", "sha256"] satisfies ObservableType[],
  formats: {
    lists: { description: "a reference list for each way of matching", mediaType: "text/plain" },
    entities: { description: "UDM entities, one a line", mediaType: "application/x-ndjson;profile=secops" },
  },
  render: (indicators, ctx: Context) =>
    ctx.format === "entities" ? renderEntities(indicators, ctx) : renderLists(indicators, ctx),
});

/** Characters of a line and bytes of a list that SecOps takes. */
const MAX_LINE = 5000;
const MAX_BYTES = 6_000_000;

async function* renderLists(indicators: AsyncIterable<Indicator>, ctx: Context): AsyncGenerator<Chunk> {
  const files = new Map<List, NumberedFiles>();
  for (const list of LISTS) {
    // A comment, so that the list is not empty: SecOps takes no empty list, and no empty line.
    const header = `// Rulewright, reference list of type ${list.type}: ${list.holds}\n`;
    const numbered = numberedFiles({ path: (number) => `${list.name}-${number}.txt`, header, maxBytes: MAX_BYTES });
    files.set(list, numbered);
    yield numbered.begin;
  }
  yield* writeLines(indicators, ctx, (indicator): LinesOrReason => {
    const flaw = unlistable(indicator);
    if (flaw) return flaw;
    const list = listOf(indicator);
    const { item, reason } = listItem(list, indicator.value);
    if (item === undefined) return reason;
    if (item.length > MAX_LINE) return `longer than the ${MAX_LINE} characters of a line`;
    return (files.get(list) as NumberedFiles).place(`${item}\n`);
  });
}

async function* renderEntities(indicators: AsyncIterable<Indicator>, ctx: Context): AsyncGenerator<Chunk> {
  const path = "entities.ndjson";
  const settings = { ...ctx.options, collected: ctx.now.toISOString() };
  yield { path, data: "", indicators: 0 };
  yield* writeLines(
    indicators,
    ctx,
    (indicator) => unlistable(indicator) ?? { path, text: `${JSON.stringify(entity(indicator, settings))}\n`, rows: 1 },
  );
}
