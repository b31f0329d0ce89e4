/** Livehunt: the IOC stream and the two older listings. */
import { type Deps, demand, type Endpoint, epoch, listing, type Request } from "./answer.ts";
import { ApiError } from "./api-error.ts";
import { type Notification, parseFilter, rulesetId } from "./notifications.ts";
import { fullObject, withEmbedded } from "./related.ts";
import type { WorldSample } from "./world.ts";

function told(request: Request, { notifications }: Deps): Notification[] {
  const now = epoch(request.now);
  const filter = parseFilter(request.query.get("filter"));
  const found = notifications.filter((notification) => notification.date <= now && filter(notification));
  const order = request.query.get("order") || "date-";
  if (!/^date[+ -]?$/.test(order)) throw new ApiError("BadRequestError", `Invalid order "${order}"`);
  return order === "date-" ? found.toReversed() : found;
}

const sortedBy = (direction: 1 | -1) => ({
  keyOf: ({ date, id }: Notification) => [date, id] as const,
  compare: ([left, leftId]: readonly [number | string, string], [right, rightId]: readonly [number | string, string]) =>
    direction * (Number(left) - Number(right) || (leftId < rightId ? -1 : leftId > rightId ? 1 : 0)),
});

const directionOf = (query: URLSearchParams) => sortedBy((query.get("order") || "date-") === "date-" ? -1 : 1);

export const iocStream: Endpoint = (request, deps) => {
  demand("ioc-stream", deps);
  const items = told(request, deps);
  const isShort = request.query.get("descriptors_only") === "true";
  return listing(
    {
      items,
      standard: 10,
      maximum: 40,
      sorted: directionOf(request.query),
      meta: { count: items.length },
      render: (notification) => {
        const context_attributes = { ...notification.item.context_attributes, ...streamContext(notification) };
        return isShort
          ? { ...notification.item, context_attributes }
          : fullObject({ ...notification.item, context_attributes }, request, deps);
      },
    },
    request,
    deps,
  );
};

function streamContext({ id, date, origin, source, family }: Notification): Record<string, unknown> {
  return {
    notification_id: id,
    notification_date: date,
    origin,
    sources: [source],
    tags: [family],
    ...(origin === "hunting"
      ? { hunting_info: { rule_name: `${family}_emulated`, rule_tags: [], match_source: "ORIGINAL_FILE" } }
      : {}),
  };
}

/** The older listing of notifications by themselves. */
export const huntingNotifications: Endpoint = (request, deps) => {
  demand("hunting", deps);
  const items = told(request, deps).filter(({ origin }) => origin === "hunting");
  return listing(
    {
      items,
      standard: 10,
      maximum: 40,
      sorted: directionOf(request.query),
      meta: { count: Math.min(items.length, Number(request.query.get("count_limit") ?? 200)) },
      render: ({ id, date, family, item }) => ({
        type: "hunting_notification",
        id: `${rulesetId(family)}-${id}-${item.id.slice(0, 20)}`,
        attributes: {
          date,
          match_in_subfile: false,
          rule_name: `${family}_emulated`,
          rule_tags: [],
          snippet: "4D 5A 90 00  MZ..",
          tags: [`${family}_emulated`, item.id],
        },
        links: { self: `${deps.baseUrl}/intelligence/hunting_notifications/${id}` },
      }),
    },
    request,
    deps,
  );
};

/** File objects with what matched them. */
export const huntingNotificationFiles: Endpoint = (request, deps) => {
  demand("hunting", deps);
  const now = epoch(request.now);
  const items = told(request, deps).filter(({ sample }) => sample !== undefined);
  return listing(
    {
      items,
      standard: 10,
      maximum: 40,
      sorted: directionOf(request.query),
      goneType: "file",
      render: ({ sample, family, id, date }) => {
        const file = deps.view.file(sample as WorldSample, now);
        const context_attributes = {
          match_in_subfile: false,
          notification_date: date,
          notification_id: id,
          notification_snippet: "4D 5A 90 00  MZ..",
          notification_tags: [family],
          rule_name: `${family}_emulated`,
          rule_tags: [],
          ruleset_id: rulesetId(family),
          ruleset_name: `${family} ruleset`,
        };
        return withEmbedded({ ...file, context_attributes }, request, deps);
      },
    },
    request,
    deps,
  );
};
