/** From the URL of a discovery resource or an API root to the one collection that is written to. It changes nothing. */
import { plainText, targetError, z } from "../../../src/plugin.ts";
import { folderUrl } from "../http/url.ts";
import { urlWords } from "../http/words.ts";
import type { TaxiiClient } from "./client.ts";

const Discovery = z.object({
  title: z.string(),
  default: z.string().optional(),
  api_roots: z.array(z.string()).optional(),
});
const ApiRoot = z.object({
  title: z.string().optional(),
  versions: z.array(z.string()),
  max_content_length: z.number().int().positive().optional(),
});
const Start = z.union([ApiRoot, Discovery]);
const Collection = z.object({
  id: z.string(),
  title: z.string().optional(),
  alias: z.string().optional(),
  can_read: z.boolean().optional(),
  can_write: z.boolean().optional(),
  media_types: z.array(z.string()).optional(),
});
type Collection = z.output<typeof Collection>;
const Collections = z.object({ collections: z.array(Collection).optional() });

export interface Place {
  /** Ends with a slash. */
  readonly root: URL;
  readonly collectionId: string;
  /** For people. */
  readonly title: string;
  /** Bytes of a request, when the server says so. */
  readonly maxContentLength: number | undefined;
}

/** `collection` is an id, an alias or a title; without one, the only collection that can be written. */
export async function findCollection(client: TaxiiClient, url: string, collection: string | undefined): Promise<Place> {
  const roots = await apiRoots(client, folderUrl(url));
  const seen: string[] = [];
  const found: Place[] = [];
  for (const { root, maxContentLength } of roots) {
    const listed = await client.get(new URL("collections/", root), Collections, { orForbidden: true });
    const all = listed?.collections ?? [];
    const direct = all.length === 0 && collection !== undefined ? await askFor(client, root, collection) : [];
    const known = [...all, ...direct];
    seen.push(...known.map(nameOf));
    const own = known.filter((candidate) =>
      collection === undefined ? candidate.can_write : isNamed(candidate, collection),
    );
    found.push(...own.map((one) => placeOf(one, root, maxContentLength)));
    if (collection !== undefined && found.length > 0) break;
  }
  const [place, ...others] = found;
  if (place && others.length === 0) return place;
  const wanted = collection === undefined ? "can be written" : `is called ${plainText(collection, 80)}`;
  throw targetError(
    "refused",
    place
      ? `Several collections at ${urlWords(url)} ${collection === undefined ? "can be written" : wanted.replace("is", "are")}: ${[place, ...others].map(({ title, collectionId }) => `${title} (${collectionId})`).join(", ")}. Set the sink's collection to an id.`
      : `No collection at ${urlWords(url)} ${wanted}; there is: ${seen.join(", ") || "none that these credentials see"}. Set the sink's collection.`,
  );
}

interface Root {
  readonly root: URL;
  readonly maxContentLength: number | undefined;
}

/** The API root itself, or those of the discovery, the default first. */
async function apiRoots(client: TaxiiClient, start: URL): Promise<Root[]> {
  const resource = await client.get(start, Start);
  if (resource === undefined)
    throw targetError(
      "refused",
      `There is nothing at ${urlWords(start)} (404). Set the sink's url to the server's discovery, such as ${start.origin}/taxii2/, or to an API root.`,
    );
  if ("versions" in resource) return [rootOf(start, resource)];
  const named = [resource.default, ...(resource.api_roots ?? [])].filter((text) => text !== undefined);
  const urls = new Set(
    named.filter((text) => URL.canParse(text, start.href)).map((text) => folderUrl(new URL(text, start)).href),
  );
  const roots: Root[] = [];
  for (const url of urls) {
    const root = await client.get(new URL(url), ApiRoot, { orForbidden: true });
    if (root) roots.push(rootOf(new URL(url), root));
  }
  if (roots.length > 0) return roots;
  throw targetError(
    "refused",
    `The discovery at ${urlWords(start)} names no API root for these credentials. Ask whoever runs it.`,
  );
}

function rootOf(root: URL, { versions, max_content_length }: z.output<typeof ApiRoot>): Root {
  if (!versions.some((version) => version === "taxii-2.1" || /taxii\+json;\s*version=2\.1/.test(version)))
    throw targetError(
      "refused",
      `${urlWords(root)} speaks ${plainText(versions.join(", "), 200)}, not TAXII 2.1. Set the sink's url to a root that does.`,
    );
  return { root, maxContentLength: max_content_length };
}

/** A collection that the list does not show may still be there for who knows it. */
async function askFor(client: TaxiiClient, root: URL, collection: string): Promise<Collection[]> {
  const one = await client.get(new URL(`collections/${encodeURIComponent(collection)}/`, root), Collection, {
    orForbidden: true,
  });
  return one ? [one] : [];
}

function isNamed({ id, alias, title }: Collection, wanted: string): boolean {
  return id.toLowerCase() === wanted.toLowerCase() || alias === wanted || title === wanted;
}

function placeOf(collection: Collection, root: URL, maxContentLength: number | undefined): Place {
  const { id, can_write, media_types } = collection;
  const title = nameOf(collection);
  if (can_write !== true)
    throw targetError(
      "refused",
      `The collection ${title} at ${urlWords(root)} cannot be written with these credentials (can_write is not true). Ask whoever runs it.`,
    );
  // Absent means STIX of any version that the server knows.
  if (
    media_types &&
    !media_types.some((type) => type.replaceAll(/\s/g, "").startsWith("application/stix+json;version=2.1"))
  )
    throw targetError(
      "refused",
      `The collection ${title} at ${urlWords(root)} takes ${plainText(media_types.join(", "), 200)}, not STIX 2.1. Set another collection.`,
    );
  return { root, collectionId: id, title, maxContentLength };
}

function nameOf({ title, alias, id }: Collection): string {
  return plainText(title || alias || id, 100);
}
