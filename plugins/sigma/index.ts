/**
 * Exporter `sigma`: one Sigma rule for each log source, several where a list is long. No correlation rules, and nothing
 * for types that are context. It does not convert rules; `sigma convert` of sigma-cli does.
 */
import {
  batches,
  type Chunk,
  defineExporter,
  type Indicator,
  indicatorKey,
  type PreviousOutput,
  type RenderContext,
  RULEWRIGHT_NAMESPACE,
  uuidv5,
  z,
} from "../../src/plugin.ts";
import { oneLine } from "../shared/options.ts";
import { unlistable } from "../shared/rows/alert.ts";
import { LOG_SOURCES, type LogSource, type LogSourceName, type Term } from "./log-sources.ts";
import { takePart } from "./parts.ts";
import { type Entry, ruleText } from "./rule.ts";

const NAMES = LOG_SOURCES.map(({ name }) => name) as [LogSourceName, ...LogSourceName[]];

const SigmaOptions = z.object({
  author: oneLine(200).default("Rulewright").describe("Author of the rules."),
  level: z
    .enum(["low", "medium", "high", "critical"])
    .default("high")
    .describe("Level of every rule. A rule has many values, so it does not follow their confidence."),
  maxValues: z
    .int()
    .min(2)
    .max(10_000)
    .default(200)
    .describe(
      "Most values of a rule; a longer list becomes several rules. Converted queries slow down above some hundreds.",
    ),
  logSources: z
    .array(z.enum(NAMES))
    .min(1)
    .default(NAMES)
    .describe("Log sources to write rules for. Leave out those you do not collect."),
});
type SigmaOptions = z.output<typeof SigmaOptions>;

export const sigma = defineExporter({
  name: "sigma",
  description: "Sigma rules, one for each log source",
  options: SigmaOptions,
  accepts: ["domain", "ipv4", "ipv6", "endpoint", "url", "sha256"],
  formats: { yaml: { description: "a file for each rule", mediaType: "application/yaml" } },
  async *render(indicators, ctx: RenderContext<SigmaOptions>) {
    const sources: readonly LogSource[] = LOG_SOURCES.filter(({ name }) => ctx.options.logSources.includes(name));
    const lists = sources.map((source) => ({ source, entries: [] as Entry[], values: 0, isFirst: true }));
    for await (const batch of batches(indicators, 100)) {
      ctx.signal.throwIfAborted();
      for (const indicator of batch) enter(indicator, lists, ctx);
      for (const list of lists) while (list.values > ctx.options.maxValues) yield await nextRule(list, ctx);
    }
    for (const list of lists) while (list.entries.length > 0) yield await nextRule(list, ctx);
  },
});

/** What a log source still has to write. */
interface List {
  readonly source: LogSource;
  readonly entries: Entry[];
  values: number;
  isFirst: boolean;
}

function enter(indicator: Indicator, lists: readonly List[], { skip }: RenderContext<SigmaOptions>): void {
  const flaw = unlistable(indicator);
  if (flaw) {
    skip(indicator, flaw);
    return;
  }
  const open = { rules: 0 };
  for (const list of lists) {
    const terms: readonly Term[] = list.source.terms[indicator.type]?.(indicator) ?? [];
    if (terms.length === 0) continue;
    list.entries.push({ indicator, terms, open });
    list.values += terms.length;
    open.rules += 1;
  }
  if (open.rules === 0) skip(indicator, `no chosen log source shows a ${indicator.type}`);
}

async function nextRule(list: List, ctx: RenderContext<SigmaOptions>): Promise<Chunk> {
  const { source, isFirst } = list;
  const entries =
    list.values > ctx.options.maxValues
      ? takePart(list.entries, ctx.options.maxValues)
      : list.entries.splice(0, list.entries.length);
  list.values -= entries.reduce((sum, { terms }) => sum + terms.length, 0);
  list.isFirst = false;
  // The first rule of a log source is always the same one; the others are known by the value they begin with.
  const key = isFirst ? source.name : `${source.name}:${indicatorKey((entries[0] as Entry).indicator)}`;
  const id = uuidv5(RULEWRIGHT_NAMESPACE, `sigma:${key}`);
  const path = `${source.name}_rulewright${isFirst ? "" : `_${id.slice(0, 8)}`}.yml`;
  const { head, body } = ruleText(source, { id, isFirst }, entries, ctx.options);
  const dates = datesOf(head + body, await readPrevious(ctx.previous, path), entries, ctx.now);
  return { path, data: head + dates + body, rows: 1, indicators: closed(entries) };
}

/** How many indicators are in their last rule. */
function closed(entries: readonly Entry[]): number {
  let count = 0;
  for (const { open } of entries) {
    open.rules -= 1;
    if (open.rules === 0) count += 1;
  }
  return count;
}

const DATE_LINES = /^(?:date|modified): .*\n/gm;

/**
 * `date` is the newest day of the evidence when the rule first appeared, and stays; `modified` is the day of the
 * export that changed anything else.
 */
function datesOf(text: string, previous: string, entries: readonly Entry[], now: Date): string {
  const isSame = previous.replace(DATE_LINES, "") === text;
  const [date] = /^date: .*\n/m.exec(previous) ?? [];
  if (isSame) return (previous.match(DATE_LINES) ?? []).join("");
  if (date) return `${date}modified: ${now.toISOString().slice(0, 10)}\n`;
  const newest = entries.reduce((last, { indicator: { lastSeen } }) => (lastSeen > last ? lastSeen : last), "");
  return `date: ${newest.slice(0, 10)}\n`;
}

/** The rule that lies in the same place, or an empty text. */
async function readPrevious(previous: PreviousOutput, path: string): Promise<string> {
  if (!previous.paths.includes(path)) return "";
  let text = "";
  for await (const line of previous.lines(path)) text += `${line}\n`;
  return text;
}
