/** Retrohunt jobs and collections: one of each for every family of the world. */
import { type Deps, demand, dress, type Endpoint, epoch, listing } from "./answer.ts";
import { ApiError } from "./api-error.ts";
import { collectionId, membersOf, retrohuntJobId } from "./notifications.ts";
import type { VtBody, VtDescriptor } from "./objects.ts";
import { fullObject, withEmbedded } from "./related.ts";

function familyBy(id: string, idOf: (family: string) => string, what: string, { view }: Deps): string {
  const family = view.world.families.find((name) => idOf(name) === id);
  if (!family) throw new ApiError("NotFoundError", `${what} "${id}" not found`);
  return family;
}

function jobObject(family: string, deps: Deps): VtBody {
  const found = deps.view.world.samples.filter((sample) => sample.family === family);
  return {
    type: "retrohunt_job",
    id: retrohuntJobId(family),
    attributes: {
      status: "finished",
      progress: 100,
      num_matches: found.length,
      rules: `rule ${family}_emulated { condition: true }`,
      corpus: "main",
      creation_date: Math.floor(deps.view.world.end.getTime() / 1000),
    },
  };
}

export const retrohuntJobs: Endpoint = (request, deps) => {
  demand("retrohunt", deps);
  return listing(
    {
      items: deps.view.world.families,
      standard: 10,
      maximum: 40,
      render: (family) => dress(jobObject(family, deps), request, deps),
    },
    request,
    deps,
  );
};

export const retrohuntJob: Endpoint = (request, deps) => {
  demand("retrohunt", deps);
  return {
    body: {
      data: dress(
        jobObject(familyBy(request.path[2] as string, retrohuntJobId, "Retrohunt job", deps), deps),
        request,
        deps,
      ),
    },
  };
};

/** Matches with their relationships in the listing: no request per file. */
export const retrohuntMatches: Endpoint = (request, deps) => {
  demand("retrohunt", deps);
  const family = familyBy(request.path[2] as string, retrohuntJobId, "Retrohunt job", deps);
  const now = epoch(request.now);
  const items = deps.view.searchable(now).filter((sample) => sample.family === family);
  return listing(
    {
      items,
      standard: 10,
      maximum: 40,
      goneType: "file",
      render: (sample) => withEmbedded(deps.view.file(sample, now), request, deps),
    },
    request,
    deps,
  );
};

function collectionObject(family: string, { view }: Deps): VtBody {
  const members = membersOf(family, view.world);
  const count = (type: string) => members.filter((member) => member.type === type).length;
  return {
    type: "collection",
    id: collectionId(family),
    attributes: {
      name: family,
      collection_type: "malware-family",
      files_count: view.world.samples.filter((sample) => sample.family === family).length,
      domains_count: count("domain"),
      ip_addresses_count: count("ip_address"),
      urls_count: count("url"),
      last_modification_date: Math.floor(view.world.end.getTime() / 1000),
    },
  };
}

export const collections: Endpoint = (request, deps) => {
  demand("collections", deps);
  return listing(
    {
      items: deps.view.world.families,
      standard: 10,
      maximum: 40,
      render: (family) => dress(collectionObject(family, deps), request, deps),
    },
    request,
    deps,
  );
};

export const collection: Endpoint = (request, deps) => {
  demand("collections", deps);
  const family = familyBy(request.path[1] as string, collectionId, "Collection", deps);
  return { body: { data: dress(collectionObject(family, deps), request, deps) } };
};

const MEMBER_TYPES: Readonly<Record<string, string>> = { domains: "domain", ip_addresses: "ip_address", urls: "url" };

/** `/collections/{id}/files`, `/domains`, …; with `relationships/` before it descriptors. */
export const collectionMembers: Endpoint = (request, deps) => {
  demand("collections", deps);
  const family = familyBy(request.path[1] as string, collectionId, "Collection", deps);
  const name = request.path.at(-1) as string;
  const now = epoch(request.now);
  const type = MEMBER_TYPES[name];
  if (name !== "files" && !type) throw new ApiError("BadRequestError", `"${name}" is not a valid relationship`);
  const items: VtDescriptor[] = type
    ? membersOf(family, deps.view.world).filter((member) => member.type === type)
    : deps.view
        .searchable(now)
        .filter((sample) => sample.family === family)
        .map(({ sha256 }) => ({ type: "file", id: sha256 }));
  const isShort = request.path.length === 4;
  return listing(
    {
      items,
      standard: 10,
      maximum: 40,
      ...(isShort ? {} : { goneType: type ?? "file" }),
      render: (item) => (isShort ? item : fullObject(item, request, deps)),
    },
    request,
    deps,
  );
};
