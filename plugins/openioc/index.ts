/**
 * Exporter `openioc`: one OpenIOC 1.1 document in which any match counts. It writes no types that are context, as a
 * reader of OpenIOC treats every item of an OR alike.
 */
import { defineExporter, type Indicator, indicatorKey, RULEWRIGHT_NAMESPACE, uuidv5, z } from "../../src/plugin.ts";
import { oneLine } from "../shared/options.ts";
import { unlistable } from "../shared/rows/alert.ts";
import { type LinesOrReason, writeLines } from "../shared/rows/lines.ts";
import { type Group, groupOf, type Match, matchesOf } from "./terms.ts";

const OpeniocOptions = z.object({
  title: oneLine(200)
    .default("Rulewright indicators")
    .describe("Short description of the document. Its id follows from it, so give each export its own."),
  dates: z
    .enum(["none", "export"])
    .default("none")
    .describe(
      "`last-modified` and its like, which the schema asks for: the year 1, as editors write what is not set, or the time of the export, and then no two exports are the same.",
    ),
});

const PATH = "rulewright.ioc";
const UNSET = "0001-01-01T00:00:00Z";

export const openioc = defineExporter({
  name: "openioc",
  description: "OpenIOC 1.1 document for endpoint and forensic tools",
  options: OpeniocOptions,
  accepts: ["domain", "ipv4", "ipv6", "endpoint", "url", "sha256"],
  formats: { ioc: { description: "one document", mediaType: "application/xml" } },
  async *render(indicators, ctx) {
    const { title, dates } = ctx.options as z.output<typeof OpeniocOptions>;
    const date = dates === "export" ? `${ctx.now.toISOString().slice(0, 19)}Z` : UNSET;
    const id = idOf(`document:${title}`);
    yield { path: PATH, data: head(id, title, date), indicators: 0 };
    const writer = groupWriter(id);
    yield* writeLines(indicators, ctx, writer.linesOf);
    yield { path: PATH, data: `${writer.end()}    </Indicator>\n  </criteria>\n</OpenIOC>\n` };
  },
});

function head(id: string, title: string, date: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>
<OpenIOC xmlns="http://openioc.org/schemas/OpenIOC_1.1" id="${id}" last-modified="${date}" published-date="${date}">
  <metadata>
    <short_description>${xmlText(title)}</short_description>
    <authored_by>Rulewright</authored_by>
    <authored_date>${date}</authored_date>
    <links />
  </metadata>
  <criteria>
    <Indicator operator="OR" id="${idOf(`any:${id}`)}">
`;
}

/** The schema wants single items before nested conditions, so items stand in groups, which follow the order of types. */
function groupWriter(document: string) {
  let group: Group | undefined;
  const end = (): string => (group === undefined ? "" : "      </Indicator>\n");
  return {
    end,
    linesOf(indicator: Indicator): LinesOrReason {
      const reason = unlistable(indicator);
      if (reason) return reason;
      const wanted = groupOf(indicator.type);
      let text = "";
      if (wanted !== group) {
        text = `${end()}      <Indicator operator="OR" id="${idOf(`${wanted}:${document}`)}">\n`;
        group = wanted;
      }
      return { path: PATH, text: text + itemsText(indicator), rows: 1 };
    },
  };
}

function itemsText(indicator: Indicator): string {
  const key = indicatorKey(indicator);
  const matches = matchesOf(indicator);
  const items = matches.map((match) => itemText(match, idOf(`${match.search} ${match.condition}:${key}`))).join("");
  // An address and its port count only together.
  return indicator.type === "endpoint"
    ? `        <Indicator operator="AND" id="${idOf(`all:${key}`)}">\n${items}        </Indicator>\n`
    : items;
}

function itemText({ search, condition, type, value, isCaseKept }: Match, id: string): string {
  const document = search.slice(0, search.indexOf("/"));
  return `        <IndicatorItem id="${id}" condition="${condition}" preserve-case="${isCaseKept}" negate="false"><Context document="${document}" search="${search}" type="mir" /><Content type="${type}">${xmlText(value)}</Content></IndicatorItem>\n`;
}

function idOf(name: string): string {
  return uuidv5(RULEWRIGHT_NAMESPACE, `openioc:${name}`);
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text or an attribute in double quotes. What XML cannot carry does not come here: values are visible text. */
function xmlText(text: string): string {
  return /[&<>"]/.test(text) ? text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] as string) : text;
}
