/** Saved reports into a store. */
import type { AppDeps } from "../app.ts";
import { collect } from "../collect/report.ts";
import { RulewrightError } from "../errors.ts";
import type { Collected } from "../model/evidence.ts";
import type { Store } from "../store/store.ts";
import { recogniseBody } from "../vt/bodies.ts";
import { type ReadProblem, readDocuments } from "../vt/read.ts";

export interface IngestTally {
  readonly files: number;
  readonly bodies: number;
  /** VirusTotal's, but nothing to collect; kind → number. */
  readonly ignored: ReadonlyMap<string, number>;
  readonly problems: readonly ReadProblem[];
  /** Bodies that gave something. */
  readonly used: number;
}

/** Rows per transaction: large enough for the upserts, small enough for memory. */
const BATCH_ROWS = 10_000;

/** Reads and collects everything under the paths into the store. Throws INPUT_MISSING, INPUT_EMPTY, INPUT_UNREADABLE. */
export async function ingest(
  app: AppDeps,
  store: Store,
  paths: readonly string[],
  onProgress: (text: string) => void = () => {},
): Promise<IngestTally> {
  const problems: ReadProblem[] = [];
  const ignored = new Map<string, number>();
  let files = 0;
  let bodies = 0;
  let used = 0;
  let batch: Collected[] = [];
  let size = 0;
  const flush = async (): Promise<void> => {
    await store.add(batch);
    batch = [];
    size = 0;
  };
  const onProblem = (problem: ReadProblem): void => {
    problems.push(problem);
    app.log.warn(`${where(problem)}: ${problem.reason}`);
  };
  const documents = readDocuments({
    paths,
    signal: app.signal,
    ...(app.stdin ? { stdin: app.stdin } : {}),
    onProblem,
    onFile: () => {
      files += 1;
    },
  });
  for await (const { value, source, line } of documents) {
    app.signal.throwIfAborted();
    bodies += Array.isArray(value) ? value.length : 1;
    onProgress(`reading: ${bodies} bodies of ${files} files`);
    try {
      const items = recogniseBody(value, source);
      if (items === undefined) throw new Error("JSON, but no body of VirusTotal's API v3");
      const collected = items.flatMap((item) => collect(item) ?? []);
      for (const item of items) if (item.kind === "ignored") ignored.set(item.what, (ignored.get(item.what) ?? 0) + 1);
      batch.push(...collected);
      size += collected.reduce((sum, body) => sum + rowsOf(body), 0);
      if (collected.length > 0) used += 1;
    } catch (error) {
      const reason = error instanceof RangeError ? "nested too deeply" : (error as Error).message;
      onProblem({ source, ...(line === undefined ? {} : { line }), reason });
    }
    if (size >= BATCH_ROWS) await flush();
  }
  await flush();
  if (files === 0)
    throw new RulewrightError(
      "INPUT_EMPTY",
      `There is no report in ${paths.join(", ")}: nothing was read or written. Rulewright reads .json, .ndjson, .jsonl, .gz and .bz2 files.`,
    );
  if (used === 0 && ignored.size > 0)
    throw new RulewrightError(
      "INPUT_EMPTY",
      `There is nothing to collect in ${paths.join(", ")} (${ignoredText(ignored)}): nothing was written, the previous output stands.`,
    );
  if (used === 0 && problems.length > 0)
    throw new RulewrightError(
      "INPUT_UNREADABLE",
      `No file could be read; the previous output stands. Mend what is named above and run again.`,
    );
  return { files, bodies, ignored, problems, used };
}

/** The most frequent kinds of bodies with nothing to collect, in words. */
export function ignoredText(ignored: ReadonlyMap<string, number>): string {
  const kinds = [...ignored].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const named = kinds.slice(0, 4).map(([what, count]) => `${count} × ${what}`);
  return `${named.join(", ")}${kinds.length > named.length ? ", …" : ""}`;
}

/** What one body adds to a batch; bodies that give only links or refused values fill memory too. */
function rowsOf({ evidence, links, enrichments, rejections }: Collected): number {
  return 1 + evidence.length + links.length + enrichments.length + rejections.length;
}

function where({ source, line }: ReadProblem): string {
  return line === undefined ? source : `${source}:${line}`;
}
