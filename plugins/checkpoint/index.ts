/**
 * Exporter `checkpoint`: a custom intelligence feed of Check Point gateways, CSV in Check Point's own format. It knows
 * IPv4 only, no ports, and one bad row makes the gateway refuse the whole file, so whatever is in doubt is skipped.
 */
import {
  defineExporter,
  type Indicator,
  indicatorKey,
  type ObservableType,
  type RenderContext,
  sha256,
  z,
} from "../../src/plugin.ts";
import { unlistable } from "../shared/rows/alert.ts";
import { csvLine, guardFormula } from "../shared/rows/cell.ts";
import { type LinesOrReason, writeLines } from "../shared/rows/lines.ts";
import { httpParts } from "../shared/rows/value.ts";
import { aboutText, confidenceWord } from "../shared/rows/words.ts";

/** Source: Check Point, "Supported Indicator Files" and sk132193. The first `#` line names the columns. */
const HEADER = "# UNIQ-NAME,VALUE,TYPE,CONFIDENCE,SEVERITY,PRODUCT,COMMENT\n";

const CheckPointOptions = z.object({
  severity: z
    .enum(["low", "medium", "high", "critical"])
    .default("high")
    .describe("Severity of every row; a Threat Prevention profile decides by it and by the confidence."),
});
type CheckPointOptions = z.output<typeof CheckPointOptions>;

/** Type, and the blade that looks for it: Anti-Bot for where malware calls, Anti-Virus for files. */
const KINDS: Partial<Record<ObservableType, readonly [type: string, product: "AB" | "AV"]>> = {
  domain: ["Domain", "AB"],
  ipv4: ["IP", "AB"],
  url: ["URL", "AB"],
  sha256: ["SHA256", "AV"],
};

const CONFIDENCES = { none: "low", low: "low", medium: "medium", high: "high" } as const;

export const checkpoint = defineExporter({
  name: "checkpoint",
  description: "Custom intelligence feed for Check Point gateways",
  options: CheckPointOptions,
  accepts: Object.keys(KINDS) as ObservableType[],
  formats: { csv: { description: "CSV in Check Point's format", mediaType: "text/csv;profile=checkpoint" } },
  async *render(indicators, ctx: RenderContext<CheckPointOptions>) {
    yield { path: "indicators.csv", data: HEADER, indicators: 0 };
    yield* writeLines(indicators, ctx, (indicator) => row(indicator, ctx.options));
  },
});

function row(indicator: Indicator, { severity }: CheckPointOptions): LinesOrReason {
  const { type, value, verdict } = indicator;
  const flaw = unlistable(indicator);
  if (flaw) return flaw;
  if (type === "url") {
    const parts = httpParts(value);
    if (typeof parts === "string") return parts;
    if (parts.host.startsWith("[")) return "Check Point knows IPv4 only";
  }
  const [name, product] = KINDS[type] as readonly [string, string];
  const text = csvLine([
    `rulewright-${sha256(indicatorKey(indicator)).slice(0, 16)}`,
    value,
    name,
    CONFIDENCES[confidenceWord(verdict.confidence)],
    severity,
    product,
    guardFormula(aboutText(indicator, 200)),
  ]);
  return { path: "indicators.csv", text, rows: 1 };
}
