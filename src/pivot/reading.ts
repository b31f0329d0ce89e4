/** Samples out of saved bodies: files, folders, standard input. Decides nothing about which samples are wanted. */
import { RulewrightError } from "../errors.ts";
import { type ReadInput, readDocuments } from "../vt/read.ts";
import { gatherSamples, type SampleGathering } from "./gathering.ts";
import type { PivotSample } from "./sample.ts";

/**
 * All samples under the paths, by id. What cannot be read is told to `onProblem` and costs only itself. Throws
 * INPUT_MISSING, INPUT_EMPTY when there is no file, INPUT_UNREADABLE when none could be read; rethrows an abort.
 */
export async function readSamples(input: ReadInput): Promise<PivotSample[]> {
  const gathering = gatherSamples();
  let files = 0;
  let read = 0;
  const onFile = (path: string): void => {
    files += 1;
    input.onFile?.(path);
  };
  for await (const { value, source, line } of readDocuments({ ...input, onFile })) {
    input.signal?.throwIfAborted();
    const reason = reasonAgainst(gathering, value, source);
    if (reason === undefined) read += 1;
    else input.onProblem({ source, ...(line === undefined ? {} : { line }), reason });
  }
  if (files === 0)
    throw new RulewrightError(
      "INPUT_EMPTY",
      `There is no report in ${input.paths.join(", ")}. Rulewright reads .json, .ndjson, .jsonl, .gz and .bz2 files.`,
    );
  if (read === 0)
    throw new RulewrightError(
      "INPUT_UNREADABLE",
      `None of the ${files} files could be read. Mend what is named above and run again.`,
    );
  return gathering.samples();
}

/** Takes one body; the reason when it is none that can be read. */
function reasonAgainst(gathering: SampleGathering, body: unknown, source: string): string | undefined {
  try {
    return gathering.add(body, source) ? undefined : "JSON, but no body of VirusTotal's API v3";
  } catch (error) {
    if (error instanceof RangeError) return "nested too deeply";
    throw error;
  }
}
