/**
 * Exporter `qradar`: values for IBM QRadar reference sets, as the JSON arrays that its bulk load takes or one a line.
 * It creates no sets and no rules. A reference set holds values only, so there is no port, family or date.
 */
import {
  type Chunk,
  defineExporter,
  type Indicator,
  type ObservableType,
  type RenderContext,
  z,
} from "../../src/plugin.ts";
import { unlistable } from "../shared/rows/alert.ts";
import { type LinesOrReason, writeLines } from "../shared/rows/lines.ts";
import { fileHashes, uncarriable } from "../shared/rows/value.ts";

/** File of each set. Its element type is fixed when the set is made; see notes.md. */
const SETS: Partial<Record<ObservableType, string>> = {
  domain: "domains",
  ipv4: "addresses",
  // QRadar's element type IP is IPv4 only.
  ipv6: "addresses-ipv6",
  url: "urls",
  sha256: "hashes",
};

const FORMATS = {
  json: { description: "a JSON array for each set, for bulk_load", mediaType: "application/json;profile=qradar" },
  text: { description: "one value a line, for the import dialogue", mediaType: "text/plain" },
};
type Context = RenderContext<unknown, keyof typeof FORMATS>;

export const qradar = defineExporter({
  name: "qradar",
  description: "Reference sets for IBM QRadar",
  options: z.object({}),
  accepts: Object.keys(SETS) as ObservableType[],
  formats: FORMATS,
  render: (indicators, ctx: Context) =>
    ctx.format === "json" ? renderArrays(indicators, ctx) : renderTexts(indicators, ctx),
});

const names = Object.values(SETS);

async function* renderArrays(indicators: AsyncIterable<Indicator>, ctx: Context): AsyncGenerator<Chunk> {
  const begun = new Set<string>();
  for (const name of names) yield { path: `${name}.json`, data: "[", indicators: 0 };
  yield* writeLines(indicators, ctx, (indicator) =>
    lines(indicator, ".json", (value, path) => {
      const text = `${begun.has(path) ? "," : ""}\n${JSON.stringify(value)}`;
      begun.add(path);
      return text;
    }),
  );
  for (const name of names) yield { path: `${name}.json`, data: "\n]\n" };
}

async function* renderTexts(indicators: AsyncIterable<Indicator>, ctx: Context): AsyncGenerator<Chunk> {
  for (const name of names) yield { path: `${name}.txt`, data: "", indicators: 0 };
  yield* writeLines(indicators, ctx, (indicator) => lines(indicator, ".txt", (value) => `${value}\n`));
}

function lines(indicator: Indicator, extension: string, line: (value: string, path: string) => string): LinesOrReason {
  const flaw = unlistable(indicator) ?? uncarriable(indicator.value);
  if (flaw) return flaw;
  const path = `${SETS[indicator.type]}${extension}`;
  // A log source names one hash of a file, and which one it does not say.
  const values = indicator.type === "sha256" ? fileHashes(indicator) : [indicator.value];
  return { path, text: values.map((value) => line(value, path)).join(""), rows: values.length };
}
