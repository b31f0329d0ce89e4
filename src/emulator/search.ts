/** `/intelligence/search` and the free exact look-up `/search`. */
import { type Answer, type Deps, demand, dress, type Endpoint, epoch, listing, type Request } from "./answer.ts";
import { ApiError } from "./api-error.ts";
import { urlId } from "./network-objects.ts";
import { DAY, type VtBody } from "./objects.ts";
import type { Key } from "./paging.ts";
import { type Entity, parseQuery, type Subject } from "./query.ts";

const ORDERS: Readonly<Record<Entity, { readonly allowed: readonly string[]; readonly standard: string }>> = {
  file: {
    allowed: ["first_submission_date", "last_submission_date", "positives", "times_submitted", "size"],
    standard: "last_submission_date-",
  },
  url: {
    allowed: ["first_submission_date", "last_submission_date", "positives", "times_submitted", "status"],
    standard: "last_submission_date-",
  },
  domain: {
    allowed: ["creation_date", "last_modification_date", "last_update_date", "positives"],
    standard: "last_modification_date-",
  },
  ip: { allowed: ["ip", "last_modification_date", "positives"], standard: "last_modification_date-" },
};

/** A search's default is 10, its maximum 300. */
export const search: Endpoint = (request, deps) => {
  demand("intelligence", deps);
  const text = request.query.get("query");
  if (!text?.trim()) throw new ApiError("BadRequestError", '"query" parameter is required');
  const now = epoch(request.now);
  const query = parseQuery(text, now);
  const order = orderOf(query.entity, request.query.get("order"));
  const found = subjectsOf(query.entity, now, deps)
    .filter((subject) => query.matches(subject))
    .map(({ object }) => object)
    .sort((left, right) => order.compare(order.keyOf(left), order.keyOf(right)));
  const isShort = request.query.get("descriptors_only") === "true";
  return listing<VtBody>(
    {
      items: found,
      scope: `search ${text} ${order.name}`,
      standard: 10,
      maximum: 300,
      sorted: order,
      render: (object) => (isShort ? { type: object.type, id: object.id } : dress(object, request, deps)),
      meta: { total_hits: found.length, allowed_orders: ORDERS[query.entity].allowed, days_back: deps.daysBack },
      goneType: found[0]?.type ?? "file",
    },
    request,
    deps,
  );
};

/** What the licence lets searches see: late samples once they are indexed, and nothing older than `days_back`. */
function subjectsOf(entity: Entity, now: number, { view, daysBack }: Deps): Subject[] {
  if (entity === "file") {
    return view
      .searchable(now)
      .map((sample) => ({
        object: view.file(sample, now),
        reports: view.reports(sample, now),
        relationships: view.relationships(sample, now),
      }))
      .filter(({ object }) => (object.attributes.last_submission_date as number) >= now - daysBack * DAY);
  }
  const { domains, addresses, urls } = view.world;
  const objects = { domain: domains, ip: addresses, url: urls }[entity];
  return [...objects.values()].map((object) => ({ object, reports: [], relationships: {} }));
}

interface Order {
  readonly name: string;
  readonly keyOf: (object: VtBody) => Key;
  readonly compare: (left: Key, right: Key) => number;
}

/** `name+`, `name-`; no sign is ascending, and so is a `+` that came as a space. */
function orderOf(entity: Entity, raw: string | null): Order {
  const { allowed, standard } = ORDERS[entity];
  const [, name = "", sign] = /^([a-z_]+)([+ -]?)$/.exec(raw || standard) ?? [];
  if (!allowed.includes(name))
    throw new ApiError("BadRequestError", `Invalid order "${raw}". Allowed orders are: ${allowed.join(", ")}`);
  const direction = sign === "-" ? -1 : 1;
  return {
    name: `${name}${direction}`,
    keyOf: (object) => [sortValue(object, name), object.id],
    compare: ([leftValue, leftId], [rightValue, rightId]) =>
      leftValue === rightValue
        ? leftId < rightId
          ? -1
          : leftId > rightId
            ? 1
            : 0
        : leftValue < rightValue
          ? -direction
          : direction,
  };
}

function sortValue({ attributes, id }: VtBody, name: string): number | string {
  if (name === "ip") return id;
  if (name === "positives") return (attributes.last_analysis_stats as { malicious: number }).malicious;
  const value = attributes[name === "status" ? "last_http_response_code" : name];
  return typeof value === "number" ? value : 0;
}

/** A hash, URL, domain or address, exactly; open to every key. */
export const lookUp: Endpoint = (request, deps) => {
  const query = request.query.get("query")?.trim() ?? "";
  const now = epoch(request.now);
  const sample = deps.view.sample(query, now);
  const object = sample
    ? deps.view.file(sample, now)
    : (deps.view.network("domain", query.toLowerCase()) ??
      deps.view.network("ip_address", query) ??
      deps.view.network("url", urlId(query)));
  return answerWith(object ? [dress(object, request, deps)] : [], request, deps);
};

function answerWith(data: readonly unknown[], { query }: Request, { baseUrl }: Deps): Answer {
  return { body: { data, links: { self: `${baseUrl}/search?${query}` } } };
}
