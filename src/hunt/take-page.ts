/**
 * Pages of samples: tells new from known, fetches the new ones side by side and hands each on to be committed. A sample
 * that another process is fetching is waited for, not fetched twice. It does not know where a page came from.
 */
import { collect } from "../collect/report.ts";
import type { Collected } from "../model/evidence.ts";
import type { Claimant, FetchedSample, HuntStore } from "../store/hunt-store.ts";
import { recogniseBody } from "../vt/bodies.ts";
import { paths } from "../vt/paths.ts";
import { createSlots } from "../vt/slots.ts";
import { type Commits, createCommits } from "./commits.ts";
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

export interface TallyChange {
  readonly found?: number;
  readonly fetched?: number;
  readonly known?: number;
}

/** A sample to be fetched, without the bodies that named it. */
interface DueSample extends Omit<FoundSample, "body"> {
  /** What the listing's object gave; undefined when there was none and the sample has to be asked for. */
  readonly own?: readonly Collected[];
}

export interface Look {
  readonly due: readonly DueSample[];
  readonly known: readonly string[];
}

export interface Taking {
  /** Settles when so many of the samples have begun that it is time for the next page; not after a failure. */
  readonly tail: Promise<void>;
  /** Settles when all are in the store. Throws VtError or the signal's reason; nothing of the page is under way then. */
  readonly done: Promise<{ readonly known: readonly string[]; readonly fetched: number }>;
}

/** Takes the pages of one run; they may overlap, and share how many samples are under way. */
export interface PageTaker {
  look(found: readonly FoundSample[]): Promise<Look>;
  take(due: readonly DueSample[]): Taking;
}

/** A claim whose process cannot be asked about, on another machine say, holds for this long. */
const CLAIM_SECONDS = 3600;
/** Between two looks whether another process is done with a sample. */
const POLL_MS = 200;

interface TakerRun extends PageDeps {
  readonly hunt: Hunt;
  readonly commits: Commits;
  readonly onChange: (change: TallyChange) => void;
  readonly slots: <T>(job: () => Promise<T>) => Promise<T>;
  /** Samples that this run has begun: a listing may name one twice. */
  readonly begun: Set<string>;
  /** After the first no more samples begin. */
  readonly failures: unknown[];
}

export function createPageTaker(deps: PageDeps, hunt: Hunt, onChange: (change: TallyChange) => void): PageTaker {
  const run: TakerRun = {
    ...deps,
    hunt,
    onChange,
    commits: createCommits(deps, hunt.name),
    slots: createSlots(deps.concurrency),
    begun: new Set(),
    failures: [],
  };
  return {
    look: (found) => look(run, found),
    take(due) {
      const tail = Promise.withResolvers<void>();
      return { tail: tail.promise, done: takeAll(run, due, tail.resolve) };
    },
  };
}

async function look(run: TakerRun, found: readonly FoundSample[]): Promise<Look> {
  const { hunt, begun, onChange } = run;
  const samples = [...new Map(found.map((sample) => [sample.id, sample])).values()];
  const due = (await dueOf(run, samples)).filter(({ id }) => !begun.has(id));
  for (const { id } of due) begun.add(id);
  const known = idsWithout(samples, due);
  onChange({ found: samples.length, known: known.length });
  return { known, due: due.map(({ body, ...sample }) => (body === undefined ? sample : withOwn(sample, body, hunt))) };
}

function withOwn(sample: Omit<FoundSample, "body">, body: unknown, { family }: Hunt): DueSample {
  const own = (recogniseBody(body, `${sample.id}.json`) ?? []).flatMap((item) => collect(item) ?? []);
  return { ...sample, own: own.map((collected) => withFamily(collected, family)) };
}

/** Those to be fetched: new, or old and changed since. Without a modification date an old one counts as changed. */
async function dueOf<T extends FoundSample | DueSample>(
  { store, clock, hunt: { ttlSeconds } }: TakerRun,
  samples: readonly T[],
): Promise<T[]> {
  const fetched = await store.fetched(samples.map(({ id }) => id));
  const now = seconds(clock());
  return samples.filter((sample) => isDue(sample, fetched.get(sample.id), ttlSeconds, now));
}

function isDue(
  sample: Pick<FoundSample, "modifiedAt">,
  known: FetchedSample | undefined,
  ttlSeconds: number,
  now: number,
): boolean {
  if (!known) return true;
  if (now - known.fetchedAt < ttlSeconds) return false;
  return sample.modifiedAt === undefined || sample.modifiedAt !== known.modifiedAt;
}

