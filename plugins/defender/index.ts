/**
 * Exporter `defender`: indicators of Microsoft Defender for Endpoint as CSV, one set of files for each tab of its
 * import page. It blocks nothing unless told to. Server certificates are left out: Defender's certificate indicators
 * are about who signed a file.
 */
import {
  type Chunk,
  defineExporter,
  type Indicator,
  type ObservableType,
  plainText,
  type RenderContext,
  z,
} from "../../src/plugin.ts";
import { oneLine } from "../shared/options.ts";
import { unlistable } from "../shared/rows/alert.ts";
import { keepBest } from "../shared/rows/best.ts";
import { csvLine, guardFormula } from "../shared/rows/cell.ts";
import { type NumberedFiles, numberedFiles } from "../shared/rows/numbered-files.ts";
import { httpParts } from "../shared/rows/value.ts";
import { aboutText, confidenceWord, ended } from "../shared/rows/words.ts";

/** Source: Microsoft Learn, "Manage indicators" (the sample CSV of its import) and "Import Indicators API". */
const HEADER =
  "IndicatorType,IndicatorValue,ExpirationTime,Action,Severity,Title,Description,RecommendedActions,RbacGroups,Category,MitreTechniques,GenerateAlert\n";
const MAX_ROWS_PER_FILE = 500;
const MAX_PER_TENANT = 15_000;

const DefenderOptions = z.object({
  action: z
    .enum(["Audit", "Warn", "Block", "BlockAndRemediate"])
    .default("Audit")
    .describe(
      "What Defender does on a match: alert only, or more. `BlockAndRemediate` is for files; the rest is blocked then. Try `Audit` for some weeks first.",
    ),
  maxRows: z
    .int()
    .min(1)
    .max(MAX_PER_TENANT)
    .default(MAX_PER_TENANT)
    .describe("Most rows of all files: a tenant holds 15,000 active indicators of all sources. The best are kept."),
  rbacGroups: z
    .array(oneLine(200))
    .default([])
    .describe("Device groups that the indicators are for. All devices without one."),
});
type DefenderOptions = z.output<typeof DefenderOptions>;

interface Kind {
  readonly indicatorType: string;
  /** Tab of the import page, and so the files. */
  readonly tab: "files" | "addresses" | "urls-domains";
  readonly category: string;
}

const KINDS: Partial<Record<ObservableType, Kind>> = {
  domain: { indicatorType: "DomainName", tab: "urls-domains", category: "CommandAndControl" },
  ipv4: { indicatorType: "IpAddress", tab: "addresses", category: "CommandAndControl" },
  ipv6: { indicatorType: "IpAddress", tab: "addresses", category: "CommandAndControl" },
  url: { indicatorType: "Url", tab: "urls-domains", category: "CommandAndControl" },
  sha256: { indicatorType: "FileSha256", tab: "files", category: "Malware" },
};

const SEVERITIES = { none: "Informational", low: "Low", medium: "Medium", high: "High" } as const;

export const defender = defineExporter({
  name: "defender",
  description: "Indicators for Microsoft Defender for Endpoint",
  options: DefenderOptions,
  accepts: Object.keys(KINDS) as ObservableType[],
  formats: { csv: { description: "import files of 500 rows, by tab", mediaType: "text/csv;profile=defender" } },
  async *render(indicators, ctx: RenderContext<DefenderOptions>) {
    const kept = await keepBest(indicators, ctx, {
      name: "defender",
      budget: { maxRows: ctx.options.maxRows },
      flawOf: (indicator) => unlistable(indicator) ?? ended(indicator, ctx.now) ?? notHttp(indicator),
      pieceOf: (indicator) => rowOf(indicator, ctx.options),
    });
    yield* filesOf(kept);
  },
});

/** Network protection looks at HTTP and at TLS. */
function notHttp({ type, value }: Indicator): string | undefined {
  const parts = type === "url" ? httpParts(value) : undefined;
  return typeof parts === "string" ? parts : undefined;
}

interface Row {
  readonly tab: Kind["tab"];
  readonly text: string;
  readonly rows: 1;
  readonly bytes: number;
}

function rowOf(indicator: Indicator, { action, rbacGroups }: DefenderOptions): Row {
  const { type, value, validUntil, verdict, families } = indicator;
  const { indicatorType, tab, category } = KINDS[type] as Kind;
  const text = csvLine([
    indicatorType,
    value,
    `${validUntil.slice(0, 19)}.0Z`,
    action === "BlockAndRemediate" && tab !== "files" ? "Block" : action,
    SEVERITIES[confidenceWord(verdict.confidence)],
    familyTitle(families),
    guardFormula(aboutText(indicator, 500)),
    "",
    rbacGroups.join(","),
    category,
    "",
    "true",
  ]);
  return { tab, text, rows: 1, bytes: 0 };
}

/** `Seen in malware sandbox: quillet`. */
function familyTitle(families: readonly string[]): string {
  const names = plainText(families.join(", "), 80);
  return names === "" ? "Seen in malware sandbox" : `Seen in malware sandbox: ${names}`;
}

/** Every tab has a file, with the header at least, so that which files there are depends on nothing. */
function* filesOf(rows: Iterable<Row>): Generator<Chunk> {
  const tabs = new Map<Kind["tab"], NumberedFiles>();
  for (const tab of ["addresses", "files", "urls-domains"] as const) {
    const files = numberedFiles({
      path: (number) => `${tab}-${number}.csv`,
      header: HEADER,
      maxRows: MAX_ROWS_PER_FILE,
    });
    tabs.set(tab, files);
    yield files.begin;
  }
  for (const { tab, text } of rows) {
    const { path, text: data } = (tabs.get(tab) as NumberedFiles).place(text);
    yield { path, data, rows: 1, indicators: 1 };
  }
}
