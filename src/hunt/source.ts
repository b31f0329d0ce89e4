/**
 * Where a hunt's samples come from: a walk through pages that can be resumed at a cursor. This is the shape of one;
 * listing-sources.ts, hash-source.ts and feed-source.ts are the sources. They fetch nothing of a sample themselves.
 */
import type { Logger } from "../plugin.ts";
import type { Walk } from "../store/hunt-store.ts";
import type { HuntClient } from "./fetch-sample.ts";
import type { FoundSample } from "./found-sample.ts";

export interface SamplePage {
  readonly samples: readonly FoundSample[];
  /** To go on behind this page; absent on the last. */
  readonly cursor?: string;
}

export interface SourceDeps {
  readonly client: HuntClient;
  /** sha256 of the hashes (md5, sha1) that are known already. */
  resolve(hashes: readonly string[]): Promise<ReadonlyMap<string, string>>;
  readonly clock: () => Date;
  /** Milliseconds; rejects with the signal's reason. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export interface Source {
  /** What its pages are: of a search (counted apart by VirusTotal), of a listing, of no listing at all, or of a feed. */
  readonly kind: "search" | "listing" | "hashes" | "feed";
  /** Identity of what is walked, without dates. */
  readonly base: string;
  /** Whether what comes in later stands behind what was passed, so that a walk cut short by the limit can go on there. */
  readonly isSteady: boolean;
  /** Whether the next run goes on behind this one instead of beginning another walk: nothing comes in late. */
  readonly isEndless: boolean;
  /** What its pages hold of a sample: its file object, a name alone, or sandbox reports. */
  readonly gives: "objects" | "names" | "reports";
  /** Whether relationships are embedded in the file objects. */
  readonly givesRelationships: boolean;
  /** Samples a page gives at most. */
  readonly pageSize: number;
  /** Number of samples, when it is known without asking. */
  readonly size?: number;
  /** The query of a new walk that looks back to `from` (seconds). */
  query(from: number): string;
  /** Throws CursorRefused when the walk cannot go on where it was. */
  pages(deps: SourceDeps, walk: Walk): AsyncIterable<SamplePage>;
  /** Requests for the pages of so many samples, `now` in seconds. */
  pageRequests(samples: number, walk: Walk, now: number): number;
}

/** VirusTotal does not take the cursor of a walk any more: it has to begin again. */
export class CursorRefused extends Error {
  constructor(cause: unknown) {
    super("the cursor was refused", { cause });
    this.name = "CursorRefused";
  }
}