function idsWithout(samples: readonly { readonly id: string }[], others: readonly { readonly id: string }[]): string[] {
  const left = new Set(others.map(({ id }) => id));
  return samples.filter(({ id }) => !left.has(id)).map(({ id }) => id);
}

async function takeAll(
  run: TakerRun,
  due: readonly DueSample[],
  onTail: () => void,
): Promise<{ readonly known: readonly string[]; readonly fetched: number }> {
  const { store, claimant, sleep, signal, onChange } = run;
  const known: string[] = [];
  let fetched = 0;
  for (let wanted = due; wanted.length > 0; ) {
    const page: PageRun = { ...run, held: new Set(), busy: [], committing: [], onFetched: () => (fetched += 1) };
    try {
      await inParallel(page, claimed(page, wanted, onTail));
    } finally {
      await Promise.allSettled(page.committing);
      if (page.held.size > 0) await store.release([...page.held], claimant.owner);
    }
    await Promise.all(page.committing);
    onTail();
    if (page.busy.length === 0) break;
    await sleep(POLL_MS, signal);
    wanted = await dueOf(run, page.busy);
    const done = idsWithout(page.busy, wanted);
    known.push(...done);
    onChange({ known: done.length });
  }
  onTail();
  return { known, fetched };
}

interface PageRun extends TakerRun {
  /** Claimed, and not committed yet. */
  readonly held: Set<string>;
  /** Another process has them in hand, or has just finished them. */
  readonly busy: DueSample[];
  readonly committing: Promise<void>[];
  readonly onFetched: () => void;
}

/** The samples that are this process's to fetch, claimed some at a time, so that another process gets its share. */
async function* claimed(page: PageRun, wanted: readonly DueSample[], onTail: () => void): AsyncGenerator<DueSample> {
  const { store, clock, claimant, concurrency, held, busy } = page;
  for (let at = 0; at < wanted.length; at += concurrency) {
    if (at + 2 * concurrency >= wanted.length) onTail();
    const some = wanted.slice(at, at + concurrency);
    const now = seconds(clock());
    const ids = some.map(({ id }) => id);
    const own = await store.claim(ids, claimant, now, now + CLAIM_SECONDS);
    for (const id of own) held.add(id);
    const mine = some.filter(({ id }) => own.has(id));
    // The one who had the claim before may have finished the sample since it was found to be new.
    const due = await dueOf(page, mine);
    busy.push(...some.filter((sample) => !due.includes(sample)));
    yield* due;
  }
}

/** Takes samples side by side. After a failure no more begins; what is under way is waited for. */
async function inParallel(page: PageRun, samples: AsyncGenerator<DueSample>): Promise<void> {
  const { concurrency, failures, slots } = page;
  const worker = async (): Promise<void> => {
    for await (const sample of samples) {
      await slots(async () => {
        if (failures.length === 0) await takeOne(page, sample);
      }).catch((error: unknown) => failures.push(error));
      if (failures.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, () => worker().catch((error) => failures.push(error))));
  if (failures.length > 0) throw failures[0];
}

/** Fetches a sample and leaves it to be committed; one that VirusTotal does not hold gives nothing. */
async function takeOne(page: PageRun, found: DueSample): Promise<void> {
  const { signal, client, hunt, clock, commits, committing, held, onChange, onFetched } = page;
  signal.throwIfAborted();
  const fetchedAt = seconds(clock());
  const sample = found.own === undefined ? await asked(client, found.id, hunt) : found;
  if (!sample?.own) return;
  const collected = [...sample.own, ...(await page.fetchSample(sample.id, hunt.fetch))];
  const { id, modifiedAt } = sample;
  const taken = { id, collected, fetched: { fetchedAt, ...(modifiedAt === undefined ? {} : { modifiedAt }) } };
  const committed = commits.add(taken).then(() => {
    held.delete(id);
    onFetched();
    onChange({ fetched: 1 });
  });
  // Looked at when the page is done.
  committed.catch(() => {});
  committing.push(committed);
}

async function asked(client: HuntClient, id: string, hunt: Hunt): Promise<DueSample | undefined> {
  const found = sampleOfBody(await client.get(paths.file(id)));
  if (!found) return undefined;
  const { body, ...sample } = found;
  return withOwn(sample, body, hunt);
}

/** The operator's family goes before the engines'. */
function withFamily(collected: Collected, family: string | undefined): Collected {
  const { sample } = collected;
  if (family === undefined || sample === undefined) return collected;
  return { ...collected, sample: { ...sample, families: [family, ...(sample.families ?? [])] } };
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
