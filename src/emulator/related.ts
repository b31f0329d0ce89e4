/** Relationships of any object: embedded in it, as descriptors, and as full objects. */

import { type Answer, type Deps, demand, dress, epoch, listing, missing, type Request } from "./answer.ts";
import { ApiError } from "./api-error.ts";
import type { VtBody, VtDescriptor } from "./objects.ts";
import { paginate } from "./paging.ts";
import { ENTERPRISE_RELATIONSHIPS } from "./relationships.ts";

/** Embedded relationships are cut here, whatever the client asks for. */
const EMBEDDED = 20;
const DEFAULT_PAGE = 10;
const LONGEST_PAGE = 40;

type Related = VtDescriptor | VtBody;

const FILE_RELATIONSHIPS = new Set(
  "behaviours bundled_files collections comments contacted_domains contacted_ips contacted_urls dropped_files execution_parents embedded_domains embedded_ips embedded_urls itw_domains itw_ips itw_urls memory_pattern_domains memory_pattern_ips memory_pattern_urls compressed_parents similar_files".split(
    " ",
  ),
);
const NETWORK_RELATIONSHIPS = new Set(
  "resolutions communicating_files referrer_files urls downloaded_files subdomains siblings parent historical_ssl_certificates historical_whois collections last_serving_ip_address network_location contacted_domains contacted_ips redirecting_urls".split(
    " ",
  ),
);

/** What hangs on an object; one-to-one relationships give one thing or null. Throws BadRequestError for a name it has not. */
export function relatedTo(
  owner: VtDescriptor,
  name: string,
  now: number,
  deps: Deps,
): readonly Related[] | Related | null {
  if (!(owner.type === "file" ? FILE_RELATIONSHIPS : NETWORK_RELATIONSHIPS).has(name))
    throw new ApiError("BadRequestError", `"${name}" is not a valid relationship`);
  if (ENTERPRISE_RELATIONSHIPS.test(name)) demand("enterprise-relationships", deps);
  return owner.type === "file" ? relatedToFile(owner.id, name, now, deps) : relatedToNetwork(owner, name, now, deps);
}

function relatedToFile(id: string, name: string, now: number, { view }: Deps): readonly Related[] {
  const sample = view.sample(id, now);
  if (!sample) return [];
  if (name === "behaviours") return view.reports(sample, now);
  if (name === "collections") return sample.family ? [{ type: "collection", id: `malware--${sample.family}` }] : [];
  return view.relationships(sample, now)[name] ?? [];
}

function relatedToNetwork(
  { type, id }: VtDescriptor,
  name: string,
  now: number,
  { view }: Deps,
): readonly Related[] | Related | null {
  if (name === "communicating_files")
    return view.communicating(type, id, now).map(({ sha256 }) => ({ type: "file", id: sha256 }));
  if (type === "url") {
    const host = hostOf(view.network("url", id));
    if (name === "network_location")
      return host === undefined ? null : { type: host.match(/^[0-9.]+$|:/) ? "ip_address" : "domain", id: host };
    if (name === "last_serving_ip_address") {
      const address = host && (view.resolutions("domain", host)[0]?.attributes.ip_address as string | undefined);
      return address ? { type: "ip_address", id: address } : null;
    }
    return [];
  }
  if (name === "resolutions") return view.resolutions(type as "domain" | "ip_address", id);
  if (name === "urls")
    return view.urlsOn(id).map((url) => ({ type: "url", id: url.id, context_attributes: { url: url.attributes.url } }));
  if (name === "subdomains")
    return [...view.world.domains.keys()]
      .filter((host) => host.endsWith(`.${id}`))
      .map((host) => ({ type: "domain", id: host }));
  return [];
}

function hostOf(url: VtBody | undefined): string | undefined {
  return url && new URL(String(url.attributes.url)).hostname.replace(/^\[|\]$/g, "");
}

