/**
 * Exporter `crowdstrike`: custom indicators of CrowdStrike Falcon as CSV, for its upload page. Falcon knows no URLs and
 * no ports. Nothing is prevented unless told so.
 */
import {
  defineExporter,
  type Indicator,
  type ObservableType,
  plainText,
  type RenderContext,
  z,
} from "../../src/plugin.ts";
import { oneLine } from "../shared/options.ts";
import { unlistable } from "../shared/rows/alert.ts";
import { csvLine, guardFormula } from "../shared/rows/cell.ts";
import { type LinesOrReason, writeLines } from "../shared/rows/lines.ts";
import { aboutText, confidenceWord, ended } from "../shared/rows/words.ts";

/** Source: CrowdStrike Falcon documentation, "IOC management", columns of the CSV upload. */
const HEADER =
  "type,value,action,platforms,severity,source,description,filename,tags,applied_globally,host_groups,expiration\n";

const CrowdStrikeOptions = z.object({
  hashAction: z
    .enum(["no_action", "detect", "prevent", "prevent_no_ui"])
    .default("detect")
    .describe("Action on a file. Falcon can prevent files only: domains and addresses are always `detect`."),
  platforms: z
    .array(z.enum(["windows", "mac", "linux"]))
    .min(1)
    .default(["windows", "mac", "linux"])
    .describe("Platforms the indicators apply to."),
  source: oneLine(256).default("Rulewright").describe("Where Falcon says that they come from."),
  hostGroups: z
    .array(z.string().regex(/^[0-9a-f]{32}$/, "must be the id of a host group"))
    .default([])
    .describe("Ids of the host groups they are for. All hosts without one."),
});
type CrowdStrikeOptions = z.output<typeof CrowdStrikeOptions>;

export const crowdstrike = defineExporter({
  name: "crowdstrike",
  description: "Custom indicators for CrowdStrike Falcon",
  options: CrowdStrikeOptions,
  accepts: ["domain", "ipv4", "ipv6", "sha256"] satisfies ObservableType[],
  formats: { csv: { description: "CSV for the upload page", mediaType: "text/csv;profile=crowdstrike" } },
  async *render(indicators, ctx: RenderContext<CrowdStrikeOptions>) {
    yield { path: "indicators.csv", data: HEADER, indicators: 0 };
    yield* writeLines(indicators, ctx, (indicator) => row(indicator, ctx));
  },
});

function row(indicator: Indicator, { options, now }: RenderContext<CrowdStrikeOptions>): LinesOrReason {
  const flaw = unlistable(indicator) ?? ended(indicator, now);
  if (flaw) return flaw;
  const { type, value, verdict, families, validUntil, details } = indicator;
  const severity = confidenceWord(verdict.confidence);
  const text = csvLine([
    type,
    value,
    type === "sha256" ? options.hashAction : "detect",
    options.platforms.join(";"),
    severity === "none" ? "informational" : severity,
    options.source,
    guardFormula(aboutText(indicator, 500)),
    guardFormula(plainText(details.names?.[0] ?? "", 200)),
    ["rulewright", ...families.map(tagOf).filter(Boolean)].join(";"),
    options.hostGroups.length === 0,
    options.hostGroups.join(";"),
    `${validUntil.slice(0, 19)}Z`,
  ]);
  return { path: "indicators.csv", text, rows: 1 };
}

function tagOf(family: string): string {
  return family
    .replaceAll(/[^A-Za-z0-9._-]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 60);
}
