/**
 * Exporter `yara`: a rule for each file hash, with what is known of it. It writes no rules on content: a sandbox report
 * holds none of a file's bytes.
 */
import {
  defineExporter,
  type Indicator,
  plainText,
  type RenderContext,
  type RowTemplate,
  virusTotalPage,
  z,
} from "../../src/plugin.ts";
import { unlistable } from "../shared/rows/alert.ts";
import { endLine } from "../shared/rows/cell.ts";
import { type LinesOrReason, writeLines } from "../shared/rows/lines.ts";
import { aboutText } from "../shared/rows/words.ts";

const YaraOptions = z.object({
  namePrefix: z
    .string()
    .regex(/^[A-Za-z_]\w{0,30}$/, "must be letters, digits and _")
    .default("Rulewright")
    .describe("Begins the name of each rule: `<prefix>_<Family>_<hash>`."),
  maxFileSizeMiB: z
    .int()
    .min(1)
    .max(10_000)
    .default(50)
    .describe("Files above it are not hashed for a rule without a known size."),
});
type YaraOptions = z.output<typeof YaraOptions>;

const PATH = "rulewright.yar";

/** YARA's lexer holds 8,192 bytes of a text, and a character may become three times `\xNN`. */
const MOST_CHARACTERS = 500;

/** What a rule template may print → its meaning. */
const FIELDS = {
  name: "identifier of the rule",
  condition: "the whole condition; print it with `{{{`",
  hash: "SHA-256, lower case",
  description: "families, reasons and sandboxes",
  family: "first family of the samples, or `unnamed`",
  confidence: "0 to 100",
  tlp: "Traffic Light Protocol 2.0 level, lower case",
  first_seen: "day of the first report, `2026-10-01`",
  reference: "VirusTotal page of the file",
} as const;

export const yara = defineExporter({
  name: "yara",
  description: "YARA rules that find files by their hash",
  options: YaraOptions,
  accepts: ["sha256"],
  formats: { rules: { description: "one file of rules, which import the hash module", mediaType: "text/x-yara" } },
  templates: {
    dir: new URL("../../templates/yara/", import.meta.url),
    rows: {
      rule: {
        description: "a rule",
        sample: {
          name: "Rulewright_Quillet_9f2b5c7d1e3a4f60817263544536271809fadbecdcbdae9f8071625344352617",
          condition: "filesize == 4711",
          hash: "9f2b5c7d1e3a4f60817263544536271809fadbecdcbdae9f8071625344352617",
          description: "quillet: contacted by 1 sample",
          family: "quillet",
          confidence: 85,
          tlp: "amber",
          first_seen: "2026-10-01",
          reference: "https://www.virustotal.com/gui/",
        },
      },
    },
    escape: stringText,
    fields: FIELDS,
  },
  async *render(indicators, ctx: RenderContext<YaraOptions>) {
    const template = ctx.templates.rule as RowTemplate;
    yield { path: PATH, data: 'import "hash"\n', indicators: 0 };
    yield* writeLines(indicators, ctx, (indicator) => ruleOf(indicator, ctx.options, template));
  },
});

function ruleOf(
  indicator: Indicator,
  { namePrefix, maxFileSizeMiB }: YaraOptions,
  template: RowTemplate,
): LinesOrReason {
  const reason = unlistable(indicator);
  if (reason) return reason;
  const { value: hash, families, details, verdict, tlp, firstSeen } = indicator;
  const size = sizeText(details.size, maxFileSizeMiB);
  const rule = template({
    // The whole hash: of two names alike YARA refuses the file, and whoever makes samples can make their hashes begin alike.
    name: `${namePrefix}_${identifierPart(families[0])}_${hash}`,
    // Lower case: hash.sha256 answers so, and compares bytes.
    condition: `${size} and hash.sha256(0, filesize) == "${hash}"`,
    hash,
    description: aboutText(indicator, MOST_CHARACTERS),
    family: plainText(families[0] ?? "unnamed", MOST_CHARACTERS),
    confidence: verdict.confidence,
    tlp,
    first_seen: firstSeen.slice(0, 10),
    reference: virusTotalPage(indicator) ?? "",
  });
  return { path: PATH, text: endLine(rule, "\n"), rows: 1 };
}

/** A known size spares YARA the hash of every file of another. Rules compare 64-bit numbers. */
function sizeText(size: number | undefined, most: number): string {
  return size !== undefined && Number.isSafeInteger(size) && size > 0 ? `filesize == ${size}` : `filesize < ${most}MB`;
}

/** A family as a part of an identifier, which is 128 characters long at most. */
function identifierPart(family = ""): string {
  const kept = family.replaceAll(/\W+/g, "").slice(0, 30);
  return kept === "" ? "Unnamed" : kept.charAt(0).toUpperCase() + kept.slice(1);
}

const PLAIN = /^[ !#-[\]-~]*$/;

/** A text between quotes. Source: YARA documentation, "Text strings"; bytes that are no printable ASCII are `\xNN`. */
function stringText(value: unknown): string {
  const text = String(value);
  if (PLAIN.test(text)) return text;
  let escaped = "";
  for (const byte of Buffer.from(text)) {
    const character = String.fromCharCode(byte);
    if (character === '"' || character === "\\") escaped += `\\${character}`;
    else escaped += byte < 0x20 || byte > 0x7e ? `\\x${byte.toString(16).padStart(2, "0")}` : character;
  }
  return escaped;
}
