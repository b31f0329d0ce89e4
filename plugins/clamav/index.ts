/**
 * Exporter `clamav`: hash signatures, one line a file. It writes no body-based signatures, and no file at all without
 * hashes: ClamAV refuses an empty database, and with it every other one in its folder.
 */
import { defineExporter, type Indicator, type RenderContext, z } from "../../src/plugin.ts";
import { unlistable } from "../shared/rows/alert.ts";
import { type LinesOrReason, writeLines } from "../shared/rows/lines.ts";

const ClamavOptions = z.object({
  namePrefix: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,30}$/, "must be letters, digits, _ and -")
    .default("Rulewright")
    .describe("Begins the name of each signature: `<prefix>.<Family>.<first digits of the hash>`."),
});
type ClamavOptions = z.output<typeof ClamavOptions>;

/** Without a size, a signature must name the engine it needs: 73 is ClamAV 0.98. */
const MINIMUM_LEVEL = 73;

export const clamav = defineExporter({
  name: "clamav",
  description: "ClamAV hash signatures of the samples and of the files they drop",
  options: ClamavOptions,
  accepts: ["sha256"],
  formats: { hsb: { description: "`.hsb`, one signature a line", mediaType: "text/x-clamav-hsb" } },
  render: (indicators, ctx: RenderContext<ClamavOptions>) =>
    writeLines(indicators, ctx, (indicator) => signature(indicator, ctx.options.namePrefix)),
});

/** Source: ClamAV documentation, "File hash signatures" (`HashString:FileSize:MalwareName[:MinFL]`). */
function signature(indicator: Indicator, prefix: string): LinesOrReason {
  const reason = unlistable(indicator);
  if (reason) return reason;
  const { value, families, details } = indicator;
  const name = `${prefix}.${namePart(families[0]) || "Unnamed"}.${value.slice(0, 8)}`;
  // A known size spares ClamAV the hash of every file of another size.
  const text = isSize(details.size) ? `${value}:${details.size}:${name}\n` : `${value}:*:${name}:${MINIMUM_LEVEL}\n`;
  return { path: "rulewright.hsb", text, rows: 1 };
}

/** A family as a part of a signature name: what is no letter or digit goes, as `:` and spaces would end it. */
function namePart(family = ""): string {
  const kept = family.replaceAll(/[^A-Za-z0-9_-]+/g, "").slice(0, 40);
  return kept.charAt(0).toUpperCase() + kept.slice(1);
}

/** ClamAV reads a 32-bit number and takes 0 for no size. */
function isSize(size: number | undefined): size is number {
  return Number.isInteger(size) && (size as number) > 0 && (size as number) <= 0xffff_ffff;
}
