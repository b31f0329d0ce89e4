/** Single objects and what hangs on them: files with their behaviour, domains, addresses, URLs; quotas and word lists. */
import { type Answer, type Deps, dress, type Endpoint, epoch, type Request } from "./answer.ts";
import { ApiError } from "./api-error.ts";
import { urlId } from "./network-objects.ts";
import type { VtBody } from "./objects.ts";
import type { QuotaOptions, QuotaWindow } from "./quota.ts";
import { relatedDescriptors, relatedObjects, withEmbedded } from "./related.ts";
import { summarise } from "./summary.ts";
import type { WorldSample } from "./world.ts";

function sampleOf(request: Request, { view }: Deps): WorldSample {
  const id = request.path[1] as string;
  if (!/^(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})$/i.test(id))
    throw new ApiError("InvalidArgumentError", `"${id}" is not a valid MD5, SHA-1 or SHA-256 hash`);
  const sample = view.sample(id, epoch(request.now));
  if (!sample) throw new ApiError("NotFoundError", `File "${id}" not found`);
  return sample;
}

export const file: Endpoint = (request, deps) => {
  const sample = sampleOf(request, deps);
  return { body: { data: withEmbedded(deps.view.file(sample, epoch(request.now)), request, deps) } };
};

/** The merged summary, bare under `data`; null when no sandbox ran. */
export const behaviourSummary: Endpoint = (request, deps) => ({
  body: { data: summarise(deps.view.reports(sampleOf(request, deps), epoch(request.now))) },
});

/** Technique trees by sandbox, of what the reports themselves name. */
export const mitreTrees: Endpoint = (request, deps) => {
  const reports = deps.view.reports(sampleOf(request, deps), epoch(request.now));
  const data = Object.fromEntries(
    reports.map(({ attributes }) => [
      String(attributes.sandbox_name),
      {
        tactics: [
          {
            id: "TA0011",
            name: "Command and Control",
            techniques: ((attributes.mitre_attack_techniques ?? []) as { id: string }[]).map(({ id }) => ({
              id,
              name: id,
              signatures: [],
            })),
          },
        ],
      },
    ]),
  );
  return { body: { data, links: { self: `${deps.baseUrl}/files/${request.path[1]}/behaviour_mitre_trees` } } };
};

/** `{sha256}_{Sandbox Name}`, split at the first underscore. */
export const fileBehaviour: Endpoint = (request, deps) => {
  const id = request.path[1] as string;
  const now = epoch(request.now);
  const sample = deps.view.sample(id.slice(0, Math.max(0, id.indexOf("_"))), now);
  const report = sample && deps.view.reports(sample, now).find((candidate) => candidate.id === id);
  if (!report) throw new ApiError("NotFoundError", `File behaviour "${id}" not found`);
  return { body: { data: dress(report, request, deps) } };
};

const NOUNS = { domains: "Domain", ip_addresses: "IP address", urls: "URL" } as const;

function networkOf({ path }: Request, { view }: Deps): VtBody {
  const [collection = "", id = ""] = path;
  const object =
    collection === "domains"
      ? view.network("domain", id.toLowerCase())
      : collection === "ip_addresses"
        ? view.network("ip_address", id)
        : (view.network("url", id) ?? view.network("url", urlId(decodedUrl(id))));
  if (!object) throw new ApiError("NotFoundError", `${NOUNS[collection as keyof typeof NOUNS]} "${id}" not found`);
  return object;
}

/** Unpadded base64url of the URL as somebody has it; VirusTotal brings it into canonical form, which is not done here. */
function decodedUrl(id: string): string {
  return Buffer.from(id, "base64url").toString("utf8");
}

export const networkObject: Endpoint = (request, deps) => ({
  body: { data: withEmbedded(networkOf(request, deps), request, deps) },
});

function ownerOf(request: Request, deps: Deps): VtBody {
  return request.path[0] === "files"
    ? deps.view.file(sampleOf(request, deps), epoch(request.now))
    : networkOf(request, deps);
}

export const relationshipObjects: Endpoint = (request, deps) =>
  relatedObjects(ownerOf(request, deps), request.path[2] as string, request, deps);

export const relationshipDescriptors: Endpoint = (request, deps) =>
  relatedDescriptors(ownerOf(request, deps), request.path[3] as string, request, deps);

/** Allowed and used, per user and per group; it costs no quota. */
export const overallQuotas: Endpoint = (request, { quota }): Answer => {
  const entry = (window: QuotaWindow, allowed: number | undefined) => ({
    user: { allowed: allowed ?? UNLIMITED, used: quota.used(window, request.now) },
  });
  const { perMinute, perDay, perMonth }: QuotaOptions = quota.options;
  return {
    body: {
      data: {
        api_requests_hourly: entry("hour", perMinute === undefined ? undefined : perMinute * 60),
        api_requests_daily: entry("day", perDay),
        api_requests_monthly: entry("month", perMonth),
        intelligence_searches_monthly: entry("month", perMonth),
      },
    },
  };
};

/** Above 32 bits, as unlimited keys have it. */
const UNLIMITED = 60_000_000_000;

/** Spelled as VirusTotal spells them. */
const CATEGORIES =
  "adware banker downloader dropper fakeav hacktool miner phising pua ransomware spyware trojan virus worm".split(" ");

export const popularThreatCategories: Endpoint = () => ({ body: { data: CATEGORIES } });

/** Privileges by name, as the metadata of an account lists them. */
export const metadata: Endpoint = (_request, { privileges, view }) => ({
  body: {
    data: {
      engines: {},
      privileges: [...privileges].sort(),
      relationships: {},
      total_samples: view.world.samples.length,
    },
  },
});
