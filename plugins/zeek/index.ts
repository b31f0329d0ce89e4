/**
 * Exporter `zeek`: a file for Zeek's Intelligence Framework. It writes neither scripts nor types that need a package:
 * Zeek itself knows no JA3 or JA4.
 */
import {
  defineExporter,
  type Indicator,
  type RenderContext,
  type UrlParts,
  virusTotalPage,
  z,
} from "../../src/plugin.ts";
import { unlistable } from "../shared/rows/alert.ts";
import { type LinesOrReason, writeLines } from "../shared/rows/lines.ts";
import { fileHashes, httpParts } from "../shared/rows/value.ts";
import { aboutText } from "../shared/rows/words.ts";

const ZeekOptions = z.object({
  source: z
    .string()
    .regex(/^[A-Za-z0-9][\w. -]{0,62}$/, "must be letters, digits, spaces, _, . and -")
    .default("Rulewright")
    .describe("`meta.source`. Zeek keeps one entry for each value and source; the last one wins."),
  notice: z
    .boolean()
    .default(false)
    .describe("`meta.do_notice`: a hit raises a notice too. Needs `@load frameworks/intel/do_notice`."),
});
type ZeekOptions = z.output<typeof ZeekOptions>;

const PATH = "rulewright.intel";
/** Characters of `meta.desc`. */
const MOST_WORDS = 300;
const COLUMNS = ["indicator", "indicator_type", "meta.source", "meta.desc", "meta.url", "meta.do_notice"];

export const zeek = defineExporter({
  name: "zeek",
  description: "Zeek Intelligence Framework file",
  options: ZeekOptions,
  accepts: ["domain", "ipv4", "ipv6", "url", "sha256", "certificate"],
  formats: { intel: { description: "tab separated, one item a line", mediaType: "text/tab-separated-values" } },
  async *render(indicators, ctx: RenderContext<ZeekOptions>) {
    yield { path: PATH, data: `#fields\t${COLUMNS.join("\t")}\n`, indicators: 0 };
    yield* writeLines(indicators, ctx, (indicator) => itemLines(indicator, ctx.options));
  },
});

/** Source: Zeek documentation, "Intelligence Framework"; the types are `Intel::Type`. */
function itemLines(indicator: Indicator, { source, notice }: ZeekOptions): LinesOrReason {
  const reason = unlistable(indicator);
  if (reason) return reason;
  const items = itemsOf(indicator);
  if (typeof items === "string") return items;
  const about = cell(aboutText(indicator, MOST_WORDS));
  const meta = `${source}\t${about}\t${cell(virusTotalPage(indicator) ?? "")}\t${notice ? "T" : "F"}`;
  let text = "";
  for (const [value, type] of items) text += `${cell(value)}\tIntel::${type}\t${meta}\n`;
  return { path: PATH, text, rows: items.length };
}

/** Values with their types, or why there are none. */
function itemsOf(indicator: Indicator): readonly (readonly [value: string, type: string])[] | string {
  const { type, value } = indicator;
  switch (type) {
    case "domain":
      return [[value, "DOMAIN"]];
    case "url": {
      const parts = httpParts(value);
      if (typeof parts === "string") return parts;
      return parts.scheme === "https" ? "Zeek sees no URL within TLS" : [[urlOf(parts), "URL"]];
    }
    case "sha256":
      // All of them: unless told to, Zeek hashes files with MD5 and SHA-1 alone.
      return fileHashes(indicator).map((hash) => [hash, "FILE_HASH"]);
    case "certificate":
      return [[value, "CERT_HASH"]];
    default:
      return [[value, "ADDR"]];
  }
}

/** A URL as HTTP::build_url makes it: without the scheme, with any port but 80. */
function urlOf({ host, port, target }: UrlParts): string {
  return `${host}${port === undefined ? "" : `:${port}`}${target}`;
}

const PLAIN = /^[ -[\]-~]+$/;

/** One cell: `-` is unset; bytes that are not printable ASCII, and the backslash, are `\xNN`. */
function cell(text: string): string {
  if (text === "") return "-";
  if (text === "-") return "\\x2d";
  if (PLAIN.test(text)) return text;
  let escaped = "";
  for (const byte of Buffer.from(text)) {
    escaped +=
      byte < 0x20 || byte > 0x7e || byte === 0x5c
        ? `\\x${byte.toString(16).padStart(2, "0")}`
        : String.fromCharCode(byte);
  }
  return escaped;
}
