/** The text a run prints for people: what was read, what was decided, what was written. */
import type { ExportOutcome } from "../app/exporting.ts";
import type { IngestTally } from "../app/ingesting.ts";
import { pushText } from "../app/push-text.ts";
import type { PushOutcome } from "../app/pushing.ts";
import { OBSERVABLE_TYPES } from "../model/observable.ts";
import type { JudgingTally } from "../policy/judge-all.ts";

/** Words in the first columns, left-aligned; numbers in the others, right-aligned; two spaces between. */
export function table(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  wordColumns = 1,
): string {
  const all = [header, ...rows.map((row) => row.map(String))];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) =>
          column < wordColumns ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export function ingestSummary(tally: IngestTally): string {
  const ignored = [...tally.ignored.values()].reduce((sum, count) => sum + count, 0);
  const parts = [`Read ${count(tally.files, "file")}, ${count(tally.bodies, "body", "bodies")}`];
  if (ignored > 0) parts.push(`${ignored} with nothing to collect`);
  if (tally.problems.length > 0) parts.push(`${tally.problems.length} that could not be read (named above)`);
  return `${parts.join("; ")}.`;
}

export function judgingSummary({ decisions, dropReasons }: JudgingTally): string {
  const rows = OBSERVABLE_TYPES.flatMap((type) => {
    const own = decisions.get(type);
    return own ? [[type, own.keep, own.review, own.drop] as const] : [];
  });
  const verdicts = table(["observables", "keep", "review", "drop"], rows);
  if (dropReasons.length === 0) return verdicts;
  return `${verdicts}\n\n${table(["dropped because", "number"], dropReasons)}`;
}

export function exportSummary(outcomes: readonly ExportOutcome[], out: string): string {
  const rows = outcomes.map((outcome) => {
    if ("error" in outcome) return [outcome.name, outcome.format, "failed", "", ""];
    const skipped = outcome.in - outcome.written;
    return [
      outcome.name,
      outcome.format,
      outcome.written,
      skipped,
      `${count(outcome.files.length, "file")}${outcome.changed ? "" : ", unchanged"}`,
    ];
  });
  const isAllRefused = outcomes.length > 0 && outcomes.every((outcome) => "error" in outcome);
  const where = isAllRefused
    ? `Nothing new was written to ${out}; the previous output stands.`
    : `Written to ${out}; manifest.json there says what was skipped and why.`;
  return `${table(["export", "format", "written", "skipped", "files"], rows)}\n\n${where}`;
}

export function pushSummary(outcomes: readonly PushOutcome[], isDryRun: boolean): string {
  const rows = outcomes.map((outcome) => [outcome.target, outcome.name, pushText(outcome, isDryRun)]);
  return table(["sink", "export", "result"], rows, 3);
}

export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}