/** An object with the relationships that `?relationships=` names, each cut at 20 and with a cursor when there are more. */
export function withEmbedded(object: VtBody, request: Request, deps: Deps): unknown {
  const dressed = dress(object, request, deps);
  const names = request.query.get("relationships")?.split(",").filter(Boolean) ?? [];
  if (names.length === 0) return dressed;
  const embedded = names.flatMap((name) => {
    const found = embed(object, name, dressed.links.self, request, deps);
    return found === undefined ? [] : [[name, found] as const];
  });
  return { ...dressed, relationships: Object.fromEntries(embedded) };
}

function embed(owner: VtBody, name: string, ownerUrl: string, request: Request, deps: Deps): unknown {
  const related = relatedTo(owner, name, epoch(request.now), deps);
  const self = `${ownerUrl}/relationships/${name}?limit=${EMBEDDED}`;
  const links = { self, related: `${ownerUrl}/${name}` };
  if (related === null || !Array.isArray(related)) return { data: related && descriptorOf(related as Related), links };
  if (related.length === 0 && deps.faults.content("missing-relationships", `${owner.id} ${name}`)) return undefined;
  const collection = new URL(ownerUrl).pathname.split("/").slice(3).join("/");
  const scope = `${collection}/relationships/${name}?`;
  const { items, cursor } = paginate<Related>({
    items: related,
    scope,
    limit: EMBEDDED,
    cursor: undefined,
    faults: { repeatsItem: () => false, repeatsPage: () => false },
  });
  return {
    data: items.map(descriptorOf),
    ...(cursor === undefined ? {} : { meta: { cursor } }),
    links:
      cursor === undefined
        ? links
        : {
            ...links,
            next: `${ownerUrl}/relationships/${name}?${new URLSearchParams({ cursor, limit: String(EMBEDDED) })}`,
          },
  };
}

function descriptorOf({ type, id, context_attributes }: Related): VtDescriptor {
  return { type, id, ...(context_attributes ? { context_attributes } : {}) };
}

/** `/{collection}/{id}/relationships/{name}`: descriptors. */
export function relatedDescriptors(owner: VtBody, name: string, request: Request, deps: Deps): Answer {
  const related = relatedTo(owner, name, epoch(request.now), deps);
  if (related === null || !Array.isArray(related))
    return { body: { data: related && descriptorOf(related as Related) } };
  return listing<Related>(
    { items: related, standard: DEFAULT_PAGE, maximum: LONGEST_PAGE, render: descriptorOf, ...countOf(name, related) },
    request,
    deps,
  );
}

/** `/{collection}/{id}/{name}`: full objects, and error items for those VirusTotal does not hold. */
export function relatedObjects(owner: VtBody, name: string, request: Request, deps: Deps): Answer {
  const related = relatedTo(owner, name, epoch(request.now), deps);
  const render = (item: Related) => fullObject(item, request, deps);
  if (related === null || !Array.isArray(related)) return { body: { data: related && render(related as Related) } };
  const goneType = (related[0] as Related | undefined)?.type;
  return listing<Related>(
    {
      items: related,
      standard: DEFAULT_PAGE,
      maximum: LONGEST_PAGE,
      render,
      ...countOf(name, related),
      ...(goneType && name !== "behaviours" ? { goneType } : {}),
    },
    request,
    deps,
  );
}

function countOf(name: string, related: readonly Related[]): { meta?: Record<string, unknown> } {
  return name === "behaviours" ? { meta: { count: related.length } } : {};
}

export function fullObject(item: Related, request: Request, deps: Deps): unknown {
  if ("attributes" in item) return dress(item, request, deps);
  const now = epoch(request.now);
  const sample = item.type === "file" ? deps.view.sample(item.id, now) : undefined;
  const object = sample ? deps.view.file(sample, now) : deps.view.network(item.type, item.id);
  return object
    ? dress(
        { ...object, ...(item.context_attributes ? { context_attributes: item.context_attributes } : {}) },
        request,
        deps,
      )
    : missing(item);
}
