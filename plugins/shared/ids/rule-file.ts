/**
 * Streams indicators into a rule file and its sid-msg.map, for Suricata and Snort: renders each rule, asks the ledger
 * for sid and rev, accounts for every indicator.
 *
 * This module does not know what a rule matches (see the drafts of each engine) and never sorts: the input is sorted.
 */
import { type Chunk, type Indicator, indicatorKey, type RenderContext, type RuleProofs } from "../../../src/plugin.ts";
import { type Changes, openChanges } from "./changes.ts";
import { type RuleParts, ruleParts } from "./rule-parts.ts";
import { metadataValue, REV_SLOT, ruleText, SID_SLOT } from "./rule-text.ts";

/** Longest rule that Suricata reads, in bytes without the line end (DETECT_MAX_RULE_SIZE, 8192 with its NUL). */
export const MAX_RULE_BYTES = 8191;

/** One rule before it has a sid. */
export interface RuleDraft {
  /** Template. */
  readonly row: string;
  /** The ledger's key: engine, kind of rule, indicator. */
  readonly key: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Another file than the main one, for rules that need more than themselves. */
  readonly path?: string;
}

/** What an indicator becomes: rules, lines of list files, or the plain reason why it becomes nothing. */
export type Draft =
  | {
      readonly rules: readonly RuleDraft[];
      readonly lines?: readonly ListLine[];
      /** Its rule is one of those that `finish` gives. */
      readonly isHeld?: boolean;
    }
  | string;

/** A rule over many indicators. */
export interface FinalDraft extends RuleDraft {
  /** Indicators whose last piece it is. */
  readonly indicators?: number;
}

export interface ListLine {
  readonly path: string;
  readonly line: string;
}

export interface RuleFile {
  readonly path: string;
  /** Comment lines without dates: the same indicators give the same bytes on another day. */
  readonly header: string;
  readonly draft: (indicator: Indicator) => Draft;
  /** Rules that are known when the last indicator is. */
  readonly finish?: () => readonly FinalDraft[];
  /** How the lines of a list are named in CHANGES; undefined for a file that is no list. */
  readonly entryOf?: (path: string) => ((line: string) => string) | undefined;
}

export const SID_MAP = "sid-msg.map";
/** Version 2, which barnyard2 and its kin tell by its first line: generator, sid, rev, classtype, priority, message. */
export const SID_MAP_V2 = "sid-msg-v2.map";

/**
 * Rules or list lines of one round through the ledger. Few, so that a batch is forgotten before the collector moves it to
 * the old generation: a third less memory than with four times as many.
 */
const BATCH = 200;

export async function* renderRuleFile(
  indicators: AsyncIterable<Indicator>,
  ctx: RenderContext,
  { path, header, draft, finish = () => [], entryOf = blockListEntry }: RuleFile,
): AsyncGenerator<Chunk> {
  yield { path, data: header, indicators: 0 };
  yield { path: SID_MAP, data: "" };
  yield { path: SID_MAP_V2, data: "#v2\n" };
  const changes = await openChanges(ctx, entryOf);
  let previous = "";
  let pending: PendingRule[] = [];
  let lists = new Lines();
  let size = 0;
  const flush = async function* (): AsyncGenerator<Chunk> {
    ctx.signal.throwIfAborted();
    if (pending.length > 0) yield* number(pending, ctx, changes);
    yield* lists.chunks();
    yield* changes.chunks();
    pending = [];
    lists = new Lines();
    size = 0;
  };
  for await (const indicator of indicators) {
    const key = indicatorKey(indicator);
    // Two rules with one sid would make an engine refuse the file.
    const drafted = key === previous ? "the same indicator came twice" : draft(indicator);
    previous = key;
    const isActive = indicator.status === "active";
    const rendered = typeof drafted === "string" ? drafted : renderDrafts(drafted.rules, isActive, ctx, path);
    if (typeof rendered === "string") {
      ctx.skip(indicator, rendered);
      continue;
    }
    pending.push(...rendered);
    const { lines = [] } = drafted as Exclude<Draft, string>;
    for (const { path: list, line } of lines) {
      lists.add(list, line);
      changes.entry(list, line);
    }
    // Lists come after rules.
    if (lines.length > 0) lists.complete((lines.at(-1) as ListLine).path);
    else if (rendered.length > 0) (pending.at(-1) as PendingRule).indicators = 1;
    size += rendered.length + lines.length;
    if (size >= BATCH) yield* flush();
  }
  yield* flush();
  const last = finish();
  for (let from = 0; from < last.length; from += BATCH) {
    yield* number(renderFinal(last.slice(from, from + BATCH), ctx, path), ctx, changes);
    yield* changes.chunks();
  }
  yield* changes.finish();
}

