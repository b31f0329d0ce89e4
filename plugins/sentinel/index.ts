/**
 * Exporter `sentinel`: the CSV that Microsoft Sentinel's page "Import using a file" takes. Files by their hash have a
 * template of their own there, and endpoints have none; the STIX exporter carries both.
 */
import {
  defineExporter,
  type Indicator,
  type ObservableType,
  plainText,
  type RenderContext,
  type Tlp,
  z,
} from "../../src/plugin.ts";
import { unlistable } from "../shared/rows/alert.ts";
import { csvLine, guardFormula } from "../shared/rows/cell.ts";
import { type LinesOrReason, writeLines } from "../shared/rows/lines.ts";
import { type NumberedFiles, numberedFiles } from "../shared/rows/numbered-files.ts";
import { malformed } from "../shared/rows/value.ts";
import { aboutText, confidenceWord } from "../shared/rows/words.ts";

/** Source: Microsoft Learn, "Add indicators in bulk to threat intelligence by file" (its CSV template). */
const HEADER =
  "threatTypes,tags,name,description,confidence,revoked,validFrom,validUntil,tlpLevel,severity,observableType,observableValue\n";

const SentinelOptions = z.object({
  maxBytes: z
    .int()
    .min(10_000)
    .max(50_000_000)
    .default(50_000_000)
    .describe("Most bytes of a file. Sentinel takes 50 MB."),
});
type SentinelOptions = z.output<typeof SentinelOptions>;

const OBSERVABLE: Partial<Record<ObservableType, string>> = {
  domain: "domain-name",
  ipv4: "ipv4-addr",
  ipv6: "ipv6-addr",
  url: "url",
};

/** Sentinel has the four levels of TLP 1; a level it has not becomes the next stricter one. */
const TLP_LEVELS: Readonly<Record<Tlp, string>> = {
  clear: "white",
  green: "green",
  amber: "amber",
  "amber+strict": "red",
  red: "red",
};

/** Of 0 to 5. */
const SEVERITIES = { none: 1, low: 2, medium: 3, high: 4 } as const;

export const sentinel = defineExporter({
  name: "sentinel",
  description: "CSV for the file import of Microsoft Sentinel",
  options: SentinelOptions,
  accepts: Object.keys(OBSERVABLE) as ObservableType[],
  formats: { csv: { description: "numbered files of up to 50 MB", mediaType: "text/csv;profile=sentinel" } },
  tombstones: true,
  async *render(indicators, ctx: RenderContext<SentinelOptions>) {
    const files = numberedFiles({
      path: (number) => `indicators-${number}.csv`,
      header: HEADER,
      maxBytes: ctx.options.maxBytes,
    });
    yield files.begin;
    yield* writeLines(indicators, ctx, (indicator) => row(indicator, files));
  },
});

/** A revoked indicator is said to be so; an expired one Sentinel knows by its `validUntil`. */
function row(indicator: Indicator, files: NumberedFiles): LinesOrReason {
  const isRevoked = indicator.status === "revoked";
  const flaw = isRevoked ? malformed(indicator) : unlistable(indicator);
  if (flaw) return flaw;
  const { type, value, families, labels, verdict, firstSeen, validUntil, tlp } = indicator;
  const tags = [...families, ...labels].map((tag) => plainText(tag.replaceAll(",", " "), 60)).filter(Boolean);
  return files.place(
    csvLine([
      "malicious-activity",
      guardFormula([...new Set(tags)].join(", ")),
      `Rulewright: ${plainText(value, 200)}`,
      guardFormula(aboutText(indicator)),
      verdict.confidence,
      isRevoked,
      firstSeen,
      validUntil,
      TLP_LEVELS[tlp],
      SEVERITIES[confidenceWord(verdict.confidence)],
      OBSERVABLE[type],
      value,
    ]),
  );
}
