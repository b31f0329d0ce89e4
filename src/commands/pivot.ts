/** `rulewright pivot <sha256…> --reports <path…>`: what samples share, and the queries that find more of them. */
import type { App } from "../app.ts";
import { EXIT, RulewrightError } from "../errors.ts";
import { plainText } from "../model/text.ts";
import { pivot as pivotOn } from "../pivot/pivot.ts";
import { readSamples } from "../pivot/reading.ts";
import type { PivotSample } from "../pivot/sample.ts";
import { pivotText } from "../pivot/text.ts";
import type { Output } from "./output.ts";

export interface PivotOptions {
  /** Files or folders with saved bodies, or `-`. */
  readonly reports?: readonly string[];
  readonly json?: boolean;
  readonly all?: boolean;
}

/**
 * Without hashes, all samples of the reports. Throws USAGE (no reports, not a hash), VALUE_UNKNOWN (a hash that no
 * report is about, no sample at all), INPUT_MISSING, INPUT_EMPTY, INPUT_UNREADABLE.
 */
export async function pivot(
  app: App,
  output: Output,
  hashes: readonly string[],
  options: PivotOptions,
): Promise<number> {
  const wanted = hashes.map(parseHash);
  const paths = options.reports ?? [];
  if (paths.length === 0)
    throw new RulewrightError(
      "USAGE",
      "Pivoting reads saved reports: name files or folders with --reports <path…>, or - for standard input.",
    );
  const samples = chosen(await samplesOf(app, output, paths), wanted, paths);
  const result = pivotOn(samples);
  await output.print(
    options.json ? `${JSON.stringify(result)}\n` : pivotText(result, options.all ? { all: true } : {}),
  );
  return EXIT.done;
}

const HASH = /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/;

function parseHash(text: string): string {
  const hash = text.trim().toLowerCase();
  if (!HASH.test(hash))
    throw new RulewrightError(
      "USAGE",
      `"${plainText(text, 80)}" is no SHA-256, SHA-1 or MD5. Reports go behind --reports: rulewright pivot <sha256…> --reports <path…>`,
    );
  return hash;
}

async function samplesOf(app: App, output: Output, paths: readonly string[]): Promise<PivotSample[]> {
  let files = 0;
  try {
    return await readSamples({
      paths,
      signal: app.signal,
      ...(app.stdin ? { stdin: app.stdin } : {}),
      onProblem: ({ source, line, reason }) =>
        app.log.warn(`${line === undefined ? source : `${source}:${line}`}: ${reason}`),
      onFile: () => output.progress(`reading, ${++files} files`),
    });
  } catch (error) {
    if (app.signal.aborted)
      throw new RulewrightError("INTERRUPTED", "Interrupted: nothing was written.", { cause: error });
    throw error;
  } finally {
    output.progress("");
  }
}

/** The samples that were asked for; all when none was. */
function chosen(samples: readonly PivotSample[], wanted: readonly string[], paths: readonly string[]): PivotSample[] {
  if (samples.length === 0)
    throw new RulewrightError(
      "VALUE_UNKNOWN",
      `No file object or sandbox report stands in ${paths.join(", ")}. Save GET /files/{sha256} and its /behaviours there.`,
    );
  if (wanted.length === 0) return [...samples];
  const byHash = new Map(
    samples.flatMap((sample) => [sample.id, ...(sample.aliases ?? [])].map((hash) => [hash, sample])),
  );
  const unknown = wanted.filter((hash) => !byHash.has(hash));
  if (unknown.length > 0)
    throw new RulewrightError(
      "VALUE_UNKNOWN",
      `No report under ${paths.join(", ")} is about ${unknown.join(", ")}. Save its file object and behaviours there, or leave the hash out.`,
    );
  return [...new Set(wanted.map((hash) => byHash.get(hash) as PivotSample))];
}
