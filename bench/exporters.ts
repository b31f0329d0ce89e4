/**
 * Group `exporters`: every built-in exporter in each of its formats, a million indicators to files, each in a process
 * of its own. Held are 150,000 rows per CPU second and 300 MiB for formats that write a line at a time.
 */
import { plugins } from "../plugins/index.ts";
import { apart } from "./apart.ts";
import type { ExportCase, ExportCosts } from "./cases/export.ts";
import type { Spread } from "./source.ts";
import { type Column, fixed, type Print, startTable, thousands, times, whole } from "./table.ts";

type ExportModule = typeof import("./cases/export.ts");

/** Types to render, the main one first; for exporters that are not named `domain`, or what they take first. */
const SPREADS: Readonly<Record<string, readonly Spread[]>> = {
  csv: ["domain", "mix"],
  lists: ["domain", "ipv4"],
  suricata: ["domain", "endpoint", "mix"],
  snort: ["endpoint"],
};

/** Exporters whose files are published as an archive too, which costs more than the rules: measured apart. */
const ARCHIVED = new Set(
  plugins.flatMap(({ exporters = [] }) => exporters.filter(({ archive }) => archive).map(({ name }) => name)),
);

/** Formats that are one document, not a row a line as rules, lists, lookups and JSON lines are. */
const DOCUMENT_FORMATS = new Set(["bundle", "event", "feed", "ioc", "yaml"]);
const MOST_MIB = 300;
const FEWEST_ROWS = 150_000;

const COLUMNS: readonly Column[] = [
  { title: "exporter", width: 8 },
  { title: "format", width: 7 },
  { title: "type", width: 8 },
  { title: "rows", isNumber: true, width: 9 },
  { title: "MB", isNumber: true, width: 5 },
  { title: "rows/s", isNumber: true },
  { title: "rows/CPU-s", isNumber: true },
  { title: "peak MiB", isNumber: true },
  { title: "raw write, s", isNumber: true },
  { title: "ratio to raw write", isNumber: true },
];

export async function benchExporters(print: Print, count: number, only?: readonly string[]): Promise<void> {
  const table = startTable(print, `exporters: ${whole(count)} indicators`, COLUMNS);
  const skips: string[] = [];
  let idle = 0;
  for (const one of casesOf(count, only)) {
    const costs = await apart<ExportModule>("export", one);
    table.row(rowOf(one, costs));
    skips.push(...skipsOf(one, costs));
    idle = Math.max(idle, costs.idleMiB);
  }
  table.end([
    `\`!\`: a line format above ${MOST_MIB} MiB or below ${thousands(FEWEST_ROWS)} rows per CPU second. A row is what the exporter counts as`,
    "one: rule, list line, attribute, object. rows/s is wall clock, synthetic source included; rows/CPU-s is without",
    `that source, measured alone, and counts what a ranked cut left out. A process that has loaded Rulewright and done nothing peaks at ${whole(idle)} MiB. Raw`,
    "write: the same bytes by writeSync; the ratio is wall clock to wall clock.",
    ...skips,
  ]);
}

function casesOf(count: number, only?: readonly string[]): ExportCase[] {
  const exporters = plugins.flatMap((plugin) => plugin.exporters ?? []);
  return exporters
    .filter(({ name }) => only === undefined || only.includes(name))
    .flatMap(({ name: exporter, formats, accepts }) =>
      Object.keys(formats).flatMap((format) => {
        const spreads = SPREADS[exporter] ?? [accepts.includes("domain") ? "domain" : accepts[0]!];
        // A format that is archives by its nature is measured with them.
        const cases = spreads.map(
          (spread): ExportCase => ({ exporter, format, spread, count, isArchived: !ARCHIVED.has(exporter) }),
        );
        return ARCHIVED.has(exporter) ? [...cases, { ...(cases[0] as ExportCase), isArchived: true }] : cases;
      }),
    );
}

function rowOf({ exporter, format, spread, isArchived }: ExportCase, costs: ExportCosts): string[] {
  const { rows, bytes, cost, floor, peakMiB } = costs;
  const perCpuSecond = (rows + cutBy(costs)) / (cost.cpuSeconds - costs.sourceCpuSeconds);
  const isExtra = isArchived && ARCHIVED.has(exporter);
  const isLineFormat = !DOCUMENT_FORMATS.has(format) && !isExtra;
  const mark = (isBad: boolean): string => (isLineFormat && isBad ? "! " : "");
  return [
    exporter,
    isExtra ? `${format} + archive` : format,
    spread,
    whole(rows),
    whole(bytes / 1e6),
    thousands(rows / cost.seconds),
    mark(rows > 0 && perCpuSecond < FEWEST_ROWS) + thousands(perCpuSecond),
    mark(peakMiB > MOST_MIB) + whole(peakMiB),
    fixed(floor.seconds),
    times(cost.seconds / floor.seconds),
  ];
}

/** What a ranked cut left out of an output of limited size: it was read, checked and ranked like the rest. */
function cutBy({ skipped }: ExportCosts): number {
  return Object.entries(skipped).reduce((sum, [reason, n]) => sum + (reason.startsWith("cut: ") ? n : 0), 0);
}

/** Synthetic indicators should all be written; when they are not, the table measures something else. */
function skipsOf({ exporter, format, spread }: ExportCase, { skipped }: ExportCosts): string[] {
  return Object.entries(skipped).map(
    ([reason, n]) => `Skipped by ${exporter}:${format}, ${spread}: ${whole(n)}, ${reason}.`,
  );
}
