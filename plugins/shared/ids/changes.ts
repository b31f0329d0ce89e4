/**
 * `CHANGES`: what a release added, modified and removed since the one that lies in the same place: a line for each
 * indicator, with the sids and revisions of its rules, for each rule over many, and for each line of a list. A release without a change keeps the file as it is, so that the same rules give the same bytes.
 *
 * It follows what matches: a rule whose dates or wording moved is not modified.
 */
import { createHash } from "node:crypto";
import type { Chunk, RenderContext } from "../../../src/plugin.ts";
import { ruleParts } from "./rule-parts.ts";

export const CHANGES = "CHANGES";

type Change = "added" | "modified" | "removed";

export interface Changes {
  /** A rule of this release as it stands in its file, the `#` of a disabled one included, and its message. */
  rule(text: string, message: string, sid: number, rev: number): void;
  /** A line of a list that a rule loads. */
  entry(path: string, line: string): void;
  /** What is known so far; to be asked after each batch. */
  chunks(): Generator<Chunk>;
  /** What the release before had and this one has not, and the sums. */
  finish(): AsyncGenerator<Chunk>;
}

/** Where nobody knows the release before, as for a push, there is no file: it would call everything new each time. */
const UNKNOWN: Changes = {
  rule() {},
  entry() {},
  *chunks() {},
  async *finish() {},
};

/**
 * `entryOf` says which files hold one value a line, and how to read the value from it; the others that count are rule
 * files, `*.rules`.
 */
export async function openChanges(
  { previous, now }: Pick<RenderContext, "previous" | "now">,
  entryOf: (path: string) => ((line: string) => string) | undefined,
): Promise<Changes> {
  if (!previous.isKnown) return UNKNOWN;
  const ruleFiles = previous.paths.filter((path) => path.endsWith(".rules"));
  const lists = previous.paths.filter((path) => entryOf(path) !== undefined);
  const sids = new Map<number, number>();
  for (const path of ruleFiles) {
    for await (const line of previous.lines(path)) {
      const numbers = activeRule(line);
      if (numbers) sids.set(numbers.sid, numbers.rev);
    }
  }
  const entries = new Set<number>();
  for (const path of lists) {
    const read = entryOf(path) as (line: string) => string;
    for await (const line of previous.lines(path)) if (!line.startsWith("#")) entries.add(entryKey(path, read(line)));
  }

  const counts: Record<Change, number> = { added: 0, modified: 0, removed: 0 };
  let pending = "";
  const note = (change: Change, columns: readonly (string | number)[]): void => {
    counts[change] += 1;
    pending += `${[change, ...columns].join("\t")}\n`;
  };
  // Rules of one indicator follow each other and make one line for each kind of change.
  let indicator = "-";
  const open = new Map<Change, { sids: number[]; revs: Set<number>; message: string }>();
  const close = (): void => {
    for (const [change, { sids: own, revs, message }] of open)
      note(change, [own.join(","), [...revs].join(","), indicator, message]);
    open.clear();
  };
  const noteRule = (change: Change, text: string, message: string, sid: number, rev: number): void => {
    const of = /\bioc_id ([^,;]+)/.exec(text)?.[1] ?? "-";
    if (of === "-" || of !== indicator) close();
    indicator = of;
    const line = open.get(change) ?? { sids: [], revs: new Set(), message };
    line.sids.push(sid);
    line.revs.add(rev);
    open.set(change, line);
  };

  const drain = function* (): Generator<Chunk> {
    if (pending !== "") yield { path: CHANGES, data: pending };
    pending = "";
  };

  return {
    rule(text, message, sid, rev) {
      const before = sids.get(sid);
      const isActive = !text.startsWith("#");
      if (isActive && before === undefined) noteRule("added", text, message, sid, rev);
      else if (isActive && before !== rev) noteRule("modified", text, message, sid, rev);
      else if (!isActive && before !== undefined) noteRule("removed", text, message, sid, rev);
      sids.delete(sid);
    },
    entry(path, line) {
      const value = entryOf(path)?.(line);
      if (value === undefined) return;
      close();
      if (!entries.delete(entryKey(path, value))) note("added", ["-", "-", value, path]);
    },
    chunks: drain,
    async *finish() {
      for (const path of sids.size > 0 ? ruleFiles : []) {
        for await (const line of previous.lines(path)) {
          const numbers = activeRule(line);
          if (numbers && sids.has(numbers.sid))
            noteRule("removed", line, ruleParts(line).message, numbers.sid, numbers.rev);
          yield* drain();
        }
      }
      close();
      for (const path of entries.size > 0 ? lists : []) {
        const read = entryOf(path) as (line: string) => string;
        for await (const line of previous.lines(path)) {
          const value = read(line);
          if (entries.delete(entryKey(path, value))) note("removed", ["-", "-", value, path]);
          yield* drain();
        }
      }
      yield* drain();
      const { added, modified, removed } = counts;
      if (added + modified + removed > 0 || !previous.paths.includes(CHANGES)) {
        const day = now.toISOString().slice(0, 10);
        yield { path: CHANGES, data: `# as of ${day}: ${added} added, ${modified} modified, ${removed} removed\n` };
        return;
      }
      for await (const line of previous.lines(CHANGES)) yield { path: CHANGES, data: `${line}\n` };
    },
  };
}

function activeRule(line: string): { sid: number; rev: number } | undefined {
  if (line.startsWith("#")) return undefined;
  const sid = /[;(]\s*sid:\s*(\d+)\s*;/.exec(line)?.[1];
  return sid === undefined
    ? undefined
    : { sid: Number(sid), rev: Number(/[;(]\s*rev:\s*(\d+)\s*;/.exec(line)?.[1] ?? 0) };
}

/** 48 bits of a digest: a million lines are told apart, at a tenth of the memory of the lines themselves. */
function entryKey(path: string, value: string): number {
  return createHash("sha256").update(`${path}\n${value}`).digest().readUIntBE(0, 6);
}
