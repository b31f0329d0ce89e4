/**
 * One page of samples: tells new from known, fetches the new ones side by side and commits each as it comes. A sample
 * that another process is fetching is waited for, not fetched twice. It does not know where the page came from.
 */
import { collect } from "../collect/report.ts";
import type { Collected } from "../model/evidence.ts";
import type { Claimant, FetchedSample, HuntStore } from "../store/hunt-store.ts";
import { recogniseBody } from "../vt/bodies.ts";
import { paths } from "../vt/paths.ts";
import type { HuntClient, SampleFetcher } from "./fetch-sample.ts";
import type { Hunt } from "./hunt.ts";
import { type FoundSample, sampleOfBody } from "./source.ts";

export interface PageDeps {
  readonly client: HuntClient;
  readonly fetchSample: SampleFetcher;
  readonly store: HuntStore;
  readonly clock: () => Date;
  /** Milliseconds; rejects with the signal's reason. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
  /** Samples fetched at a time. */
  readonly concurrency: number;
  readonly claimant: Claimant;
}

export interface PageResult {
  /** Samples that were known, or that another process has fetched meanwhile. */
  readonly known: readonly string[];
  /** Whether there are new ones beyond `most`. */
  readonly isCut: boolean;
}

export interface TallyChange {
  readonly found?: number;
  readonly fetched?: number;
  readonly known?: number;
}

/** A claim whose process cannot be asked about, on another machine say, holds for this long. */
const CLAIM_SECONDS = 3600;
/** Between two looks whether another process is done with a sample. */
const POLL_MS = 200;

/** Fetches the new samples of the page, at most `most`. Throws VtError or the signal's reason. */
export async function takePage(
  deps: PageDeps,
  hunt: Hunt,
  found: readonly FoundSample[],
  most: number,
  onChange: (change: TallyChange) => void,
): Promise<PageResult> {
  const samples = [...new Map(found.map((sample) => [sample.id, sample])).values()];
  const due = await dueOf(deps, hunt, samples);
  const known = idsWithout(samples, due);
  onChange({ found: samples.length, known: known.length });
  let wanted = due.slice(0, Math.max(0, most));
  while (wanted.length > 0) {
    const busy: FoundSample[] = [];
    await inParallel(wanted, deps.concurrency, async (sample) => {
      deps.signal.throwIfAborted();
      const outcome = await take(deps, hunt, sample);
      if (outcome === "fetched") onChange({ fetched: 1 });
      if (outcome === "busy") busy.push(sample);
    });
    if (busy.length === 0) break;
    await deps.sleep(POLL_MS, deps.signal);
    wanted = await dueOf(deps, hunt, busy);
    const done = idsWithout(busy, wanted);
    known.push(...done);
    onChange({ known: done.length });
  }
  return { known, isCut: due.length > most };
}

/** Those to be fetched: new, or old and changed since. Without a modification date an old one counts as changed. */
async function dueOf(
  { store, clock }: PageDeps,
  { ttlSeconds }: Hunt,
  samples: readonly FoundSample[],
): Promise<FoundSample[]> {
  const fetched = await store.fetched(samples.map(({ id }) => id));
  const now = seconds(clock());
  return samples.filter((sample) => isDue(sample, fetched.get(sample.id), ttlSeconds, now));
}

function isDue(sample: FoundSample, known: FetchedSample | undefined, ttlSeconds: number, now: number): boolean {
  if (!known) return true;
  if (now - known.fetchedAt < ttlSeconds) return false;
  return sample.modifiedAt === undefined || sample.modifiedAt !== known.modifiedAt;
}

function idsWithout(samples: readonly FoundSample[], others: readonly FoundSample[]): string[] {
  const left = new Set(others);
  return samples.filter((sample) => !left.has(sample)).map(({ id }) => id);
}

/** `busy`: another process has it in hand, or has just finished it. `unknown`: VirusTotal does not hold it. */
async function take(deps: PageDeps, hunt: Hunt, sample: FoundSample): Promise<"fetched" | "busy" | "unknown"> {
  const { store, clock, claimant } = deps;
  const now = seconds(clock());
  if (!(await store.claim(sample.id, claimant, now, now + CLAIM_SECONDS))) return "busy";
  try {
    // The one who had the claim before may have finished the sample since it was found to be new.
    if ((await dueOf(deps, hunt, [sample])).length === 0) return "busy";
    const whole = sample.body === undefined ? sampleOfBody(await deps.client.get(paths.file(sample.id))) : sample;
    if (!whole) return "unknown";
    const collected = await everythingOf(deps, hunt, whole);
    const { modifiedAt } = whole;
    await store.addSample(hunt.name, whole.id, collected, {
      fetchedAt: now,
      ...(modifiedAt === undefined ? {} : { modifiedAt }),
    });
    return "fetched";
  } finally {
    await store.release(sample.id, claimant.owner);
  }
}

async function everythingOf({ fetchSample }: PageDeps, hunt: Hunt, { id, body }: FoundSample): Promise<Collected[]> {
  const own = (recogniseBody(body, `${id}.json`) ?? []).flatMap((item) => collect(item) ?? []);
  return [...own.map((collected) => withFamily(collected, hunt.family)), ...(await fetchSample(id, hunt.fetch))];
}

/** The operator's family goes before the engines'. */
function withFamily(collected: Collected, family: string | undefined): Collected {
  const { sample } = collected;
  if (family === undefined || sample === undefined) return collected;
  return { ...collected, sample: { ...sample, families: [family, ...(sample.families ?? [])] } };
}

/** Runs `work` over the items, `width` at a time. After a failure no more begins; what is under way is waited for. */
async function inParallel<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      if (failures.length > 0) return;
      await work(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