/** Files with one value a line, as rules and reputation settings load them. */
function blockListEntry(path: string): ((line: string) => string) | undefined {
  return /\.(?:lst|blocklist)$/.test(path) ? (line) => line : undefined;
}

/** Lines of a batch by file. */
class Lines {
  readonly #files = new Map<string, { data: string; rows: number; indicators: number }>();

  add(path: string, line: string): void {
    const file = this.#files.get(path);
    if (file) {
      file.data += `${line}\n`;
      file.rows += 1;
    } else {
      this.#files.set(path, { data: `${line}\n`, rows: 1, indicators: 0 });
    }
  }

  /** The last line of a file was also the last of so many indicators. */
  complete(path: string, indicators = 1): void {
    const file = this.#files.get(path);
    if (file) file.indicators += indicators;
  }

  *chunks(): Generator<Chunk> {
    for (const [path, file] of this.#files) yield { path, ...file };
  }
}

interface PendingRule extends RuleParts {
  readonly path: string;
  readonly key: string;
  readonly text: string;
  readonly isActive: boolean;
  /** Indicators whose last piece it is. */
  indicators: number;
}

function renderDrafts(
  drafts: readonly RuleDraft[],
  isActive: boolean,
  ctx: RenderContext,
  mainPath: string,
): PendingRule[] | string {
  const rules: PendingRule[] = [];
  for (const { row, key, fields, path = mainPath } of drafts) {
    const template = ctx.templates[row];
    if (!template) return `the template ${row} is missing`;
    // Templates may put each option on its own line; a rule is one line.
    const text = template(fields).trim().replaceAll("\r", "").replaceAll("\n", " ");
    if (byteLengthAbove(text, MAX_RULE_BYTES - SID_DIGITS)) {
      return `the rule would be longer than the ${MAX_RULE_BYTES} bytes an engine reads`;
    }
    rules.push({ path, key, text, isActive, indicators: 0, ...ruleParts(text) });
  }
  return rules;
}

/** A rule over many must not be left out: what it stands for would be counted as written. */
function renderFinal(drafts: readonly FinalDraft[], ctx: RenderContext, mainPath: string): PendingRule[] {
  return drafts.flatMap((draft) => {
    const rendered = renderDrafts([draft], true, ctx, mainPath);
    if (typeof rendered === "string") throw new Error(`${draft.key}: ${rendered}`);
    return rendered.map((rule) => ({ ...rule, indicators: draft.indicators ?? 0 }));
  });
}

/** UTF-16 code units take at most three bytes each: most rules need no count. */
function byteLengthAbove(text: string, limit: number): boolean {
  return text.length * 3 > limit && Buffer.byteLength(text) > limit;
}

/** Room for a sid and a rev of ten digits in place of their slots. */
const SID_DIGITS = 20;

/**
 * A withdrawn rule stays as Emerging Threats and suricata-update keep theirs: disabled, with its sid. One that failed its
 * proof is a comment that no tool takes for a rule, or an enable.conf could bring it back.
 */
function inState(rule: string, isActive: boolean, sid: number, proof: RuleProofs | undefined): string {
  const fault = proof?.quarantined.get(sid);
  if (fault !== undefined) return `# quarantined, ${ruleText(fault, 300)}: ${rule}`;
  if (!isActive) return `# ${rule}`;
  const isMarked = proof?.mark !== undefined && proof.proven.has(sid);
  return isMarked ? rule.replace(/;\)$/, `, verified_by ${metadataValue(proof.mark as string)};)`) : rule;
}

async function* number(pending: readonly PendingRule[], ctx: RenderContext, changes: Changes): AsyncGenerator<Chunk> {
  const numbers = await ctx.sids.assign(pending);
  const rules = new Lines();
  let map = "";
  let mapV2 = "";
  for (const [index, { path, text, message, references, classtype, isActive, indicators }] of pending.entries()) {
    const { sid, rev } = numbers[index] as { sid: number; rev: number };
    const numbered = text.replace(SID_SLOT, String(sid)).replace(REV_SLOT, String(rev));
    const rule = inState(numbered, isActive, sid, ctx.proof);
    rules.add(path, rule);
    changes.rule(rule, message, sid, rev);
    if (indicators > 0) rules.complete(path, indicators);
    if (rule.startsWith("#")) continue;
    map += `${sid} || ${message}${references}\n`;
    mapV2 += `1 || ${sid} || ${rev} || ${classtype} || 0 || ${message}${references}\n`;
  }
  yield* rules.chunks();
  if (map === "") return;
  yield { path: SID_MAP, data: map };
  yield { path: SID_MAP_V2, data: mapV2 };
}
