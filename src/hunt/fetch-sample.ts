/**
 * Everything of one sample that a hunt asks VirusTotal for: sandbox reports and related objects, collected. It decides
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
export type HuntClient = Pick<VtClient, "get" | "pages">;

export interface FetchPlan {
  /** `each` is one report per sandbox, `merged` the summary in one request without sandbox names. */
  readonly reports: "each" | "merged" | "none";
  /** Relationships of the file, fetched as full objects with their ranks and detections. */
  readonly relationships: readonly string[];
  /** Related objects per relationship at most, in whole pages; VirusTotal holds thousands for some. */
  readonly maxRelated: number;
}

/** Fetches what the plan names of a sample. An unknown object gives nothing. Throws VtError, or the signal's reason. */
export type SampleFetcher = (sampleId: string, plan: FetchPlan) => Promise<Collected[]>;

/** Largest page of a file's listings that clients are known to ask for. */
const PAGE = 40;

/**
 * For one run: what the key has no right to is warned of once, then left out of every further sample, whose other
 * reports and relationships are worth having all the same.
 */
export function createSampleFetcher(client: HuntClient, log: Logger): SampleFetcher {
  const forbidden = new Set<string>();
  const unlessForbidden = async (part: string, fetch: () => Promise<Collected[]>): Promise<Collected[]> => {
    if (forbidden.has(part)) return [];
    try {
      return await fetch();
    } catch (error) {
      if (!isForbidden(error)) throw error;
      if (!forbidden.has(part)) log.warn(`${error.message} The hunt goes on without ${part}.`);
      forbidden.add(part);
      return [];
    }
  };
  return async (sampleId, plan) => {
    const reports = plan.reports === "merged" ? mergedReport : eachReport;
    const parts = await Promise.allSettled([
      ...(plan.reports === "none" ? [] : [unlessForbidden("sandbox reports", () => reports(client, sampleId))]),
      ...plan.relationships.map((name) =>
        unlessForbidden(name, () => related(client, sampleId, name, plan.maxRelated)),
      ),
    ]);
    // All have ended by now: nothing of a sample is still under way when its failure is told.
    return parts.flatMap((part) => {
      if (part.status === "rejected") throw part.reason;
      return part.value;
    });
  };
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
export function requestsPerSample({ reports, relationships }: FetchPlan): number {
  return (reports === "none" ? 0 : 1) + relationships.length;
}
