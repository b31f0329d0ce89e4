/** A list of known hashes as a source; the cursor is the number of those done. */
import { paths } from "../vt/paths.ts";
import { type FoundSample, sampleOfBody } from "./found-sample.ts";
import type { Source, SourceDeps } from "./source.ts";

const LARGEST_PAGE = 40;

export function hashSource(given: readonly string[], limit: number): Source {
  const hashes = [...new Set(given.map((hash) => hash.toLowerCase()))];
  // A page is never larger than the limit: hashes that VirusTotal does not hold must not keep a run from its end.
  const pageSize = Math.min(LARGEST_PAGE, limit);
  return {
    kind: "hashes",
    base: JSON.stringify({ hashes }),
    isSteady: true,
    isEndless: false,
    gives: "names",
    givesRelationships: false,
    pageSize,
    size: hashes.length,
    query: () => "hashes",
    pageRequests: () => 0,
    async *pages(deps, walk) {
      for (let at = Number(walk.cursor ?? 0); at < hashes.length; at += pageSize) {
        const samples = await samplesOf(deps, hashes.slice(at, at + pageSize));
        const next = at + pageSize;
        yield { samples, ...(next < hashes.length ? { cursor: String(next) } : {}) };
      }
    },
  };
}

/** A sha256 is asked for with its sample, a shorter hash only to learn the sha256. */
async function samplesOf({ client, resolve }: SourceDeps, hashes: readonly string[]): Promise<FoundSample[]> {
  const known = await resolve(hashes.filter((hash) => hash.length < 64));
  const samples: FoundSample[] = [];
  for (const hash of hashes) {
    const id = hash.length === 64 ? hash : known.get(hash);
    const sample = id === undefined ? sampleOfBody(await client.get(paths.file(hash))) : { id };
    if (sample) samples.push(sample);
  }
  return samples;
}
