/**
 * Everything of one sample that a hunt asks VirusTotal for: its object, sandbox reports and related objects. It decides
 * nothing and stores nothing.
 */
import { collect } from "../collect/report.ts";
import type { Collected } from "../model/evidence.ts";
import type { Logger } from "../plugin.ts";
import { recogniseBody } from "../vt/bodies.ts";
import type { VtClient } from "../vt/client.ts";
import { isForbidden } from "../vt/failure.ts";
import { paths } from "../vt/paths.ts";

/** The part of the client that hunts use. */
export type HuntClient = Pick<VtClient, "get" | "pages" | "embedded" | "completed" | "download">;

export interface FetchPlan {
  /** `each` is one report per sandbox, `merged` the summary in one request without sandbox names. */
  readonly reports: "each" | "merged" | "none";
  /** Relationships of the file. */
  readonly relationships: readonly string[];
  /**
   * `objects` asks for each relationship's full objects, with their ranks and detections; `embedded` takes the bare
   * values out of the file's own answer, or of a listing's, and asks for what is beyond the first twenty of each.
   */
  readonly relatedAs: "objects" | "embedded";
  /** Related objects per relationship at most, in whole pages; VirusTotal holds thousands for some. */
  readonly maxRelated: number;
}

export interface SampleToFetch {
  /** sha256. */
  readonly id: string;
  /** Its file object with embedded relationships and nothing else, when a listing had them. */
  readonly embedded?: unknown;
  readonly needsObject: boolean;
}

export interface FetchedParts {
  /** The file object's answer, where it was needed. */
  readonly object?: unknown;
  readonly collected: readonly Collected[];
}

/**
 * Fetches what the plan names of a sample; undefined when its object is needed and VirusTotal does not hold it. Throws
 * VtError, or the signal's reason.
 */
export type SampleFetcher = (sample: SampleToFetch, plan: FetchPlan) => Promise<FetchedParts | undefined>;

/** Largest page of a file's listings that clients are known to ask for. */
const PAGE = 40;
/** Embedded relationships come by twenties. */
const EMBEDDED_PAGE = 20;

/**
 * For one run: what the key has no right to is warned of once, then left out of every further sample, whose other
 * reports and relationships are worth having all the same.
 */
export function createSampleFetcher(client: HuntClient, log: Logger): SampleFetcher {
  const forbidden = new Set<string>();
  /** `otherwise` when the key has no right to it. */
  const unlessForbidden = async <T>(part: string, fetch: () => Promise<T>, otherwise: () => Promise<T>): Promise<T> => {
    if (forbidden.has(part)) return otherwise();
    try {
      return await fetch();
    } catch (error) {
      if (!isForbidden(error)) throw error;
      if (!forbidden.has(part)) log.warn(`${error.message} The hunt goes on without ${part}.`);
      forbidden.add(part);
      return otherwise();
    }
  };
  const objectOf = (sample: SampleToFetch, plan: FetchPlan): Promise<unknown> => {
    const alone = async () => (sample.needsObject ? client.get(paths.file(sample.id)) : undefined);
    if (!isEmbedded(plan)) return alone();
    return unlessForbidden("its embedded relationships", () => embeddedObject(client, sample, plan), alone);
  };
  return async (sample, plan) => {
    const { id } = sample;
    const object = sample.needsObject || isEmbedded(plan) ? await objectOf(sample, plan) : undefined;
    if (sample.needsObject && object === undefined) return undefined;
    const reports = plan.reports === "merged" ? mergedReport : eachReport;
    const nothing = async (): Promise<Collected[]> => [];
    const parts = await Promise.allSettled([
      ...(plan.reports === "none" ? [] : [unlessForbidden("sandbox reports", () => reports(client, id), nothing)]),
      ...(isEmbedded(plan) ? [] : plan.relationships).map((name) =>
        unlessForbidden(name, () => related(client, id, name, plan.maxRelated), nothing),
      ),
    ]);
    // All have ended by now: nothing of a sample is still under way when its failure is told.
    const collected = parts.flatMap((part) => {
      if (part.status === "rejected") throw part.reason;
      return part.value;
    });
    if (sample.needsObject) return { object, collected };
    return { collected: [...(object === undefined ? [] : collectBody(object, id)), ...collected] };
  };
}

function isEmbedded({ relatedAs, relationships }: FetchPlan): boolean {
  return relatedAs === "embedded" && relationships.length > 0;
}

/** The file object with its relationships whole, out of what the listing gave or in one request. */
function embeddedObject(client: HuntClient, { id, embedded }: SampleToFetch, plan: FetchPlan): Promise<unknown> {
  const mostPages = Math.max(0, Math.ceil(plan.maxRelated / EMBEDDED_PAGE) - 1);
  return embedded === undefined
    ? client.embedded(id, plan.relationships, { mostPages })
    : client.completed(embedded, id, { mostPages });
}

async function mergedReport(client: HuntClient, sampleId: string): Promise<Collected[]> {
  return collectBody(await client.get(paths.behaviourSummary(sampleId)), sampleId);
}

async function eachReport(client: HuntClient, sampleId: string): Promise<Collected[]> {
  const collected: Collected[] = [];
  for await (const { body } of client.pages(paths.fileBehaviours(sampleId), { limit: PAGE }))
    collected.push(...collectBody(body, sampleId, "behaviours"));
  return collected;
}

async function related(client: HuntClient, sampleId: string, name: string, most: number): Promise<Collected[]> {
  const collected: Collected[] = [];
  // Distinct objects: a page can come twice.
  const seen = new Set<unknown>();
  for await (const { body, items } of client.pages(paths.fileRelated(sampleId, name), {
    limit: Math.min(PAGE, most),
  })) {
    collected.push(...collectBody(body, sampleId, name));
    for (const item of items) seen.add((item as { id?: unknown } | null)?.id);
    if (seen.size >= most) break;
  }
  return collected;
}

function collectBody(body: unknown, sampleId: string, relationship?: string): Collected[] {
  const subject = relationship === undefined ? undefined : { collection: "files", id: sampleId, relationship };
  return (recogniseBody(body, `${sampleId}.json`, subject) ?? []).flatMap((item) => collect(item) ?? []);
}

/** Requests one sample costs at least, for the plan that is printed before anything is spent. */
export function requestsPerSample(
  plan: FetchPlan,
  source: { readonly gives: "objects" | "names" | "reports"; readonly givesRelationships: boolean },
): number {
  const reports = plan.reports === "none" ? 0 : 1;
  // One answer has the object and what is embedded in it.
  if (isEmbedded(plan)) return reports + (source.givesRelationships ? 0 : 1);
  return reports + plan.relationships.length + Number(source.gives !== "objects" && !isEnough(plan, source));
}

/** Whether what the source gives of a sample is all that the hunt wants: reports out of a feed, and nothing else. */
export function isEnough({ reports, relationships }: FetchPlan, { gives }: { readonly gives: string }): boolean {
  return gives === "reports" && reports === "none" && relationships.length === 0;
}
