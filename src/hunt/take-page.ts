/**
 * Pages of samples: tells new from known, fetches the new ones side by side and hands each on to be committed. A sample
 * that another process is fetching is waited for, not fetched twice. It does not know where a page came from.
 */
import { collect } from "../collect/report.ts";
import type { Collected } from "../model/evidence.ts";
import type { Claimant, FetchedSample, HuntStore, KnownSample } from "../store/hunt-store.ts";
import { recogniseBody } from "../vt/bodies.ts";
import { createSlots } from "../vt/slots.ts";
import { type Commits, createCommits } from "./commits.ts";
import { isEnough, type SampleFetcher } from "./fetch-sample.ts";
import { type FoundSample, oneForEach, sampleOfBody } from "./found-sample.ts";
import type { Hunt } from "./hunt.ts";

export interface PageDeps {
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
interface DueSample extends Omit<FoundSample, "object" | "about"> {
  /** What the bodies gave. */
  readonly own: readonly Collected[];
  /** The listing's relationships, when they are not followed to their end yet. */
  readonly embedded?: unknown;
  readonly needsObject: boolean;
}

export interface Look {
  readonly due: readonly DueSample[];
  readonly known: readonly KnownSample[];
}

export interface Taking {
  /** Settles when so many of the samples have begun that it is time for the next page; not after a failure. */
  readonly tail: Promise<void>;
  /** Settles when all are in the store. Throws VtError or the signal's reason; nothing of the page is under way then. */
  readonly done: Promise<Taken>;
}

export interface Taken {
  /** Another process has fetched these meanwhile. */
  readonly known: readonly KnownSample[];
  readonly fetched: number;
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
  const samples = oneForEach(found);
  const due = (await dueOf(run, samples)).filter(({ id }) => !begun.has(id));
  for (const { id } of due) begun.add(id);
  const left = new Set(due);
  const known = samples.filter((sample) => !left.has(sample)).map((sample) => knownSample(sample, hunt));
  onChange({ found: samples.length, known: known.length });
  return { known, due: due.map((sample) => dueSample(sample, hunt)) };
}

function dueSample({ object, about, ...sample }: FoundSample, hunt: Hunt): DueSample {
  const { source, fetch } = hunt;
  const { embedded, own } = splitObject(object, source.givesRelationships);
  return {
    ...sample,
    own: [...collected(own, sample.id, hunt), ...collected(about, sample.id, hunt)],
    ...(embedded === undefined ? {} : { embedded }),
    needsObject: object === undefined && !isEnough(fetch, source),
  };
}

/** Its object is known by then; a report out of a feed may be another one, and a rule too. */
function knownSample({ id, about }: FoundSample, hunt: Hunt): KnownSample {
  return { id, collected: collected(about, id, hunt) };
}

/** Apart, so that the rest of an object of a megabyte does not wait for what is behind its relationships' cursors. */
function splitObject(object: unknown, isEmbedding: boolean): { readonly own: unknown; readonly embedded?: unknown } {
  const { relationships, ...own } = (object ?? {}) as { readonly relationships?: unknown };
  if (!isEmbedding || relationships === undefined) return { own: object };
  const { type, id } = own as { readonly type?: unknown; readonly id?: unknown };
  return { own, embedded: { data: { type, id, relationships } } };
}

function collected(body: unknown, id: string, { family }: Hunt): Collected[] {
  const items = body === undefined ? [] : (recogniseBody(body, `${id}.json`) ?? []);
  return items.flatMap((item) => collect(item) ?? []).map((own) => withFamily(own, family));
}

/**
 * Those to be fetched: new, or old and changed since. Without a modification date an old one counts as changed. Where
 * nothing is asked of VirusTotal nothing counts as fetched: what the hunt does not have yet is new.
 */
async function dueOf<T extends FoundSample | DueSample>(
  { store, clock, hunt }: TakerRun,
  samples: readonly T[],
): Promise<T[]> {
  const { name, ttlSeconds, fetch, source } = hunt;
  const ids = samples.map(({ id }) => id);
  if (isEnough(fetch, source)) {
    const members = await store.members(name, ids);
    return samples.filter(({ id }) => !members.has(id));
  }
  const fetched = await store.fetched(ids);
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

async function takeAll(run: TakerRun, due: readonly DueSample[], onTail: () => void): Promise<Taken> {
  const { store, claimant, sleep, signal, onChange } = run;
  const known: KnownSample[] = [];
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
    const left = new Set(wanted);
    const done = page.busy.filter((sample) => !left.has(sample));
    known.push(...done.map(({ id, own }) => ({ id, collected: own })));
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

/** Fetches a sample and leaves it to be committed; one that VirusTotal does not hold gives what the page had of it. */
async function takeOne(page: PageRun, sample: DueSample): Promise<void> {
  const { signal, hunt, clock, commits, committing, held, onChange, onFetched } = page;
  signal.throwIfAborted();
  const { id, own } = sample;
  const fetchedAt = seconds(clock());
  const isAsked = !isEnough(hunt.fetch, hunt.source);
  const parts = isAsked ? await page.fetchSample(sample, hunt.fetch) : { collected: [] };
  if (parts === undefined && own.length === 0) return;
  const object = sampleOfBody(parts?.object);
  const modifiedAt = object?.modifiedAt ?? sample.modifiedAt;
  const taken = {
    id,
    collected: [...own, ...collected(object?.object, id, hunt), ...(parts?.collected ?? [])],
    ...(isAsked ? { fetched: { fetchedAt, ...(modifiedAt === undefined ? {} : { modifiedAt }) } } : {}),
  };
  const committed = commits.add(taken).then(() => {
    held.delete(id);
    onFetched();
    onChange({ fetched: 1 });
  });
  // Looked at when the page is done.
  committed.catch(() => {});
  committing.push(committed);
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
