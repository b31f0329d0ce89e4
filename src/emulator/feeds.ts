/**
 * The file behaviour feed: one bzip2 batch of JSON lines a minute, one tar of sixty an hour. The API answers with a
 * redirect to a storage address, which wants no key.
 */
import { pack } from "tar-stream";
import type { Answer, Deps, Endpoint } from "./answer.ts";
import { demand, epoch } from "./answer.ts";
import { ApiError } from "./api-error.ts";
import { bzip2 } from "./bzip2.ts";
import { hashFraction } from "./random.ts";
import type { World, WorldSample } from "./world.ts";

/** Seconds from the beginning of a batch until it is there, and how long it stays. */
const MINUTE_READY = 61 * 60;
const HOUR_READY = 2 * 60 * 60;
const KEPT = 7 * 86_400;

/** One minute in so many has no batch; never two in a row. */
const GAP_SHARE = 0.02;

/** `/feeds/file-behaviours/{YYYYMMDDhhmm}`, also with an underscore, and `/hourly/{YYYYMMDDhh}`. */
export const feed: Endpoint = (request, deps) => {
  demand("feeds", deps);
  const isHourly = request.path[2] === "hourly";
  const stamp = request.path.at(-1) as string;
  const start = startOf(stamp, isHourly);
  const now = epoch(request.now);
  if (now < start + (isHourly ? HOUR_READY : MINUTE_READY))
    throw new ApiError("NotAvailableYet", `Batch ${stamp} is not available yet`);
  if (now > start + KEPT || (!isHourly && isGap(deps.view.world, start)))
    throw new ApiError("NotFoundError", `Batch ${stamp} not found`);
  const origin = new URL(deps.baseUrl).origin;
  return {
    status: 302,
    headers: {
      location: `${origin}/storage/file-behaviours/${stamp}.${isHourly ? "tar.bz2" : "bz2"}?Expires=${now + 600}&Signature=emulated`,
    },
  };
};

function startOf(stamp: string, isHourly: boolean): number {
  const match = /^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})?$/.exec(stamp);
  const start =
    match &&
    Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]), Number(match[4]), Number(match[5] ?? 0)) / 1000;
  if (start === null || (match?.[5] === undefined) !== isHourly)
    throw new ApiError("InvalidArgumentError", `Invalid batch "${stamp}"`);
  return start;
}

function isGap(world: World, start: number): boolean {
  const hit = (at: number) => hashFraction(world.seed, "gap", at) < GAP_SHARE;
  return hit(start) && !hit(start - 60);
}

/** A stored batch by the last part of its address. */
export async function storedBatch(name: string, { view, baseUrl }: Pick<Deps, "view" | "baseUrl">): Promise<Answer> {
  const [, stamp, kind] = /^([0-9]{10,12})\.(tar\.bz2|bz2)$/.exec(name) ?? [];
  if (!stamp || (kind === "bz2") !== (stamp.length === 12)) throw new ApiError("NotFoundError", `${name} not found`);
  const headers = { "content-type": "application/octet-stream" };
  const start = startOf(stamp, kind !== "bz2");
  if (kind === "bz2") return { body: bzip2(Buffer.from(linesOf(start, view.world, baseUrl))), headers };
  return { body: bzip2(await tarOf(stamp, start, view.world, baseUrl)), headers };
}

async function tarOf(hour: string, start: number, world: World, baseUrl: string): Promise<Buffer> {
  const archive = pack();
  for (let minute = 0; minute < 60; minute += 1) {
    const name = `${hour}${String(minute).padStart(2, "0")}`;
    archive.entry(
      { name, mtime: new Date((start + minute * 60) * 1000) },
      linesOf(start + minute * 60, world, baseUrl),
    );
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Reports that were finished in the minute, one a line. */
function linesOf(start: number, world: World, baseUrl: string): string {
  return world.samples
    .filter(({ submissions: [first = 0] }) => first <= start + 60)
    .flatMap((sample) =>
      sample.reports
        .filter(
          ({ attributes }) =>
            (attributes.analysis_date as number) >= start && (attributes.analysis_date as number) < start + 60,
        )
        .map(
          (report) =>
            `${JSON.stringify({ ...report, links: { self: `${baseUrl}/file_behaviours/${encodeURIComponent(report.id)}` }, context_attributes: feedContext(sample, report.id, baseUrl) })}\n`,
        ),
    )
    .join("");
}

/** Links with a token that is good for a short time: secrets, as in the real feed. */
function feedContext({ file, sha256 }: WorldSample, id: string, baseUrl: string): Record<string, unknown> {
  const { md5, sha1, type_tag } = file.attributes;
  const token = `${baseUrl}/feeds/file-behaviours/emulator-canary-token-${hashFraction(id).toString(36).slice(2)}`;
  return {
    file_md5: md5,
    file_sha1: sha1,
    file_type_tag: type_tag,
    html_report: `${token}/html`,
    pcap: `${token}/pcap`,
    evtx: `${token}/evtx`,
    memdump: `${token}/memdump/${sha256.slice(0, 8)}`,
  };
}
