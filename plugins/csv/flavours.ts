/** The flavours of a row: a file name, what the file begins with, and an indicator's line. They write no files. */
import { type Indicator, isAlertable, type RowTemplate } from "../../src/plugin.ts";
import { displayText, endLine, guardFormula } from "../shared/rows/cell.ts";
import { headerOf, ROW_FIELDS, rowReaders } from "../shared/rows/row.ts";
import { malformed, uncarriable } from "../shared/rows/value.ts";
import type { CsvOptions } from "./index.ts";

export interface Flavour {
  readonly path: string;
  /** What the file begins with. */
  readonly head: string;
  /** The indicator's line with its end, or why there is none. */
  readonly render: (indicator: Indicator) => string | Refusal;
}

/** Why a flavour cannot carry an indicator. */
export interface Refusal {
  readonly flaw: string;
}

type Naming = Pick<CsvOptions, "columnNames">;

const BYTE_ORDER_MARK = "\ufeff";

/** Exact bytes, for SIEMs and scripts. */
export function machineCsv(template: RowTemplate, { lineEnding, bom, columnNames }: CsvOptions): Flavour {
  const lineEnd = lineEnding === "crlf" ? "\r\n" : "\n";
  const row = template.over(rowReaders());
  return {
    path: "indicators.csv",
    head: (bom ? BYTE_ORDER_MARK : "") + headerOf(template, ROW_FIELDS, columnNames) + lineEnd,
    render: (indicator) => refusal(indicator) ?? endLine(row(indicator), lineEnd),
  };
}

/** What a spreadsheet opens by double click: with the mark that Excel needs for UTF-8, and no cell that it runs. */
export function spreadsheetCsv(template: RowTemplate, { columnNames }: Naming): Flavour {
  const readers = rowReaders((piece) => guardFormula(displayText(piece)));
  const row = template.over<Indicator>({
    ...readers,
    value: ({ value }) => guardFormula(value),
    value_defanged: (indicator) => guardFormula(String(readers.value_defanged(indicator))),
  });
  return {
    path: "indicators.excel.csv",
    head: `${BYTE_ORDER_MARK}${headerOf(template, ROW_FIELDS, columnNames)}\r\n`,
    render: (indicator) => refusal(indicator) ?? endLine(row(indicator), "\r\n"),
  };
}

/** For mail and reports, where nothing may become a link; also safe to open in a spreadsheet. */
export function defangedCsv(template: RowTemplate, { columnNames }: Naming): Flavour {
  const readers = rowReaders((piece) => guardFormula(displayText(piece)));
  const defanged = (indicator: Indicator): string => guardFormula(String(readers.value_defanged(indicator)));
  const row = template.over<Indicator>({ ...readers, value: defanged, value_defanged: defanged });
  return {
    path: "indicators.defanged.csv",
    head: `${headerOf(template, ROW_FIELDS, columnNames)}\n`,
    render: (indicator) => refusal(indicator) ?? endLine(row(indicator), "\n"),
  };
}

/** Each indicator with all it has; carries what no CSV line can. */
export function jsonLines(): Flavour {
  return {
    path: "indicators.jsonl",
    // An empty file is the valid JSON Lines file without indicators.
    head: "",
    render: (indicator) => {
      const flaw = malformed(indicator);
      // JSON.stringify escapes lone surrogates (ECMA-262, well-formed JSON.stringify), so every value is carried.
      return flaw ? { flaw } : `${JSON.stringify(jsonRow(indicator))}\n`;
    },
  };
}

function refusal(indicator: Indicator): Refusal | undefined {
  const flaw = malformed(indicator) ?? uncarriable(indicator.value);
  return flaw === undefined ? undefined : { flaw };
}

/** The indicator with its keys in a fixed order, whoever built it. */
function jsonRow(indicator: Indicator): Record<string, unknown> {
  return {
    type: indicator.type,
    value: indicator.value,
    scope: indicator.scope,
    detect: isAlertable(indicator),
    verdict: indicator.verdict,
    status: indicator.status,
    tlp: indicator.tlp,
    families: indicator.families,
    labels: indicator.labels,
    hunts: indicator.hunts,
    techniques: indicator.techniques,
    samples: indicator.samples,
    sampleCount: indicator.sampleCount,
    sandboxes: indicator.sandboxes,
    firstSeen: indicator.firstSeen,
    lastSeen: indicator.lastSeen,
    validUntil: indicator.validUntil,
    evidence: indicator.evidence,
    details: indicator.details,
  };
}
